"""Looking up many values: batch reads of a unique property, else searches, in as few calls as are taken."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from importer.hubspot.lookup import (
    READ_INPUTS,
    SEARCH_RESULTS,
    Key,
    Matches,
    NotFound,
    Result,
    Unread,
    next_page,
    parse_records,
    read_body,
    search_body,
    search_chunks,
)
from importer.hubspot.response import NoResponse, Response

Reply = Response | NoResponse
Post = Callable[[dict[str, Any]], Awaitable[Reply]]
"""Posts a body and returns the last response, paced and retried by the caller."""

_READS_AT_ONCE = 8

_REFUSED_FOR_CONTENT = frozenset({400, 413, 414, 422})
"""Statuses that a single input can cause, so that the others are sent without it."""

_HOPELESS = 3
"""Single values refused until a property counts as not readable at all, unless some request was accepted."""


class UniqueLookup:
    """Looks up values of a property that no two records share, by batch reads.

    A chunk that is refused as a whole, or whose response leaves values open, is halved, down to single values.
    """

    def __init__(self, key: Key, read: Post, read_archived: Post) -> None:
        """Read through `read`, and deleted records through `read_archived`."""
        self._key = key
        self._read = read
        self._read_archived = read_archived
        self._slots = asyncio.Semaphore(_READS_AT_ONCE)
        self._accepted = self._refused_alone = 0

    async def find(self, values: Sequence[str]) -> dict[str, Result]:
        """Return what each of the distinct, normalised `values` stands for: one call for 100 values.

        Values that are not found cost one more call for 100 of them, for the day on which their record was deleted.
        """
        results = await self._find(self._read, values)
        missing = [value for value, result in results.items() if isinstance(result, NotFound)]
        matches = Matches()
        await self._read_all(self._read_archived, missing, matches, {})
        for value in missing:
            days = sorted(day for day in matches.ids.get(value, {}).values() if day)
            results[value] = NotFound(days[-1][:10]) if days else NotFound()
        return results

    async def _find(self, post: Post, values: Sequence[str]) -> dict[str, Result]:
        matches, refusals = Matches(), dict[str, str]()
        await self._read_all(post, values, matches, refusals)
        return {value: Unread(refusals[value]) if value in refusals else matches.result(value) for value in values}

    async def _read_all(self, post: Post, values: Sequence[str], matches: Matches, refusals: dict[str, str]) -> None:
        chunks = [values[start : start + READ_INPUTS] for start in range(0, len(values), READ_INPUTS)]
        async with asyncio.TaskGroup() as group:
            for chunk in chunks:
                group.create_task(self._read_chunk(post, chunk, matches, refusals))

    async def _read_chunk(self, post: Post, chunk: Sequence[str], matches: Matches, refusals: dict[str, str]) -> None:
        async with self._slots:
            reply = await post(read_body(self._key, chunk))
        if isinstance(reply, Response) and parse_records(reply, self._key, chunk, matches):
            self._accepted += 1
            left = [value for value in chunk if value in matches.unsure]
            matches.unsure.difference_update(left if len(chunk) > 1 else ())
        elif isinstance(reply, Response) and self._is_worth_splitting(reply):
            left = list(chunk)
        else:
            refusals.update(dict.fromkeys(chunk, _reason(reply)))
            return
        if len(chunk) == 1:
            if left and left[0] not in matches.unsure:
                self._refused_alone += 1
                refusals[left[0]] = _reason(reply)
            return
        half = -(-len(chunk) // 2)
        for start in range(0, len(left), half):
            await self._read_chunk(post, left[start : start + half], matches, refusals)

    def _is_worth_splitting(self, reply: Response) -> bool:
        is_hopeless = not self._accepted and self._refused_alone >= _HOPELESS
        return reply.http_status in _REFUSED_FOR_CONTENT and not is_hopeless


class SearchLookup:
    """Looks up values of any property by searches; deleted records are not among those found.

    Source: HubSpot, search guide: 10,000 results at most, new records appear some moments later.
    """

    def __init__(self, key: Key, search: Post) -> None:
        """Search through `search`, which keeps HubSpot's 5 searches a second."""
        self._key = key
        self._search = search

    async def find(self, values: Sequence[str]) -> dict[str, Result]:
        """Return what each of the distinct, normalised `values` stands for."""
        results: dict[str, Result] = {}
        for chunk in search_chunks(self._key, values):
            results |= await self._find(chunk)
        return results

    async def _find(self, chunk: Sequence[str]) -> dict[str, Result]:
        matches = Matches()
        after: str | None = "0"
        seen: set[str] = set()
        while after and after not in seen:
            seen.add(after)
            reply = await self._search(search_body(self._key, chunk, after))
            if isinstance(reply, NoResponse) or not parse_records(reply, self._key, chunk, matches):
                return await self._split(chunk, reply)
            after = next_page(reply)
            if after and int(after) >= SEARCH_RESULTS:
                break
        if after == "":
            return {value: matches.result(value) for value in chunk}
        if len(chunk) > 1:  # too many records have one of these values, so search for fewer values
            return await self._halves(chunk)
        return {value: matches.result(value, is_complete=False) for value in chunk}

    async def _split(self, chunk: Sequence[str], reply: Reply) -> dict[str, Result]:
        if len(chunk) > 1 and isinstance(reply, Response) and reply.http_status in _REFUSED_FOR_CONTENT:
            return await self._halves(chunk)
        return dict.fromkeys(chunk, Unread(_reason(reply)))

    async def _halves(self, chunk: Sequence[str]) -> dict[str, Result]:
        half = len(chunk) // 2
        return await self._find(chunk[:half]) | await self._find(chunk[half:])


def _reason(reply: Reply) -> str:
    if isinstance(reply, NoResponse):
        return f"HubSpot did not respond: {reply.reason}."
    said = reply.error.message or reply.status
    return f"HubSpot responded with {reply.http_status}{f': {said}' if said else ''}."
