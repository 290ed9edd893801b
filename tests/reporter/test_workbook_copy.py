"""Results workbooks that are a copy of the user's own workbook."""

import hashlib
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.config import Reading
from importer.model import RESULT_COLUMNS, RowOutcome, Status
from importer.reader import open_source, read_previous_results
from importer.reporter import Layout, RunDescription, SourceWorkbook, WorkbookContext, row_result, write_results
from importer.reporter.workbook_style import STATUS_COLOURS
from tests.support.blocks import rows_of
from tests.support.row_outcomes import FAILED, pair_outcome
from tests.support.workbook_copies import HEADER, RUN_ID, Copying, formatted


def test_the_results_are_the_users_workbook_with_our_columns_beside_the_table(copying: Copying) -> None:
    before = copying.source.read_bytes()
    copying.write()
    assert copying.notices == []
    assert copying.source.read_bytes() == before
    book = copying.book
    assert book.sheetnames == ["Contacts", "Notes", "Summary"]
    sheet = book["Contacts"]
    assert [sheet.cell(3, 4 + place).value for place in range(len(RESULT_COLUMNS))] == list(RESULT_COLUMNS)
    for row in copying.rows:
        assert tuple(str(sheet.cell(row.number, column).value) for column in (1, 2, 3)) == row.cells
        assert sheet.cell(row.number, 4).value == str(row.number)
        status, _ = row_result(row)
        assert sheet.cell(row.number, 5).value == status
        assert sheet.cell(row.number, 5).fill.fgColor.rgb == f"00{STATUS_COLOURS[status].fill}"
    assert sheet.cell(6, 4).value is None
    assert sheet["A3"].font.color.rgb == "00FF0000"
    assert sheet["C4"].fill.fgColor.rgb == "00FFF2CC"
    assert sheet.column_dimensions["C"].width == 33
    assert sheet.row_dimensions[5].hidden
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A4", "A3:R7")
    assert book["Notes"]["A1"].value == "=Contacts!A4*2"
    assert "A1:C1" in {str(merged) for merged in sheet.merged_cells.ranges}


def test_the_summary_sheet_has_the_counts_and_the_facts_of_the_run(copying: Copying) -> None:
    copying.write()
    sheet = copying.book["Summary"]
    values = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
    assert (values["rows"], values["failed"], values["account"], values["run"]) == (3, 3, "123", RUN_ID)
    assert values["file"] == str(copying.source)
    assert "invalid" not in values


def test_a_workbook_with_a_summary_of_the_users_gets_an_import_summary(copying: Copying) -> None:
    book = openpyxl.load_workbook(copying.source)
    book["Notes"].title = "Summary"
    book.save(copying.source)
    copying.write()
    assert copying.book.sheetnames == ["Contacts", "Summary", "Import summary"]


@pytest.mark.slow
def test_results_are_read_back_with_the_same_rows_and_replaced_by_the_next_run(copying: Copying) -> None:
    copying.write()
    first = copying.results.read_bytes()
    previous = read_previous_results(copying.results, Reading())
    assert (previous.header, previous.header_row) == (HEADER, 3)
    assert previous.run_ids == {RUN_ID}
    copying.source.write_bytes(first)
    before = copying.rows
    copying.write()
    assert copying.notices == []
    assert [(row.number, row.cells) for row in copying.rows] == [(row.number, row.cells) for row in before]
    assert copying.book.sheetnames == ["Contacts", "Notes", "Summary"]
    assert copying.book["Contacts"].max_column == len(HEADER) + len(RESULT_COLUMNS)


def test_the_sheet_that_was_read_comes_first_so_that_the_results_are_read_from_it(tmp_path: Path) -> None:
    copying = Copying(tmp_path, Reading(sheet="Contacts", header_row=3))
    formatted(copying.source)
    book = openpyxl.load_workbook(copying.source)
    book.move_sheet("Contacts", 1)
    book.save(copying.source)
    copying.write()
    assert copying.notices == []
    assert copying.book.sheetnames == ["Contacts", "Notes", "Summary"]
    assert copying.book.active.title == "Contacts"


def test_formulas_keep_their_last_values(copying: Copying) -> None:
    book = openpyxl.load_workbook(copying.source)
    sheet: Any = book["Contacts"]
    sheet["C4"] = '="Mr "&"Smith"'
    book.save(copying.source)
    with_value(copying.source, b'<f>"Mr "&amp;"Smith"</f><v />', b'<f>"Mr "&amp;"Smith"</f><v>Mr Smith</v>')
    copying.write()
    assert copying.notices == []
    assert copying.rows[0].cells[2] == "Mr Smith"
    values = openpyxl.load_workbook(copying.results, data_only=True)["Contacts"]
    assert values["C4"].value == "Mr Smith"
    assert copying.book["Contacts"]["C4"].value == '="Mr "&"Smith"'


def with_value(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes in the first sheet of a workbook; the cell's value becomes a text."""
    with zipfile.ZipFile(path) as package:
        parts = {part: package.read(part) for part in package.namelist()}
    name = "xl/worksheets/sheet1.xml"
    assert old in parts[name]
    start = parts[name].rindex(b"<c ", 0, parts[name].index(old))
    cell = parts[name][start:].replace(b">", b' t="str">', 1).replace(old, new)
    parts[name] = parts[name][:start] + cell
    with zipfile.ZipFile(path, "w") as package:
        for part, content in parts.items():
            package.writestr(part, content)


SENTENCES = ("import_error_message", "import_advice")


@pytest.mark.parametrize("is_partial", [False, True], ids=["copy", "plain workbook"])
def test_sentences_are_wrapped_so_that_the_next_cell_does_not_cut_them_off(copying: Copying, is_partial: bool) -> None:
    copying.write(is_partial=is_partial)
    sheet = copying.book.worksheets[0]
    wrapped: set[str] = set()
    for column in sheet.iter_cols(min_row=1 if is_partial else 3):
        wrapped |= {column[0].value for cell in column[1:] if cell.value and cell.alignment.wrap_text}
    assert wrapped == set(SENTENCES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("area", "printed"),
    [
        ("A1:C7", "'Contacts'!$A$1:$R$7"),
        ("A3:C7,E1:F2", "'Contacts'!$A$3:$R$7,'Contacts'!$E$1:$F$2"),
        ("A1:B7", "'Contacts'!$A$1:$B$7"),
    ],
)
def test_results_are_printed_where_the_user_prints_the_whole_table(copying: Copying, area: str, printed: str) -> None:
    book = openpyxl.load_workbook(copying.source)
    book["Contacts"].print_area = area
    book.save(copying.source)
    copying.write()
    assert copying.book["Contacts"].print_area == printed
    first = copying.results.read_bytes()
    copying.source.write_bytes(first)
    copying.write()
    assert copying.book["Contacts"].print_area == printed


@pytest.mark.slow
def test_texts_of_hubspot_are_never_formulas_and_come_back_as_they_are(tmp_path: Path) -> None:
    copying = Copying(tmp_path)
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(HEADER)
    sheet.append(["1", "2", "_x000D_ a"])
    book.save(copying.source)
    with open_source(copying.source, Reading()) as source:
        (row,) = rows_of(source.blocks())
    hostile = ["=1+1", "-1", "_x0041_", "a\rb", "<r>x</r>", " x ", "\x01"]
    for text in hostile:
        outcome = pair_outcome(FAILED, 2)
        failed = type(outcome.outcome)(Status.FAILED, 400, error_message=text, attempts=1)
        rows = [RowOutcome(2, row.cells, (), (type(outcome)(outcome.pair, failed, 2),))]
        sha256 = hashlib.sha256(copying.source.read_bytes()).hexdigest()
        context = WorkbookContext(
            RunDescription(RUN_ID, "deals.xlsx"),
            SourceWorkbook(copying.source, sha256, Reading()),
            copying.notices.append,
        )
        results = tmp_path / f"{hostile.index(text)}.xlsx"
        write_results(results, Layout(HEADER, ",", RUN_ID), rows, None, workbook=context)
        assert copying.notices == []
        cell = openpyxl.load_workbook(results).worksheets[0].cell(2, 4 + RESULT_COLUMNS.index("import_error_message"))
        assert cell.data_type in {"s", "inlineStr"}


cell_values = st.one_of(
    st.none(),
    st.integers(1, 10**12),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.booleans(),
    st.datetimes(),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=6),
)


@st.composite
def sheets(draw: st.DrawFn) -> tuple[int, list[list[Any]], list[tuple[int, int, int, int]], list[int]]:
    """Draw the number of rows above the header, the rows below it, merged ranges and hidden rows."""
    above = draw(st.integers(0, 3))
    row = st.one_of(st.just([None] * 3), st.lists(cell_values, min_size=3, max_size=3))
    rows = draw(st.lists(row, max_size=8))
    corner = st.tuples(st.integers(1, 3), st.integers(0, 8), st.integers(0, 2), st.integers(0, 2))
    return above, rows, draw(st.lists(corner, max_size=2)), draw(st.lists(st.integers(1, 12), max_size=3))


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(sheets())
def test_a_result_is_always_beside_its_own_row(
    drawn: tuple[int, list[list[Any]], list[tuple[int, int, int, int]], list[int]],
) -> None:
    above, rows, merged, hidden = drawn
    with TemporaryDirectory() as folder:
        copying = Copying(Path(folder), Reading(header_row=above + 1))
        book = openpyxl.Workbook()
        sheet: Any = book.active
        for number in range(1, above + 1):
            sheet.cell(number, 1, f"title {number}")
        for number, values in enumerate([list(HEADER), *rows], above + 1):
            for column, value in enumerate(values, 1):
                sheet.cell(number, column).value = value
        for column, row, height, width in merged:
            top = above + 2 + row
            sheet.merge_cells(
                start_row=top, end_row=top + height, start_column=column, end_column=min(3, column + width)
            )
        for number in hidden:
            sheet.row_dimensions[number].hidden = True
        book.save(copying.source)
        copying.write()
        with open_source(copying.results, Reading(header_row=None if copying.notices else above + 1)) as source:
            back = list(rows_of(source.blocks()))
        assert [row.cells for row in back] == [row.cells for row in copying.rows]
        result: Any = copying.book.worksheets[0]
        if not copying.notices:
            assert [row.number for row in back] == [row.number for row in copying.rows]
            numbers = {row.number for row in copying.rows}
            for number in range(above + 2, result.max_row + 1):
                assert result.cell(number, 4).value == (str(number) if number in numbers else None)
