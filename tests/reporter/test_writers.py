import csv
import io
import os
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import OutputError
from importer.reporter.csv_writer import CsvWriter
from importer.reporter.workbook_text import MAX_CELL
from importer.reporter.xlsx_writer import XlsxWriter
from tests.support.errors import raises
from tests.test_atomic_file import files_of_at_most

Rows = Sequence[Sequence[str]]

NASTY = [
    "",
    " ",
    "\r",
    "\n",
    "\r\n",
    '"',
    '""',
    "'",
    ",",
    ";",
    "\t",
    "\x00",
    "\ufeff",
    "=1+1",
    "<r>",
    "</r>",
    "_x000D_",
]
any_text = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.lists(st.sampled_from([*NASTY, "a"]), max_size=4).map("".join),
)
workbook_text = st.one_of(any_text, any_text.map(lambda text: f"<r>{text}</r>")).filter(
    lambda text: not re.search("[\ufffe\uffff]|^<r>(?s:.*)([\x00-\x08\x0b-\x1f]|_x[0-9a-fA-F]{4}_)", text)
)
delimiters = st.sampled_from([",", ";", "\t", "|"])


def tables_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    """Tables of one to five columns and at least one row."""
    width = st.integers(1, 5)
    return width.flatmap(lambda n: st.lists(st.lists(texts, min_size=n, max_size=n), min_size=1, max_size=6))


def write_csv(path: Path, rows: Rows, delimiter: str = ",") -> None:
    with CsvWriter(path, delimiter) as table:
        for row in rows:
            table.write(row)
        table.finish()
        table.commit()


def read_csv(path: Path, delimiter: str = ",") -> list[list[str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data[3:].decode(), newline=""), delimiter=delimiter, strict=True))


def write_xlsx(path: Path, rows: Rows) -> None:
    with XlsxWriter(path) as table:
        for row in rows:
            table.write(row)
        table.finish()
        table.commit()


def read_xlsx(path: Path, width: int) -> list[list[str]]:
    """The cells as a spreadsheet program shows them: `_xHHHH_` is a character (ECMA-376, ST_Xstring)."""
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file)
        assert book.sheetnames == ["results"]
        rows = book["results"].iter_rows(max_col=width, values_only=True)
        return [[unescaped("" if cell is None else str(cell)) for cell in row] for row in rows]


def unescaped(text: str) -> str:
    return re.sub("_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), text)


@pytest.mark.slow
@given(tables_of(any_text), delimiters)
def test_any_table_of_texts_comes_back_from_csv_unchanged(rows: list[list[str]], delimiter: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "out.csv")
        write_csv(path, rows, delimiter)
        assert read_csv(path, delimiter) == rows


@pytest.mark.slow
@given(tables_of(workbook_text))
def test_any_table_of_texts_comes_back_from_a_workbook_unchanged(rows: list[list[str]]) -> None:
    rows = [[f"{number}", *row] for number, row in enumerate(rows)]  # a row of empty cells alone leaves no trace there
    with TemporaryDirectory() as folder:
        path = Path(folder, "out.xlsx")
        write_xlsx(path, rows)
        assert read_xlsx(path, len(rows[0])) == rows


def test_an_empty_cell_alone_in_its_row_is_not_a_blank_line(tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", [["header"], [""], ["x"]])
    assert (tmp_path / "out.csv").read_bytes() == b'\xef\xbb\xbfheader\r\n""\r\nx\r\n'


def test_formulas_are_escaped_in_csv_results_but_not_in_the_cells_of_the_source(tmp_path: Path) -> None:
    with CsvWriter(tmp_path / "out.csv", ",") as table:
        table.write(["=own"], ["=1+1", "-1", "fine", ""], ["+surplus"])
        table.finish()
        table.commit()
    assert read_csv(tmp_path / "out.csv") == [["=own", "'=1+1", "'-1", "fine", "", "+surplus"]]


def test_a_lone_surrogate_in_a_response_does_not_break_the_csv(tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", [["a\ud800b"]])
    assert read_csv(tmp_path / "out.csv") == [["a\\ud800b"]]


def test_workbook_cells_are_all_texts_and_never_formulas_links_or_numbers(tmp_path: Path) -> None:
    texts = [
        "=1+1",
        "https://example.com",
        "12345678901234567890",
        "007",
        "1.2E+11",
        "TRUE",
        "2026-01-01",
        "{=1}",
        "#N/A",
    ]
    write_xlsx(tmp_path / "out.xlsx", [texts])
    with (tmp_path / "out.xlsx").open("rb") as file:
        cells = next(openpyxl.load_workbook(file)["results"].iter_rows())
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert {cell.hyperlink for cell in cells} == {None}
    assert {cell.number_format for cell in cells} == {"@"}


def test_a_result_too_long_for_a_workbook_is_shortened_and_says_so(tmp_path: Path) -> None:
    with XlsxWriter(tmp_path / "out.xlsx") as table:
        table.write(
            ["<r>" + "a" * (MAX_CELL - 7) + "</r>"], ["a" * MAX_CELL, "b" * (MAX_CELL + 1), "\U0001f600" * MAX_CELL]
        )
        table.finish()
        table.commit()
    own, whole, ascii_text, emoji = read_xlsx(tmp_path / "out.xlsx", 4)[0]
    assert own == "<r>" + "a" * (MAX_CELL - 7) + "</r>"
    assert whole == "a" * MAX_CELL
    for text, original in ((ascii_text, "b" * (MAX_CELL + 1)), (emoji, "\U0001f600" * MAX_CELL)):
        head, marker, _ = text.partition(" … [shortened from")
        assert marker
        assert original.startswith(head)
        assert len(head) > 16_000
        assert len(text.encode("utf-16-le")) // 2 <= MAX_CELL


def test_a_result_that_xml_cannot_hold_is_shown_with_a_replacement(tmp_path: Path) -> None:
    with XlsxWriter(tmp_path / "out.xlsx") as table:
        table.write(["own"], ["a\uffffb\ud800c", "<r>\x00</r>"])
        table.finish()
        table.commit()
    assert read_xlsx(tmp_path / "out.xlsx", 3) == [["own", "a\ufffdb\ufffdc", " <r>\x00</r>"]]


@pytest.mark.parametrize("text", ["a" * (MAX_CELL + 1), "\U0001f600" * 16_384, "a\uffff", "a\ud800", "<r>\x00</r>"])
def test_a_cell_of_the_source_that_a_workbook_cannot_hold_is_never_changed(tmp_path: Path, text: str) -> None:
    table = XlsxWriter(tmp_path / "out.xlsx")
    with (
        table,
        raises(OutputError, "WORKBOOK_TOO_LARGE") as caught,
    ):
        table.write(["a", text])
    assert "(in row 1, column 2 of its sheet)" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_is_refused_when_it_has_too_few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.reporter.xlsx_writer.MAX_ROWS", 3)
    table = XlsxWriter(tmp_path / "out.xlsx")
    with table:
        for _ in range(3):
            table.write(["a"])
        with raises(OutputError, "WORKBOOK_TOO_LARGE"):
            table.write(["a"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_workbook_is_refused_when_it_has_too_few_columns(tmp_path: Path) -> None:
    table = XlsxWriter(tmp_path / "out.xlsx")
    with table:
        table.write(["a"] * 16_384)
        with raises(OutputError, "WORKBOOK_TOO_LARGE"):
            table.write(["a"] * 16_385)


def fill_csv(path: Path) -> None:
    write_csv(path, [["x" * 100]] * 1_000)


def fill_workbook(path: Path) -> None:
    write_xlsx(path, [["x" * 100]] * 1_000)


def fill_workbook_with_little(path: Path) -> None:
    write_xlsx(path, [["x"]])


@pytest.mark.parametrize(
    ("fill", "size"), [(fill_csv, 50_000), (fill_workbook, 50_000), (fill_workbook_with_little, 2_000)]
)
def test_a_full_disk_ends_in_one_sentence_with_the_old_file_untouched(
    tmp_path: Path, fill: Callable[[Path], None], size: int
) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    with files_of_at_most(size), raises(OutputError, "OUTPUT_UNWRITABLE"):
        fill(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_disk_that_fills_up_while_the_workbook_is_packed_is_reported_as_full(tmp_path: Path) -> None:
    """The library's ZIP file must not complain on standard error, later, that it could not write its end."""
    noise = random.Random(1)
    table = XlsxWriter(tmp_path / "out.xlsx")
    with table:
        for _ in range(100):
            table.write([noise.randbytes(12_000).hex()])
        with Path("/dev/full").open("wb") as full:
            os.dup2(full.fileno(), table._file.file.fileno())
        with raises(OutputError, "DISK_FULL"):
            table.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_dropped_while_the_disk_is_full_raises_nothing_more(tmp_path: Path) -> None:
    writer = XlsxWriter(tmp_path / "out.xlsx")
    with files_of_at_most(0), writer as table:
        table.write(["a"])
        table.write(["b"])
    assert list(tmp_path.iterdir()) == []
