"""Association types. A linked pair has a set of them: the unlabelled type and any labels.

Source: HubSpot, associations v4 guide: a type is a category and an id, and ids repeat between categories.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from importer.model import ObjectType, Pair, RecordId

HUBSPOT_DEFINED = "HUBSPOT_DEFINED"

_TYPE = re.compile(r"\s*([A-Za-z][A-Za-z_]{0,99})\s*:\s*([0-9]{1,18})\s*")

_NONE = "-"

_PRIMARY_IDS = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
    ("tickets", "companies"): 26,
    ("companies", "tickets"): 25,
    ("leads", "contacts"): 578,
    ("leads", "companies"): 580,
    ("leads", "deals"): 582,
}
"""The ids of HubSpot's Primary label by (from type, to type). Source: HubSpot, associations v4 guide."""

PRIMARY_NAME = "primary"
"""The name of HubSpot's Primary label, case-folded, in every direction."""

_COMPANIES = frozenset({"companies", "0-2"})

_TYPE_IDS = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets", "0-136": "leads"}


LEAD_PARTNERS = tuple(ObjectType(other) for own, other in _PRIMARY_IDS if own == "leads")
"""The object types for which a lead has a primary record, one each."""


class AssociationType(NamedTuple):
    """One type of association; its text is `CATEGORY:ID`, as in `HUBSPOT_DEFINED:279`."""

    category: str
    type_id: int

    def __str__(self) -> str:
        """Return `CATEGORY:ID`."""
        return f"{self.category}:{self.type_id}"


TypeSet = frozenset[AssociationType]
"""All types of one pair; empty when the pair is not linked."""

NOT_LINKED: TypeSet = frozenset()

PRIMARY_TYPES = tuple(str(AssociationType(HUBSPOT_DEFINED, type_id)) for type_id in sorted(_PRIMARY_IDS.values()))
"""The texts of HubSpot's Primary labels between all object types."""

Link = tuple[tuple[ObjectType, RecordId], tuple[ObjectType, RecordId]]
"""The two records of a link, in the same order for A to B and B to A."""


def parse_type(text: str) -> AssociationType | None:
    """Return the type that `CATEGORY:ID` names, ignoring case; None for any other text."""
    match = _TYPE.fullmatch(text)
    return AssociationType(match[1].upper(), int(match[2])) if match else None


def types_text(types: Iterable[AssociationType]) -> str:
    """Return the types as `CATEGORY:ID;…`, sorted; `-` for none."""
    return ";".join(map(str, sorted(set(types)))) or _NONE


@lru_cache(maxsize=4096)
def parse_types(text: str) -> TypeSet:
    """Parse a text that `types_text` returned. Raises ValueError for any other text."""
    if text == _NONE:
        return NOT_LINKED
    parsed = [parse_type(part) for part in text.split(";")]
    types = frozenset(kind for kind in parsed if kind is not None)
    if len(types) != len(parsed):
        raise ValueError(f"{text!r} is not a list of association types")
    return types


def plural_name(object_type: ObjectType) -> ObjectType:
    """Return the plural name of an object type with Primary labels, even if it is given as an id such as `0-1`."""
    return ObjectType(_TYPE_IDS.get(object_type, object_type))


def link_of(pair: Pair) -> tuple[Link, bool]:
    """Return a pair's link, which is the same in both directions, and whether the pair runs in reverse."""
    ends = (plural_name(pair.from_type), pair.from_id), (plural_name(pair.to_type), pair.to_id)
    is_reverse = ends[0] > ends[1]
    return (ends[::-1] if is_reverse else ends), is_reverse


def types_in_both_directions(types: Iterable[tuple[ObjectType, ObjectType]]) -> set[tuple[ObjectType, ObjectType]]:
    """Return the pairs of object types, by plural name, that occur in both directions."""
    known = {(plural_name(one), plural_name(other)) for one, other in types}
    return {pair for pair in known if pair[::-1] in known}


def may_have_primary(from_type: ObjectType, to_type: ObjectType) -> bool:
    """Return whether HubSpot may make a new link between these object types the primary one of either record."""
    return primary_type(from_type, to_type) is not None or primary_type(to_type, from_type) is not None


def own_primary_type(from_type: ObjectType, to_type: ObjectType) -> AssociationType | None:
    """Return the type that a record to link from may have with only one other record; None if there is no such type.

    From companies, the Primary label marks the records whose primary company it is, and there may be many of them.
    """
    return None if from_type in _COMPANIES else primary_type(from_type, to_type)


def primary_type(from_type: ObjectType, to_type: ObjectType) -> AssociationType | None:
    """Return the Primary label of a pair of object types in this direction, None where HubSpot has none."""
    key = (_TYPE_IDS.get(from_type, from_type), _TYPE_IDS.get(to_type, to_type))
    type_id = _PRIMARY_IDS.get(key)
    return None if type_id is None else AssociationType(HUBSPOT_DEFINED, type_id)
