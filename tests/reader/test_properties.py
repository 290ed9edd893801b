"""Properties that hold for any table and any id, in real files of both kinds."""

import csv
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from importer.config import Reading
from importer.errors import SourceError
from importer.model import Problem, RowOutcome, SourceRow
from importer.reader import open_source
from importer.reporter import Layout, write_results
from tests.support.blocks import rows_of

pytestmark = pytest.mark.slow

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


OPENING_MARKS = "'’”″＂&`‘‚“„〝«»‹›「『"


def may_open_a_quotation(cells: list[str]) -> bool:
    """Return whether a cell starts with a quotation mark other than `"`, as some programs quote their cells."""
    return any(cell.strip()[:1] in OPENING_MARKS for cell in cells if cell.strip())


@given(st.lists(st.lists(ANY_TEXT, min_size=3, max_size=3), max_size=8))
@example([["", "`", "'"]])
@example([["'a", "b", ""], ["", "c'", ""]])
@settings(max_examples=60)
def test_any_texts_of_a_csv_come_back_unchanged(notes: Table) -> None:
    """A quotation in other marks over several cells makes its rows invalid; their cells are kept all the same."""
    table = [["from_id", "to_id", "a", "b", "c"], *(["1", "2", *cells] for cells in notes)]
    rows = read(write_csv, ".csv", table)
    assert [list(row.cells[:5]) for row in rows] == table[1:]
    may_be_open = any(map(may_open_a_quotation, notes))
    for row in rows:
        is_invalid = may_be_open and [problem.code for problem in row.problems] == ["STRAY_QUOTE"]
        assert (len(row.pairs), len(row.cells)) == ((0, 6) if is_invalid else (1, 5))


@pytest.mark.parametrize("cells", [["", "`", "'"], ["'", "'", ""], ["“a", "", "b”"]])
def test_cells_that_may_be_one_quoted_cell_make_their_row_invalid(cells: list[str]) -> None:
    (row,) = read(write_csv, ".csv", [["from_id", "to_id", "a", "b", "c"], ["1", "2", *cells]])
    assert list(row.cells) == ["1", "2", *cells, ",".join(["1", "2", *cells])]
    assert [problem.code for problem in row.problems] == ["STRAY_QUOTE"]


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


# --- any dialect of text files

CELL_TEXT = st.one_of(
    st.text(st.sampled_from(list("ab 12,;|\t\"'“”\n\r\\5é")), max_size=8),
    st.sampled_from(
        ['5" pipe', 'Acme "West" Ltd', '"Acme, 4001, LLC"', "'Acme, 4001'", "77\n88", "x\n5,6,7", '"', '""']
    ),
)
DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "all_quoted": st.booleans(),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "spaces": st.booleans(),
        "codec": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]),
        "ends": st.booleans(),
    }
)
ROWS = st.lists(
    st.tuples(
        st.integers(1, 999), CELL_TEXT, st.integers(1, 999), CELL_TEXT, st.sampled_from(["", "see", "5001"]) | CELL_TEXT
    ),
    max_size=6,
)
COLUMNS = ["Contact ID", "Name", "Company ID", "Note", "Parent ID"]


def text_of(dialect: dict[str, Any], table: list[tuple[object, ...]]) -> str:
    """Write a table in a dialect, with spaces before quotation marks if the dialect has them."""
    delimiter, end = str(dialect["delimiter"]), str(dialect["lineterminator"])

    def cell(place: int, value: object) -> str:
        text = str(value)
        if not dialect["all_quoted"] and not any(c in text for c in f'{delimiter}"\r\n'):
            return text
        space = " " if dialect["spaces"] and place else ""
        return space + '"' + text.replace('"', '""') + '"'

    written = end.join(delimiter.join(cell(*item) for item in enumerate(row)) for row in table)
    return written + end if dialect["ends"] else written


def rows_of_text(text: str, codec: str, delimiter: str) -> tuple[list[SourceRow], int]:
    """Return the rows of a text file and the number of blank rows that were skipped."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(text.encode(codec))
        reading = Reading("contacts", "companies", delimiter=delimiter, encoding=codec)
        with open_source(path, reading) as source:
            rows = rows_of(source.blocks())
            return rows, blank_rows(source.report.warnings)


def blank_rows(warnings: tuple[str, ...]) -> int:
    """Return the number of skipped blank rows that the warnings report."""
    blank = next((warning for warning in warnings if warning.startswith("Blank rows")), "0")
    return int("".join(c for c in blank if c.isdigit()))


@given(DIALECTS, ROWS)
@settings(max_examples=150, deadline=None)
def test_a_table_in_any_dialect_yields_exactly_its_pairs(
    dialect: dict[str, Any], rows: list[tuple[int, str, int, str, str]]
) -> None:
    found, blank = rows_of_text(text_of(dialect, [tuple(COLUMNS), *rows]), dialect["codec"], dialect["delimiter"])
    assert [row.number for row in found] == list(range(2, 2 + len(rows)))
    assert blank == 0
    for row, (first, name, second, *_) in zip(found, rows, strict=True):
        assert bool(row.pairs) != bool(row.problems)
        assert {problem.code for problem in row.problems} <= {"STRAY_QUOTE"}
        assert [(pair.from_id, pair.to_id) for pair in row.pairs] in ([], [(str(first), str(second))])
        assert row.problems or row.cells[1] == name


HEADERS = st.sampled_from(
    [COLUMNS, ["from_id", "a,b", "to_id", "c;d|e", "f"], ["Record ID - Contact", "N", "to_id", "x", "y"]]
)


@given(DIALECTS, HEADERS, ROWS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
@settings(max_examples=200, deadline=None)
def test_a_table_whose_dialect_is_detected_yields_exactly_its_pairs_or_none(
    dialect: dict[str, Any], header: list[str], rows: list[tuple[int, str, int, str, str]], codec: str
) -> None:
    written = text_of(dialect, [tuple(header), *rows])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(written.encode(codec))
        try:
            with open_source(path, LINKS) as source:
                found = rows_of(source.blocks())
                blank = blank_rows(source.report.warnings)
        except SourceError:
            return
    assert len(found) + blank == len(rows) or all(row.problems for row in found)
    stated = Counter((str(first), str(second)) for first, _, second, *_ in rows)
    sent = Counter((pair.from_id, pair.to_id) for row in found for pair in row.pairs)
    assert sent <= stated
    assert all(bool(row.pairs) != bool(row.problems) for row in found)


@given(ROWS, st.sampled_from(",;\t|"), st.sampled_from(["", " "]))
@settings(max_examples=150, deadline=None)
def test_whatever_a_careless_writer_joins_every_row_is_accounted_for(
    rows: list[tuple[int, str, int, str, str]], delimiter: str, space: str
) -> None:
    lines = [delimiter.join(COLUMNS), *((delimiter + space).join(map(str, row)) for row in rows)]
    text = "\n".join(lines) + "\n"
    found, blank = rows_of_text(text, "utf-8", delimiter)
    numbers = [row.number for row in found]
    assert numbers == sorted(set(numbers))
    assert len(found) + blank <= len(re.findall(r"\r\n|\r|\n", text))
    for row in found:
        assert bool(row.pairs) != bool(row.problems)
        for pair in row.pairs:
            assert {pair.from_id, pair.to_id} <= set(re.findall(r"\d+", text))
