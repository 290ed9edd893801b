"""The activity of a run over time: its calls second by second, its pauses, and the processes that worked on it."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from time import time
from typing import Any

from importer.journal import integrity
from importer.journal.integrity import checksum
from importer.journal.journal_file import JournalFile
from importer.journal.locking import is_held
from importer.journal.sqlite_errors import as_journal_error
from importer.journal.writer import set_value
from importer.model import Status

LIVE = "live"
"""The key of the table `run` that holds the state of the process working on the run."""

LIVE_SECONDS = 5.0
"""The live state is written at least this often, in seconds, even if nothing changes, such as during a pause."""

NOT_RECORDED = "killed_or_disk_full"
"""The `ended_by` of a process that could not record its end: it was killed, or its journal could not be written."""

_SECONDS = """
SELECT at, begun, responses, retries, rate_limited, busiest, rate, p50, p95 FROM activity WHERE at >= ? ORDER BY at
"""
_TOTALS = """
SELECT coalesce(sum(begun), 0), coalesce(sum(responses), 0), coalesce(sum(retries), 0), coalesce(sum(rate_limited), 0),
    coalesce(max(busiest), 0), count(*)
FROM activity
"""
_LATENCIES = "SELECT {0}, sum(responses) FROM activity WHERE {0} IS NOT NULL GROUP BY {0} ORDER BY {0}"
_PAUSES = "SELECT begun, ended, reason FROM pauses WHERE ended >= ? ORDER BY begun"
_PROCESSES = "SELECT begun, ended, ended_by FROM processes ORDER BY number"
_LAST_ACTIVE = """
SELECT max(coalesce((SELECT max(at) + 1 FROM activity), 0) * 1000, coalesce((SELECT max(begun) FROM pauses), 0), ?)
"""


class PauseReason(StrEnum):
    """Reason for a pause: a 429, every call waiting to be retried, or a rate limit that an earlier run has used up."""

    RATE_LIMITED = "rate_limited"
    BACKOFF = "backoff"
    EARLIER_RUN = "earlier_run"


@dataclass(frozen=True, slots=True)
class Second:
    """The calls in one second; `at` is its Unix time.

    `busiest` is the largest number of calls begun in any ten-second window that ends in this second, `rate` the rate
    limit at its last call as `N/SECONDS`. `p50` and `p95` are the latencies of its responses in milliseconds, None if
    there were no responses.
    """

    at: int
    begun: int = 0
    responses: int = 0
    retries: int = 0
    rate_limited: int = 0
    busiest: int = 0
    rate: str = ""
    p50: int | None = None
    p95: int | None = None

    def joined_with(self, other: "Second") -> "Second":
        """Return one record for two parts of the same second; latencies are those of the part with more responses."""
        more = max(self, other, key=lambda one: one.responses)
        return Second(
            at=self.at,
            begun=self.begun + other.begun,
            responses=self.responses + other.responses,
            retries=self.retries + other.retries,
            rate_limited=self.rate_limited + other.rate_limited,
            busiest=max(self.busiest, other.busiest),
            rate=other.rate or self.rate,
            p50=more.p50,
            p95=more.p95,
        )


@dataclass(frozen=True, slots=True)
class PauseSpan:
    """A period in which no call was begun; `start` and `end` are Unix times in seconds."""

    start: float
    end: float
    reason: PauseReason


@dataclass(frozen=True, slots=True)
class ProcessSpan:
    """A process that worked on the run; `start` and `end` are Unix times in seconds.

    `end` is None while it is running, and the time of its last recorded activity, at most `LIVE_SECONDS` before its
    end, if it could not record that. `ended_by` is `finished`, the reason why it stopped, the code of the error that
    ended it, `NOT_RECORDED`, or "" while it is running.
    """

    start: float
    end: float | None
    ended_by: str

    def seconds_until(self, now: float) -> float:
        """Return how long the process has worked; `now` is the Unix time."""
        return max(0.0, (now if self.end is None else self.end) - self.start)


@dataclass(frozen=True, slots=True)
class LiveState:
    """The state of the process working on a run, at most about a second old while it changes; `at` is its Unix time.

    `done` and `total` count distinct pairs, `statuses` those with each status. The other counters are those of this
    process. `rate` is the rate limit as `N/SECONDS`, `pause` the current pause. `seconds_left` is None while unknown.
    """

    at: float
    done: int
    total: int
    statuses: dict[Status, int]
    calls: int
    reads: int
    retries: int
    rate_limited: int
    rate: str
    in_flight: int
    seconds_left: float | None
    pause: PauseSpan | None


@dataclass(frozen=True, slots=True)
class ActivityTotals:
    """Totals of a run's calls. `seconds` counts seconds with calls; `busiest` is the most begun in any ten seconds."""

    begun: int
    responses: int
    retries: int
    rate_limited: int
    busiest: int
    seconds: int


class Activity(JournalFile):
    """The recorded activity. One process writes it, at most once a second; others may read it meanwhile."""

    def record_activity(self, seconds: Sequence[Second], pauses: Sequence[PauseSpan], live: LiveState | None) -> None:
        """Write seconds, pauses and the state of this process. A pause replaces an earlier one with the same start."""
        with self._transaction() as db:
            for second in seconds:
                found = db.execute(f"{_SECONDS} LIMIT 1", (second.at,)).fetchone()
                joined = Second(*found).joined_with(second) if found and found[0] == second.at else second
                _insert(db, "activity", astuple(joined))
            for pause in pauses:
                _insert(db, "pauses", (_ms(pause.start), _ms(pause.end), str(pause.reason)))
            if live is not None:
                set_value(db, LIVE, _live_values(live))

    def activity(self, since: float = 0) -> list[Second]:
        """Return the seconds with calls since the Unix time `since`, in order."""
        with as_journal_error(self.path):
            return [Second(*values) for values in self._db.execute(_SECONDS, (int(since),))]

    def activity_totals(self) -> ActivityTotals:
        """Return the totals of all seconds."""
        with as_journal_error(self.path):
            return ActivityTotals(*self._db.execute(_TOTALS).fetchone())

    def latencies(self) -> tuple[int | None, int | None]:
        """Return the median and the 95th percentile of the latency in milliseconds, in a typical second.

        Both are medians over all seconds, weighted by responses; None if there were no responses.
        """
        with as_journal_error(self.path):
            p50, p95 = (self._db.execute(_LATENCIES.format(name)).fetchall() for name in ("p50", "p95"))
        return weighted_median(p50), weighted_median(p95)

    def pauses(self, since: float = 0) -> list[PauseSpan]:
        """Return the pauses that ended at the Unix time `since` or later, in order."""
        with as_journal_error(self.path):
            found = self._db.execute(_PAUSES, (_ms(since),)).fetchall()
            return [PauseSpan(begun / 1000, ended / 1000, PauseReason(reason)) for begun, ended, reason in found]

    def processes(self) -> list[ProcessSpan]:
        """Return the processes that worked on the run, in order."""
        is_running = self._is_mine or is_held(self.path)  # asked first: a process that ends after this records its end
        with as_journal_error(self.path):
            found = self._db.execute(_PROCESSES).fetchall()
            if found and found[-1][1] is None and not is_running:
                begun = found[-1][0]
                found[-1] = begun, _last_active(self._db, begun), NOT_RECORDED
            return [ProcessSpan(begun / 1000, ended and ended / 1000, by) for begun, ended, by in found]

    @property
    def live(self) -> LiveState | None:
        """The state of the process working on the run, None if there is none; after a kill, the last one written."""
        with as_journal_error(self.path):
            text = integrity.read_run(self._db).get(LIVE)
            return None if text is None else _live_state(json.loads(text))


def begin_process(db: sqlite3.Connection) -> None:
    """Add a process, inside a transaction. An earlier process without a recorded end ended at its last activity."""
    for number, begun in db.execute("SELECT number, begun FROM processes WHERE ended IS NULL").fetchall():
        _insert(db, "processes", (number, begun, _last_active(db, begun), NOT_RECORDED))
    (number,) = db.execute("SELECT coalesce(max(number), 0) + 1 FROM processes").fetchone()
    _insert(db, "processes", (number, _ms(time()), None, ""))


def end_process(db: sqlite3.Connection, ended_by: str) -> None:
    """Record the end of the current process, inside a transaction."""
    for number, begun in db.execute("SELECT number, begun FROM processes WHERE ended IS NULL").fetchall():
        _insert(db, "processes", (number, begun, max(begun, _ms(time())), ended_by))
    db.execute("DELETE FROM run WHERE key = ?", (LIVE,))


def _last_active(db: sqlite3.Connection, begun: int) -> int:
    """Return when the process that began last was last active, in Unix milliseconds."""
    text = integrity.read_run(db).get(LIVE)
    live = 0 if text is None else _ms(json.loads(text)["at"])
    (last,) = db.execute(_LAST_ACTIVE, (max(begun, live),)).fetchone()
    return int(last)


def _insert(db: sqlite3.Connection, table: str, values: tuple[Any, ...]) -> None:
    places = ", ".join("?" for _ in values)
    db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({places}, ?)", (*values, checksum(*values)))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _live_values(live: LiveState) -> dict[str, Any]:
    pause = live.pause and [live.pause.start, live.pause.end, live.pause.reason]
    values = {field.name: getattr(live, field.name) for field in fields(live)}
    return {**values, "statuses": {str(status): n for status, n in live.statuses.items() if n}, "pause": pause}


def _live_state(values: dict[str, Any]) -> LiveState:
    begun, ended, reason = values["pause"] or (0.0, 0.0, PauseReason.BACKOFF)
    pause = PauseSpan(begun, ended, PauseReason(reason)) if values["pause"] else None
    statuses = {Status(text): number for text, number in values["statuses"].items()}
    return LiveState(**{**values, "statuses": statuses, "pause": pause})


def weighted_median(values: Sequence[tuple[int, int]]) -> int | None:
    """Return the median of values, each with its weight; None if there are none."""
    left = sum(weight for _, weight in values) / 2
    for value, weight in sorted(values):
        left -= weight
        if left <= 0:
            return value
    return None
