"""Writes the activity of a pool to the journal while it works: calls, pauses, progress, and the time left."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from importer.journal import Journal, LiveState
from importer.journal.activity import LIVE_SECONDS
from importer.pool.call_meter import CallMeter
from importer.pool.outcomes import Progress
from importer.pool.speed import Speed


class ActivityLog:
    """Writes what a meter counts to the journal, about once a second.

    If the process is killed, the calls, 429s and retries of at most its last two seconds are missing: those of the
    second that has not ended, and of the one before if it was not written yet. A pause is written within a second of
    its beginning.
    """

    def __init__(
        self,
        journal: Journal,
        meter: CallMeter,
        speed: Speed,
        progress: Callable[[], Progress],
        in_flight: Callable[[], int],
    ) -> None:
        """Write to `journal`; `progress` and `in_flight` return the state of the pool, whose `speed` is measured."""
        self._journal = journal
        self._meter = meter
        self._progress = progress
        self._in_flight = in_flight
        self._speed = speed
        self._written: LiveState | None = None

    async def write_continuously(self) -> None:
        """Write once a second until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(1.0)

    def write(self, *, is_end: bool = False) -> None:
        """Write what has changed since the last call; at the end, include the unfinished second."""
        if not is_end:
            self._meter.check_backoff(self._in_flight())
        seconds, pauses = self._meter.take(is_end=is_end)
        live = self._live()
        is_changed = self._written is None or replace(live, at=0, seconds_left=None) != replace(
            self._written, at=0, seconds_left=None
        )
        is_old = self._written is not None and live.at - self._written.at >= LIVE_SECONDS
        if seconds or pauses or is_changed or is_old:
            self._journal.record_activity(seconds, pauses, live)
            self._written = live

    def _live(self) -> LiveState:
        progress = self._progress()
        self._speed.measure(progress.calls + progress.reads, progress.done)
        return LiveState(
            at=self._meter.unix_time,
            done=progress.done,
            total=progress.pairs,
            statuses=dict(progress.statuses),
            calls=progress.calls,
            reads=progress.reads,
            retries=progress.retries,
            rate_limited=progress.rate_limited,
            rate=progress.rate,
            in_flight=self._in_flight(),
            seconds_left=progress.seconds_left,
            pause=self._meter.current_pause,
        )
