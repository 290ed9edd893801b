"""Record ids by the value of a property, such as contacts by e-mail address: requests, and what responses say.

No value is matched by its position: a response does not say which input a record belongs to, so the property itself
decides. A value is not found only if HubSpot says so, or if a complete response to a request for it leaves it out.
Source: HubSpot, CRM objects and search guides.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from importer.hubspot.parse import errors_of, objects
from importer.hubspot.response import ErrorItem, Response
from importer.model import ObjectType, is_record_id

READ_INPUTS = 100
"""Values that one batch read takes."""

SEARCH_CHARACTERS = 3_000
SEARCH_VALUES = 100
SEARCH_PAGE = 200
SEARCH_RESULTS = 10_000
"""Limits of one search: characters of its body, values of `IN`, records a page, records in all."""

_SECONDARY_EMAILS = "hs_additional_emails"
_NOT_FOUND = "OBJECT_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Key:
    """A property by which records are looked up: its object type and its name."""

    object_type: ObjectType
    name: str

    @property
    def is_email(self) -> bool:
        """Whether a contact's addresses are meant, of which it may have several."""
        return self.object_type in {"contacts", "0-1"} and self.name == "email"

    def normalise(self, value: str) -> str:
        """Return a value as it is compared: trimmed, in small letters."""
        return value.strip().lower()


@dataclass(frozen=True, slots=True)
class Found:
    """One record has the value."""

    record_id: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """No record has the value; `deleted_on` is the day on which one that had it was deleted, as ISO 8601."""

    deleted_on: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several records have the value; `is_complete` tells whether `record_ids` are all of them."""

    record_ids: tuple[str, ...]
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Unread:
    """It could not be found out which record has the value."""

    reason: str


Result = Found | NotFound | Ambiguous | Unread


@dataclass(frozen=True, slots=True)
class _Record:
    id: str
    values: frozenset[str]
    archived_at: str


@dataclass(slots=True)
class Matches:
    """The records that were found so far, by value; `unsure` are values that a response left open."""

    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)

    def add(self, value: str, record_id: str, archived_at: str) -> None:
        """Add a record that has `value`."""
        self.ids.setdefault(value, {})[record_id] = archived_at

    def result(self, value: str, *, is_complete: bool = True) -> Result:
        """Return what is known of a value that was asked for."""
        found = tuple(self.ids.get(value, ()))
        if len(found) > 1 or (found and not is_complete):
            return Ambiguous(found, is_complete)
        if value in self.unsure or (not found and not is_complete):
            return Unread("HubSpot's response does not say which record has this value.")
        return Found(found[0]) if found else NotFound()


def read_body(key: Key, values: Sequence[str]) -> dict[str, Any]:
    """Return the body of a batch read of at most `READ_INPUTS` values of a unique property."""
    return {
        "idProperty": key.name,
        "inputs": [{"id": value} for value in values],
        "properties": _properties(key),
        "propertiesWithHistory": [],
    }


def search_body(key: Key, values: Sequence[str], after: str = "0") -> dict[str, Any]:
    """Return the body of one page of a search for records with any of `values`."""
    condition = {"propertyName": key.name, "operator": "IN", "values": list(values)}
    return {
        "filterGroups": [{"filters": [condition]}],
        "properties": _properties(key),
        "limit": SEARCH_PAGE,
        "after": after,
        "sorts": [],
    }


def search_chunks(key: Key, values: Sequence[str]) -> Iterator[list[str]]:
    """Yield `values` in chunks whose searches keep HubSpot's limits of characters and values."""
    room = SEARCH_CHARACTERS - len(json.dumps(search_body(key, [], str(SEARCH_RESULTS))))
    chunk: list[str] = []
    size = 0
    for value in values:
        length = len(json.dumps(value)) + 2
        if chunk and (size + length > room or len(chunk) >= SEARCH_VALUES):
            yield chunk
            chunk, size = [], 0
        chunk.append(value)
        size += length
    if chunk:
        yield chunk


def parse_records(response: Response, key: Key, values: Collection[str], matches: Matches) -> bool:
    """Add the records that a response lists to `matches`; return whether the response can be used at all.

    A value that the response neither lists nor says to be missing becomes unsure when an error of it may be about any.
    """
    content = response.content
    items = content.get("results")
    if not 200 <= response.http_status < 300 or response.is_too_large or not isinstance(items, list):
        return False
    if response.status not in {"", "COMPLETE"}:
        return False
    wanted = set(values)
    is_whole = len(objects(items)) == len(items)
    for item in objects(items):
        record = _record(item, key)
        if record is None:
            is_whole = False
            continue
        for value in record.values & wanted:
            matches.add(value, record.id, record.archived_at)
    if not is_whole or not _errors_only_report_missing(response):
        matches.unsure |= wanted - matches.ids.keys()
    return True


def next_page(response: Response) -> str | None:
    """Return where the next page of a search begins, "" at the end; None when the response does not say it clearly."""
    paging = response.content.get("paging")
    if paging is None:
        return ""
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    if following is None and isinstance(paging, dict):
        return ""
    return str(after) if isinstance(after, str | int) and str(after).isdigit() else None


def unique_properties(response: Response) -> Mapping[str, bool] | None:
    """Return whether each property of an object type has unique values; None when the response cannot be read."""
    items = response.content.get("results")
    if not 200 <= response.http_status < 300 or not isinstance(items, list):
        return None
    return {
        str(item["name"]): item.get("hasUniqueValue") is True
        for item in objects(items)
        if isinstance(item.get("name"), str)
    }


def _properties(key: Key) -> list[str]:
    return [key.name, *([_SECONDARY_EMAILS] if key.is_email else [])]


def _record(item: Mapping[str, Any], key: Key) -> _Record | None:
    """Return a listed record; None when its id or its properties cannot be read."""
    record_id, properties = str(item.get("id")), item.get("properties")
    if not is_record_id(record_id) or not isinstance(properties, dict):
        return None
    texts = [properties.get(key.name)]
    if key.is_email:
        texts += str(properties.get(_SECONDARY_EMAILS) or "").split(";")
    values = frozenset(key.normalise(str(text)) for text in texts if text is not None and str(text).strip())
    archived_at = item.get("archivedAt")
    return _Record(record_id, values, archived_at if isinstance(archived_at, str) else "")


def _errors_only_report_missing(response: Response) -> bool:
    """Return whether every error of a response says that an input was not found, and none is only counted."""
    errors = list(errors_of(response))
    if (response.num_errors or 0) > sum(_named(error) for error in errors):
        return False
    return all(_is_missing(error) for error in errors)


def _is_missing(error: ErrorItem) -> bool:
    return any(_NOT_FOUND in code for one in error.flattened() for code in (one.category, one.sub_category, one.code))


def _named(error: ErrorItem) -> int:
    """Return how many inputs an error names, at least one: HubSpot lists all missing ones in one error's context."""
    return max([1, *(len(ids) for ids in error.context.values())])
