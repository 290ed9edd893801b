"""What reading makes of every odd file in tests/files, file by file."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.model import PART_ROWS, Pair, Problem, Role, SourceRow, Status
from importer.reader import Source, open_source
from tests.support.blocks import rows_of
from tests.support.errors import raises

FILES = Path(__file__).parents[1] / "files"
LINKS = Reading(from_object_type="contacts", to_object_type="companies")
FROM_HEADER = Reading()

Rows = list[tuple[int, str]]
"""Row numbers with the pairs of each row (`1>2 1>3`; types where they are not contacts > companies) or its codes."""

ONE: Rows = [(2, "1>2")]
TWO: Rows = [(2, "1>2"), (3, "3>4")]

TABLES: dict[str, tuple[Reading, Rows]] = {
    "ids_accepted": (
        FROM_HEADER,
        [(n, "123>456") for n in range(2, 8)]
        + [(8, "12345678901234567>9223372036854775807"), (9, "123>456"), (10, "123>456")],
    ),
    "ids_refused": (
        FROM_HEADER,
        [
            (2, "SCIENTIFIC_NOTATION"),
            (3, "SCIENTIFIC_NOTATION"),
            (4, "ZERO_ID"),
            (5, "LEADING_ZERO"),
            (6, "NEGATIVE_ID"),
            (7, "LOST_PRECISION"),
            (8, "DATE"),
            (9, "DATE"),
            (10, "AMBIGUOUS_SEPARATOR"),
            (11, "AMBIGUOUS_SEPARATOR"),
            (12, "AMBIGUOUS_SEPARATOR"),
            (13, "AMBIGUOUS_SEPARATOR"),
            (14, "AMBIGUOUS_SEPARATOR"),
            (15, "DECIMAL_NUMBER"),
            (16, "BOOLEAN"),
            (17, "ERROR_VALUE"),
            (18, "FORMULA"),
            (19, "EMAIL"),
            (20, "UUID"),
            (21, "NOT_A_RECORD_URL"),
            (22, "NOT_A_RECORD_URL"),
            (23, "NOT_AN_ID"),
            (24, "NOT_AN_ID"),
            (25, "NOT_AN_ID"),
            (26, "ID_TOO_LARGE"),
            (27, "MISSING_ID"),
            (28, "MISSING_ID"),
            (29, "NOT_AN_ID LEADING_ZERO"),
        ],
    ),
    "many_ids": (
        FROM_HEADER,
        [(2, "1>3 1>4 2>3 2>4"), (3, "1>3 2>3"), (4, "NOT_AN_ID"), (5, "MISSING_ID"), (6, "TOO_MANY_PAIRS")],
    ),
    "self_association": (FROM_HEADER, [(2, "SELF_ASSOCIATION"), (3, "5>5"), (4, "SELF_ASSOCIATION")]),
    "types_by_column": (
        FROM_HEADER,
        [
            (2, "1>2"),
            (3, "line_items/1>line_items/2"),
            (4, "2-123/1>p123_Thing/2"),
            (5, "1>2"),
            (6, "0-999/1>my_cars/2"),
            (7, "UNKNOWN_OBJECT_TYPE MISSING_OBJECT_TYPE NOT_AN_ID"),
        ],
    ),
    "addresses": (FROM_HEADER, [(2, "contacts/7>deals/8"), (3, "contacts/7>deals/8"), (4, "URL_TYPE_MISMATCH")]),
    "blank_rows": (LINKS, [(3, "1>2"), (6, "3>4")]),
    "blank_rows_first": (LINKS, [(4, "1>2")]),
    "short_rows": (LINKS, [(2, "1>2"), (3, "MISSING_ID")]),
    "long_row": (LINKS, [(2, "EXTRA_CELL"), (3, "3>4")]),
    "texts_unchanged": (LINKS, [(2, "1>2"), (3, "3>4"), (4, "5>6"), (5, "7>8"), (6, "9>10")]),
    "formula_texts": (LINKS, [(2, "1>2"), (3, "3>4"), (4, "5>6"), (5, "7>8"), (6, "9>10")]),
    "previous_results": (FROM_HEADER, [(2, "1>2"), (3, "3>4"), (4, "5>6"), (5, "EXTRA_CELL")]),
    "header_alone": (LINKS, []),
    "header_twice": (LINKS, ONE),
    "header_as_people_write": (LINKS, ONE),
    "header_hubspot_export": (Reading(from_object_type="contact"), [(2, "1>2 1>3")]),
    "header_japanese": (Reading(from_object_type="コンタクト"), ONE),
}
"""Each is there as CSV and as XLSX."""

FILES_READ: dict[str, tuple[Reading, Rows]] = {
    "delimiter_semicolon.csv": (FROM_HEADER, [(2, "1>2"), (3, "AMBIGUOUS_SEPARATOR")]),
    "delimiter_tab.tsv": (FROM_HEADER, ONE),
    "delimiter_pipe.txt": (FROM_HEADER, ONE),
    "delimiter_declared.csv": (FROM_HEADER, ONE),
    "delimiter_in_other_cells.csv": (FROM_HEADER, TWO),
    "encoding_utf8_bom.csv": (FROM_HEADER, TWO),
    "encoding_utf16_le.csv": (FROM_HEADER, ONE),
    "encoding_utf16_be.csv": (FROM_HEADER, ONE),
    "encoding_utf16_unmarked.csv": (FROM_HEADER, TWO),
    "encoding_cp932.csv": (FROM_HEADER, ONE),
    "encoding_euc_jp.csv": (FROM_HEADER, ONE),
    "encoding_cp1252.csv": (FROM_HEADER, ONE),
    "encoding_late.csv": (LINKS, [(2, "1>2"), (3, "1>2"), (4, "1>2"), (5, "NOT_AN_ID")]),
    "lines_cr.csv": (LINKS, TWO),
    "lines_crlf.csv": (LINKS, TWO),
    "lines_mixed.csv": (LINKS, [(2, "1>2"), (3, "3>4"), (4, "5>6")]),
    "quote_not_closed.csv": (LINKS, [(2, "STRAY_QUOTE"), (3, "3>4")]),
    "quote_then_text.csv": (LINKS, [(2, "STRAY_QUOTE"), (3, "STRAY_QUOTE")]),
    "quoted_newlines.csv": (LINKS, [(2, "1>2"), (3, "NOT_AN_ID")]),
    "nul_bytes.csv": (LINKS, [(2, "1>2"), (3, "NOT_AN_ID")]),
    "big_cell.csv.gz": (LINKS, TWO),
    "pairs.csv.gz": (FROM_HEADER, TWO),
    "one_table.zip": (FROM_HEADER, TWO),
    "one_workbook.zip": (FROM_HEADER, TWO),
    "split_table.zip": (FROM_HEADER, [(2, "3>4"), (PART_ROWS + 2, "5>6")]),
    "typed_cells.xlsx": (
        LINKS,
        [
            (2, "123>9"),
            (3, "123>9"),
            (4, "123456789012345>9"),
            (5, "LOST_PRECISION"),
            (6, "LOST_PRECISION"),
            (7, "123450000000>9"),  # the number itself is whole, however it is written in the file
            (8, "DATE"),
            (9, "DATE"),
            (10, "DATE"),
            (11, "BOOLEAN"),
            (12, "ERROR_VALUE"),
            (13, "77>9"),
            (14, "78>9"),
            (15, "FORMULA"),
            (16, "ERROR_VALUE"),
            (17, "DECIMAL_NUMBER"),
            (18, "1234>9"),
            (19, "DATE"),
            (20, "DECIMAL_NUMBER"),
            (21, "NEGATIVE_ID"),
            (22, "LEADING_ZERO"),
            (23, "MISSING_ID"),
        ],
    ),
    "sheets_first_hidden.xlsx": (FROM_HEADER, TWO),
    "leading_blanks.xlsx": (FROM_HEADER, [(5, "1>2"), (6, "3>4")]),
    "merged_cells.xlsx": (FROM_HEADER, [*TWO, (4, "MISSING_ID")]),
    "trailing_formatted.xlsx": (FROM_HEADER, TWO),
    "wrong_dimension.xlsx": (FROM_HEADER, TWO),
    "shared_strings.xlsx": (FROM_HEADER, ONE),
    "inline_strings.xlsx": (FROM_HEADER, [(2, "12>4")]),
    "cells_without_places.xlsx": (FROM_HEADER, [(2, "1>2"), (3, "1>2")]),
    "prefixed_tags.xlsx": (FROM_HEADER, ONE),
    "dates_1904.xlsx": (FROM_HEADER, ONE),
    "csv_inside.xlsx": (FROM_HEADER, TWO),
    "xlsx_inside.csv": (FROM_HEADER, TWO),
    "pairs.xls": (
        FROM_HEADER,
        [(2, "1>2"), (3, "DECIMAL_NUMBER"), (4, "LOST_PRECISION BOOLEAN"), (5, "SCIENTIFIC_NOTATION")],
    ),
    "typed_cells.xls": (
        LINKS,
        [
            (2, "123>9"),
            (3, "LOST_PRECISION"),
            (4, "DATE"),
            (5, "DATE"),
            (6, "DATE"),
            (7, "BOOLEAN"),
            (8, "ERROR_VALUE"),
            (9, "ERROR_VALUE"),
            (10, "DECIMAL_NUMBER"),
            (11, "LEADING_ZERO"),
            (12, "NEGATIVE_ID"),
        ],
    ),
    "typed_cells.ods": (
        LINKS,
        [
            (2, "AMBIGUOUS_SEPARATOR"),
            (3, "AMBIGUOUS_SEPARATOR"),
            (4, "AMBIGUOUS_SEPARATOR"),
            (5, "123>9"),
            (6, "ERROR_VALUE"),
            (7, "FORMULA"),
            (8, "BOOLEAN"),
            (9, "BOOLEAN"),
            (10, "DATE"),
            (11, "DATE"),
            (12, "123456789012345>9"),
            (13, "LOST_PRECISION"),
            (14, "DECIMAL_NUMBER"),
            (15, "12>9"),
        ],
    ),
    "pairs.ods": (FROM_HEADER, [(4, "1>2"), (5, "ERROR_VALUE LOST_PRECISION")]),
}

HEADERS_REFUSED: dict[str, str] = {
    "header_three_objects.csv": "COLUMNS_AMBIGUOUS",
    "header_three_objects.xlsx": "COLUMNS_AMBIGUOUS",
    "header_missing.csv": "NO_ID_COLUMN",
    "header_missing.xlsx": "NO_ID_COLUMN",
    "header_foreign.csv": "NO_ID_COLUMN",
    "header_foreign.xlsx": "NO_ID_COLUMN",
    "only_blank_lines.csv": "TABLE_EMPTY",
    "two_tables.zip": "HEADERS_DIFFER",
}

FILES_REFUSED: dict[str, str] = {
    "encoding_broken.csv": "UNDECODABLE_TEXT",
    "empty.csv": "FILE_EMPTY",
    "damaged.csv.gz": "FILE_DAMAGED",
    "json.csv": "NOT_A_TABLE",
    "pdf.csv": "NOT_A_TABLE",
    "entity_bomb.xlsx": "LIMIT_EXCEEDED",
    "external_entity.xlsx": "LIMIT_EXCEEDED",
    "zip_bomb.xlsx": "LIMIT_EXCEEDED",
    "unknown_xml_encoding.xlsx": "FILE_DAMAGED",
    "row_twice.xlsx": "FILE_DAMAGED",
    "column_beyond.xlsx": "FILE_DAMAGED",
    "text_beyond.xlsx": "FILE_DAMAGED",
    "damaged.xlsx": "FILE_DAMAGED",
    "cut_off.xlsx": "FILE_DAMAGED",
    "no_sheet.xlsx": "NO_SHEET",
    "word.xlsx": "UNSUPPORTED_FORMAT",
    "binary.xlsb": "UNSUPPORTED_FORMAT",
    "password.xlsx": "PASSWORD_PROTECTED",
    "html_inside.xls": "NOT_A_TABLE",
    "word.xls": "UNSUPPORTED_FORMAT",
    "cut_off.xls": "FILE_DAMAGED",
    "damaged.xls": "FILE_DAMAGED",
    "circle.xls": "FILE_DAMAGED",
    "repeated_beyond.ods": "LIMIT_EXCEEDED",
    "password_package.ods": "PASSWORD_PROTECTED",
    "text_document.odt": "UNSUPPORTED_FORMAT",
    "password.ods": "PASSWORD_PROTECTED",
    "nothing.zip": "NO_TABLE_IN_ARCHIVE",
    "zip_in_zip.zip": "NESTED_ARCHIVE",
}

READ = {f"{stem}{ending}": case for stem, case in TABLES.items() for ending in (".csv", ".xlsx")} | FILES_READ


def shown(pair: Pair) -> str:
    if (pair.from_type, pair.to_type) == ("contacts", "companies"):
        return f"{pair.from_id}>{pair.to_id}"
    return f"{pair.from_type}/{pair.from_id}>{pair.to_type}/{pair.to_id}"


def outcome(row: SourceRow) -> tuple[int, str]:
    assert bool(row.pairs) != bool(row.problems)
    return row.number, " ".join([*map(shown, row.pairs), *(problem.code for problem in row.problems)])


def read(name: str, reading: Reading = LINKS) -> Source:
    return open_source(FILES / name, reading)


def rows(name: str, reading: Reading = LINKS) -> list[SourceRow]:
    with read(name, reading) as source:
        return rows_of(source.blocks())


def both(stem: str) -> list[str]:
    return [f"{stem}.csv", f"{stem}.xlsx"]


def test_every_file_of_the_corpus_has_its_expectation() -> None:
    assert {path.name for path in FILES.iterdir() if path.suffix not in {".py", ""}} == {
        *READ,
        *HEADERS_REFUSED,
        *FILES_REFUSED,
    }


@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_as_expected(name: str) -> None:
    reading, expected = READ[name]
    assert [outcome(row) for row in rows(name, reading)] == expected


@pytest.mark.parametrize("name", HEADERS_REFUSED)
def test_a_file_without_the_columns_is_refused_with_what_it_has(name: str) -> None:
    with raises(SourceError, HEADERS_REFUSED[name]) as caught:
        rows(name, Reading() if name.startswith("header") else LINKS)
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("name", FILES_REFUSED)
def test_a_file_that_is_not_a_table_is_refused_with_its_reason(name: str) -> None:
    with raises(SourceError, FILES_REFUSED[name]) as caught:
        rows(name)
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("name", both("texts_unchanged"))
def test_texts_come_back_unchanged(name: str) -> None:
    assert [row.cells[2] for row in rows(name)] == [
        "line one\nline two",
        'says "hello", twice',
        "  NA  ",
        "null",
        "東京 – Zürich 😀",
    ]


def test_typed_cells_come_back_as_a_person_sees_them() -> None:
    assert [row.cells[0] for row in rows("typed_cells.xlsx")] == [
        "123",
        "123",
        "123456789012345",
        "1.234567890123456E+15",
        "1.2345678901234501E+17",
        "123450000000",
        "2024-05-17",
        "2024-05-17 12:00:00",
        "36:00:00",
        "TRUE",
        "#N/A",
        "77",
        "78",
        "=B15",
        "#REF!",
        "1.5",
        "1234",
        "2024-05-17T00:00:00Z",
        "0.1",
        "-3",
        "00123",
        "",
    ]


def test_readings_above_japanese_words_are_no_part_of_the_text() -> None:
    with read("shared_strings.xlsx", FROM_HEADER) as source:
        assert source.header == ("Contact ID", "Company ID", "会社")
        assert [row.cells for row in rows_of(source.blocks())] == [("1", "2", "a\rb")]


def test_dates_of_a_workbook_that_counts_from_1904_are_right() -> None:
    assert rows("dates_1904.xlsx", FROM_HEADER)[0].cells[2] == "2024-05-17"


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
        ("sheets_first_hidden.xlsx", "Sheet 'Data' is read, number 2 of 2; choose another with --sheet NAME."),
        ("previous_results.csv", "The columns of previous results (import_…) are ignored and will be replaced."),
    ],
)
def test_what_is_worth_knowing_before_the_rows_is_noted(name: str, note: str) -> None:
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
def test_only_rows_with_the_wanted_statuses_are_taken(name: str) -> None:
    wanted = replace(FROM_HEADER, statuses=frozenset({Status.FAILED, Status.NOT_SENT}))
    assert [outcome(row) for row in rows(name, wanted)] == [(3, "3>4"), (4, "5>6")]


@pytest.mark.parametrize("name", READ)
def test_the_cells_of_a_row_written_as_texts_make_the_same_row_again(name: str, tmp_path: Path) -> None:
    with read(name, READ[name][0]) as source:
        before = rows_of(source.blocks())
        path = tmp_path / "again.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([source.header, *(row.cells for row in before)])
    with open_source(path, READ[name][0]) as again:
        after = rows_of(again.blocks())
    assert [(row.cells, row.pairs) for row in after] == [(row.cells, row.pairs) for row in before]


def test_rows_that_a_status_leaves_out_are_counted() -> None:
    with read("previous_results.csv", replace(FROM_HEADER, statuses=frozenset({Status.FAILED}))) as source:
        assert [row.number for row in rows_of(source.blocks())] == [3]
        assert source.report.warnings == ("Rows left out because of their import_status: 3.",)


def test_a_file_can_be_called_otherwise_than_its_path() -> None:
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
def test_every_problem_of_a_row_names_its_column_and_its_repair(name: str) -> None:
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
def test_what_is_worth_knowing_after_the_rows_is_a_warning(name: str, warning: str) -> None:
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
def test_a_limit_takes_the_first_rows(name: str, limit: int) -> None:
    assert [row.number for row in rows(name, replace(LINKS, limit=limit))] == [2, 3, 4, 5, 6][:limit]
