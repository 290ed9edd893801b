"""Recognizing headers in the languages of HubSpot's user interface and in common variants."""

import pytest

from importer.reader.columns.headers import ColumnKind, Meaning, is_label_column, meaning


@pytest.mark.parametrize(
    "header",
    [
        "Record ID",
        "Record-ID",
        "hs_object_id",
        "レコードID",
        "ID de fiche d'informations",
        "ID de fiche d’informations",
        "ID de registro",
        "ID DO REGISTRO",
        "Datensatz-ID",
        "ID record",
    ],
)
def test_the_record_id_column_is_recognized_in_the_languages_of_exports(header: str) -> None:
    assert meaning(header) == Meaning(ColumnKind.RECORD)


@pytest.mark.parametrize(
    ("header", "object_type"),
    [
        ("Record ID - Contact", "contacts"),
        ("ID de registro - Contact", "contacts"),
        ("ID do registro - Company", "companies"),
        ("Datensatz-ID - Deal", "deals"),
        ("Datensatz-ID - Unternehmen", "companies"),
        ("ID de fiche d'informations - Ticket", "tickets"),
        ("hs_object_id - Contact", "contacts"),
        ("Contact hs_object_id", "contacts"),
        ("Contact VID", "contacts"),
        ("HS Contact ID", "contacts"),
        ("contact.id", "contacts"),
        ("company.id", "companies"),
        ("Kontakt-ID", "contacts"),
        ("Firmen-ID", "companies"),
        ("Unternehmens-ID", "companies"),
        ("ID de contacto", "contacts"),
        ("ID del contacto", "contacts"),
        ("ID de la empresa", "companies"),
        ("ID de negocio", "deals"),
        ("ID do contato", "contacts"),
        ("ID da empresa", "companies"),
        ("ID do negócio", "deals"),
        ("ID du contact", "contacts"),
        ("ID de l'entreprise", "companies"),
        ("ID de l’entreprise", "companies"),
        ("ID de la transaction", "deals"),
        ("ID entreprise", "companies"),
        ("ID contatto", "contacts"),
        ("ID dell'azienda", "companies"),
        ("Bedrijfs-ID", "companies"),
        ("Contactpersoon-ID", "contacts"),
        ("Företags-ID", "companies"),
        ("Virksomheds-ID", "companies"),
        ("Selskaps-ID", "companies"),
        ("联系人ID", "contacts"),
        ("聯絡人 ID", "contacts"),
        ("公司ID", "companies"),
        ("회사 ID", "companies"),
    ],
)
def test_ids_of_a_named_type_are_recognized_in_other_languages_and_forms(header: str, object_type: str) -> None:
    assert meaning(header) == Meaning(ColumnKind.OBJECT, object_type=object_type)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        "Transaction ID",  # a payment's
        "Deal VID",
        "Contact ID (Salesforce)",
        "Record ID (old)",
        "Associated Company (Primary)",
        "Associated Company",
        "Associated Pet",
        "Datensatz-ID Rechnung",
        "Kontakt-Nr.",
        "Idea",
        "ID",
        "Navid",
        "Paid",
    ],
)
def test_a_header_that_may_mean_something_else_has_no_meaning(header: str) -> None:
    assert meaning(header) is None


@pytest.mark.parametrize(
    ("header", "object_type", "label"),
    [
        ("Associated Company IDs", "companies", ""),
        ("Associated Company IDs (Primary)", "companies", "Primary"),
        ("Associated Contact IDs (Decision maker)", "contacts", "Decision maker"),
        ("Associated Contact IDs （意思決定者）", "contacts", "意思決定者"),
        ("Associated Contact IDs (Manager (EMEA))", "contacts", "Manager (EMEA)"),
        ("Primary Associated Company ID", "companies", "Primary"),
    ],
)
def test_a_list_of_associated_records_may_have_a_label(header: str, object_type: str, label: str) -> None:
    assert meaning(header) == Meaning(ColumnKind.ASSOCIATED, object_type=object_type, label=label)  # type: ignore[arg-type]


def test_a_list_of_a_custom_object_names_no_standard_type() -> None:
    assert meaning("Associated Pet IDs") == Meaning(ColumnKind.ASSOCIATED, named="pet")
    assert meaning("Associated Vet Visit IDs (Last)") == Meaning(ColumnKind.ASSOCIATED, named="vetvisit", label="Last")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Association Label", True),
        ("association_labels", True),
        ("Label", True),
        ("Association Type", True),
        ("Association Type ID", True),
        ("Contact to Company Association Label", True),
        ("関連付けラベル", True),
        ("Libellés d'association", True),
        ("Zuordnungsbeschriftung", True),
        ("Etiqueta de asociación", True),
        ("Labelled by", False),
        ("Record Type", False),
        ("Association ID", False),
    ],
)
def test_a_column_of_labels_is_recognized_by_its_name(header: str, *, expected: bool) -> None:
    assert is_label_column(header) is expected
