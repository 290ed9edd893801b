"""Records outcomes: buffers them in memory, and writes all that have arrived to the journal in one transaction."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Protocol

from importer.journal import Journal, PendingPair
from importer.model import Outcome, Status
from importer.pool.failure_limits import FailureLimits
from importer.pool.work_queue import WorkQueue
from importer.timestamps import utc_now_text

logger = logging.getLogger(__name__)

_LONG_CALL = 2
"""Seconds by which HubSpot's time may be behind ours when its response arrives, although the clocks agree."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run.

    `pairs` is the total, `done` the number of those that need no more work, `statuses` the number with each status. The
    counters are those of this process, `rate` is the current rate limit as text. `calls_per_second` (None while
    unknown) and `seconds_left` leave pauses out.
    """

    pairs: int
    done: int
    statuses: Mapping[Status, int]
    calls: int
    reads: int
    retries: int
    rate_limited: int
    rate: str
    calls_per_second: float | None
    seconds_left: float


class Recorder(Protocol):
    """Receives the outcomes of pairs from the engines."""

    def record(self, pending: PendingPair, outcome: Outcome, *, final: bool = True) -> None:
        """Record a pair's outcome; a provisional one is valid until the next process sends the pair again."""

    def mark_not_sent(self, pending: PendingPair) -> None:
        """Record that a response proves that the pair was not linked, as if it had not been sent."""


class OutcomeRecorder:
    """Receives the outcomes of pairs from the engines. Belongs to one event loop."""

    def __init__(
        self, journal: Journal, queue: WorkQueue, limits: FailureLimits, on_written: Callable[[], None]
    ) -> None:
        """Record in `journal`, and call `on_written` after each transaction."""
        self._journal = journal
        self._queue = queue
        self._limits = limits
        self._on_written = on_written
        self._before = journal.outcome_counts()
        self._final: list[tuple[int, Outcome]] = []
        self._provisional: list[tuple[int, Outcome]] = []
        self._types_before: list[tuple[int, str]] = []
        self._types_after: list[tuple[int, str]] = []
        self._primaries: list[tuple[int, str, str]] = []
        self._types_sent: list[tuple[int, str]] = []
        self._final_statuses: dict[int, Status] = {}
        self._has_unwritten = asyncio.Event()
        self._clock_difference: int | None = None

    def record(self, pending: PendingPair, outcome: Outcome, *, final: bool = True, is_read: bool = False) -> None:
        """Record a pair's outcome; it is written as soon as the event loop gets to it.

        A provisional one is valid until the next process of this run sends the pair again. One that was only read back
        (`is_read`) does not count towards the failure limits.
        """
        self._has_unwritten.set()
        if self._clock_difference is None and outcome.api_status:
            self._compare_clocks(outcome.completed_at)
        if not final:
            self._provisional.append((pending.id, outcome))
            return
        self._final.append((pending.id, outcome))
        self._final_statuses[pending.id] = outcome.status
        self._limits.counts[outcome.status] += 1
        if outcome.status is Status.FAILED or outcome.status is Status.UNCONFIRMED:
            names = self._journal.info.row_names
            extra = {"row": names.as_json(pending.row)}
            row = names.of(pending.row)
            logger.debug("row %s: %s: %s", row, outcome.status, outcome.error_message, extra=extra)
        if not is_read:
            self._limits.check(pending, outcome)

    def _compare_clocks(self, completed_at: str) -> None:
        """Record how far HubSpot's clock is ahead of ours if the difference is more than the time of a call."""
        try:
            seconds = round(datetime.fromisoformat(completed_at).timestamp() - time.time())
        except (ValueError, OverflowError):  # HubSpot's times are arbitrary text
            return
        self._clock_difference = seconds if abs(seconds) > _LONG_CALL else 0
        if self._clock_difference != self._journal.clock_difference:
            self._journal.set_clock_difference(self._clock_difference)

    def record_types_before(self, pending: PendingPair, types: str) -> None:
        """Record the association types of a pair as read before it is sent."""
        self._types_before.append((pending.id, types))
        self._has_unwritten.set()

    def record_types_after(self, pending: PendingPair, types: str) -> None:
        """Record the association types of a pair as read after it was sent."""
        self._types_after.append((pending.id, types))
        self._has_unwritten.set()

    def record_types_sent(self, pending: PendingPair, types: str) -> None:
        """Record the association types that a pair is to have after the call that is about to be made."""
        self._types_sent.append((pending.id, types))
        self._has_unwritten.set()

    def record_primary_before(self, pending: PendingPair, other: str, types: str) -> None:
        """Record the id ("" if there is none) and types of the primary record that a pair is to replace."""
        self._primaries.append((pending.id, other, types))
        self._has_unwritten.set()

    def mark_not_sent(self, pending: PendingPair) -> None:
        """Record that a response proves that the pair was not linked, as if it had not been sent."""
        self._queue.mark_not_sent(pending)

    def replace_outcome(self, pending: PendingPair, outcome: Outcome) -> None:
        """Replace the final outcome of a pair, which was read from the journal with it, after reading it back."""
        if pending.earlier is not None:
            self._limits.counts[pending.earlier.status] -= 1
        self.record(pending, outcome, is_read=True)

    def final_statuses(self, chunk: Sequence[PendingPair]) -> dict[int, Status]:
        """Return, and forget, the statuses of a chunk's final outcomes by pair number."""
        known, found = self._final_statuses, {}
        for pending in chunk:
            if (status := known.pop(pending.id, None)) is not None:
                found[pending.id] = status
        return found

    def statuses(self) -> dict[Status, int]:
        """Return the number of pairs with each status."""
        counts = self._limits.counts
        return {status: self._before.get(status, 0) + counts[status] for status in Status}

    async def write_continuously(self) -> None:
        """Write outcomes whenever there are any, until cancelled."""
        while True:
            await self._has_unwritten.wait()
            self._has_unwritten.clear()
            self.flush()

    def flush(self) -> None:
        """Write all outcomes recorded so far."""
        types = (self._types_before, self._types_after, self._primaries, self._types_sent)
        found = (self._final, self._provisional, *types)
        if any(found):
            self._journal.record(*found)
            self._final, self._provisional = [], []
            self._types_before, self._types_after, self._primaries, self._types_sent = [], [], [], []
            self._on_written()


_FIELDS = tuple(field.name for field in fields(Outcome))
_ATTEMPTS, _COMPLETED_AT = map(_FIELDS.index, ("attempts", "completed_at"))
_values_of = attrgetter(*_FIELDS)


def with_attempts(outcome: Outcome, attempts: int) -> Outcome:
    """Return the outcome with the number of attempts, and the current time if the response had none."""
    if outcome.attempts == attempts and outcome.completed_at:
        return outcome
    values = list(_values_of(outcome))  # a third of the time of `replace`, for every response
    values[_ATTEMPTS] = attempts
    values[_COMPLETED_AT] = outcome.completed_at or utc_now_text("milliseconds")
    return Outcome(*values)
