"""What a header means: whose id or type the column holds, and on which side of the pair it stands."""

import re
from dataclasses import dataclass
from enum import Enum

from importer.model import ObjectType
from importer.reader.object_types import plain, standard_object_type


class Place(Enum):
    """Where a column stands in a pair."""

    FROM = "from"  # said outright: `from_object_id`, `source id`
    TO = "to"  # said outright: `to_object_id`, `target id`
    RECORD = "record"  # the record that the line is about: `Record ID` of a HubSpot export
    OBJECT = "object"  # a record of a named type, on either side: `Contact ID`
    ASSOCIATED = "associated"  # the records linked to it: `Associated Company IDs` of a HubSpot export


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a header says; `object_type` is the type it names, if it names one."""

    place: Place
    holds_type: bool = False
    object_type: ObjectType | None = None


_PREFIXES = (
    # Longest first, so that the whole of a prefix is taken.
    (Place.ASSOCIATED, ("primaryassociated", "associated", "関連付けられた", "関連づけられた", "関連付け")),
    (Place.FROM, ("from", "source", "リンク元", "関連元")),
    (Place.TO, ("to", "target", "destination", "リンク先", "関連先")),
)
_MEANT_OTHERWISE = frozenset(
    # People's words for an email address, for where a lead comes from, and the like.
    {"emailid", "mailid", "メールid", "eメールid", "sourceid", "sourcetype", "targetid", "targettype", "destinationid"}
)
_id_of = re.compile(r"(?P<what>.*?)の?ids?").fullmatch
_record_id_of = re.compile(r"recordids?(?P<what>.+)|レコードid(?P<what_ja>.+)").fullmatch
_TYPE_WORDS = frozenset(
    {"type", "object", "objecttype", "recordtype", "オブジェクト", "オブジェクトタイプ", "タイプ", "種別"}
)
_RECORD_WORDS = frozenset({"record", "object", "hubspot", "hsobject", "hubspotrecord", "hubspotobject", "レコード"})
_RECORD_ENDINGS = ("recordid", "objectid", "hubspotid", "レコード", "record", "object", "hubspot")


def meaning(header: str) -> Meaning | None:
    """Return what a header means, or None when it says nothing about a pair."""
    key = plain(header).rstrip("*:")  # a mark that the column must be filled in, and the like
    if key in _MEANT_OTHERWISE:
        return None
    for place, prefixes in _PREFIXES:
        for prefix in prefixes:
            if key.startswith(prefix):
                found = _on_a_side(place, key.removeprefix(prefix))
                if found:
                    return found
    return _on_no_side(key)


def _on_a_side(place: Place, rest: str) -> Meaning | None:
    rest = rest.removeprefix("の")
    if place is not Place.ASSOCIATED:
        if rest in _TYPE_WORDS:
            return Meaning(place, holds_type=True)
        if rest in {"id", "ids"}:
            return Meaning(place)
    named = _on_no_side(rest)
    if named is None or (place is Place.ASSOCIATED and named.object_type is None):
        return None
    return Meaning(place, object_type=named.object_type)


def _on_no_side(key: str) -> Meaning | None:
    turned = _record_id_of(key)
    if turned:  # "Record ID - Contact"
        object_type = standard_object_type(turned["what"] or turned["what_ja"])
        return Meaning(Place.OBJECT, object_type=object_type) if object_type else None
    found = _id_of(key)
    if not found:
        return None
    what = found["what"]
    if what in _RECORD_WORDS:
        return Meaning(Place.RECORD)
    object_type = standard_object_type(_without_ending(what))
    return Meaning(Place.OBJECT, object_type=object_type) if object_type else None


def _without_ending(what: str) -> str:
    what = what.removeprefix("hubspot")
    for ending in _RECORD_ENDINGS:
        if what.endswith(ending):
            return what.removesuffix(ending).removesuffix("の")
    return what
