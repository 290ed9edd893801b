"""Reads all links of given records, or of all records of a type: lists the records, then reads links in batches."""

from collections.abc import AsyncIterator, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from importer.hubspot.batch_read import Link
from importer.hubspot.client import HubSpotClient
from importer.hubspot.lookup import next_page
from importer.hubspot.parse import objects
from importer.model import ObjectType, Outcome, RecordId, Stop, StopReason, is_record_id
from importer.pool.engines.link_reader import ALL_LINKS, MAX_RECORDS, LinkReader
from importer.pool.retrying import read
from importer.pool.sender import Sender
from importer.pool.stop_signal import pair_of_types

_FIRST_CHUNK, _MAX_GROWTH = 5, 4
_LINKS_IN_MEMORY = 20_000
"""Target number of links in one chunk of records, at 0.8 kB each. The number per record is known only after some were
read, so chunks start small and grow by a factor of at most 4."""

_NO_TYPES = "HubSpot does not list the types of a link of this record, so its labels are not known."


@dataclass(slots=True)
class ChunkOfLinks:
    """The links of some records, by record id and other id; `unread` maps records that could not be read to reasons."""

    links: dict[tuple[str, str], Link]
    unread: dict[str, str] = field(default_factory=dict)


class AllLinks:
    """Reads links from records of one type to those of another; `stop` is the reason if not all could be read."""

    def __init__(self, client: HubSpotClient, sender: Sender, from_type: ObjectType, to_type: ObjectType) -> None:
        """Read through `client` at the rate of `sender`."""
        self.stop: Stop | None = None
        self.records = 0
        self._client = client
        self._sender = sender
        self._types = (from_type, to_type)
        self._about = pair_of_types(from_type, to_type)
        self._reader = LinkReader(client)
        self._size = _FIRST_CHUNK
        self._ids: Container[str] = ()
        self._survivors: set[str] = set()

    async def read(self, ids: Collection[RecordId] | None) -> AsyncIterator[ChunkOfLinks]:
        """Yield the links of the records with these ids, or of all records of the type, in constant memory.

        Those of a record that was merged into another one are the links of the other one, which is read once.
        Ends early when `stop` is set. Raises StoppedError if the run is stopped.
        """
        self._ids = ids if ids is not None else ()
        waiting: list[str] = []
        async for page in self._given(ids) if ids is not None else self._listed():
            waiting += page
            while len(waiting) >= self._size and self.stop is None:
                chunk, waiting = waiting[: self._size], waiting[self._size :]
                yield await self._read(chunk)
        if waiting and self.stop is None:
            yield await self._read(waiting)

    async def _given(self, ids: Iterable[RecordId]) -> AsyncIterator[list[str]]:
        for record in ids:
            yield [record]

    async def _read(self, chunk: list[str]) -> ChunkOfLinks:
        found = await self._reader.read(self._sender, self._about, self._types, dict.fromkeys(chunk, ALL_LINKS))
        self.stop = self.stop or self._reader.refusal or self._sender.signal.reason
        repeated = self._repeated(found.merged_into)
        self.records += len(chunk) - len(repeated)
        wanted = _LINKS_IN_MEMORY * len(chunk) // max(1, len(found.links))
        self._size = min(MAX_RECORDS, len(chunk) * _MAX_GROWTH, max(1, wanted))
        listed = ((key, link) for key, link in found.links.items() if key[0] not in repeated)
        links = {(found.merged_into.get(one, one), other): link for (one, other), link in listed}
        unread = {record: outcome.error_message for record, outcome in found.unread.items()}
        unread |= {record: _NO_TYPES for (record, _), link in links.items() if not link.type_set}
        return ChunkOfLinks({key: link for key, link in links.items() if key[0] not in unread}, unread)

    def _repeated(self, merged_into: Mapping[str, str]) -> set[str]:
        """Return the merged records whose survivor is read by another id."""
        repeated = set()
        for record, survivor in merged_into.items():
            if survivor in self._ids or survivor in self._survivors:
                repeated.add(record)
            self._survivors.add(survivor)
        return repeated

    async def _listed(self) -> AsyncIterator[list[str]]:
        after: str | None = ""
        seen: set[str] = set()
        while after is not None and self.stop is None:
            page, following, last = await self._list(after)
            if page is None or following in seen:
                reason = last.error_message or "the pages of the list are not readable"
                stop = Stop(StopReason.UNREADABLE, f"The records of {self._types[0]} could not be listed: {reason}")
                self.stop = self._sender.signal.reason or stop
                return
            yield page
            seen.add(following)
            after = following or None

    async def _list(self, after: str) -> tuple[list[str] | None, str, Outcome]:
        """Return the ids on a page of the list, the cursor of the next page or "", and the outcome of the last call."""
        call = partial(self._client.list_records, self._types[0], after)
        response, decision = await read(self._sender, self._about, call)
        if response is not None:
            items = response.content["results"]
            ids = [str(item.get("id")) for item in objects(items)]
            following = next_page(response)
            if following is not None and len(ids) == len(items) and all(map(is_record_id, ids)):
                return ids, following, decision.outcome
        return None, "", decision.outcome
