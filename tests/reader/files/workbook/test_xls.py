"""XLS workbooks: cell errors are kept, and damage always ends in an error message."""

import struct
from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.reader import open_source
from tests.files.xls import biff, biff_cell, biff_workbook, ole, xls, xls_styles
from tests.support.blocks import rows_of
from tests.support.errors import raises
from tests.support.xls_streams import HEAD, ONE, excel_95, place, read, read_stream

NOT_AVAILABLE, NO_REFERENCE = b"\x2a", b"\x17"


def test_cell_errors_are_reported_and_a_row_of_them_is_not_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(xls([["from_id", "to_id"], [NOT_AVAILABLE, NO_REFERENCE], [1.0, NOT_AVAILABLE], [1.0, 2.0]]))
    rows = read(path)
    assert [row.cells for row in rows] == [("#N/A", "#REF!"), ("1", "#N/A"), ("1", "2")]
    assert [[problem.code for problem in row.problems] for row in rows] == [["ERROR_VALUE"] * 2, ["ERROR_VALUE"], []]


def test_blank_rows_above_and_between_count(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(xls([[], ["from_id", "to_id"], [], [1.0, 2.0]]))
    assert [row.number for row in read(path)] == [4]


def shown(tmp_path: Path, cell: bytes, settings: bytes = b"") -> str:
    """Return the text of a record of a cell in the third column."""
    (row,) = read_stream(tmp_path, biff_workbook(ONE + cell, settings))
    return (*row.cells, "")[2]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (123 << 2 | 2, "123"),
        (-5 << 2 & 0xFFFFFFFF | 2, "-5"),
        (12345 << 2 | 3, "123.45"),
        (0x40590000, "100"),
        (0x40590001, "1"),
    ],
)
def test_short_numbers_are_read(tmp_path: Path, raw: int, text: str) -> None:
    assert shown(tmp_path, biff(0x027E, place(1, 2) + struct.pack("<I", raw))) == text


def test_several_short_numbers_in_one_record_have_separate_columns(tmp_path: Path) -> None:
    numbers = b"".join(struct.pack("<HI", 0, number << 2 | 2) for number in (7, 8))
    (row,) = read_stream(tmp_path, biff_workbook(HEAD + biff(0x00BD, place(1, 0)[:4] + numbers + b"\1\0")))
    assert row.cells == ("7", "8")


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (struct.pack("<d", 77), "77"),
        (b"\1\0\1\0\0\0\xff\xff", "TRUE"),
        (b"\2\0\x2a\0\0\0\xff\xff", "#N/A"),
        (b"\3\0\0\0\0\0\xff\xff", ""),
        (b"\0\0\0\0\0\0\xff\xff", "7é"),
    ],
)
def test_a_formula_has_its_saved_result(tmp_path: Path, result: bytes, text: str) -> None:
    formula = biff(0x0006, place(1, 2) + result + bytes(8)) + biff(0x04BC, bytes(10))
    assert shown(tmp_path, formula + biff(0x0207, b"\2\0\0" + b"7\xe9")) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([b"\3\0\0abc"], "abc"),
        ([b"\3\0\1" + "a日c".encode("utf-16-le")], "a日c"),
        ([b"\5\0\0abc", b"\1" + "日本".encode("utf-16-le")], "abc日本"),
        ([b"\4\0\1" + "a😀".encode("utf-16-le")[:4], b"\1" + "😀b".encode("utf-16-le")[2:]], "a😀b"),
        ([b"\3\0\0", b"\0abc"], "abc"),
        ([b"\3\0\x0c\1\0\2\0\0\0abc\0\0", b"\0\0xx"], "abc"),
    ],
)
def test_a_shared_string_continues_in_the_next_record(tmp_path: Path, parts: list[bytes], text: str) -> None:
    last = b"\4\0\0last"
    parts = [struct.pack("<II", 2, 2) + parts[0], *parts[1:]]
    settings = biff(0x00FC, parts[0] if len(parts) > 1 else parts[0] + last)
    settings += b"".join(biff(0x003C, part) for part in parts[1:-1])
    settings += biff(0x003C, parts[-1] + last) if len(parts) > 1 else b""
    cells = biff(0x00FD, place(1, 2) + b"\0\0\0\0") + biff(0x00FD, place(1, 3) + b"\1\0\0\0")
    (row,) = read_stream(tmp_path, biff_workbook(ONE + cells, settings))
    assert row.cells[2:] == (text, "last")


@pytest.mark.parametrize(
    ("value", "style", "text"), [(45429.0, 1, "2024-05-17"), (1.5, 2, "36:00:00"), (5.0, 3, "120:00:00")]
)
def test_a_number_is_shown_in_its_format(tmp_path: Path, value: float, style: int, text: str) -> None:
    assert shown(tmp_path, biff_cell(1, 2, value, style), xls_styles()) == text


def test_dates_are_counted_from_1904_in_workbooks_with_that_epoch(tmp_path: Path) -> None:
    assert shown(tmp_path, biff_cell(1, 2, 43967.0, 1), xls_styles() + biff(0x0022, b"\1\0")) == "2024-05-17"


def test_cells_in_any_order_are_put_into_their_columns(tmp_path: Path) -> None:
    cells = biff_cell(2, 1, 4.0) + biff_cell(1, 1, 2.0) + biff_cell(2, 0, 3.0) + biff_cell(1, 0, 1.0) + HEAD
    rows = read_stream(tmp_path, biff_workbook(cells))
    assert [(row.number, row.cells) for row in rows] == [(2, ("1", "2")), (3, ("3", "4"))]


def test_a_chart_among_the_cells_does_not_end_them(tmp_path: Path) -> None:
    chart = biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x20, 0, 0, 0, 0)) + biff_cell(1, 0, 9.0) + biff(0x000A)
    (row,) = read_stream(tmp_path, biff_workbook(HEAD + chart + ONE[len(HEAD) :]))
    assert row.cells == ("1", "2")


@pytest.mark.parametrize(
    ("page", "encoded", "text"),
    [
        (1252, b"\xe9", "é"),
        (932, b"\xc3\xa9", "ﾃｩ"),
        (10000, b"\xc3\xa9", "√©"),
        (32768, b"\xc3\xa9", "√©"),
        (10029, b"\x8b\xd8", "čÿ"),
        (10007, b"\x80", "А"),
        (10001, b"\x93\xfa", "日"),
        (21010, b"plain", "plain"),
        (65279, b"plain", "plain"),
    ],
)
def test_texts_of_excel_95_are_read_in_their_code_page(tmp_path: Path, page: int, encoded: bytes, text: str) -> None:
    (row,) = read_stream(tmp_path, excel_95(page, encoded))
    assert row.cells == ("1", "2", text.replace("ÿ", b"\xd8".decode("mac_latin2")))


def test_the_code_page_does_not_matter_where_texts_are_unicode(tmp_path: Path) -> None:
    (row,) = read_stream(tmp_path, biff_workbook(ONE, biff(0x0042, b"\xff\xfe")))
    assert row.cells == ("1", "2")


def test_an_empty_text_may_lack_its_flags(tmp_path: Path) -> None:
    (row,) = read_stream(tmp_path, biff_workbook(ONE + biff(0x0204, place(1, 2) + b"\0\0")))
    assert row.cells == ("1", "2")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_number_of_shared_strings_is_what_the_file_contains(tmp_path: Path, count: int) -> None:
    shared = biff(0x00FC, struct.pack("<II", count, count) + b"\3\0\0abc\4\0\0last" + b"\xff\xff")
    cells = biff(0x00FD, place(1, 2) + b"\0\0\0\0") + biff(0x00FD, place(1, 3) + b"\1\0\0\0")
    (row,) = read_stream(tmp_path, biff_workbook(ONE + cells, shared))
    assert row.cells[2:] == ("abc", "last")


@pytest.mark.parametrize(("value", "text"), [(101.0, "1.01E+2"), (0.0, "0E+0"), (1.5, "1.5")])
def test_a_number_of_an_undefined_style_makes_only_its_row_invalid(tmp_path: Path, value: float, text: str) -> None:
    head = HEAD + biff_cell(0, 2, "note")
    cells = biff_cell(1, 0, value, 9) + biff_cell(1, 1, 2.0)
    cells += biff_cell(2, 0, 1.0) + biff_cell(2, 1, 2.0) + biff_cell(2, 2, value, 9)
    uncertain, certain = read_stream(tmp_path, biff_workbook(head + cells, xls_styles()))
    assert (uncertain.cells[0], [problem.code for problem in uncertain.problems]) == (text, ["UNCERTAIN_VALUE"])
    assert (certain.cells[2], [pair.from_id for pair in certain.pairs]) == (text, ["1"])


@pytest.mark.parametrize("version", [0x0500, 0x0600])
def test_a_workbook_without_a_container_is_read(tmp_path: Path, version: int) -> None:
    cells = biff_cell(1, 0, 1.0) + biff_cell(1, 1, 2.0)
    texts = [("from_id", 0), ("to_id", 1)]
    flags = b"\0" if version == 0x0600 else b""
    head = b"".join(
        biff(0x0204, place(0, column) + struct.pack("<H", len(text)) + flags + text.encode()) for text, column in texts
    )
    path = tmp_path / "a.xls"
    path.write_bytes(biff_workbook(head + cells, version=version))
    assert [row.cells for row in read(path)] == [("1", "2")]


def test_a_sheet_is_found_although_the_directory_gives_a_wrong_offset(tmp_path: Path) -> None:
    whole = biff_workbook(ONE)
    bound = whole.index(struct.pack("<HH", 0x0085, 6 + 7))
    (start,) = struct.unpack_from("<I", whole, bound + 4)
    moved = whole[: bound + 4] + struct.pack("<I", start + 20) + whole[bound + 8 :]
    (row,) = read_stream(tmp_path, moved)
    assert row.cells == ("1", "2")


def row_record(row: int, options: int) -> bytes:
    return biff(0x0208, struct.pack("<HHHHHHI", row, 0, 2, 255, 0, 0, options))


@pytest.mark.parametrize(("visible_only", "numbers"), [(False, [2, 3, 4]), (True, [3])])
def test_hidden_rows_are_counted(tmp_path: Path, visible_only: bool, numbers: list[int]) -> None:
    rows = row_record(1, 0x20) + row_record(2, 0x10) + row_record(3, 0x21) + row_record(9, 0x20) + biff(0x0208, b"\0\0")
    cells = b"".join(biff_cell(row, column, float(row + column)) for row in (1, 2, 3) for column in (0, 1))
    path = tmp_path / "a.xls"
    path.write_bytes(ole({"Workbook": biff_workbook(rows + HEAD + cells)}))
    with open_source(path, Reading("contacts", "companies", visible_rows_only=visible_only)) as source:
        assert [row.number for row in rows_of(source.blocks())] == numbers
        assert "2 (rows 2, 4)" in source.report.warnings[0]


def test_a_built_in_format_with_a_truncated_code_is_known_by_its_id(tmp_path: Path) -> None:
    cut = biff(0x041E, struct.pack("<HHB", 14, 20, 0) + b"m/d/yy") + biff(0x00E0, struct.pack("<HH16x", 0, 14))
    assert shown(tmp_path, biff_cell(1, 2, 45429.0), cut) == "2024-05-17"
    with raises(SourceError, "FILE_DAMAGED"):
        shown(tmp_path, b"", biff(0x041E, struct.pack("<HHB", 164, 20, 0) + b"m/d/yy"))
