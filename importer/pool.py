"""The pool: asyncio workers that take pending pairs from the journal, send them and record what became of them.

An engine says how a portion of pending pairs becomes outcomes; everything else (the pace, stopping, the journal) is
the pool's and the same for every engine.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from importer.config import Settings
from importer.hubspot.answers import Answer, NoAnswer
from importer.hubspot.client import HubSpotClient
from importer.hubspot.pace import Pace
from importer.hubspot.retry import backoff
from importer.hubspot.verdict import Action, Verdict, judge, with_doubt
from importer.journal import Journal, PendingPair
from importer.model import ObjectType, Outcome, Status, Stop, StopReason

logger = logging.getLogger(__name__)

ANSWERS_BEFORE_SHARE = 100
"""How many answers `max_failure_share` waits for before it judges a run."""

_PORTION = 500
"""Pairs taken from the journal at a time: one small transaction, and all that is in memory."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `pairs` in all, how many have each status, what this process did so far.

    `rate` is the rate kept now, as text; `paused` the number of times the pool has waited at HubSpot's request.
    """

    pairs: int
    statuses: Mapping[Status, int]
    calls: int
    retries: int
    rate_limited: int
    rate: str


class Engine(Protocol):
    """How a portion of pending pairs becomes outcomes."""

    async def settle(self, pool: "Pool", pending: PendingPair) -> None:
        """Send what is needed and give the pool an outcome for the pair, even when cancelled half-way."""


class Pool:
    """Workers over one journal; `run` once.

    `watch` is called with the progress whenever outcomes have been written to the journal.
    """

    def __init__(
        self,
        journal: Journal,
        pace: Pace,
        settings: Settings,
        watch: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        """Prepare the pool; nothing is sent before `run`."""
        self.settings = settings
        self.calls = self.retries = self.rate_limited = 0
        self.stopped: Stop | None = None
        self._journal = journal
        self._pace = pace
        self._watch = watch
        self._pairs = journal.counts().pairs
        self._before = journal.outcome_counts()
        self._statuses: dict[Status, int] = dict.fromkeys(Status, 0)
        self._taken: list[PendingPair] = []
        self._last_taken = 0
        self._exhausted = False
        self._blocked: dict[tuple[ObjectType, ObjectType], Stop] = {}
        self._left: list[int] = []
        self._settled: list[tuple[int, Outcome]] = []
        self._unsettled: list[tuple[int, Outcome]] = []
        self._something_to_write = asyncio.Event()
        self._workers: set[asyncio.Task[None]] = set()
        self._in_flight: set[asyncio.Task[None] | None] = set()

    async def run(self, engine: Engine) -> Stop | None:
        """Send every pending pair; return why it stopped early, None at the end.

        What a worker or the journal raises ends the run at once and passes through, with all outcomes that came in
        written.
        """
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write_outcomes())
                self._workers = {
                    group.create_task(self._work(engine))
                    for _ in range(min(self.settings.workers, max(1, self._pairs)))
                }
                await asyncio.wait(self._workers)
                writer.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self._flush()
            self._journal.give_back([*self._left, *(pending.id for pending in self._taken)])
        return self.stopped or next(iter(self._blocked.values()), None)

    def stop(self, stop: Stop) -> None:
        """Send nothing more: calls in flight are awaited, waiting workers leave. The first reason stands."""
        if self.stopped is not None:
            return
        self.stopped = stop
        for worker in self._workers - self._in_flight - {asyncio.current_task()}:
            worker.cancel()

    def block(self, pending: PendingPair, stop: Stop) -> None:
        """Send no more pairs of these two object types."""
        self._blocked.setdefault((pending.pair.from_type, pending.pair.to_type), stop)

    def is_blocked(self, pending: PendingPair) -> bool:
        """Whether pairs of these two object types are not to be sent any more."""
        return (pending.pair.from_type, pending.pair.to_type) in self._blocked

    async def send(self, call: Callable[[], Awaitable[Answer | NoAnswer]]) -> Answer | NoAnswer:
        """One call at the pool's pace. A worker is not cancelled between the sending and the answer."""
        await self._pace.acquire()
        worker = asyncio.current_task()
        self._in_flight.add(worker)
        self.calls += 1
        try:
            answer = await call()
        finally:
            self._in_flight.discard(worker)
            self._pace.release()
        if isinstance(answer, Answer):
            self._heed(answer)
        return answer

    def pause(self, seconds: float) -> None:
        """Let the whole pool wait."""
        if self._pace.pause(seconds):
            logger.warning("HubSpot asked to slow down: all workers wait %.0f s.", seconds)

    def record(self, pending: PendingPair, outcome: Outcome, *, settled: bool = True) -> None:
        """Take a pair's outcome; it is in the journal as soon as the event loop comes round.

        One that is not settled stands until the next process on this run asks again.
        """
        (self._settled if settled else self._unsettled).append((pending.id, outcome))
        self._statuses[outcome.status] += 1
        self._something_to_write.set()
        self._check_failure_share()

    def leave(self, pending: PendingPair) -> None:
        """Leave a pair that was taken but never sent."""
        self._left.append(pending.id)

    def _heed(self, answer: Answer) -> None:
        self._pace.follow(answer.rate)
        if answer.http_status == 429:
            self.rate_limited += 1
        left, reserve = answer.rate.daily_remaining, self.settings.daily_reserve
        if reserve and left is not None and left <= reserve:
            sentence = f"The account has {left:,} calls left today, and daily_reserve keeps {reserve:,} for others."
            self.stop(Stop(StopReason.DAILY_RESERVE, sentence))

    def _check_failure_share(self) -> None:
        bad = self._statuses[Status.FAILED] + self._statuses[Status.UNCONFIRMED]
        answered = bad + self._statuses[Status.LINKED]
        share = self.settings.max_failure_share
        if answered >= ANSWERS_BEFORE_SHARE and bad > share * answered:
            sentence = (
                f"{bad:,} of the first {answered:,} pairs were not linked; max_failure_share ({share:g}) allows fewer. "
                "Look at the results; if they are as expected, raise max_failure_share and resume."
            )
            self.stop(Stop(StopReason.TOO_MANY_FAILURES, sentence))

    async def _work(self, engine: Engine) -> None:
        while self.stopped is None and (pending := self._next()) is not None:
            await engine.settle(self, pending)

    def _next(self) -> PendingPair | None:
        while True:
            if not self._taken and not self._exhausted:
                self._taken = self._journal.take(self._last_taken, _PORTION)
                self._taken.reverse()
                self._exhausted = not self._taken
            if not self._taken:
                return None
            pending = self._taken.pop()
            self._last_taken = pending.id
            if not self.is_blocked(pending):
                return pending
            self.leave(pending)

    async def _write_outcomes(self) -> None:
        while True:
            await self._something_to_write.wait()
            self._something_to_write.clear()
            self._flush()

    def _flush(self) -> None:
        if self._settled or self._unsettled:
            self._journal.record(self._settled, self._unsettled)
            self._settled, self._unsettled = [], []
            self._watch(self.progress())

    def progress(self) -> Progress:
        """How far the run is now."""
        statuses = {status: self._before.get(status, 0) + count for status, count in self._statuses.items()}
        return Progress(self._pairs, statuses, self.calls, self.retries, self.rate_limited, str(self._pace.rate))


class PutEngine:
    """One PUT a pair, repeated while HubSpot is busy, until the answer can be trusted or the attempts are used up."""

    def __init__(self, client: HubSpotClient) -> None:
        """Send through `client`."""
        self._client = client

    async def settle(self, pool: Pool, pending: PendingPair) -> None:
        """Ask until the pair is settled; should the pool stop meanwhile, what is known until then is recorded."""
        case = _Case(pool, pending)
        try:
            while case.is_open and not pool.is_blocked(pending):
                answer = await pool.send(lambda: self._client.link(pending.pair))
                await case.take(judge(answer, pending.pair))
        finally:
            case.close()


class _Case:
    """One pair between its first sending and its outcome."""

    def __init__(self, pool: Pool, pending: PendingPair) -> None:
        self.is_open = True
        self._pool = pool
        self._pending = pending
        self._attempt = 0
        self._outcome: Outcome | None = None

    async def take(self, verdict: Verdict) -> None:
        """Take what an answer means; wait as long as it asks before the next attempt."""
        self._attempt += 1
        self._pool.retries += self._attempt > 1
        self._outcome = _dated(with_doubt(verdict.outcome, self._outcome), self._attempt)
        self.is_open = verdict.action in {Action.AGAIN, Action.POLL, Action.PAUSE}
        if verdict.stop is not None:
            halt = self._pool.stop if verdict.action is Action.STOP else partial(self._pool.block, self._pending)
            halt(verdict.stop)
        elif self.is_open and self._attempt >= self._pool.settings.max_attempts:
            self.is_open = False
            self._give_up(verdict)
        elif self.is_open and self._pool.stopped is None:
            await self._wait(verdict)

    def close(self) -> None:
        """Hand the outcome over: a settled one for good, an open one to be asked again by the next process."""
        if self._outcome is None:
            self._pool.leave(self._pending)
        else:
            self._pool.record(self._pending, self._outcome, settled=not self.is_open)

    async def _wait(self, verdict: Verdict) -> None:
        if verdict.action is Action.PAUSE:
            self._pool.pause(verdict.wait or 0.0)
            return
        settings = self._pool.settings
        dice = 1.0 if verdict.action is Action.POLL else random.random()  # noqa: S311 - spreads load, guards nothing
        await asyncio.sleep(
            max(verdict.wait or 0.0, backoff(self._attempt, settings.backoff_base, settings.backoff_cap, dice))
        )

    def _give_up(self, verdict: Verdict) -> None:
        times = f"{self._attempt} times in a row"
        if verdict.action is Action.PAUSE:
            sentence = f"HubSpot asked to slow down {times}: something else uses this account's rate. Resume later."
            self._pool.stop(Stop(StopReason.RATE_LIMITED, sentence))
        elif verdict.outcome.status is Status.NOT_SENT:
            sentence = f"{verdict.outcome.error_message} It was tried {times}."
            self._pool.stop(Stop(StopReason.UNREACHABLE, sentence))


def _dated(outcome: Outcome, attempt: int) -> Outcome:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return replace(outcome, attempts=attempt, completed_at=outcome.completed_at or now)
