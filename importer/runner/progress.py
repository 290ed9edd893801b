"""The progress of a run, from its journal alone: any process can read it at any time."""

from collections.abc import Callable
from dataclasses import dataclass
from time import time

from importer.journal import ActivityTotals, Journal, PauseSpan, is_held
from importer.journal.activity import weighted_median
from importer.model import Status

WINDOW = 10
"""Seconds over which the current speed and latencies are measured."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """The progress of a run.

    `done`, `total` and `statuses` count distinct pairs. `totals` are the calls of the whole run; `per_second` is the
    speed of the last ten seconds, in calls begun per second. `rate` is the rate limit as `N/SECONDS`, "" before the
    first call. `p50` and `p95` are the latencies of the last ten seconds in milliseconds. `seconds_left` and `pause`
    are None unless a process works on the run.
    """

    is_running: bool
    done: int
    total: int
    statuses: dict[Status, int]
    totals: ActivityTotals
    rate: str
    per_second: float
    p50: int | None
    p95: int | None
    seconds_left: float | None
    pause: PauseSpan | None


def run_progress(journal: Journal, outcome_counts: Callable[[], dict[Status, int]] | None = None) -> RunProgress:
    """Return the progress of a run. Raises JournalError.

    `outcome_counts` replaces the journal's method of that name, which is slow for many pairs; it is called only if the
    numbers are not known otherwise.
    """
    now = time()
    is_running = is_held(journal.path)
    live = journal.live if is_running else None
    counted = live.statuses if live is not None else journal.final_counts
    statuses = counted if counted is not None else (outcome_counts or journal.outcome_counts)()
    total = live.total if live is not None else journal.pair_count
    recent = journal.activity(now - WINDOW) if is_running else []
    pause = live.pause if live is not None else None
    return RunProgress(
        is_running=is_running,
        done=min(total, sum(number for status, number in statuses.items() if status is not Status.NOT_SENT)),
        total=total,
        statuses=statuses,
        totals=journal.activity_totals(),
        rate=live.rate if live is not None else "",
        per_second=sum(one.begun for one in recent) / WINDOW,
        p50=weighted_median([(one.p50, one.responses) for one in recent if one.p50 is not None]),
        p95=weighted_median([(one.p95, one.responses) for one in recent if one.p95 is not None]),
        seconds_left=live.seconds_left if live is not None else None,
        pause=pause if pause is not None and pause.end > now else None,
    )
