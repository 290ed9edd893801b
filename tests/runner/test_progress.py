"""The progress of a run, read from its journal."""

from pathlib import Path
from time import time

from importer.journal import Journal, LiveState, PauseReason, PauseSpan, Second, open_for_run
from importer.model import Status
from importer.runner.progress import run_progress
from tests.support.journals import LINKED, claim, pair, row, written


def live(*, pause: PauseSpan | None = None) -> LiveState:
    """Return a state in which two of five pairs are done."""
    return LiveState(
        at=time(),
        done=2,
        total=5,
        statuses={Status.LINKED: 2},
        calls=3,
        reads=0,
        retries=0,
        rate_limited=0,
        rate="100/10",
        in_flight=1,
        seconds_left=4.0,
        pause=pause,
    )


def test_while_a_process_works_its_state_and_the_last_ten_seconds_are_shown(tmp_path: Path) -> None:
    path = written(tmp_path / "r.sqlite", *(row(n, pair(n)) for n in range(2, 7)))
    pause = PauseSpan(time() - 1, time() + 60, PauseReason.RATE_LIMITED)
    at = int(time())
    seconds = [Second(at - 100, 900, 900, busiest=90, p50=5, p95=5), Second(at - 1, 20, 10, p50=80, p95=300)]
    with open_for_run(path) as journal, Journal(path) as other:
        journal.record_activity(seconds, [], live(pause=pause))
        found = run_progress(other)
    assert (found.is_running, found.done, found.total, found.statuses) == (True, 2, 5, {Status.LINKED: 2})
    assert (found.totals.begun, found.per_second, found.p50, found.p95) == (920, 2.0, 80, 300)
    assert (found.rate, found.seconds_left, found.pause) == ("100/10", 4.0, pause)


def test_a_pause_that_is_over_is_not_shown(tmp_path: Path) -> None:
    path = written(tmp_path / "r.sqlite", row(2, pair(2)))
    with open_for_run(path) as journal:
        journal.record_activity([], [], live(pause=PauseSpan(time() - 60, time() - 1, PauseReason.BACKOFF)))
        assert run_progress(journal).pause is None


def test_after_a_kill_the_outcomes_count_and_not_the_last_state(tmp_path: Path) -> None:
    path = written(tmp_path / "r.sqlite", *(row(n, pair(n)) for n in range(2, 7)))
    with open_for_run(path) as journal:
        numbers = claim(journal)
        journal.record_activity([], [], live())
        journal.record([(number, LINKED) for number in list(numbers.values())[:3]])
    with Journal(path) as journal:
        found = run_progress(journal)
    assert (found.is_running, found.done, found.total, found.statuses) == (False, 3, 5, {Status.LINKED: 3})
    assert (found.seconds_left, found.per_second, found.pause) == (None, 0.0, None)
