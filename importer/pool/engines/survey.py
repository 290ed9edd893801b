"""The engine of `check --online`: reads what a run would find, and records nothing."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from importer.config import LabelMode
from importer.hubspot.association_types import own_primary_type, primary_type
from importer.hubspot.batch_read import Link
from importer.hubspot.client import HubSpotClient
from importer.hubspot.record_limits import RecordLimit, parse_record_limit, with_admin_limit
from importer.journal import PendingPair
from importer.model import ObjectType
from importer.pool.engines.link_reader import LinkReader, LinksRead
from importer.pool.engines.read_first import MAX_PAIRS_READ
from importer.pool.operation import LINK
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

_FIRST = 5
"""Number of records that are named."""

_MANY = 10
"""From this number on, the new links of a record are counted across chunks."""


@dataclass(frozen=True, slots=True)
class PrimaryMove:
    """A record whose Primary label would move from one record to another; `row` is the one with the label."""

    row: int
    object_type: ObjectType
    record_id: str
    from_id: str
    to_id: str


@dataclass(frozen=True, slots=True)
class OverLimit:
    """A record that would have more links to one object type than HubSpot allows; `row` is one that links it."""

    row: int
    object_type: ObjectType
    record_id: str
    to_type: ObjectType
    links: int
    limit: int


@dataclass(slots=True)
class Findings:
    """What a run would find, in distinct pairs: already linked, to be linked, and unreadable (with one reason).

    `moved` counts the records whose Primary label would move, `over_limit` those that would have too many links; the
    first of each are listed. `unread_limits` counts the directions whose limit of links could not be read.
    """

    already_linked: int = 0
    to_link: int = 0
    unread: int = 0
    reason: str = ""
    moved: int = 0
    first_moved: list[PrimaryMove] = field(default_factory=list)
    over_limit: int = 0
    first_over_limit: list[OverLimit] = field(default_factory=list)
    unread_limits: int = 0


class Survey:
    """Reads the links of chunks of pairs, and adds to `findings`."""

    max_chunk = MAX_PAIRS_READ

    def __init__(self, client: HubSpotClient, label_mode: LabelMode = LabelMode.ADD) -> None:
        """Read through `client` for a run that sets labels in this mode."""
        self.findings = Findings()
        self._label_mode = label_mode
        self._client = client
        self._links = LinkReader(client, is_optional=True)
        self._limits: dict[Types, RecordLimit | None] = {}
        self._new_links: Counter[tuple[Types, str]] = Counter()
        self._over_limit: set[tuple[Types, str]] = set()
        self._lock = asyncio.Lock()

    def chunk_size(self, pending: PendingPair) -> int:
        """Return the number of pairs in a chunk."""
        return self.max_chunk

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Add what the run would find in the chunk to the findings."""
        types = types_of(chunk[0])
        primary = primary_type(*types)
        labelled = [one for one in chunk if primary is not None and str(primary) in one.goal.split(";")]
        read = await self._read(chunk, sender, is_reverse=False, is_complete=bool(labelled))
        new = [pending for pending in chunk if self._is_new(pending, read)]
        if labelled:
            is_reverse = own_primary_type(*types) is None
            holders = await self._read(labelled, sender, is_reverse=True, is_complete=True) if is_reverse else read
            self._add_moves(labelled, holders, is_reverse=is_reverse)
        for is_reverse in (False, True) if new else ():
            direction = types[::-1] if is_reverse else types
            limit = await self._limit(direction, sender)
            if limit is not None:
                rows: dict[str, list[int]] = {}
                for pending in new:
                    rows.setdefault(_ends(pending, is_reverse=is_reverse)[0], []).append(pending.row)
                self._add_over_limit(direction, rows, limit, {} if is_reverse else read.numbers)

    async def _read(
        self, chunk: Sequence[PendingPair], sender: Sender, *, is_reverse: bool, is_complete: bool
    ) -> LinksRead:
        wanted: dict[str, set[str]] = {}
        for pending in chunk:
            record, other = _ends(pending, is_reverse=is_reverse)
            wanted.setdefault(record, set()).add(other)
        types = types_of(chunk[0])
        read_types = types[::-1] if is_reverse else types
        return await self._links.read(sender, chunk[0], read_types, wanted, len(chunk), is_complete=is_complete)

    def _is_new(self, pending: PendingPair, read: LinksRead) -> bool:
        """Count a pair; return whether it is not linked at all."""
        ends = _ends(pending, is_reverse=False)
        link, unread = read.links.get(ends), read.unread.get(ends[0])
        if link is None and unread is not None:
            self.findings.unread += 1
            self.findings.reason = self.findings.reason or unread.error_message
        elif self._is_done(pending, link):
            self.findings.already_linked += 1
        else:
            self.findings.to_link += 1
        return link is None and unread is None

    def _is_done(self, pending: PendingPair, link: Link | None) -> bool:
        """Return whether nothing would be sent for a pair."""
        if link is None or not pending.goal:
            return LINK.is_goal_state(link)
        goal = set(pending.goal.split(";"))
        surplus = {kind for _, kind in link.labels} - goal if self._label_mode is LabelMode.REPLACE else ()
        return goal <= set(link.types.split(";")) and not surplus

    # ---- primary records

    def _add_moves(self, labelled: Sequence[PendingPair], read: LinksRead, *, is_reverse: bool) -> None:
        """Add the records that have another primary record; if several rows are about one record, the last counts."""
        last = {_ends(pending, is_reverse=is_reverse)[0]: pending for pending in labelled}
        for record, pending in last.items():
            present, goal = read.primaries.get(record), _ends(pending, is_reverse=is_reverse)[1]
            if present is not None and present != goal:
                self.findings.moved += 1
                object_type = types_of(pending)[is_reverse]
                if len(self.findings.first_moved) < _FIRST:
                    self.findings.first_moved.append(PrimaryMove(pending.row, object_type, record, present, goal))

    # ---- limits

    async def _limit(self, types: Types, sender: Sender) -> RecordLimit | None:
        """Read the limits of one direction, once; None if they cannot be read, which is no reason to stop."""
        async with self._lock:
            if types not in self._limits:
                found = parse_record_limit(await sender.send(partial(self._client.record_limits, *types), []))
                reply = await sender.send(partial(self._client.type_limits, *types), [])
                self._limits[types] = with_admin_limit(found, reply)
                self.findings.unread_limits += found is None
        return self._limits[types]

    def _add_over_limit(
        self, types: Types, rows: Mapping[str, Sequence[int]], limit: RecordLimit, present: Mapping[str, int]
    ) -> None:
        """Add the records that would have too many links, if their present number is known.

        `rows` holds the rows with the new links of each record, `present` the number of links that were read.

        New links are counted across chunks only for records with many of them: otherwise memory use would grow with the
        file.
        """
        for record, linked in rows.items():
            key = types, record
            number = self._new_links[key] + len(linked)
            if record in limit.used or number >= _MANY:
                self._new_links[key] = number
            number += max(present.get(record, 0), limit.used.get(record, 0))
            if number <= limit.limit or key in self._over_limit:
                continue
            self._over_limit.add(key)
            self.findings.over_limit += 1
            if len(self.findings.first_over_limit) < _FIRST:
                found = OverLimit(linked[-1], types[0], record, types[1], number, limit.limit)
                self.findings.first_over_limit.append(found)


def _ends(pending: PendingPair, *, is_reverse: bool) -> tuple[str, str]:
    """Return the record whose links are read, and the other one."""
    pair = pending.pair
    return (pair.to_id, pair.from_id) if is_reverse else (pair.from_id, pair.to_id)
