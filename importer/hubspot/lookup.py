"""Record ids by property value, such as contacts by email address: request bodies and response parsing.

No value is matched by its position: a response does not say which input a record belongs to, so the property itself
decides. A value counts as not found only if HubSpot reports this, or if a complete response to its request omits it.
Source: HubSpot, CRM objects and search guides.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from importer.hubspot.parse import errors_of, objects
from importer.hubspot.response import ErrorItem, Response
from importer.model import ObjectType, RecordId, is_record_id

READ_INPUTS = 100
"""Maximum number of values in one batch read."""

SEARCH_CHARACTERS = 3_000
SEARCH_VALUES = 100
SEARCH_PAGE = 200
SEARCH_RESULTS = 10_000
"""Limits of one search: characters in its body, values of `IN`, records per page, records in total."""

_SECONDARY_EMAILS = "hs_additional_emails"
MERGED_IDS = "hs_merged_object_ids"
"""The property with the ids of the records that were merged into a record, separated by `;`."""

_NOT_FOUND = "OBJECT_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Key:
    """A property by which records are looked up: its object type and its name."""

    object_type: ObjectType
    name: str

    @property
    def is_email(self) -> bool:
        """True for email addresses of contacts; a contact may have several."""
        return self.object_type in {"contacts", "0-1"} and self.name == "email"


@dataclass(frozen=True, slots=True)
class Found:
    """One record has the value.

    `merged` holds the records that were merged into it, if the value may come from one of them.
    """

    record_id: RecordId
    merged: tuple[RecordId, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """No record has the value; `deleted_on` is the ISO 8601 date on which a record with it was deleted, if any."""

    deleted_on: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several records have the value; `is_complete` is False if there may be more than `record_ids`."""

    record_ids: tuple[RecordId, ...]
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Unread:
    """It could not be determined which record has the value.

    `is_refused`: HubSpot refuses the value itself, so repeating the lookup would not help. Otherwise the lookup failed.
    """

    reason: str
    is_refused: bool = False


Result = Found | NotFound | Ambiguous | Unread

_UNCLEAR = Unread("HubSpot's response does not say which record has this value.")


@dataclass(frozen=True, slots=True)
class _Record:
    id: RecordId
    own_value: str
    values: tuple[str, ...]
    archived_at: str
    merged: tuple[RecordId, ...]


@dataclass(slots=True)
class Matches:
    """The records found so far, by value.

    `similar` holds records whose value differs in case; they count only for values that no record has as written.
    `record_ids` holds all listed records, `unsure` the values without a clear result, `merged` the records that were
    merged into the one with a value (see `Found`).
    """

    ids: dict[str, dict[RecordId, str]] = field(default_factory=dict)
    similar: dict[str, dict[RecordId, str]] = field(default_factory=dict)
    record_ids: set[RecordId] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    merged: dict[str, tuple[RecordId, ...]] = field(default_factory=dict)

    def add(self, value: str, record_id: RecordId, archived_at: str, *, is_similar: bool = False) -> None:
        """Add a record that has `value`, or a similar one."""
        found = self.similar if is_similar else self.ids
        found.setdefault(value, {})[record_id] = archived_at

    def records(self) -> dict[str, dict[RecordId, str]]:
        """Return the records of each value, with the time at which each was deleted, or ""."""
        return self.similar | self.ids

    def result(self, value: str, *, is_complete: bool = True) -> Result:
        """Return the result for a value that was requested."""
        found = tuple(self.ids.get(value) or self.similar.get(value) or ())
        if len(found) > 1 or (found and not is_complete):
            return Ambiguous(found, is_complete)
        if value in self.unsure or (not found and not is_complete):
            return _UNCLEAR
        return Found(found[0], self.merged.get(value, ())) if found else NotFound()


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
    """Yield `values` in chunks whose searches stay within HubSpot's limits on characters and values."""
    available = SEARCH_CHARACTERS - len(json.dumps(search_body(key, [], str(SEARCH_RESULTS))))
    chunk: list[str] = []
    size = 0
    for value in values:
        length = len(json.dumps(value)) + 2
        if chunk and (size + length > available or len(chunk) >= SEARCH_VALUES):
            yield chunk
            chunk, size = [], 0
        chunk.append(value)
        size += length
    if chunk:
        yield chunk


def parse_records(
    response: Response, key: Key, values: Collection[str], matches: Matches, *, is_unique: bool = True
) -> bool:
    """Add the records that a response lists to `matches`; return whether the response can be used at all.

    A value becomes unsure if the response neither lists it nor reports it as missing, and an error or an unmatched
    record may be about it. Unless `is_unique`, this includes listed values, which other records may have too.
    """
    content = response.content
    items = content.get("results")
    if not 200 <= response.http_status < 300 or response.is_too_large or not isinstance(items, list):
        return False
    if response.status not in {"", "COMPLETE"}:
        return False
    records = [_record(item, key) for item in objects(items)]
    is_clear = len(records) == len(items)
    distinguishes_case = is_unique and not key.is_email
    by_lower_case: dict[str, list[str]] = {}
    for value in values:
        by_lower_case.setdefault(value.lower(), []).append(value)
    for record in records:
        found = {value for text in record.values for value in by_lower_case.get(text.lower(), ())} if record else set()
        is_clear = is_clear and bool(found)
        if record is not None:
            matches.record_ids.add(record.id)
            for value in found:
                is_similar = distinguishes_case and value not in record.values
                matches.add(value, record.id, record.archived_at, is_similar=is_similar)
                if record.merged and value.lower() != record.own_value.lower():
                    matches.merged[value] = record.merged
    if not is_clear or not errors_only_report_missing(response):
        matches.unsure |= set(values) - (matches.records().keys() if is_unique else set())
    return True


def explain_unsure(response: Response, key: Key) -> Unread:
    """Return the reason why a usable response about a single value is unclear.

    The value itself is refused if HubSpot calls it invalid, or lists a record that does not have it.
    """
    errors = [one for error in errors_of(response) if not _is_missing(error) for one in error.flattened()]
    if errors:
        message = errors[0].message or errors[0].category
        return Unread(f"HubSpot responded: {message}", is_refused=any("VALID" in one.category for one in errors))
    is_count_only = not list(errors_of(response)) and bool(response.num_errors)
    items = objects(response.content.get("results"))
    if items and all(_record(item, key) for item in items) and not is_count_only:
        return Unread("HubSpot found a record that does not have this value.", is_refused=True)
    return _UNCLEAR


def next_page(response: Response) -> str | None:
    """Return the cursor of the next page of a search, "" on the last page; None if the response is unclear about it."""
    paging = response.content.get("paging")
    if paging is None:
        return ""
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    if following is None and isinstance(paging, dict):
        return ""
    return str(after) if isinstance(after, str | int) and str(after).isdigit() else None


def listed_total(response: Response) -> int:
    """Return the number of records that a search found according to its response, 0 if it is missing."""
    total = response.content.get("total")
    return total if type(total) is int else 0


def unique_properties(response: Response) -> Mapping[str, bool] | None:
    """Return whether each property of an object type has unique values; None if the response cannot be read."""
    items = response.content.get("results")
    if not 200 <= response.http_status < 300 or not isinstance(items, list):
        return None
    return {
        str(item["name"]): item.get("hasUniqueValue") is True
        for item in objects(items)
        if isinstance(item.get("name"), str)
    }


def _properties(key: Key) -> list[str]:
    return [key.name, *([_SECONDARY_EMAILS, MERGED_IDS] if key.is_email else [])]


def _record(item: Mapping[str, Any], key: Key) -> _Record | None:
    """Return a listed record; None if its id or its properties cannot be read."""
    record_id, properties = str(item.get("id")), item.get("properties")
    if not is_record_id(record_id) or not isinstance(properties, dict):
        return None
    texts = [properties.get(key.name)]
    if key.is_email:
        texts += str(properties.get(_SECONDARY_EMAILS) or "").split(";")
    values = tuple(text for value in texts if value is not None and (text := str(value).strip()))
    archived_at = item.get("archivedAt")
    merged = [text.strip() for text in str(properties.get(MERGED_IDS) or "").split(";")]
    return _Record(
        RecordId(record_id),
        str(properties.get(key.name) or "").strip(),
        values,
        archived_at if isinstance(archived_at, str) else "",
        tuple(RecordId(one) for one in merged if is_record_id(one)),
    )


def errors_only_report_missing(response: Response) -> bool:
    """Return whether every error of a response, counted or listed, reports inputs that were not found."""
    errors = list(errors_of(response))
    if (response.num_errors or 0) > sum(_named(error) for error in errors):
        return False
    return all(_is_missing(error) for error in errors)


def _is_missing(error: ErrorItem) -> bool:
    return any(_NOT_FOUND in code for one in error.flattened() for code in (one.category, one.sub_category, one.code))


def _named(error: ErrorItem) -> int:
    """Return the number of inputs that an error names, at least one: HubSpot lists all missing ones in one context."""
    return max([1, *(len(ids) for ids in error.context.values())])
