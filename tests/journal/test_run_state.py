"""The state of a run, across processes and kills."""

import subprocess
from pathlib import Path

import pytest

from importer.errors import AccountError, BusyError, ConfirmationError, ImporterError
from importer.journal import (
    CUT_OFF,
    Journal,
    ProblemGroup,
    RunError,
    is_held,
    open_for_run,
)
from importer.model import (
    Problem,
    Status,
)
from tests.support.errors import raises, raises_code
from tests.support.journals import (
    LINKED,
    NOT_SENT,
    PROBLEM,
    ROOT,
    claim,
    command,
    count_pending,
    outcomes,
    pair,
    row,
    run_python,
    written,
)


def test_a_run_has_no_summary_between_begin_and_end(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)))) as journal:
        assert journal.begin() is False
        assert journal.summary is None
        journal.end({"status": "interrupted", "rows": 1})
    with open_for_run(path) as journal:
        assert journal.summary == {"status": "interrupted", "rows": 1}
        assert journal.begin() is True
        assert journal.summary is None


def fail(journal: Journal, error: ImporterError) -> None:
    """End a process by an error."""
    with journal.recording_error():
        raise error


def test_the_error_that_ends_a_process_is_kept_without_secrets_until_the_next_one_begins(path: Path) -> None:
    token = "pat-na1-11111111-2222-3333-4444-555555555555"
    with open_for_run(written(path, row(2, pair(1)))) as journal:
        journal.begin()
        with raises_code(AccountError, "ACCOUNT_DIFFERS"):
            fail(journal, AccountError("ACCOUNT_DIFFERS", f"The token {token} belongs to account 2."))
        assert journal.summary is None
    with open_for_run(path) as journal:
        assert journal.last_error == RunError("ACCOUNT_DIFFERS", "The token [token] belongs to account 2.")
        assert [span.ended_by for span in journal.processes()] == ["ACCOUNT_DIFFERS"]
        journal.begin()
        assert journal.last_error is None


def test_a_removal_that_was_not_confirmed_is_not_kept_as_an_error(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)))) as journal:
        with raises_code(ConfirmationError, "CONFIRMATION_REFUSED"):
            fail(journal, ConfirmationError("CONFIRMATION_REFUSED", "It was not confirmed."))
        assert journal.last_error is None


def test_a_run_has_sent_nothing_until_a_pair_is_in_flight_or_has_an_outcome(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)), row(3, pair(2)))) as journal:
        found = [journal.has_sent_nothing]
        for outcome in (NOT_SENT, LINKED):
            numbers = claim(journal, 1)
            found.append(journal.has_sent_nothing)
            journal.record([(numbers[pair(1)], outcome)])
            found.append(journal.has_sent_nothing)
        assert found == [True, False, True, False, False]


def test_problems_are_grouped_by_code_the_most_frequent_first(path: Path) -> None:
    rare = Problem("BAD_ID", "A", "m", "a")
    rows = [row(n, problems=(PROBLEM, PROBLEM)) for n in (2, 3, 5)] + [
        row(9, problems=(rare, PROBLEM)),
        row(10, pair(1)),
    ]
    with Journal(written(path, *rows)) as journal:
        assert journal.problem_groups(2) == [
            ProblemGroup("MISSING_ID", 4, ((2, PROBLEM), (3, PROBLEM))),
            ProblemGroup("BAD_ID", 1, ((9, rare),)),
        ]


@pytest.mark.slow
def test_outcomes_recorded_before_a_kill_are_kept_and_pairs_in_flight_are_cut_off(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 6)))
    code = """
with open_for_run(path) as journal:
    journal.begin()
    numbers = claim(journal, 3)
    journal.record([(numbers[pair(2)], LINKED)])
    journal.release([numbers[pair(4)]])
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, path).returncode == -9
    with open_for_run(path) as journal:
        assert journal.summary is None
        assert [made.pairs[0].outcome for made in journal.rows(NOT_SENT)] == [LINKED, CUT_OFF, NOT_SENT, NOT_SENT]
        assert list(claim(journal)) == [pair(3), pair(4), pair(5)]
        assert journal.begin() is True


def test_the_counts_of_the_last_process_are_kept_until_the_next_one_begins(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)), row(3, pair(2)))) as journal, Journal(path) as other:
        journal.begin()
        assert not other.final_counts
        journal.record([(claim(journal)[pair(1)], LINKED)])
        journal.end({"status": "stopped"})
        assert other.final_counts == other.outcome_counts() == {Status.LINKED: 1}
        journal.begin()
        assert not other.final_counts


def test_another_connection_sees_committed_outcomes_during_the_run(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)), row(3, pair(2)))) as journal, Journal(path) as other:
        numbers = claim(journal)
        assert [made.pairs[0].outcome for made in other.rows(NOT_SENT)] == [CUT_OFF, CUT_OFF]
        journal.record([(numbers[pair(1)], LINKED)])
        assert other.outcome_counts() == {Status.LINKED: 1}
        assert count_pending(other) == 1


@pytest.mark.slow
def test_a_second_process_cannot_open_the_same_run_for_writing(path: Path) -> None:
    written(path, row(2, pair(1)))
    hold = "with open_for_run(path):\n    print('held', flush=True)\n    sys.stdin.read()"
    with subprocess.Popen(
        command(hold, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        assert is_held(path)
        with raises(BusyError, "RUN_BUSY"), open_for_run(path):
            pass
        assert outcomes(path) == {2: [Status.NOT_SENT]}  # reading is always possible
        process.kill()
    assert not is_held(path)  # the lock of a killed process is free
    with open_for_run(path) as journal:
        assert count_pending(journal) == 1


@pytest.mark.slow
def test_checking_whether_a_run_is_held_does_not_keep_a_process_from_holding_it(path: Path) -> None:
    written(path, row(2, pair(1)))
    ask = (
        "import time\nprint('ready', flush=True)\nfrom importer.journal import is_held\n"
        "while True:\n    is_held(path)\n    time.sleep(0.001)"
    )
    with subprocess.Popen(command(ask, path), stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            for _ in range(15):
                assert not is_held(path)
                with open_for_run(path):
                    assert is_held(path)
        finally:
            process.kill()
