import csv
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.config import Reading
from importer.errors import OutputError
from importer.model import EXTRA_CELLS_COLUMN, RESULT_COLUMNS, Outcome, RowOutcome, Status
from importer.reader import open_source
from importer.reporter import Layout, RowCounts, WrittenFiles, count, row_result, write_results
from tests.reporter.test_writers import any_text, delimiters, read_csv, read_xlsx, tables_of
from tests.support.blocks import rows_of
from tests.support.errors import raises
from tests.support.row_outcomes import (
    ALREADY_LINKED,
    EXTRA_CELL,
    FAILED,
    LINKED,
    MISSING_ID,
    NOT_SENT,
    UNCONFIRMED,
    blank_row,
    invalid_row,
    row_of,
)

LAYOUT = Layout(("Contact ID", "Company ID"), ",", "20261125-120000-00000")
OUTCOMES = st.sampled_from([LINKED, ALREADY_LINKED, FAILED, UNCONFIRMED, NOT_SENT])


@pytest.fixture(params=["csv", "xlsx"])
def results(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where results go, once as CSV and once as a workbook."""
    return tmp_path / f"deals.results.{request.param}"


def read(path: Path, width: int = len(LAYOUT.header) + len(RESULT_COLUMNS)) -> list[list[str]]:
    return read_xlsx(path, width) if path.suffix == ".xlsx" else read_csv(path)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_rows_are_written_in_the_order_given_with_their_cells_first(results: Path) -> None:
    rows = [row_of(5, ("1", "2"), FAILED), row_of(3, ("3", "4")), invalid_row(9, ("5", "")), blank_row(10, ("6", ""))]
    totals = write_results(results, LAYOUT, iter(rows), None)
    assert totals == count(rows)
    assert read(results) == [
        [*LAYOUT.header, *RESULT_COLUMNS],
        *([*row.cells, *row_result(row)[1], LAYOUT.run_id] for row in rows),
    ]


@pytest.mark.slow
@given(tables_of(any_text), delimiters, st.data())
def test_any_table_comes_back_from_its_results_and_failures(
    table: list[list[str]], delimiter: str, data: st.DataObject
) -> None:
    header, *body = table
    outcomes = data.draw(st.lists(OUTCOMES, min_size=len(body), max_size=len(body)))
    rows = [
        row_of(number, tuple(cells), outcome)
        for number, (cells, outcome) in enumerate(zip(body, outcomes, strict=True), 2)
    ]
    with TemporaryDirectory() as folder:
        path, failures = Path(folder, "out.csv"), Path(folder, "out.failures.csv")
        write_results(path, Layout(tuple(header), delimiter), rows, failures)
        back = read_csv(path, delimiter)
        assert [line[: len(header)] for line in back] == table
        assert [line[len(header) :] for line in back] == [
            list(RESULT_COLUMNS),
            *([*row_result(row)[1], ""] for row in rows),
        ]
        bad = [cells for cells, one in zip(body, outcomes, strict=True) if one not in (LINKED, ALREADY_LINKED)]
        assert (read_csv(failures, delimiter) if failures.exists() else []) == ([header, *bad] if bad else [])


def test_failures_are_the_original_cells_of_the_rows_that_are_not_linked(results: Path, tmp_path: Path) -> None:
    rows = [
        row_of(2, ("=1", " a"), FAILED),
        row_of(3, ("b", "b"), LINKED),
        row_of(4, ("c", 'c"c'), UNCONFIRMED),
        row_of(5, ("d", "d"), ALREADY_LINKED),
        invalid_row(6, ("e", "e\r\ne")),
        row_of(7, ("f", "f"), NOT_SENT),
    ]
    failures = tmp_path / "deals.failures.csv"
    write_results(results, Layout(LAYOUT.header, ";"), rows, failures)
    assert read_csv(failures, ";") == [
        list(LAYOUT.header),
        ["=1", " a"],
        ["c", 'c"c'],
        ["e", "e\r\ne"],
        ["f", "f"],
    ]
    assert {stat_mode(path) for path in tmp_path.iterdir()} == {0o600}


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_without_failures_its_own_old_failures_file_is_removed(results: Path, tmp_path: Path) -> None:
    failures = tmp_path / "deals.failures.csv"
    written = WrittenFiles(tmp_path / "state" / "outputs", "nightly")
    write_results(results, LAYOUT, [row_of(2, ("1", "2"), FAILED)], failures, written)
    assert names(tmp_path) == {"state", results.name, failures.name}
    write_results(results, LAYOUT, [row_of(2, ("1", "2"))], failures, written)
    assert names(tmp_path) == {"state", results.name}


def test_without_failures_a_failures_file_that_somebody_wrote_stays(results: Path, tmp_path: Path) -> None:
    failures = tmp_path / "deals.failures.csv"
    failures.write_text("corrected")
    write_results(results, LAYOUT, [row_of(2, ("1", "2"))], failures, WrittenFiles(tmp_path / "outputs", "nightly"))
    assert failures.read_text() == "corrected"


def test_an_old_failures_file_stays_if_no_failures_are_requested(results: Path, tmp_path: Path) -> None:
    failures = tmp_path / "deals.failures.csv"
    failures.write_text("old")
    write_results(results, LAYOUT, [row_of(2, ("1", "2"), FAILED)], None)
    assert failures.read_text() == "old"


def test_a_source_without_rows_has_results_with_a_header_only(results: Path, tmp_path: Path) -> None:
    assert write_results(results, LAYOUT, [], tmp_path / "f.csv") == RowCounts()
    assert read(results) == [[*LAYOUT.header, *RESULT_COLUMNS]]
    assert names(tmp_path) == {results.name}


def test_a_row_longer_than_the_header_loses_nothing_and_shifts_nothing(results: Path, tmp_path: Path) -> None:
    failures = tmp_path / "deals.failures.csv"
    long = invalid_row(3, ("1", "2", "Smith", "", "John"), EXTRA_CELL)
    layout = replace(LAYOUT, has_extra_cells=True)
    write_results(results, layout, [row_of(2, ("1", "2")), long], failures)
    width = 2 + len(RESULT_COLUMNS)
    header, fine, line = read(results, width + 1)
    assert header == [*LAYOUT.header, *RESULT_COLUMNS, EXTRA_CELLS_COLUMN]
    assert len(fine) == len(line) == len(header)
    assert dict(zip(RESULT_COLUMNS, line[2:width], strict=True))["import_status"] == "invalid"
    assert (*line[:2], *json.loads(line[width])) == long.cells
    assert fine[width] == ""
    assert read_csv(failures) == [[*LAYOUT.header, EXTRA_CELLS_COLUMN], [*line[:2], line[width]]]


def test_cells_beyond_the_header_are_never_dropped(results: Path) -> None:
    with pytest.raises(ValueError, match="2 cells beyond the header"):
        write_results(results, LAYOUT, [invalid_row(3, ("1", "2", "Smith", ""), EXTRA_CELL)], None)


def test_a_blank_row_is_good_and_not_a_failure(results: Path, tmp_path: Path) -> None:
    totals = write_results(results, LAYOUT, [blank_row(2, ("1", ""))], tmp_path / "f.csv")
    assert (totals.blank, totals.bad) == (1, 0)
    line = dict(zip(RESULT_COLUMNS, read(results)[1][2:], strict=True))
    assert {name: text for name, text in line.items() if text} == {
        "import_row": "2",
        "import_status": "blank",
        "import_num_errors": "0",
        "import_attempts": "0",
        "import_run_id": LAYOUT.run_id,
    }
    assert names(tmp_path) == {results.name}


def test_a_row_shorter_than_the_header_is_filled_up(results: Path, tmp_path: Path) -> None:
    write_results(results, LAYOUT, [invalid_row(3, ("1",)), invalid_row(4, ())], tmp_path / "f.csv")
    assert [line[:4] for line in read(results)[1:]] == [["1", "", "3", "invalid"], ["", "", "4", "invalid"]]
    assert read_csv(tmp_path / "f.csv")[1:] == [["1", ""], ["", ""]]


def test_results_and_failures_can_be_fed_back(results: Path, tmp_path: Path) -> None:
    hostile = Outcome(Status.FAILED, 400, error_message="=1\r\n;", error_details='{"a":"\\n"}')
    layout = Layout(("Contact ID", "Company ID", "Note"), ";", has_extra_cells=True)
    rows = [
        row_of(2, ("1", "2", 'a\rb;"_x000D_"'), hostile),
        invalid_row(3, ("1", "2", "Smith", "John", "=1"), EXTRA_CELL),
        invalid_row(4, ("1", "", " x "), MISSING_ID),
        row_of(5, ("1", "2", "-1\r\n"), NOT_SENT),
    ]
    failures = tmp_path / "deals.failures.csv"
    write_results(results, layout, rows, failures)
    for path in (results, failures):
        with open_source(path, Reading()) as source:
            assert source.header == layout.header
            back = [
                (row.number, row.cells, [problem.code for problem in row.problems]) for row in rows_of(source.blocks())
            ]
        assert back == [(row.number, row.cells, [problem.code for problem in row.problems]) for row in rows]


def test_responses_cannot_bring_formulas_into_a_csv(tmp_path: Path) -> None:
    hostile = "=HYPERLINK(1)"
    outcome = Outcome(Status.FAILED, 400, hostile, 1, hostile, hostile, hostile, hostile, hostile, 1, hostile, hostile)
    write_results(tmp_path / "out.csv", LAYOUT, [row_of(2, (hostile, "2"), outcome)], None)
    line = read_csv(tmp_path / "out.csv")[1]
    assert line[0] == hostile
    assert [text for text in line[1:] if text.startswith("=")] == []
    assert line.count("'" + hostile) == 8


def test_responses_stay_as_they_are_in_a_workbook_where_nothing_is_a_formula(tmp_path: Path) -> None:
    write_results(
        tmp_path / "out.XLSX", LAYOUT, [row_of(2, ("=1", "2"), Outcome(Status.FAILED, error_message="=2"))], None
    )
    with (tmp_path / "out.XLSX").open("rb") as file:
        cells = list(openpyxl.load_workbook(file)["results"].iter_rows())[1]
    assert (cells[0].value, cells[8].value) == ("=1", "=2")
    assert "f" not in {cell.data_type for cell in cells}


@pytest.mark.slow
def test_rows_that_break_off_midway_leave_the_old_files_untouched(results: Path, tmp_path: Path) -> None:
    failures = tmp_path / "deals.failures.csv"
    results.write_text("old results")
    failures.write_text("old failures")

    def rows() -> Iterator[RowOutcome]:
        for number in range(2, 5_000):
            yield row_of(number, ("1", "2"), FAILED)
        raise OSError("the journal went away")

    with pytest.raises(OSError, match="the journal went away"):
        write_results(results, LAYOUT, rows(), failures)
    assert (results.read_text(), failures.read_text()) == ("old results", "old failures")
    assert names(tmp_path) == {results.name, failures.name}


def test_results_and_failures_cannot_be_one_file(tmp_path: Path) -> None:
    with raises(OutputError, "RESULTS_ARE_FAILURES"):
        write_results(tmp_path / "a.csv", LAYOUT, [], tmp_path / "b" / ".." / "a.csv")


def test_nothing_is_written_when_the_failures_cannot_be(results: Path, tmp_path: Path) -> None:
    with raises(OutputError, "NO_OUTPUT_DIRECTORY"):
        write_results(results, LAYOUT, [row_of(2, ("1", "2"), FAILED)], tmp_path / "missing" / "f.csv")
    assert names(tmp_path) == set()


def test_a_running_report_can_be_read_by_the_csv_module_without_settings(tmp_path: Path) -> None:
    write_results(tmp_path / "out.csv", LAYOUT, [row_of(2, ("あ", "2"))], None)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["Contact ID"], line["import_status"], line["import_row"]) == ("あ", "linked", "2")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(results: Path) -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        try:
            write_results(results, LAYOUT, (row_of(number, ("1" * 50, "2" * 50)) for number in range(2, rows)), None)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)
    assert peak(6_000) < peak(1_500) + 300_000
