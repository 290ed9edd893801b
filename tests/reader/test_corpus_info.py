"""The information about each odd file in tests/files: its encoding, format, notes, positions and warnings."""

from dataclasses import replace

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.model import Problem, Role, Status
from importer.reader import open_source
from tests.support.blocks import rows_of
from tests.support.corpus import FILES, FROM_HEADER, LINKS, READ, both, outcome, read, rows
from tests.support.errors import raises


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("encoding_utf8_bom.csv", "UTF-8 with BOM"),
        ("encoding_utf16_le.csv", "UTF-16"),
        ("encoding_utf16_be.csv", "UTF-16"),
        ("encoding_utf16_unmarked.csv", "UTF-16 without BOM"),
        ("encoding_cp932.csv", "Shift_JIS (cp932)"),
        ("encoding_euc_jp.csv", "EUC-JP"),
        ("encoding_cp1252.csv", "Windows-1252 (cp1252)"),
        ("encoding_late.csv", "Windows-1252 (cp1252)"),
        ("pairs.csv.gz", "UTF-8"),
    ],
)
def test_the_encoding_is_reported(name: str, encoding: str) -> None:
    with read(name) as source:
        assert source.info.encoding == encoding


@pytest.mark.parametrize(
    ("name", "form", "delimiter"),
    [
        ("delimiter_semicolon.csv", "CSV", ";"),
        ("delimiter_tab.tsv", "TSV", "\t"),
        ("delimiter_pipe.txt", "CSV", "|"),
        ("delimiter_declared.csv", "CSV", ";"),
        ("delimiter_in_other_cells.csv", "CSV", ","),
        ("pairs.csv.gz", "CSV in gzip", ","),
        ("one_table.zip", "CSV in zip", ","),
        ("one_workbook.zip", "XLSX in zip", ""),
        ("pairs.xls", "XLS", ""),
        ("pairs.ods", "ODS", ""),
        ("csv_inside.xlsx", "CSV", ","),
        ("xlsx_inside.csv", "XLSX", ""),
    ],
)
def test_the_format_and_the_delimiter_are_reported(name: str, form: str, delimiter: str) -> None:
    with read(name) as source:
        assert (source.info.format, source.info.delimiter) == (form, delimiter)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("csv_inside.xlsx", "The content of the file is CSV, although its name ends in .xlsx."),
        ("xlsx_inside.csv", "The content of the file is XLSX, although its name ends in .csv."),
        ("sheets_first_hidden.xlsx", "Sheet 'Data' is read, number 2 of 2. Choose another with --sheet NAME."),
        ("previous_results.csv", "The columns of previous results (import_…) are ignored and will be replaced."),
    ],
)
def test_findings_before_the_first_row_are_notes(name: str, note: str) -> None:
    with read(name) as source:
        assert source.info.notes == (note,)


@pytest.mark.parametrize("name", both("previous_results"))
def test_columns_of_an_old_result_are_dropped_from_header_and_cells(name: str) -> None:
    with read(name, FROM_HEADER) as source:
        assert source.header == ("Contact ID", "Company ID")
        assert [row.cells for row in rows_of(source.blocks())] == [("1", "2"), ("3", "4"), ("5", "6"), ("7", "8", "9")]


@pytest.mark.parametrize("name", both("previous_results"))
def test_positions_are_those_that_the_spreadsheet_shows(name: str) -> None:
    columns = {Role.FROM_OBJECT_ID: "#2", Role.TO_OBJECT_ID: "#4"}
    with read(name, Reading("contacts", "companies", columns)) as source:
        assert source.info.columns == {Role.FROM_OBJECT_ID: "Contact ID", Role.TO_OBJECT_ID: "Company ID"}
        assert source.places == {Role.FROM_OBJECT_ID: 1, Role.TO_OBJECT_ID: 2}


@pytest.mark.parametrize("name", both("previous_results"))
def test_only_rows_with_the_requested_statuses_are_read(name: str) -> None:
    wanted = replace(FROM_HEADER, statuses=frozenset({Status.FAILED, Status.NOT_SENT}))
    assert [outcome(row) for row in rows(name, wanted)] == [(3, "3>4"), (4, "5>6")]


def test_rows_left_out_because_of_their_status_are_counted() -> None:
    with read("previous_results.csv", replace(FROM_HEADER, statuses=frozenset({Status.FAILED}))) as source:
        assert [row.number for row in rows_of(source.blocks())] == [3]
        assert source.report.warnings == ("Rows left out because of their import_status: 3.",)


def test_messages_use_the_name_that_is_given_for_a_file() -> None:
    with raises(SourceError, "NO_ID_COLUMN") as caught:
        open_source(FILES / "header_missing.csv", FROM_HEADER, "standard input")
    assert str(caught.value).startswith("standard input has no column ")


@pytest.mark.parametrize("name", both("blank_rows"))
def test_a_file_without_statuses_is_not_taken_for_a_results_file(name: str) -> None:
    with raises(SourceError, "NOT_A_RESULTS_FILE"):
        rows(name, replace(LINKS, statuses=frozenset({Status.FAILED})))


@pytest.mark.parametrize("name", both("long_row"))
def test_the_extra_cells_of_a_long_row_are_kept(name: str) -> None:
    assert [row.cells for row in rows(name)] == [("1", "2", "3"), ("3", "4")]


@pytest.mark.parametrize("name", both("short_rows"))
def test_short_rows_are_filled_with_empty_cells(name: str) -> None:
    assert [row.cells for row in rows(name)] == [("1", "2", ""), ("1", "", "")]


@pytest.mark.parametrize("name", both("ids_refused"))
def test_every_problem_of_a_row_names_its_column_and_how_to_fix_it(name: str) -> None:
    problems = [problem for row in rows(name, FROM_HEADER) for problem in row.problems]
    assert [problem.column for problem in problems[-2:]] == ["Contact ID", "Company ID"]
    assert all(problem.message.endswith(".") and problem.advice.endswith(".") for problem in problems)
    assert problems[0] == Problem(
        "SCIENTIFIC_NOTATION",
        "Contact ID",
        "'1.2345E+11' is a number in scientific notation; digits of the id may be lost.",
        "In Excel, format the column as Text and paste the ids again from HubSpot.",
    )


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("blank_rows.csv", "Blank rows skipped: 5."),
        ("formula_texts.csv", "Cells that look like formulas (they start with =, +, - or @): 3;"),
        ("formula_texts.xlsx", "Cells that look like formulas (they start with =, +, - or @): 3;"),
        ("addresses.csv", "The record URLs belong to 2 HubSpot accounts (111, 222);"),
        (
            "types_by_column.xlsx",
            "Object types that are not HubSpot's standard ones, used as written: 'my_cars', 'p123",
        ),
        ("merged_cells.xlsx", "Merged ranges in the sheet: 1;"),
    ],
)
def test_findings_after_the_last_row_are_warnings(name: str, warning: str) -> None:
    with read(name, READ[name][0]) as source:
        rows_of(source.blocks())
        (found,) = source.report.warnings
    assert found.startswith(warning)


def test_the_report_of_reading_is_available_only_after_the_last_row() -> None:
    with read("blank_rows.csv") as source:
        with pytest.raises(RuntimeError):
            _ = source.report
        found = rows_of(source.blocks())
    assert (source.report.rows, source.report.blank_rows) == (len(found), 5)
    assert source.report.notes == source.info.notes


@pytest.mark.parametrize("name", both("texts_unchanged"))
@pytest.mark.parametrize("limit", [0, 1, 3, 9])
def test_with_a_limit_only_the_first_rows_are_read(name: str, limit: int) -> None:
    assert [row.number for row in rows(name, replace(LINKS, limit=limit))] == [2, 3, 4, 5, 6][:limit]
