"""Recognize columns by their headers: whose id or type a column holds, and on which side of the pair."""

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import Enum

from importer.model import ObjectType
from importer.reader.columns.languages import CONTACTS, RECORD_ID_NAMES, object_type_after_id, object_type_of_word
from importer.reader.columns.object_types import normalize_name, standard_object_type


class ColumnKind(Enum):
    """Kind of a column that takes part in a pair."""

    FROM = "from"  # explicitly the first side: `from_object_id`, `source id`
    TO = "to"  # explicitly the second side: `to_object_id`, `target id`
    RECORD = "record"  # the record that the row describes: `Record ID` of a HubSpot export
    OBJECT = "object"  # a record of a named type, on either side: `Contact ID`
    ASSOCIATED = "associated"  # the records linked to it: `Associated Company IDs` of a HubSpot export


@dataclass(frozen=True, slots=True)
class Meaning:
    """Meaning of a header.

    `object_type` is the standard HubSpot type named in the header, if any; `named` is the word that an associated
    column uses for records of a custom type; `label` is `Primary` for `Associated Company IDs (Primary)`.
    """

    kind: ColumnKind
    holds_type: bool = False
    object_type: ObjectType | None = None
    named: str = ""
    label: str = ""

    def is_same_list(self, other: "Meaning") -> bool:
        """Return whether both are associated columns of the same type, whatever their labels."""
        both_associated = self.kind is ColumnKind.ASSOCIATED and other.kind is ColumnKind.ASSOCIATED
        return both_associated and (self.object_type or self.named) == (other.object_type or other.named)


_PREFIXES = (
    # Longest first, so that the longest matching prefix is removed.
    (ColumnKind.ASSOCIATED, ("primaryassociated", "associated", "関連付けられた", "関連づけられた", "関連付け")),
    (ColumnKind.FROM, ("from", "source", "リンク元", "関連元")),
    (ColumnKind.TO, ("to", "target", "destination", "リンク先", "関連先")),
)
_PRIMARY_PREFIX = "primaryassociated"
EXCLUDED_HEADERS = frozenset(
    # Common names of other data: an email address, the source of a lead, and so on.
    {"emailid", "mailid", "メールid", "eメールid", "sourceid", "sourcetype", "targetid", "targettype", "destinationid"}
)
_LABELLED = re.compile(r"(?P<name>[^()]*[^()\s])\s*\((?P<label>.*)\)[\s*:]*", re.DOTALL)
_LABEL = r"labels?|関連付けラベル|zuordnungsbeschriftung(en)?|libellés?d'association|etiquetas?deasociación"
_LABEL_COLUMN = re.compile(rf"{_LABEL}|.*association.*(label|type|category).*|associations?")
_NAMES_OF_LABELS = re.compile(rf"{_LABEL}|.*associationlabels?")
_ID_OF = re.compile(r"(?P<what>.*?)の?ids?")
_CUSTOM_LIST = re.compile(r"(?P<what>.*)ids")
_TYPE_WORDS = frozenset(
    {"type", "object", "objecttype", "recordtype", "オブジェクト", "オブジェクトタイプ", "タイプ", "種別"}
)
_RECORD_WORDS = frozenset({"record", "object", "hubspot", "hsobject", "hubspotrecord", "hubspotobject", "レコード"})
_RECORD_ENDINGS = ("recordid", "hsobject", "objectid", "hubspotid", "レコード", "record", "object", "hubspot")


def meaning(header: str) -> Meaning | None:
    """Return the meaning of a header, or None if it is not a column of a pair."""
    labelled = _LABELLED.fullmatch(unicodedata.normalize("NFKC", header)) if "(" in header or "（" in header else None
    if labelled is None:
        return _meaning_of_key(_key(header))
    found = _meaning_of_key(_key(labelled["name"]))
    # In other columns the parentheses may name another system: `Contact ID (Salesforce)`.
    is_list = found is not None and found.kind is ColumnKind.ASSOCIATED
    return replace(found, label=labelled["label"].strip()) if found and is_list else None


def is_label_column(header: str) -> bool:
    """Return whether a header names a column of association labels or types."""
    return _LABEL_COLUMN.fullmatch(_key(header)) is not None


def holds_label_names(header: str) -> bool:
    """Return whether a header names a column of label names, which can be set, rather than of association types."""
    return _NAMES_OF_LABELS.fullmatch(_key(header)) is not None


def _key(header: str) -> str:
    # `*` and `:` mark required columns, `.` separates the keys of a JSON path (`contact.id`).
    return normalize_name(header).rstrip("*:").replace("’", "'").replace(".", "")


def _meaning_of_key(key: str) -> Meaning | None:
    if key in EXCLUDED_HEADERS:
        return None
    for kind, prefixes in _PREFIXES:
        for prefix in prefixes:
            if key.startswith(prefix):
                found = _parse_sided(kind, key.removeprefix(prefix))
                if found:
                    return replace(found, label="Primary") if prefix == _PRIMARY_PREFIX else found
    return _parse_unsided(key)


def _parse_sided(kind: ColumnKind, rest: str) -> Meaning | None:
    rest = rest.removeprefix("の")
    if kind is ColumnKind.ASSOCIATED:
        return _associated(rest)
    if rest in _TYPE_WORDS:
        return Meaning(kind, holds_type=True)
    if rest in {"id", "ids"}:
        return Meaning(kind)
    named = _parse_unsided(rest)
    return Meaning(kind, object_type=named.object_type) if named else None


def _associated(rest: str) -> Meaning | None:
    named = _parse_unsided(rest)
    if named and named.object_type:
        return Meaning(ColumnKind.ASSOCIATED, object_type=named.object_type)
    custom = _CUSTOM_LIST.fullmatch(rest)  # `Associated Pet IDs`: a custom object
    return Meaning(ColumnKind.ASSOCIATED, named=custom["what"]) if custom else None


def _parse_unsided(key: str) -> Meaning | None:
    if key.startswith(RECORD_ID_NAMES):
        return _record_id(key)
    found = _ID_OF.fullmatch(key)
    if not found:
        return _of_type(object_type_after_id(key)) if key.startswith("id") else None
    what = found["what"]
    if what in _RECORD_WORDS:
        return Meaning(ColumnKind.RECORD)
    object_type = _object_type(_without_ending(what))
    if object_type is None and what.endswith("v"):  # `Contact VID`, the contact id of HubSpot's v1 API
        object_type = CONTACTS if _object_type(_without_ending(what[:-1])) == CONTACTS else None
    return _of_type(object_type or object_type_after_id(key))


def _record_id(key: str) -> Meaning | None:
    """Return the meaning of `Record ID` or `Record ID - Contact`, in any language."""
    rest = next(key.removeprefix(name) for name in RECORD_ID_NAMES if key.startswith(name))
    if rest in {"", "s"}:
        return Meaning(ColumnKind.RECORD)
    return _of_type(_object_type(rest) or _object_type(rest.removeprefix("s")))


def _of_type(object_type: ObjectType | None) -> Meaning | None:
    return Meaning(ColumnKind.OBJECT, object_type=object_type) if object_type else None


def _object_type(word: str) -> ObjectType | None:
    return standard_object_type(word) or object_type_of_word(word)


def _without_ending(what: str) -> str:
    for prefix in ("hubspot", "hs"):
        what = what.removeprefix(prefix)
    for ending in _RECORD_ENDINGS:
        if what.endswith(ending):
            return what.removesuffix(ending).removesuffix("の")
    return what
