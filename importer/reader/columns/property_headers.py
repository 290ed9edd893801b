"""Recognize columns that hold values of a property by which records are looked up: `Email`, `Company domain name`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from importer.model import ObjectType
from importer.reader.columns.headers import ColumnKind
from importer.reader.columns.object_types import normalize_name, standard_object_type

_SYNONYMS = {
    "email": frozenset({"emailaddress", "mail", "mailaddress"}),
    "domain": frozenset({"domainname"}),
}
_PREFIXES = (
    (ColumnKind.FROM, ("from", "source")),
    (ColumnKind.TO, ("to", "target", "destination")),
)
_USUAL = (("email", ObjectType("contacts")), ("domain", ObjectType("companies")))
"""Properties that people often have instead of ids, each with the object type it belongs to."""


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """A column that may hold values of a property.

    `kind` is the side that its header names explicitly, None for either side; `object_type` is the standard type named
    in the header, if any.
    """

    index: int
    kind: ColumnKind | None = None
    object_type: ObjectType | None = None


def value_columns(headers: Sequence[str], name: str) -> list[ValueColumn]:
    """Return the columns whose headers name the property `name`, in order."""
    found = (_value_column(index, _key(text), name) for index, text in enumerate(headers))
    return [column for column in found if column is not None]


def suggested_lookups(headers: Sequence[str]) -> list[tuple[str, ObjectType]]:
    """Return the properties in the columns by which records could be looked up, each with its object type."""
    found = [
        (column.index, name, column.object_type or usual_type)
        for name, usual_type in _USUAL
        for column in value_columns(headers, name)
    ]
    return [(name, object_type) for _, name, object_type in sorted(found)]


def lookup_settings(headers: Sequence[str], types: Mapping[str, ObjectType | None]) -> dict[str, str]:
    """Return the settings that look up the records of the sides `from` and `to` by columns that hold their values.

    `types` has the sides, each with its object type if that is known; the types of the others are the usual ones. Empty
    if there are not enough such columns.
    """
    found = suggested_lookups(headers)
    if len(found) < len(types):
        return {}
    settings = {}
    for (side, known_type), (name, object_type) in zip(types.items(), found, strict=False):
        settings[f"{side}_object_type"] = str(known_type or object_type)
        settings[f"{side}_by"] = name
    return settings


def _value_column(index: int, key: str, name: str) -> ValueColumn | None:
    names = {normalize_name(name), *_SYNONYMS.get(name, ())}
    if key in names:
        return ValueColumn(index)
    for kind, prefixes in _PREFIXES:
        for prefix in prefixes:
            rest = key.removeprefix(prefix)
            sided = _value_column(index, rest, name) if rest != key else None
            if sided is not None and sided.kind is None:
                return replace(sided, kind=kind)
    for text in names:
        object_type = standard_object_type(key.removesuffix(text)) if key.endswith(text) else None
        if object_type is not None:
            return ValueColumn(index, object_type=object_type)
    return None


def _key(header: str) -> str:
    return normalize_name(header).rstrip("*:").replace(".", "")
