"""What holds for any table and any id, over real files of both kinds."""

import csv
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.config import Reading
from importer.model import Problem, RowOutcome, SourceRow
from importer.reader import open_source
from importer.reporter import Layout, write_results
from tests.blocks import rows_of

LINKS = Reading("contacts", "companies")
Table = list[list[str]]
Write = Callable[[Path, Table], None]


def write_csv(path: Path, table: Table) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)


def write_xlsx(path: Path, table: Table) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for r, cells in enumerate(table):
            for c, text in enumerate(cells):
                sheet.write_string(r, c, text)


def read(write: Write, ending: str, table: Table) -> list[SourceRow]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        write(path, table)
        with open_source(path, LINKS) as source:
            assert source.header == tuple(table[0])
            return rows_of(source.blocks())


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SHEET_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), max_size=30
) | st.sampled_from(["_x0041_", "_x005F_", "=1+1", "#N/A", "TRUE", "1E5", "<&>", " "])
ID_TEXT = st.one_of(
    st.from_regex(r"[1-9][0-9]{0,25}", fullmatch=True),
    st.from_regex(r"[ '0-9０-９.,;eE+-]{1,12}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
)
FILES = [pytest.param(write_csv, ".csv", id="csv"), pytest.param(write_xlsx, ".xlsx", id="xlsx")]


@given(st.lists(st.lists(ANY_TEXT, min_size=3, max_size=3), max_size=8))
@settings(max_examples=60)
def test_any_texts_of_a_csv_come_back_unchanged(notes: Table) -> None:
    table = [["from_id", "to_id", "a", "b", "c"], *(["1", "2", *cells] for cells in notes)]
    rows = read(write_csv, ".csv", table)
    assert [list(row.cells) for row in rows] == table[1:]
    assert all(len(row.pairs) == 1 for row in rows)


@given(st.lists(st.lists(SHEET_TEXT, min_size=3, max_size=3), max_size=8))
@settings(max_examples=60)
def test_any_texts_of_a_sheet_come_back_unchanged(notes: Table) -> None:
    table = [["from_id", "to_id", "a", "b", "c"], *(["1", "2", *cells] for cells in notes)]
    rows = read(write_xlsx, ".xlsx", table)
    assert [list(row.cells) for row in rows] == table[1:]
    assert all(len(row.pairs) == 1 for row in rows)


def digits_of(text: str) -> str:
    """Return the ASCII digits of an id text, without the fraction of zeros that `123.0` has."""
    plain = text.translate({ord("０") + n: str(n) for n in range(10)} | {ord("．"): "."})
    return "".join(c for c in plain.split(".")[0] if c in "0123456789")


@pytest.mark.parametrize(("write", "ending"), FILES)
@given(ids=st.lists(st.tuples(ID_TEXT, ID_TEXT), max_size=8))
@settings(max_examples=60)
def test_any_id_is_its_exact_digits_or_the_row_is_invalid(
    write: Write, ending: str, ids: list[tuple[str, str]]
) -> None:
    table = [["from_id", "to_id", "note"], *([first, second, "x"] for first, second in ids)]
    for row in read(write, ending, table):
        first, second = (cell.replace("；", ";").split(";") for cell in table[row.number - 1][:2])
        froms, tos = ({digits_of(part) for part in parts if part.strip()} for parts in (first, second))
        assert bool(row.pairs) != bool(row.problems)
        if row.pairs:
            assert {pair.from_id for pair in row.pairs} == froms
            assert {pair.to_id for pair in row.pairs} == tos


@given(st.integers(0, 10**18) | st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=60)
def test_any_number_of_a_sheet_is_its_exact_digits_or_the_row_is_invalid(number: float) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["from_id", "to_id"])
            sheet.write_row(1, 0, [number, 2])
        with open_source(path, LINKS) as source:
            (row,) = rows_of(source.blocks())
    exact = number == int(number) and 0 < number < 10**15
    assert [pair.from_id for pair in row.pairs] == ([str(int(number))] if exact else [])


ESCAPES = st.lists(
    st.sampled_from(["_x0041_", "_x005F_", "_x000D", "_", "x0041_", "a", "_x00"]), min_size=1, max_size=6
)


@given(st.lists(ESCAPES.map("".join), min_size=1, max_size=5))
@settings(max_examples=100)
def test_texts_that_look_like_escapes_come_back_from_a_results_workbook(notes: list[str]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        problem = Problem("NOT_AN_ID", "to_id", "x", "y")
        rows = [RowOutcome(n, ("1", "x", note), (problem,), ()) for n, note in enumerate(notes, 2)]
        write_results(path, Layout(("from_id", "to_id", "note"), ","), rows, None)
        with open_source(path, LINKS) as source:
            assert [row.cells[2] for row in rows_of(source.blocks())] == notes
