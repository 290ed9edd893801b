"""The pool: asyncio workers that run an engine over the pairs of a journal.

Worker → engine → `Sender` (rate limit, stop signal) → client; the outcome goes to `OutcomeRecorder` → journal.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import suppress

from importer.config import Settings
from importer.hubspot.association_types import PRIMARY_TYPES, types_in_both_directions
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import Reply
from importer.journal import Journal, PauseReason, PendingPair
from importer.model import ObjectType, Operation, Status, Stop
from importer.pool.activity_log import ActivityLog
from importer.pool.call_meter import CallMeter
from importer.pool.dispatch import MAX_HELD, MAX_READ_AT_ONCE, Chunks, OrderedChunks, Source, UnorderedChunks
from importer.pool.engine import Engine
from importer.pool.failure_limits import FailureLimits
from importer.pool.outcomes import OutcomeRecorder, Progress
from importer.pool.sender import RetryPolicy, Sender
from importer.pool.speed import Speed
from importer.pool.stop_signal import StoppedError, StopSignal, Types
from importer.pool.work_queue import WorkQueue


class Pool:
    """Workers over one journal. Engines run one after the other and share the rate limit, the counters and the stop."""

    def __init__(
        self,
        journal: Journal,
        limiter: RateLimiter,
        settings: Settings,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        meter: CallMeter | None = None,
    ) -> None:
        """Prepare the pool; nothing is sent before `run`.

        `on_progress` is called whenever outcomes have been written to the journal. `meter` counts the calls.
        """
        self.settings = settings
        self.limiter = limiter
        self._journal = journal
        self._on_progress = on_progress
        self._pairs = journal.pair_count
        self._signal = StopSignal()
        self._queue = WorkQueue(journal)
        policy = RetryPolicy.from_settings(settings)
        self._meter = meter or CallMeter()
        self._sender = Sender(limiter, self._signal, policy, settings.daily_reserve, self._queue.mark_sent, self._meter)
        limits = FailureLimits(settings, self._signal)
        self._outcomes = OutcomeRecorder(journal, self._queue, limits, self._report_progress)
        self._speed = Speed(self._meter, settings, journal.info.operation)
        self._log = ActivityLog(journal, self._meter, self._speed, self.progress, lambda: self.in_flight)

    async def run(self, engine: Engine, source: Source | None = None) -> Stop | None:
        """Run an engine over all pairs of `source` (default: the pending ones without labels, sent in order).

        Returns the reason if not all were processed, None if all were. An exception from the engine or the journal ends
        the run immediately and propagates, after the outcomes recorded so far have been written.
        """
        if source is None:
            return await self.run_in_order(engine, self.pending_without_labels if self.has_labels else self.pending)
        return await self._run_unordered(engine, source)

    async def run_in_order(self, engine: Engine, source: Source) -> Stop | None:
        """Run an engine that sends the pairs of `source`; they are claimed, and those of one record sent in order."""
        number = min(self.settings.workers, MAX_HELD // engine.max_chunk)
        return await self._run(engine, OrderedChunks(source, self._queue.claim, engine, self._signal), number)

    async def run_in_any_order(self, engine: Engine, wanted: Callable[[PendingPair], bool]) -> Stop | None:
        """Run an engine that sends those pending pairs that are `wanted`, in any order."""

        def claim(after: int, limit: int) -> list[PendingPair]:
            while found := self.pending(after, limit):
                if claimed := list(filter(wanted, found)):
                    self._queue.claim(claimed)
                    return claimed
                after = found[-1].id
            return []

        return await self._run_unordered(engine, claim)

    async def _run_unordered(self, engine: Engine, source: Source) -> Stop | None:
        number = self.settings.workers
        if engine.max_chunk > 1:
            number = min(number, MAX_HELD // engine.max_chunk, MAX_READ_AT_ONCE)
        return await self._run(engine, UnorderedChunks(source, engine, self._signal), number)

    async def _run(self, engine: Engine, chunks: Chunks, number: int) -> Stop | None:
        """Run an engine in up to `number` workers."""
        number = min(number, max(1, self._pairs))
        self._speed.restart()
        try:
            async with asyncio.TaskGroup() as group:
                writers = [
                    group.create_task(self._outcomes.write_continuously()),
                    group.create_task(self._log.write_continuously()),
                ]
                await asyncio.wait({group.create_task(self._work(engine, chunks)) for _ in range(number)})
                for writer in writers:
                    writer.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self._outcomes.flush()
            self._queue.release_all()
        return self._signal.reason

    async def _work(self, engine: Engine, chunks: Chunks) -> None:
        while (chunk := await chunks.next()) is not None:
            if not self._signal.stops(chunk[0]):
                with suppress(StoppedError):
                    await engine.process(chunk, self._sender, self._outcomes)
            self._queue.release(chunk)
            chunks.done(chunk, self._outcomes.final_statuses(chunk))

    def pending(self, after: int, limit: int) -> list[PendingPair]:
        """Return pairs still to be sent, for an engine that does not send them: a source for `run`."""
        return self._journal.pending(after, limit)

    def pending_without_labels(self, after: int, limit: int) -> list[PendingPair]:
        """Return pairs still to be sent that have no labels: a source for an engine that does not send them."""
        return self._journal.pending_without_labels(after, limit)

    def pending_object_types(self) -> set[ObjectType]:
        """Return the object types of the pairs that are still to be sent."""
        return self._journal.pending_object_types()

    def types_both_ways(self) -> Collection[Types]:
        """Return the object types of which the run has labels, and pairs in both directions, which share them."""
        return types_in_both_directions(self._journal.types_of_pairs()) if self.has_labels else frozenset()

    @property
    def has_labels(self) -> bool:
        """True if any pair of the run has labels."""
        return self._journal.has_labels

    def pairs_to_restore(self) -> Iterator[PendingPair]:
        """Yield every pair of an undo, including those that are done."""
        return self._journal.pairs_to_restore()

    def all_pending(self) -> Iterator[PendingPair]:
        """Yield every pair that is still to be sent."""
        last = 0
        while found := self._journal.pending(last, MAX_HELD):
            yield from found
            last = found[-1].id

    def unconfirmed(self, after: int, limit: int) -> list[PendingPair]:
        """Return pairs that are unconfirmed: a source for `run`."""
        return self._journal.with_status(Status.UNCONFIRMED, after, limit)

    def linked(self, after: int, limit: int) -> list[PendingPair]:
        """Return pairs that the run has linked: a source for `run`."""
        return self._journal.with_status(Status.LINKED, after, limit)

    def without_types_after(self, after: int, limit: int) -> list[PendingPair]:
        """Return pairs that were sent and whose types were read before, but not after: a source for `run`."""
        return self._journal.without_types_after(after, limit)

    def with_new_primary(self, after: int, limit: int) -> list[PendingPair]:
        """Return pairs that HubSpot has made primary by itself: a source for `run`."""
        return self._journal.with_new_type(PRIMARY_TYPES, after, limit)

    async def send(self, call: Callable[[], Awaitable[Reply]], about: Sequence[PendingPair] = ()) -> Reply:
        """Make one call outside an engine. Raises StoppedError if the run has stopped."""
        return await self._sender.send(call, about)

    @property
    def sender(self) -> Sender:
        """The sender of the calls, for reads outside an engine."""
        return self._sender

    @property
    def stopped(self) -> Stop | None:
        """The reason why the run has stopped, None if it has not."""
        return self._signal.stopped

    def stop(self, stop: Stop) -> None:
        """Send nothing more: calls in flight are awaited, waiting workers end. The first reason wins."""
        self._signal.stop(stop)

    def note_full_window(self, seconds: float) -> None:
        """Record that no call can be made for `seconds`, because an earlier run has used up the rate."""
        self._meter.pause(seconds, PauseReason.EARLIER_RUN)
        self._log.write()  # no engine runs yet that writes it

    def close(self) -> None:
        """Write the remaining activity, once all engines have run."""
        self._log.write(is_end=True)

    def give_up(self) -> None:
        """Stop waiting for the calls in flight, once stopped."""
        self._sender.give_up()

    @property
    def calls(self) -> int:
        """The number of writes sent by this process."""
        return self._sender.calls

    @property
    def reads(self) -> int:
        """The number of reads sent by this process."""
        return self._sender.reads

    @property
    def retries(self) -> int:
        """The number of retries among the calls of this process."""
        return self._sender.retries

    @property
    def rate_limited(self) -> int:
        """The number of 429 responses in this process."""
        return self._sender.rate_limited

    @property
    def in_flight(self) -> int:
        """The number of calls that are waiting for their response."""
        return self._sender.in_flight

    def progress(self) -> Progress:
        """Return the current progress."""
        statuses, limit = self._outcomes.statuses(), self.limiter.rate
        is_verification = self._journal.info.operation is Operation.VERIFY  # not_sent is then what was found
        open_pairs = 0 if is_verification else statuses[Status.NOT_SENT]
        done = min(self._pairs, sum(statuses.values()) - open_pairs)
        return Progress(
            pairs=self._pairs,
            done=done,
            statuses=statuses,
            calls=self.calls,
            reads=self.reads,
            retries=self.retries,
            rate_limited=self.rate_limited,
            rate=str(limit),
            calls_per_second=self._speed.calls_per_second,
            seconds_left=self._speed.seconds_left(self._pairs - done, limit),
        )

    def _report_progress(self) -> None:
        self._on_progress(self.progress())
