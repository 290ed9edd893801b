"""The engine that links pairs with labels: read the present types, send the union, and read back.

A call replaces the labels of a pair, so the types that the pair has are read first; a pair whose types cannot be read
is not sent. A response does not prove that a label is set: only reading it back does.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from importer.config import LabelMode
from importer.hubspot.association_types import types_text
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.engines import label_outcomes
from importer.pool.engines.batch import BatchEngine
from importer.pool.engines.label_rules import LabelRules, record_with_primary, without_mirrored
from importer.pool.engines.lead_check import LastPrimaries
from importer.pool.engines.put import PutEngine
from importer.pool.engines.read_labelled import is_shared
from importer.pool.engines.type_reader import PresentTypes, TypeReader
from importer.pool.label_operation import LabelOperation
from importer.pool.operation import LINK, Operation
from importer.pool.outcomes import OutcomeRecorder, Recorder
from importer.pool.sender import Sender
from importer.pool.stop_signal import StoppedError, Types, types_of
from importer.result_columns import NOT_IN_RESULTS

READ_BACK_WAITS = (2.0, 5.0, 10.0)
"""Seconds to wait before labels that are not listed yet are read again: reads may lag behind writes."""

LABELLED_PAIRS_READ = 100
"""Number of pairs read by one call before they are sent one by one; small, so that the types read are recent."""

_BATCH_PAIRS = 1_000


@dataclass(slots=True)
class _Sent(Recorder):
    """The outcomes of calls before the labels are read back, by pair number; each is stored with whether it is final.

    `present` holds the types before the calls.
    """

    outcomes: dict[int, tuple[Outcome, bool]] = field(default_factory=dict)
    present: Mapping[int, PresentTypes] = field(default_factory=dict)
    not_sent: list[PendingPair] = field(default_factory=list)

    def record(self, pending: PendingPair, outcome: Outcome, *, final: bool = True) -> None:
        """Keep an outcome."""
        self.outcomes[pending.id] = outcome, final

    def mark_not_sent(self, pending: PendingPair) -> None:
        """Remember that a response proves that the pair was not changed."""
        self.not_sent.append(pending)

    def is_linked(self, pending: PendingPair) -> bool:
        """Return whether a response has named the pair."""
        outcome, _ = self.outcomes.get(pending.id, (None, False))
        return outcome is not None and outcome.status is Status.LINKED


@dataclass(frozen=True, slots=True)
class _Engines:
    """The engines that make the calls for one kind of pair; `batch` is None for single calls only."""

    put: PutEngine
    batch: BatchEngine | None

    @classmethod
    def of(cls, client: HubSpotClient, operation: Operation, limiter: RateLimiter | None) -> "_Engines":
        """Return engines that apply `operation`."""
        batch = BatchEngine(client, limiter, operation) if limiter is not None else None
        return cls(PutEngine(client, operation), batch)


class LabelEngine:
    """Links pairs with labels, and the pairs without labels between them, in file order.

    With a `batch_limiter`, most calls are batches at its rate.
    """

    def __init__(
        self,
        client: HubSpotClient,
        mode: LabelMode,
        workers: int,
        batch_limiter: RateLimiter | None = None,
        last_primaries: LastPrimaries | None = None,
        both_ways: Collection[Types] = (),
    ) -> None:
        """Send through `client`, at most `workers` single calls at a time.

        When labels are replaced, pairs that `last_primaries` finds are refused. `both_ways` has the object types of
        which the run has pairs in both directions.
        """
        self._both_ways = both_ways
        self._rules = LabelRules(mode)
        self._last_primaries = last_primaries
        self._reader = TypeReader(client)
        self._operation = LabelOperation()
        self._engines = {True: _Engines.of(client, self._operation, batch_limiter)}
        self._engines[False] = _Engines.of(client, LINK, batch_limiter)
        self.max_chunk = LABELLED_PAIRS_READ if batch_limiter is None else _BATCH_PAIRS
        self._slots = asyncio.Semaphore(workers)
        self._active: Counter[Types] = Counter()
        self._turn = asyncio.Condition()

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many pairs of these types are read and sent together."""
        return min(self.max_chunk, self._reader.chunk_size(types_of(pending)))

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Read the types of the chunk, send what is missing, and record what reading back shows."""
        async with self._one_direction(types_of(chunk[0])):
            for part in without_mirrored(chunk):
                if not sender.signal.stops(part[0]):
                    await self._process(part, sender, outcomes)

    async def _process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        labelled = [pending for pending in chunk if pending.goal]
        present = await self._reader.read(labelled, sender) if labelled else {}
        if sender.signal.stops(chunk[0]):
            return
        to_send: list[PendingPair] = []
        for pending in chunk:
            if not pending.goal:
                to_send.append(pending)
                continue
            found = present[pending.id]
            if found.unread is not None:
                outcomes.record(pending, label_outcomes.not_read(pending, found.unread), is_read=True)
                continue
            if pending.before is None and not pending.may_be_linked:
                outcomes.record_types_before(pending, types_text(found.types))
            if self._rules.is_goal_state(pending, found):
                outcomes.record(pending, label_outcomes.already_linked(pending, found), is_read=True)
            else:
                to_send.append(pending)
        to_send = await self._without_last_primaries(to_send, present, sender, outcomes)
        if to_send:
            await self._send(to_send, present, sender, outcomes)

    async def _without_last_primaries(
        self,
        to_send: list[PendingPair],
        present: Mapping[int, PresentTypes],
        sender: Sender,
        outcomes: OutcomeRecorder,
    ) -> list[PendingPair]:
        """Record pairs whose labels must not be replaced as `failed`; return the others."""
        if self._last_primaries is None:
            return to_send
        at_risk = self._rules.at_risk(to_send, present)
        refused = await self._last_primaries.refusals(at_risk, sender)
        if sender.signal.stopped is not None:
            return []
        for pending in at_risk:
            if pending.id in refused:
                outcomes.record(pending, refused[pending.id], is_read=True)
        return [one for one in to_send if one.id not in refused]

    async def _send(
        self,
        to_send: Sequence[PendingPair],
        present: Mapping[int, PresentTypes],
        sender: Sender,
        outcomes: OutcomeRecorder,
    ) -> None:
        """Send the pairs and record their outcomes, including those known when the run stops meanwhile."""
        labelled = [pending for pending in to_send if pending.goal]
        for pending in labelled:
            self._operation.types[pending.pair] = self._rules.types_to_send(pending, present[pending.id])
            if types_of(pending) in self._both_ways:
                outcomes.record_types_sent(pending, types_text(self._operation.types[pending.pair]))
        outcomes.flush()  # the types before must be in the journal even if the process is killed after sending
        sent = _Sent(present=present)
        found: dict[int, PresentTypes] = {}
        try:
            await self._make_calls(to_send, sender, sent)
            await self._read_back([p for p in labelled if _may_be_done(sent, p)], sent, sender, found)
        finally:
            for pending in to_send:
                self._operation.types.pop(pending.pair, None)
                if pending.id in sent.outcomes:
                    self._record(pending, sent, found.get(pending.id), sender, outcomes)
                elif pending in sent.not_sent:
                    outcomes.mark_not_sent(pending)

    # ---- calls

    async def _make_calls(self, to_send: Sequence[PendingPair], sender: Sender, sent: _Sent) -> None:
        """Make batch calls, if chosen, for records with pairs of one kind; then single calls for the other pairs.

        HubSpot does not document the order within a batch call, so pairs between which Primary moves are sent singly.
        """
        by_record: dict[Hashable, list[PendingPair]] = {}
        for pending in to_send:
            by_record.setdefault(record_with_primary(pending), []).append(pending)
        together = [pairs for pairs in by_record.values() if not self._rules.moves_primary(pairs, sent.present)]
        for is_labelled, engines in self._engines.items():
            alike = [pairs for pairs in together if {bool(one.goal) for one in pairs} == {is_labelled}]
            if engines.batch is not None and alike and sender.signal.stopped is None:
                await engines.batch.process([pending for pairs in alike for pending in pairs], sender, sent)
        if sender.signal.stopped is not None:
            return
        try:
            async with asyncio.TaskGroup() as group:
                for pairs in by_record.values():
                    if left := [pending for pending in pairs if not sent.is_linked(pending)]:
                        group.create_task(self._put_in_order(left, sender, sent))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _put_in_order(self, pairs: Sequence[PendingPair], sender: Sender, sent: _Sent) -> None:
        """Send the pairs of one record in order; Primary stays where it is until another pair is known to have it."""
        is_moved = False
        with suppress(StoppedError):
            for pending in pairs:
                earlier, _ = sent.outcomes.get(pending.id, (pending.earlier, False))
                if pending.goal and is_moved:
                    types = self._rules.types_to_send(pending, sent.present[pending.id], is_primary_moved=True)
                    self._operation.types[pending.pair] = types
                async with self._slots:
                    engine = self._engines[bool(pending.goal)].put
                    await engine.process_pair(replace(pending, earlier=earlier), sender, sent)
                is_moved = is_moved or (self._rules.wants_primary(pending) and sent.is_linked(pending))

    async def _read_back(
        self, pairs: Sequence[PendingPair], sent: _Sent, sender: Sender, found: dict[int, PresentTypes]
    ) -> None:
        """Fill `found` with the types of the pairs; read pairs that are not in the goal state yet again."""
        with suppress(StoppedError):
            for wait in (0.0, *READ_BACK_WAITS):
                pairs = [
                    one
                    for one in pairs
                    if one.id not in found or not self._rules.is_confirmed(one, sent.present[one.id], found[one.id])
                ]
                if not pairs or sender.signal.stopped is not None:
                    return
                if wait:
                    await sender.wait(wait)
                found.update(await self._reader.read(pairs, sender))

    def _record(
        self,
        pending: PendingPair,
        sent: _Sent,
        found: PresentTypes | None,
        sender: Sender,
        outcomes: OutcomeRecorder,
    ) -> None:
        outcome, final = sent.outcomes[pending.id]
        if not pending.goal:
            outcomes.record(pending, outcome, final=final)
            return
        is_read = found is not None and found.unread is None
        if found is not None and is_read and not is_shared(pending, self._both_ways):
            outcomes.record_types_after(pending, types_text(found.types))
        if found is not None and self._rules.is_confirmed(pending, sent.present[pending.id], found):
            outcomes.record(pending, label_outcomes.confirmed(outcome, found))
        elif outcome.status is Status.LINKED or (is_read and outcome.error_category == NOT_IN_RESULTS):
            unconfirmed = label_outcomes.unconfirmed(pending, outcome, found)
            outcomes.record(pending, unconfirmed, final=not sender.signal.stops(pending))
        else:
            outcomes.record(pending, outcome, final=final)

    # ---- order

    @asynccontextmanager
    async def _one_direction(self, types: Types) -> AsyncIterator[None]:
        """Wait until no chunk in the other direction is being sent: both directions share their labels."""
        reverse = (types[1], types[0])
        async with self._turn:
            await self._turn.wait_for(lambda: not self._active[reverse])
            self._active[types] += 1
        try:
            yield
        finally:
            async with self._turn:
                self._active[types] -= 1
                self._turn.notify_all()


def _may_be_done(sent: _Sent, pending: PendingPair) -> bool:
    outcome, _ = sent.outcomes.get(pending.id, (None, False))
    return outcome is not None and outcome.status in {Status.LINKED, Status.UNCONFIRMED}
