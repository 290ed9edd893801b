"""Counts the calls of a pool second by second, and its pauses."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from importer.config import Rate
from importer.journal import PauseReason, PauseSpan, Second

WINDOW = 10.0
"""Seconds of the window in which calls are counted. Source: HubSpot, usage guidelines: the limit of private apps."""


@dataclass(slots=True)
class _Tally:
    """The calls of the current second."""

    at: int
    begun: int = 0
    retries: int = 0
    rate_limited: int = 0
    busiest: int = 0
    rate: Rate | None = None
    latencies: list[float] = field(default_factory=list)

    def finished(self) -> Second:
        ordered = sorted(self.latencies)
        return Second(
            at=self.at,
            begun=self.begun,
            responses=len(ordered),
            retries=self.retries,
            rate_limited=self.rate_limited,
            busiest=self.busiest,
            rate="" if self.rate is None else str(self.rate),
            p50=_percentile(ordered, 0.50),
            p95=_percentile(ordered, 0.95),
        )


class CallMeter:
    """Counts the calls of a pool by seconds. Belongs to one event loop, whose clock it converts to Unix time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Use `clock` for the Unix time."""
        self._clock = clock
        self._time: Callable[[], float] | None = None
        self._offset = 0.0
        self._second_ends = 0.0
        self._tally = _Tally(0)
        self._finished: list[Second] = []
        self._begun: deque[float] = deque()
        self._waits: list[float] = []
        self._pause: PauseSpan | None = None
        self._pause_begun = self._pause_ends = 0.0  # in the event loop's time, unlike the span
        self._paused = 0.0  # seconds of all pauses before the last one
        self._pauses: dict[float, PauseSpan] = {}
        self._last_call = 0.0

    def begin(self, rate: Rate) -> float:
        """Count a call that begins now, under the limit `rate`; return the time to pass to `respond`."""
        now, begun = self._now(), self._begun
        begun.append(now)
        while begun[0] <= now - WINDOW:
            begun.popleft()
        tally = self._tally
        tally.begun += 1
        tally.rate = rate
        if len(begun) > tally.busiest:
            tally.busiest = len(begun)
        self._last_call = now
        return now

    def respond(self, begun: float) -> None:
        """Count the response to the call that began at `begun`."""
        now = self._last_call = self._now()
        self._tally.latencies.append(now - begun)

    def repeat(self) -> None:
        """Count a retry."""
        self._now()
        self._tally.retries += 1

    def refuse(self) -> None:
        """Count a 429."""
        self._now()
        self._tally.rate_limited += 1

    def pause(self, seconds: float, reason: PauseReason) -> None:
        """Record that no call will begin for `seconds`."""
        now = self._now()
        self._extend_pause(now, now + seconds, reason)

    def begin_wait(self, seconds: float) -> float:
        """Record that a worker waits for `seconds` before a retry; return the time to pass to `end_wait`."""
        end = self._now() + seconds
        self._waits.append(end)
        return end

    def end_wait(self, end: float) -> None:
        """Record that a worker has stopped waiting."""
        self._waits.remove(end)

    def check_backoff(self, in_flight: int) -> None:
        """Record a pause if every call that could be made is waiting to be retried."""
        now = self._now()
        if self._waits and not in_flight and now - self._last_call >= 1 and not self._is_paused(now):
            self._extend_pause(self._last_call, min(self._waits), PauseReason.BACKOFF)

    def worked(self) -> float:
        """Return the time of the loop without all pauses: seconds of work since an arbitrary moment."""
        now = self._now()
        return now - self._paused - max(0.0, min(now, self._pause_ends) - self._pause_begun)

    @property
    def unix_time(self) -> float:
        """The present Unix time in seconds, on the clock of what is recorded."""
        return self._now() + self._offset

    @property
    def current_pause(self) -> PauseSpan | None:
        """The pause in progress, if any."""
        return self._pause if self._is_paused(self._now()) else None

    def take(self, *, is_end: bool = False) -> tuple[list[Second], list[PauseSpan]]:
        """Return the seconds finished since the last call (at the end, also the current one) and the pauses."""
        now = self._now()
        if is_end:
            self._close(self._tally)
            if self._pause is not None and self._is_paused(now):
                self._pauses[self._pause.start] = replace(self._pause, end=now + self._offset)
        seconds, pauses = self._finished, list(self._pauses.values())
        self._finished, self._pauses = [], {}
        return seconds, pauses

    def _now(self) -> float:
        """Return the time of the loop, after beginning a new tally if the second has ended."""
        if self._time is None:
            self._time = asyncio.get_running_loop().time
            self._begin_second(self._time())
        now = self._time()
        if now >= self._second_ends:
            self._begin_second(now)
        return now

    def _begin_second(self, now: float) -> None:
        """Close the tally and begin one for the current second; the clock may have been adjusted meanwhile."""
        self._close(self._tally)
        self._offset = self._clock() - now
        at = int(now + self._offset)
        self._second_ends = at + 1 - self._offset
        self._tally = _Tally(at)

    def _close(self, tally: _Tally) -> None:
        if tally.begun or tally.latencies or tally.retries:
            self._finished.append(tally.finished())
        self._tally = _Tally(tally.at)

    def _is_paused(self, now: float) -> bool:
        return self._pause_ends > now

    def _extend_pause(self, start: float, end: float, reason: PauseReason) -> None:
        last = self._pause
        if last is not None and last.reason is reason and self._pause_ends >= start:
            end = max(end, self._pause_ends)
            span = replace(last, end=round(last.start + end - self._pause_begun, 3))
        else:
            self._paused += max(0.0, min(start, self._pause_ends) - self._pause_begun)
            self._pause_begun = start
            span = PauseSpan(round(start + self._offset, 3), round(end + self._offset, 3), reason)
        self._pause_ends = end
        self._pause = self._pauses[span.start] = span


def _percentile(ordered: Sequence[float], share: float) -> int | None:
    """Return a percentile, in milliseconds, of seconds in ascending order; None if there are none."""
    if not ordered:
        return None
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))])
