"""Names of HubSpot's record id column and main objects in the languages of its user interface."""

import re

from importer.model import ObjectType
from importer.reader.columns.object_types import normalize_name

CONTACTS, COMPANIES, DEALS, TICKETS = map(ObjectType, ("contacts", "companies", "deals", "tickets"))

RECORD_ID_NAMES = tuple(
    normalize_name(name)
    for name in (
        "Record ID",  # English and Dutch
        "hs_object_id",
        "レコードID",
        "ID de fiche d'informations",
        "ID de la fiche d'informations",
        "ID de registro",
        "ID del registro",
        "ID do registro",
        "Datensatz-ID",
        "ID record",
    )
)
"""Sources: the headers that published programs expect in HubSpot's French, Spanish, Portuguese and German exports, in
which `Associated Company IDs` and the `Contact` of `Datensatz-ID - Contact` remain English; for Italian, HubSpot's
Knowledge Base, "Deduplicare i record in HubSpot". No public source shows the header in other languages."""

_OBJECT_WORDS: dict[ObjectType, str] = {
    CONTACTS: """
        kontakt kontakte kontakts kontakter kontakty kontaktu contacto contactos contato contatos contatto contatti
        contactpersoon contactpersonen 联系人 聯絡人 연락처
    """,
    COMPANIES: """
        unternehmen unternehmens firma firmen firmy entreprise entreprises société sociétés empresa empresas
        azienda aziende bedrijf bedrijven bedrijfs företag företags virksomhed virksomheder virksomheds
        selskap selskaper selskaps bedrift bedrifter bedrifts 公司 회사
    """,
    DEALS: "negocio negocios negócio negócios trattativa trattative affär affärer affärs",
    TICKETS: "tíquete tíquetes ärende ärenden",
}
"""Source: HubSpot's Knowledge Base, "Associate records" and "Set up your import files" in German, French, Spanish,
Portuguese, Italian, Dutch, Swedish, Danish, Norwegian, Polish, Chinese and Korean. Words that often have another
meaning before "ID" (Danish `aftale`, Polish `transakcja`, Chinese `交易`) are omitted."""

_TYPE_OF_WORD = {word: object_type for object_type, words in _OBJECT_WORDS.items() for word in words.split()}

_TYPE_OF_WORD_AFTER_ID = _TYPE_OF_WORD | {
    # French; before "ID" it is the English word for a payment.
    "transaction": DEALS,
    "transactions": DEALS,
    **{
        word: object_type
        for object_type, words in (
            (CONTACTS, ("contact", "contacts")),
            (COMPANIES, ("company", "companies")),
            (DEALS, ("deal", "deals")),
            (TICKETS, ("ticket", "tickets")),
        )
        for word in words
    },
}
_AFTER_ID = re.compile(
    r"ids?(?:d'|del'|de|dela|del|du|des|do|da|dos|das|di|della|dell'|van)?(?P<word>{})".format(
        "|".join(map(re.escape, _TYPE_OF_WORD_AFTER_ID))
    )
)


def object_type_of_word(word: str) -> ObjectType | None:
    """Return the object type named by a header word in a language other than English and Japanese, or None.

    `word` is normalized. Not used for API names and flags: a custom object may have such a name.
    """
    return _TYPE_OF_WORD.get(word)


def object_type_after_id(key: str) -> ObjectType | None:
    """Return the object type of a normalized header that starts with the ID (`ID de contacto`), or None."""
    found = _AFTER_ID.fullmatch(key)
    return _TYPE_OF_WORD_AFTER_ID[found["word"]] if found else None
