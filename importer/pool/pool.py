"""The pool: asyncio workers that take pending pairs from the journal, send them and record what became of them.

An engine says how a chunk of pending pairs becomes outcomes; everything else (the limiter, stopping, the journal) is
the pool's and the same for every engine.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from importer.config import Settings
from importer.hubspot.non_hubspot import is_hubspots
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Response
from importer.journal import Journal, PendingPair
from importer.model import ObjectType, Outcome, Status, Stop, StopReason

logger = logging.getLogger(__name__)

ANSWERS_BEFORE_SHARE = 100
"""How many answers `max_failure_share` waits for before it judges a run."""

FORBIDDEN_IN_A_ROW = 50
"""How many pairs of two object types are refused by a 403 in a row until no more of these types are sent."""

_TAKEN_AT_ONCE = 100
"""Pairs taken from the journal at a time, at the least: few, since after a crash all of them are in doubt."""

_MOST_IN_HAND = 40_000
"""Pairs that all workers have in hand together, at the most: more would cost memory and leave more to a crash."""

Reply = Response | NoResponse


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `pairs` in all, how many have each status, what this process did so far.

    `rate` is the rate kept now, as text.
    """

    pairs: int
    statuses: Mapping[Status, int]
    calls: int
    reads: int
    retries: int
    rate_limited: int
    rate: str


Source = Callable[[int, int], list[PendingPair]]
"""Gives the next pairs numbered above the first argument, at most as many as the second."""


class _BlockedError(Exception):
    """The object types of a call were blocked while it waited for its turn; `Pool` alone raises and catches it."""


class Engine(Protocol):
    """How a chunk of pairs becomes outcomes; `chunk` is the most it takes at a time, all of the same types."""

    chunk: int

    def size(self, pending: PendingPair) -> int:
        """Return how many pairs like `pending` the next chunk should have, at most `chunk`."""

    async def process(self, pool: "Pool", chunk: Sequence[PendingPair]) -> None:
        """Make the calls that are needed and give the pool the outcomes, also those known when cancelled half-way."""


class Pool:
    """Workers over one journal; engines run one after the other.

    `watch` is called with the progress whenever outcomes have been written to the journal.
    """

    def __init__(
        self,
        journal: Journal,
        limiter: RateLimiter,
        settings: Settings,
        watch: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        """Prepare the pool; nothing is sent before `run`."""
        self.settings = settings
        self.calls = self.reads = self.retries = self.rate_limited = 0
        self.heard = 0
        """Responses of HubSpot itself that accepted the token."""
        self.stopped: Stop | None = None
        self._journal = journal
        self.limiter = limiter
        self._watch = watch
        self._pairs = journal.counts().pairs
        self._statuses = journal.outcome_counts()
        self._answered: Counter[Status] = Counter()
        self._forbidden: Counter[tuple[ObjectType, ObjectType]] = Counter()
        self._not_begun: set[int] = set()
        self._blocked: dict[tuple[ObjectType, ObjectType], Stop] = {}
        self._final: list[tuple[int, Outcome]] = []
        self._provisional: list[tuple[int, Outcome]] = []
        self._something_to_write = asyncio.Event()
        self._workers: set[asyncio.Task[None]] = set()
        self._in_flight: set[asyncio.Task[None] | None] = set()
        self._has_given_up = False
        self._daily_remaining_known = asyncio.Event()
        if not settings.daily_reserve:
            self._daily_remaining_known.set()
        self._one_by_one = asyncio.Lock()

    async def run(self, engine: Engine, source: Source | None = None) -> Stop | None:
        """Settle every pair of `source` (default: all pending ones); return why that stopped early, None at the end.

        What an engine or the journal raises ends the run at once and passes through, with all outcomes that came in
        written.
        """
        chunks = self._chunks(source or self._take, engine)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write_outcomes())
                number = min(self.settings.workers, _MOST_IN_HAND // engine.chunk, max(1, self._pairs))
                self._workers = {group.create_task(self._work(engine, chunks)) for _ in range(number)}
                await asyncio.wait(self._workers)
                writer.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self._flush()
            self._give_back(list(self._not_begun))
        return self.stopped or next(iter(self._blocked.values()), None)

    def pending(self, after: int, limit: int) -> list[PendingPair]:
        """The pairs still to be sent, for an engine that does not send them: a source for `run`."""
        return self._journal.pending(after, limit)

    def unconfirmed(self, after: int, limit: int) -> list[PendingPair]:
        """The pairs that are unconfirmed: a source for `run`."""
        return self._journal.with_status(Status.UNCONFIRMED, after, limit)

    def _take(self, after: int, limit: int) -> list[PendingPair]:
        taken = self._journal.claim(after, limit)
        self._not_begun.update(pending.id for pending in taken if not pending.may_be_linked)
        return taken

    def stop(self, stop: Stop) -> None:
        """Send nothing more: calls in flight are awaited, waiting workers leave. The first reason stands."""
        if self.stopped is not None:
            return
        self.stopped = stop
        for worker in self._workers - self._in_flight - {asyncio.current_task()}:
            worker.cancel()

    def block(self, pending: PendingPair, stop: Stop) -> None:
        """Send no more pairs of these two object types."""
        self._blocked.setdefault(_types(pending), stop)

    def is_blocked(self, pending: PendingPair) -> bool:
        """Whether pairs of these two object types are not to be sent any more."""
        return _types(pending) in self._blocked

    def give_up(self) -> None:
        """Once stopped, wait no longer for the calls in flight: it is as if their answers were lost."""
        self._has_given_up = True
        for worker in self._in_flight:
            if worker is not None:
                worker.cancel()

    async def send(
        self, call: Callable[[], Awaitable[Reply]], about: Sequence[PendingPair], limiter: RateLimiter | None = None
    ) -> Reply:
        """One call `about` some pairs, at the pool's limiter or the one given.

        It is not cancelled between the sending and the answer. Once the pool has stopped it cancels its caller instead;
        when the pairs were blocked while the call waited for its turn, the worker goes on with other pairs. With a
        `daily_reserve` calls go one by one until it is known how many are left today.
        """
        if not self._daily_remaining_known.is_set():
            async with self._one_by_one:
                if not self._daily_remaining_known.is_set():
                    return await self._send(call, about, limiter or self.limiter)
        return await self._send(call, about, limiter or self.limiter)

    async def _send(
        self, call: Callable[[], Awaitable[Reply]], about: Sequence[PendingPair], limiter: RateLimiter
    ) -> Reply:
        if self.stopped is not None:
            raise asyncio.CancelledError
        await limiter.acquire()
        if about and self.is_blocked(about[0]):
            limiter.release()
            raise _BlockedError
        worker = asyncio.current_task()
        self._in_flight.add(worker)
        self._not_begun.difference_update([pending.id for pending in about])
        if about:
            self.calls += 1
        else:  # what is about no pair cannot change one
            self.reads += 1
        try:
            answer = await self._answer_to(call)
            if isinstance(answer, Response):
                self._apply_rate_headers(
                    answer
                )  # before its place is released: the window may be longer than was known
        finally:
            self._in_flight.discard(worker)
            limiter.release()
        return answer

    async def _answer_to(self, call: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            return await call()
        except asyncio.CancelledError:
            worker = asyncio.current_task()
            if not self._has_given_up or worker is None or worker.uncancel():
                raise
            return NoResponse("the run was stopped before HubSpot answered", reached=True)

    def pause(self, seconds: float) -> None:
        """Let the whole pool wait."""
        if self.limiter.pause.begin(seconds):
            logger.warning("HubSpot asked to slow down: all workers wait %.0f s.", seconds)

    def record(self, pending: PendingPair, outcome: Outcome, *, final: bool = True, is_read: bool = False) -> None:
        """Take a pair's outcome; it is in the journal as soon as the event loop comes round.

        One that is not settled stands until the next process on this run asks again. One that was only read back says
        nothing about how sending fares.
        """
        self._something_to_write.set()
        if not final:
            self._provisional.append((pending.id, outcome))
            return
        self._final.append((pending.id, outcome))
        self._answered[outcome.status] += 1
        if outcome.status is Status.FAILED or outcome.status is Status.UNCONFIRMED:
            names, message = self._journal.info.row_names, "row %s: %s: %s"
            extra = {"row": names.as_json(pending.row)}
            logger.debug(message, names.of(pending.row), outcome.status, outcome.error_message, extra=extra)
        if not is_read:
            self._check_forbidden(pending, outcome)
            self._check_failure_share()

    def mark_not_sent(self, pending: PendingPair) -> None:
        """Take an answer that leaves no doubt that the pair was not linked: it is as if it had not been sent."""
        if not pending.may_be_linked:
            self._not_begun.add(pending.id)

    def replace_outcome(self, pending: PendingPair, outcome: Outcome) -> None:
        """Replace the outcome of a pair that was unconfirmed."""
        self._answered[Status.UNCONFIRMED] -= 1
        self.record(pending, outcome)

    def _apply_rate_headers(self, answer: Response) -> None:
        self.heard += is_hubspots(answer) and answer.http_status != 401
        self.limiter.follow(answer.rate)
        if answer.http_status == 429:
            self.rate_limited += 1
        left, reserve = answer.rate.daily_remaining, self.settings.daily_reserve
        if left is not None or answer.http_status < 400:  # a success without the number: HubSpot does not report it
            self._daily_remaining_known.set()
        if not reserve or left is None:
            return
        left = max(0, left - (len(self._in_flight) - 1))  # the answer may not have counted the other calls in flight
        if left <= reserve:
            sentence = (
                f"The account has {left:,} calls left today, those on their way counted, and daily_reserve keeps "
                f"{reserve:,} for others."
            )
            self.stop(Stop(StopReason.DAILY_RESERVE, sentence))

    def _check_forbidden(self, pending: PendingPair, outcome: Outcome) -> None:
        types = _types(pending)
        if outcome.http_status != 403 or outcome.status is not Status.FAILED:
            if self._forbidden:
                self._forbidden.pop(types, None)
            return
        self._forbidden[types] += 1
        number = self._forbidden[types]
        if number >= FORBIDDEN_IN_A_ROW and self.settings.max_failure_share < 1:
            sentence = (
                f"HubSpot refused {number:,} pairs of {types[0]} and {types[1]} in a row with 403 "
                f"({outcome.error_category}); {self._share_setting()} allows failures, but not so many on end. "
                "Look at the results; if they are as expected, set max_failure_share to 1 and resume."
            )
            self.block(pending, Stop(StopReason.FORBIDDEN, sentence))

    def _share_setting(self) -> str:
        origin = self.settings.origin_of("max_failure_share")
        if origin == "the default":
            origin = "the default; set it in the config file or in IMPORTER_MAX_FAILURE_SHARE"
        return f"max_failure_share ({self.settings.max_failure_share:g}, {origin})"

    def _check_failure_share(self) -> None:
        bad = self._answered[Status.FAILED] + self._answered[Status.UNCONFIRMED]
        answered = bad + self._answered[Status.LINKED]
        share = self.settings.max_failure_share
        if answered >= ANSWERS_BEFORE_SHARE and bad > share * answered:
            sentence = (
                f"{bad:,} of the first {answered:,} pairs were not linked; {self._share_setting()} allows fewer. "
                "Look at the results; if they are as expected, raise max_failure_share and resume."
            )
            self.stop(Stop(StopReason.TOO_MANY_FAILURES, sentence))

    async def _work(self, engine: Engine, chunks: Iterator[list[PendingPair]]) -> None:
        for chunk in chunks:
            if self.stopped is None and not self.is_blocked(chunk[0]):
                with suppress(_BlockedError):
                    await engine.process(self, chunk)
            self._give_back([pending.id for pending in chunk if pending.id in self._not_begun])
            if self.stopped is not None:
                return

    def _chunks(self, source: Source, engine: Engine) -> Iterator[list[PendingPair]]:
        """The pairs of `source` in chunks of one pair of object types, each as long as the engine wants it now.

        What waits for its chunk to fill is at most one chunk for each pair of types.
        """
        filling: dict[tuple[ObjectType, ObjectType], list[PendingPair]] = {}
        last = 0
        while taken := source(last, max(engine.chunk, _TAKEN_AT_ONCE)):
            last = taken[-1].id
            for pending in taken:
                types = _types(pending)
                chunk = filling.setdefault(types, [])
                chunk.append(pending)
                if len(chunk) >= engine.size(pending):
                    yield filling.pop(types)
        yield from filling.values()

    def _give_back(self, pairs: Sequence[int]) -> None:
        if pairs:
            self._journal.release(pairs)
            self._not_begun.difference_update(pairs)

    async def _write_outcomes(self) -> None:
        while True:
            await self._something_to_write.wait()
            self._something_to_write.clear()
            self._flush()

    def _flush(self) -> None:
        if self._final or self._provisional:
            self._journal.record(self._final, self._provisional)
            self._final, self._provisional = [], []
            self._watch(self.progress())

    def progress(self) -> Progress:
        """How far the run is now."""
        statuses = {status: self._statuses.get(status, 0) + self._answered[status] for status in Status}
        return Progress(
            self._pairs, statuses, self.calls, self.reads, self.retries, self.rate_limited, str(self.limiter.rate)
        )


def _types(pending: PendingPair) -> tuple[ObjectType, ObjectType]:
    return pending.pair.from_type, pending.pair.to_type
