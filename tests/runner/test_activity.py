"""The activity of real runs, in other processes, that are killed and resumed."""

import signal

import pytest

from importer.journal import Journal, is_held
from importer.runner.progress import RunProgress, run_progress
from tests.support.command_line import Workplace, wait_until

pytestmark = pytest.mark.slow

PAIRS = 600


def progress(work: Workplace) -> RunProgress | None:
    """Return the progress of the newest run, as another process reads it; None before there is one."""
    if not work.journals:
        return None
    with Journal(work.journals[-1]) as journal:
        return run_progress(journal)


def test_the_calls_of_a_run_that_was_killed_and_resumed_add_up(work: Workplace) -> None:
    file = work.write("a.csv", work.pairs(PAIRS))
    before = work.calls()
    running = work.start("run", file, "--rate", "100/1", "--workers", "16", "--no-read-first")
    seen: list[RunProgress] = []

    def has_worked() -> bool:
        assert running.process.poll() is None, running.process.communicate()
        found = progress(work)
        if found is not None and found.is_running and found.totals.begun:
            seen.append(found)
        return len(seen) > 0 and seen[-1].totals.seconds >= 3

    wait_until(has_worked)
    running.send(signal.SIGKILL)
    running.process.communicate()
    calls_of_first = work.calls() - before
    (path,) = work.journals
    assert not is_held(path)
    assert 0 < seen[-1].done < PAIRS
    assert seen[-1].rate == "100/1"
    assert seen[-1].per_second > 0
    assert seen[-1].p50 is not None
    killed = progress(work)
    assert killed is not None
    assert (killed.is_running, killed.total) == (False, PAIRS)
    assert 0 <= calls_of_first - killed.totals.begun <= 250  # at most the calls of the last two seconds are missing

    assert work.here("run", file, "--no-read-first").code == 0
    with Journal(path) as journal:
        journal.verify()
        totals, processes = journal.activity_totals(), journal.processes()
    assert [process.ended_by for process in processes] == ["killed_or_disk_full", "finished"]
    account = 1  # the read of the account's details, which the sandbox does not count
    assert totals.begun - killed.totals.begun == work.calls() - before - calls_of_first + account
    assert totals.responses <= totals.begun
    done = progress(work)
    assert done is not None
    assert (done.is_running, done.done, done.total) == (False, PAIRS, PAIRS)


def test_an_unlink_and_its_undo_have_their_activity_too(work: Workplace) -> None:
    file = work.write("a.csv", work.pairs(20))
    run = work.here("run", file, "--json").json
    unlink = work.here("unlink", file, "--yes", "20", "--json").json
    undo = work.here("undo", unlink["run_id"], "--json").json
    for summary in (run, unlink, undo):
        path = work.folder / "state" / "runs" / f"{summary['run_id']}.sqlite"
        with Journal(path) as journal:
            totals = journal.activity_totals()
        assert totals.begun >= summary["calls"] + summary["reads"] - 2 > 0  # besides those before the pool
        assert 0 < totals.busiest <= totals.begun
