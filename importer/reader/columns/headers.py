"""What a header means: whose id or type the column holds, and on which side of the pair it stands."""

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import Enum

from importer.model import ObjectType
from importer.reader.columns.languages import CONTACTS, RECORD_ID_NAMES, object_type_after_id, object_type_of_word
from importer.reader.columns.object_types import plain, standard_object_type


class Place(Enum):
    """Where a column stands in a pair."""

    FROM = "from"  # said outright: `from_object_id`, `source id`
    TO = "to"  # said outright: `to_object_id`, `target id`
    RECORD = "record"  # the record that the line is about: `Record ID` of a HubSpot export
    OBJECT = "object"  # a record of a named type, on either side: `Contact ID`
    ASSOCIATED = "associated"  # the records linked to it: `Associated Company IDs` of a HubSpot export


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a header says.

    `object_type` is the type it names, if that is one of HubSpot's own; `named` is the word by which an associated
    column names its records, whatever the type; `label` is that of `Associated Company IDs (Primary)`.
    """

    place: Place
    holds_type: bool = False
    object_type: ObjectType | None = None
    named: str = ""
    label: str = ""

    def is_same_list(self, other: "Meaning") -> bool:
        """Return whether both are associated columns of the same type, whatever their labels."""
        both_associated = self.place is Place.ASSOCIATED and other.place is Place.ASSOCIATED
        return both_associated and (self.object_type or self.named) == (other.object_type or other.named)


_PREFIXES = (
    # Longest first, so that the whole of a prefix is taken.
    (Place.ASSOCIATED, ("primaryassociated", "associated", "関連付けられた", "関連づけられた", "関連付け")),
    (Place.FROM, ("from", "source", "リンク元", "関連元")),
    (Place.TO, ("to", "target", "destination", "リンク先", "関連先")),
)
_PRIMARY_PREFIX = "primaryassociated"
EXCLUDED_HEADERS = frozenset(
    # People's words for an email address, for where a lead comes from, and the like.
    {"emailid", "mailid", "メールid", "eメールid", "sourceid", "sourcetype", "targetid", "targettype", "destinationid"}
)
_LABELLED = re.compile(r"(?P<name>[^()]*[^()\s])\s*\((?P<label>.*)\)[\s*:]*", re.DOTALL)
_LABEL_COLUMN = re.compile(
    r"labels?|関連付けラベル|zuordnungsbeschriftung(en)?|libellés?d'association|etiquetas?deasociación"
    r"|.*association.*(label|type|category).*|associations?"
)
_id_of = re.compile(r"(?P<what>.*?)の?ids?").fullmatch
_CUSTOM_LIST = re.compile(r"(?P<what>.*)ids")
_TYPE_WORDS = frozenset(
    {"type", "object", "objecttype", "recordtype", "オブジェクト", "オブジェクトタイプ", "タイプ", "種別"}
)
_RECORD_WORDS = frozenset({"record", "object", "hubspot", "hsobject", "hubspotrecord", "hubspotobject", "レコード"})
_RECORD_ENDINGS = ("recordid", "hsobject", "objectid", "hubspotid", "レコード", "record", "object", "hubspot")


def meaning(header: str) -> Meaning | None:
    """Return what a header means, or None when it says nothing about a pair."""
    labelled = _LABELLED.fullmatch(unicodedata.normalize("NFKC", header)) if "(" in header or "（" in header else None
    if labelled is None:
        return _meaning_of_key(_key(header))
    found = _meaning_of_key(_key(labelled["name"]))
    # Elsewhere parentheses may say that the id is another system's: `Contact ID (Salesforce)`.
    is_list = found is not None and found.place is Place.ASSOCIATED
    return replace(found, label=labelled["label"].strip()) if found and is_list else None


def is_label_column(header: str) -> bool:
    """Return whether a column holds labels or types of associations, as far as its header says."""
    return _LABEL_COLUMN.fullmatch(_key(header)) is not None


def _key(header: str) -> str:
    # The marks are those of a required column and of a path within JSON (`contact.id`).
    return plain(header).rstrip("*:").replace("’", "'").replace(".", "")


def _meaning_of_key(key: str) -> Meaning | None:
    if key in EXCLUDED_HEADERS:
        return None
    for place, prefixes in _PREFIXES:
        for prefix in prefixes:
            if key.startswith(prefix):
                found = _on_a_side(place, key.removeprefix(prefix))
                if found:
                    return replace(found, label="Primary") if prefix == _PRIMARY_PREFIX else found
    return _parse_unsided(key)


def _on_a_side(place: Place, rest: str) -> Meaning | None:
    rest = rest.removeprefix("の")
    if place is Place.ASSOCIATED:
        return _associated(rest)
    if rest in _TYPE_WORDS:
        return Meaning(place, holds_type=True)
    if rest in {"id", "ids"}:
        return Meaning(place)
    named = _parse_unsided(rest)
    return Meaning(place, object_type=named.object_type) if named else None


def _associated(rest: str) -> Meaning | None:
    named = _parse_unsided(rest)
    if named and named.object_type:
        return Meaning(Place.ASSOCIATED, object_type=named.object_type)
    custom = _CUSTOM_LIST.fullmatch(rest)  # `Associated Pet IDs`: an object of the account's own
    return Meaning(Place.ASSOCIATED, named=custom["what"]) if custom else None


def _parse_unsided(key: str) -> Meaning | None:
    if key.startswith(RECORD_ID_NAMES):
        return _record_id(key)
    found = _id_of(key)
    if not found:
        return _of_type(object_type_after_id(key)) if key.startswith("id") else None
    what = found["what"]
    if what in _RECORD_WORDS:
        return Meaning(Place.RECORD)
    object_type = _object_type(_without_ending(what))
    if object_type is None and what.endswith("v"):  # `Contact VID`, the contact's id in HubSpot's first API
        object_type = CONTACTS if _object_type(_without_ending(what[:-1])) == CONTACTS else None
    return _of_type(object_type or object_type_after_id(key))


def _record_id(key: str) -> Meaning | None:
    """Return what `Record ID` or `Record ID - Contact` means, in any language."""
    rest = next(key.removeprefix(name) for name in RECORD_ID_NAMES if key.startswith(name))
    if rest in {"", "s"}:
        return Meaning(Place.RECORD)
    return _of_type(_object_type(rest) or _object_type(rest.removeprefix("s")))


def _of_type(object_type: ObjectType | None) -> Meaning | None:
    return Meaning(Place.OBJECT, object_type=object_type) if object_type else None


def _object_type(word: str) -> ObjectType | None:
    return standard_object_type(word) or object_type_of_word(word)


def _without_ending(what: str) -> str:
    for prefix in ("hubspot", "hs"):
        what = what.removeprefix(prefix)
    for ending in _RECORD_ENDINGS:
        if what.endswith(ending):
            return what.removesuffix(ending).removesuffix("の")
    return what
