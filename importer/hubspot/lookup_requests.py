"""Looks up many values by batch reads of a unique property, or else by searches, in as few calls as possible."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from importer.hubspot.lookup import (
    READ_INPUTS,
    SEARCH_RESULTS,
    Key,
    Matches,
    NotFound,
    Result,
    Unread,
    explain_unsure,
    listed_total,
    next_page,
    parse_records,
    read_body,
    search_body,
    search_chunks,
)
from importer.hubspot.response import NoResponse, Reply, Response

Post = Callable[[dict[str, Any]], Awaitable[Reply]]
"""Posts a body and returns the last response; the caller limits the rate and retries."""

_MAX_IN_FLIGHT = 8

_REFUSED_FOR_CONTENT = frozenset({400, 413, 414, 422})
"""Statuses that a single input can cause; the others are then sent without it."""

_MAX_REFUSED_ALONE = 3
"""After this many refused single values the property counts as unreadable, unless a request was accepted."""


@dataclass(slots=True)
class _Refusals:
    """Counts accepted requests and refused single values, to distinguish refused values from a refused property."""

    accepted: int = 0
    refused_alone: int = 0

    def is_about_values(self, reply: Reply, inputs: int) -> bool:
        """Return whether a reply refuses some of its values, so that the others may be accepted without them."""
        if not isinstance(reply, Response) or reply.http_status not in _REFUSED_FOR_CONTENT:
            return False
        if not self.accepted and self.refused_alone >= _MAX_REFUSED_ALONE:
            return False
        self.refused_alone += inputs == 1
        return True


class Lookup(Protocol):
    """A way to look up the values of one property."""

    def full_calls(self, values: Sequence[str]) -> int:
        """Return how many of the first values fill whole calls."""

    async def find(self, values: Sequence[str]) -> dict[str, Result]:
        """Return the result for each of the distinct `values`."""


class UniqueLookup:
    """Looks up values of a property that no two records share, by batch reads.

    A chunk that is refused as a whole, or whose response leaves values open, is halved, down to single values.
    """

    def __init__(self, key: Key, read: Post, read_archived: Post) -> None:
        """Use `read` to read records and `read_archived` to read deleted ones."""
        self._key = key
        self._read = read
        self._read_archived = read_archived
        self._slots = asyncio.Semaphore(_MAX_IN_FLIGHT)
        self._refusals = _Refusals()

    def full_calls(self, values: Sequence[str]) -> int:
        """Return how many of the first values fill whole calls."""
        return len(values) - len(values) % READ_INPUTS

    async def find(self, values: Sequence[str]) -> dict[str, Result]:
        """Return the result for each of the distinct `values`, with one call per 100 values.

        Values that are not found cost one more call per 100, which reads the day on which their record was deleted.
        """
        matches, unread = Matches(), dict[str, Unread]()
        async with asyncio.TaskGroup() as group:
            for chunk in _chunks(values):
                group.create_task(self._read_chunk(chunk, matches, unread))
        results = {value: unread.get(value) or matches.result(value) for value in values}
        missing = [value for value, result in results.items() if isinstance(result, NotFound)]
        return results | await self._days_of_deletion(missing)

    async def _read_chunk(self, chunk: Sequence[str], matches: Matches, unread: dict[str, Unread]) -> None:
        async with self._slots:
            reply = await self._read(read_body(self._key, chunk))
        if isinstance(reply, Response) and parse_records(reply, self._key, chunk, matches):
            self._refusals.accepted += 1
            left = [value for value in chunk if value in matches.unsure]
            if len(chunk) == 1:
                unread.update((value, explain_unsure(reply, self._key)) for value in left)
                return
            matches.unsure.difference_update(left)
        elif self._refusals.is_about_values(reply, len(chunk)):
            left = list(chunk)
            if len(chunk) == 1:
                unread[chunk[0]] = Unread(_reason(reply), is_refused=True)
                return
        else:
            unread.update(dict.fromkeys(chunk, Unread(_reason(reply))))
            return
        half = -(-len(chunk) // 2)
        for start in range(0, len(left), half):
            await self._read_chunk(left[start : start + half], matches, unread)

    async def _days_of_deletion(self, values: Sequence[str]) -> dict[str, Result]:
        """Return the day of deletion for each value that a deleted record had; values of a failed read are omitted."""
        matches = Matches()
        for chunk in _chunks(values):
            reply = await self._read_archived(read_body(self._key, chunk))
            if isinstance(reply, Response):
                parse_records(reply, self._key, chunk, matches)
        return {value: NotFound(max(times.values())[:10]) for value, times in matches.records().items()}


class SearchLookup:
    """Looks up values of any property by searching; deleted records are not found.

    Source: HubSpot, search guide: at most 10,000 results, values of `IN` in lower case, new records appear after a few
    moments.
    """

    def __init__(self, key: Key, search: Post) -> None:
        """Use `search`, which keeps to HubSpot's limit of 5 searches per second."""
        self._key = key
        self._search = search
        self._refusals = _Refusals()

    def full_calls(self, values: Sequence[str]) -> int:
        """Return how many of the first values fill whole calls."""
        return len(values) - len(list(search_chunks(self._key, values))[-1]) if values else 0

    async def find(self, values: Sequence[str]) -> dict[str, Result]:
        """Return the result for each of the distinct `values`."""
        results: dict[str, Result] = {}
        for chunk in search_chunks(self._key, list(dict.fromkeys(value.lower() for value in values))):
            results |= await self._find(chunk)
        return {value: results[value.lower()] for value in values}

    async def _find(self, chunk: Sequence[str]) -> dict[str, Result]:
        matches = Matches()
        after: str | None = "0"
        seen: set[str] = set()
        total = 0
        unclear: Unread | None = None
        while after and after not in seen:
            seen.add(after)
            reply = await self._search(search_body(self._key, chunk, after))
            if isinstance(reply, NoResponse) or not parse_records(reply, self._key, chunk, matches, is_unique=False):
                return await self._split(chunk, reply)
            self._refusals.accepted += 1
            total = max(total, listed_total(reply))
            unclear = unclear or (explain_unsure(reply, self._key) if matches.unsure else None)
            after = next_page(reply)
            if after and int(after) >= SEARCH_RESULTS:
                break
        is_complete = after == "" and total <= len(matches.record_ids)
        if len(chunk) > 1 and (unclear or not is_complete):
            return await self._halves(chunk)  # fewer values match fewer records
        if unclear:
            return {chunk[0]: unclear}
        return {value: matches.result(value, is_complete=is_complete) for value in chunk}

    async def _split(self, chunk: Sequence[str], reply: Reply) -> dict[str, Result]:
        is_refused = self._refusals.is_about_values(reply, len(chunk))
        if len(chunk) > 1 and is_refused:
            return await self._halves(chunk)
        return dict.fromkeys(chunk, Unread(_reason(reply), is_refused=is_refused))

    async def _halves(self, chunk: Sequence[str]) -> dict[str, Result]:
        half = len(chunk) // 2
        return await self._find(chunk[:half]) | await self._find(chunk[half:])


def _chunks(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[start : start + READ_INPUTS] for start in range(0, len(values), READ_INPUTS)]


def _reason(reply: Reply) -> str:
    if isinstance(reply, NoResponse):
        return f"HubSpot did not respond: {reply.reason}."
    message = (reply.error.message or reply.status).rstrip(".")
    return f"HubSpot responded with {reply.http_status}{f': {message}' if message else ''}."
