"""Pages of rows: a filter finds the same rows as an inspection of every row of the journal."""

import random
from pathlib import Path

import pytest

from importer.errors import JournalError
from importer.journal import Journal, open_for_run, write_journal
from importer.model import Outcome, Problem, RowOutcome, SourceRow, Status
from importer.reporter import row_result
from importer.runner.open_pairs import not_sent_outcome
from importer.runner.row_pages import Filter, RowPages
from tests.support.blocks import blocks_of
from tests.support.errors import raises_code
from tests.support.journals import FAILED, INFO, LINKED, PROBLEM, UNCONFIRMED, claim, pair, written
from tests.support.journals import row as row_with

WORDS = ("Ada", "ada lovelace", 'qu"ote', "back\\slash", "Größe", "GRÖSSE", "日本", "tab\tinside", "\x01", "\ud800", "")
KINDS = (LINKED, FAILED, UNCONFIRMED, Outcome(Status.ALREADY_LINKED), Outcome(Status.NOT_SENT, attempts=1))
BAD_ID = Problem("BAD_ID", "A", "m", "a")


def mixed(path: Path, seed: int, rows: int = 300) -> Path:
    """Write a journal of rows of all kinds, in small blocks, with gaps in their numbers; some pairs are in flight."""
    draws = random.Random(seed)
    made: list[SourceRow] = []
    number = 1
    for _ in range(rows):
        number += draws.choice([1, 1, 1, 4])
        cells = (draws.choice(WORDS), draws.choice(WORDS))
        kind = draws.randrange(8)
        pairs = tuple(pair(draws.randrange(1, rows), to) for to in range(1, 1 + draws.choice([1, 1, 1, 3])))
        problems = draws.choice([(PROBLEM,), (BAD_ID,), (BAD_ID, PROBLEM)])
        made.append(
            SourceRow(number, cells, () if kind < 3 else pairs, problems if kind == 0 else ())
        )  # with neither, a row is blank
    write_journal(path, INFO, blocks_of(made, 37))
    with open_for_run(path) as journal:
        known = list(claim(journal, draws.randrange(rows)).values())
        journal.record([(one, draws.choice(KINDS)) for one in known[: len(known) * 2 // 3]])
    return path


def expected(path: Path, wanted: Filter) -> list[RowOutcome]:
    """Return the rows that a filter finds, looked at one by one."""
    with Journal(path) as journal:
        rows = list(journal.rows(not_sent_outcome("link", INFO.run_id)))
    return [
        row
        for row in rows
        if row_result(row)[0] in (wanted.statuses or Status)
        and wanted.code in ("", *(problem.code for problem in row.problems))
        and any(wanted.text.casefold() in cell.casefold() for cell in row.cells)
    ]


FILTERS = [
    Filter(),
    *(Filter(frozenset({status})) for status in Status),
    Filter(frozenset({Status.LINKED, Status.INVALID})),
    Filter(code="BAD_ID"),
    Filter(code="MISSING_ID", text="ada"),
    Filter(frozenset({Status.FAILED}), text="ADA"),
    Filter(frozenset({Status.INVALID}), code="BAD_ID"),
    Filter(frozenset({Status.LINKED}), code="BAD_ID"),
    *(Filter(text=text) for text in ("grösse", 'QU"', "k\\s", "本", "b\ti", "\x01", "\ud800", "not there")),
]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_filter_finds_the_rows_that_it_describes_page_by_page(tmp_path: Path, seed: int) -> None:
    path = mixed(tmp_path / "r.sqlite", seed)
    with RowPages(path) as pages:
        for wanted in FILTERS:
            rows = expected(path, wanted)
            found: list[RowOutcome] = []
            for offset in range(0, len(rows) + 1, 20):
                page = pages.page(wanted, offset=offset, limit=20)
                assert page.total == len(rows)
                found += page.rows
            assert found == rows
        statuses = [row_result(row)[0] for row in expected(path, Filter())]
        assert pages.counts() == {status: statuses.count(status) for status in set(statuses)}


def test_a_row_is_found_by_its_number(tmp_path: Path) -> None:
    path = mixed(tmp_path / "r.sqlite", 9)
    rows = {row.number: row for row in expected(path, Filter())}
    with RowPages(path) as pages:
        for number in range(max(rows) + 2):
            assert pages.row(number) == rows.get(number)


def test_a_page_after_the_last_row_is_empty(tmp_path: Path) -> None:
    with RowPages(written(tmp_path / "r.sqlite", row_with(2, pair(1)))) as pages:
        page = pages.page(offset=50)
        assert (page.total, page.rows) == (1, ())


def test_a_journal_without_rows_has_no_pages(tmp_path: Path) -> None:
    with RowPages(written(tmp_path / "r.sqlite")) as pages:
        for wanted in FILTERS:
            assert pages.page(wanted).total == 0
        assert pages.counts() == {}
        assert pages.row(2) is None


def test_what_another_process_has_written_since_is_found(tmp_path: Path) -> None:
    path = written(tmp_path / "r.sqlite", *(row_with(n, pair(n)) for n in range(2, 10)))
    with RowPages(path) as pages, open_for_run(path) as journal:
        assert pages.page(Filter(frozenset({Status.LINKED}))).total == 0
        journal.record([(number, LINKED) for number in list(claim(journal).values())[:3]])
        assert pages.page(Filter(frozenset({Status.LINKED}))).total == 3
        journal.record([(1, FAILED)])
        assert pages.counts() == {Status.LINKED: 2, Status.FAILED: 1, Status.UNCONFIRMED: 5}


def test_a_damaged_block_is_not_shown(tmp_path: Path) -> None:
    path = written(tmp_path / "r.sqlite", *(row_with(n, pair(n)) for n in range(2, 10)))
    with Journal(path) as journal:
        journal._db.execute("UPDATE blocks SET cells = replace(cells, 'cell of 3', 'cell of 4')")
    with RowPages(path) as pages, raises_code(JournalError, "JOURNAL_DAMAGED"):
        pages.page()
