"""The activity of a run: seconds, pauses and processes, as another process reads them."""

from dataclasses import replace
from pathlib import Path

import pytest

from importer.errors import JournalError
from importer.journal import Journal, LiveState, PauseReason, PauseSpan, Second, open_for_run
from importer.model import Status
from tests.support.errors import raises_code
from tests.support.journals import pair, row, run_python, written

LIVE = LiveState(
    at=12.5,
    done=3,
    total=9,
    statuses={Status.LINKED: 2, Status.FAILED: 1},
    calls=5,
    reads=1,
    retries=2,
    rate_limited=1,
    rate="100/10",
    in_flight=4,
    seconds_left=6.5,
    pause=PauseSpan(12.0, 22.0, PauseReason.RATE_LIMITED),
)
FULL = Second(at=10, begun=8, responses=6, retries=1, rate_limited=1, busiest=8, rate="100/10", p50=90, p95=400)


@pytest.fixture
def run(path: Path) -> Path:
    return written(path, row(2, pair(1)))


def test_another_process_reads_the_activity_while_the_run_writes(run: Path) -> None:
    pause = PauseSpan(11.25, 21.25, PauseReason.BACKOFF)
    with open_for_run(run) as journal, Journal(run) as other:
        journal.record_activity([FULL, Second(at=11, begun=1, busiest=9)], [pause], LIVE)
        assert other.activity() == [FULL, Second(at=11, begun=1, busiest=9)]
        assert other.activity(since=11) == [Second(at=11, begun=1, busiest=9)]
        assert other.pauses() == [pause]
        assert other.pauses(since=21.3) == []
        assert other.live == LIVE
    with Journal(run) as journal:
        journal.verify()


def test_two_processes_in_the_same_second_add_up(run: Path) -> None:
    with open_for_run(run) as journal:
        journal.record_activity([FULL], [], None)
        journal.record_activity(
            [Second(at=10, begun=2, responses=7, busiest=3, rate="90/10", p50=50, p95=60)], [], None
        )
        assert journal.activity() == [Second(10, 10, 13, 1, 1, 8, "90/10", 50, 60)]


def test_a_pause_that_is_extended_is_one_pause(run: Path) -> None:
    with open_for_run(run) as journal:
        for end in (20.0, 30.0):
            journal.record_activity([], [PauseSpan(10.0, end, PauseReason.RATE_LIMITED)], None)
        assert journal.pauses() == [PauseSpan(10.0, 30.0, PauseReason.RATE_LIMITED)]


def test_calls_are_added_up_and_latencies_weighted_by_responses(run: Path) -> None:
    slow = Second(at=11, begun=1, responses=1, busiest=30, rate="100/10", p50=9_000, p95=9_000)
    with open_for_run(run) as journal:
        empty = journal.activity_totals()
        assert (empty.begun, empty.seconds, journal.latencies()) == (0, 0, (None, None))
        journal.record_activity([FULL, slow], [], None)
        totals = journal.activity_totals()
        assert journal.latencies() == (90, 400)
    assert (totals.begun, totals.responses, totals.retries, totals.rate_limited) == (9, 7, 1, 1)
    assert (totals.busiest, totals.seconds) == (30, 2)


@pytest.mark.slow
def test_a_process_that_was_killed_ends_at_its_last_activity(run: Path) -> None:
    code = """
from importer.journal import Second
with open_for_run(path) as journal:
    journal.begin()
    (process,) = journal.processes()
    journal.record_activity([Second(at=int(process.start) + 60, begun=1)], [], None)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, run).returncode == -9
    with open_for_run(run) as journal:
        (killed,) = journal.processes()
        assert (killed.end, killed.ended_by) == (None, "")
        journal.begin()
        journal.end({"status": "stopped", "stopped_by": "SIGINT"})
        journal.begin()
        journal.end({"status": "finished", "stopped_by": None})
        first, second, third = journal.processes()
    assert (first.end, first.ended_by) == (int(killed.start) + 61, "killed_or_disk_full")
    assert (second.ended_by, third.ended_by) == ("SIGINT", "finished")
    assert second.end is not None
    assert second.start <= second.end <= third.start


@pytest.mark.parametrize("last", ["live", "pause"])
def test_a_process_that_was_killed_during_a_pause_ends_at_its_last_record(run: Path, last: str) -> None:
    with open_for_run(run) as journal:
        journal.begin()
        begun = journal.processes()[0].start
        pauses = [PauseSpan(begun + 60, begun + 99, PauseReason.RATE_LIMITED)] if last == "pause" else []
        journal.record_activity([], pauses, replace(LIVE, at=begun + (60 if last == "live" else 0)))
        journal.begin()  # as the next process does
        assert journal.processes()[0].end == pytest.approx(begun + 60, abs=0.01)


def test_there_is_no_live_state_after_the_end_of_the_process(run: Path) -> None:
    with open_for_run(run) as journal:
        journal.begin()
        journal.record_activity([], [], LIVE)
        journal.end({"status": "finished"})
    with Journal(run) as journal:
        assert journal.live is None


@pytest.mark.parametrize("table", ["activity", "pauses", "processes"])
def test_damage_to_the_activity_is_detected(run: Path, table: str) -> None:
    with open_for_run(run) as journal:
        journal.begin()
        journal.record_activity([FULL], [PauseSpan(1.0, 2.0, PauseReason.BACKOFF)], None)
        journal.end({"status": "finished"})
        journal._db.execute(f"UPDATE {table} SET checksum = checksum + 1")
    with raises_code(JournalError, "JOURNAL_DAMAGED"), Journal(run) as journal:
        journal.verify()
