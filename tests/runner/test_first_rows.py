"""Runs that send their first rows only, and continue with the others."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from importer import Settings, StopReason, run_import
from importer.config import EngineName
from importer.journal import Journal, open_for_run
from importer.model import Outcome, Status
from importer.reporter import RowCounts, RunStatus, count
from importer.runner.confirmation import Confirmation, Removed
from importer.runner.finish import report_run
from importer.runner.resume import resume_run
from importer.runner.run import unlink_file
from importer.runner.state_directory import journal_path
from tests.support.command_line import Workplace
from tests.support.journals import LINKED, PROBLEM, claim_pending, pair, row, written


@pytest.mark.slow
@pytest.mark.parametrize("engine", EngineName)
def test_the_first_rows_are_sent_and_the_run_continues_with_the_rest(
    work: Workplace, settings: Settings, engine: EngineName
) -> None:
    settings = settings.model_copy(update={"engine": engine})
    pairs = work.pairs(12)
    file = work.write("a.csv", [("x", 1), *pairs[:1], *pairs])
    first = run_import(file, settings, first_rows=5)
    assert (first.status, first.stopped_by, first.exit_code) == (RunStatus.STOPPED, StopReason.FIRST_ROWS, 3)
    assert work.links() == set(pairs[:5])
    assert set(work.asked()) <= set(pairs[:5])
    assert (first.linked, first.invalid, first.not_sent) == (6, 1, 7)
    second = resume_run(first.run_id, settings, first_rows=3)
    assert work.links() == set(pairs[:8])
    assert (second.run_id, second.stopped_by, second.not_sent) == (first.run_id, StopReason.FIRST_ROWS, 4)
    rest = run_import(file, settings)
    assert (rest.run_id, rest.status, rest.linked, rest.exit_code) == (first.run_id, RunStatus.FINISHED, 13, 1)
    assert work.links() == set(pairs)


def test_results_are_written_at_the_end_or_on_request(work: Workplace, settings: Settings) -> None:
    pairs = work.pairs(12)
    file = work.write("a.csv", [("x", 1), *pairs[:1], *pairs])
    first = run_import(file, settings, first_rows=5)
    assert (first.results, first.failures) == (None, None)
    assert not list(work.folder.glob("a.results*"))
    written = report_run(first.run_id, settings)
    assert len(read_rows(Path(written.results or ""))) == 14
    assert replace(written, results=None, failures=None) == first
    assert written.row_counts == count_rows(first.run_id, settings)
    assert resume_run(first.run_id, settings).results == written.results


def count_rows(run_id: str, settings: Settings) -> RowCounts:
    """Count the rows of a run one by one."""
    with Journal(journal_path(settings, run_id)) as journal:
        return count(journal.rows(Outcome(Status.NOT_SENT)))


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_with_no_more_rows_than_that_is_finished(work: Workplace, settings: Settings) -> None:
    summary = run_import(work.write("a.csv", work.pairs(3)), settings, first_rows=3)
    assert (summary.status, summary.stopped_by, summary.exit_code) == (RunStatus.FINISHED, None, 0)


@pytest.mark.slow
def test_the_first_rows_are_unlinked_and_then_the_number_that_is_left_is_confirmed(
    work: Workplace, settings: Settings
) -> None:
    pairs = work.pairs(6)
    file = work.write("a.csv", pairs)
    run_import(file, settings)
    asked: list[int] = []

    def agree(number: int, removed: Removed) -> str:
        asked.append(number)
        return str(number)

    confirmation = Confirmation(ask=agree)
    first = unlink_file(file, settings, first_rows=2, confirmation=confirmation)
    assert (first.stopped_by, first.unlinked, first.not_sent) == (StopReason.FIRST_ROWS, 2, 4)
    assert work.links() == set(pairs[2:])
    rest = unlink_file(file, settings, confirmation=confirmation)
    assert (rest.run_id, rest.status, rest.unlinked) == (first.run_id, RunStatus.FINISHED, 6)
    assert work.links() == set()
    assert asked == [2, 4]


def test_rows_without_pairs_to_send_do_not_count(tmp_path: Path) -> None:
    rows = [row(2, problems=(PROBLEM,)), row(3, pair(1)), row(4, pair(1)), row(5, pair(2), pair(3)), row(6, pair(4))]
    with open_for_run(written(tmp_path / "r.sqlite", *rows)) as journal:
        with journal.only_first_rows(2):
            assert [one.row for one in journal.pending(0, 10)] == [3, 5, 5]
            assert journal.pending_by_types() == [3]
            assert [one.row for one in claim_pending(journal, 0, 2)] == [3, 5]
        journal.record([(1, LINKED)])
        with journal.only_first_rows(1):
            assert [one.row for one in journal.pending(0, 10)] == [5, 5]
        assert [one.row for one in journal.pending(0, 10)] == [5, 5, 6]


@pytest.mark.slow
def test_the_pairs_of_the_first_rows_can_be_in_several_blocks(tmp_path: Path) -> None:
    path = written(tmp_path / "r.sqlite", *(row(n, pair(n)) for n in range(2, 1_602)))
    with Journal(path) as journal:
        for number in (499, 500, 501, 1_200, 1_600, 2_000):
            with journal.only_first_rows(number):
                found = journal.pending(0, 5_000)
                assert [one.row for one in found] == list(range(2, 2 + min(number, 1_600)))
