"""XLSX workbooks that are damaged or exceed a limit are rejected."""

import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from importer.config import Reading
from importer.errors import SourceError
from importer.reader import open_source
from importer.reader.files.workbook.package import PartLimit
from tests.files.archives import DECLARATION
from tests.files.xlsx import MAIN, data, xlsx
from tests.support.errors import raises
from tests.support.xlsx_rows import HEADER, NINE, rows, with_control, written

LINKS = Reading("contacts", "companies")


def test_a_sheet_that_is_long_before_its_first_row_ends_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.reader.files.workbook.xlsx.MAX_ROW_SIZE", 1 << 17)
    book = openpyxl.Workbook()
    book.worksheets[0].append(["from_id", "to_id", *["x" * 30_000] * 20])
    book.save(tmp_path / "a.xlsx")
    with raises(SourceError, "LIMIT_EXCEEDED"):
        rows(tmp_path / "a.xlsx")


@pytest.mark.parametrize("limit", ["MAX_SHEET", "MAX_STRINGS"])
def test_parts_beyond_their_limit_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(f"importer.reader.files.workbook.xlsx.{limit}", PartLimit(100, 100))
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet().write_row(0, 0, ["from_id", "to_id"])
    with raises(SourceError, "LIMIT_EXCEEDED"):
        rows(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A2" t="s"><v>-1</v></c>',
        '<c r="A2" t="s"><v>0_1</v></c>',
        '<c r="A2" t="s"><v>١</v></c>',
        '<c r="5"><v>7</v></c>',
    ],
)
def test_a_cell_with_an_invalid_reference_is_damage(tmp_path: Path, cell: str) -> None:
    with raises(SourceError, "FILE_DAMAGED"):
        rows(written(tmp_path, cell + NINE))


def test_rows_with_another_prefix_are_rejected_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    sheet = (
        f'{DECLARATION}<x:worksheet xmlns:x="{MAIN}" xmlns="{MAIN}"><x:sheetData>{HEADER}</x:sheetData></x:worksheet>'
    )
    path.write_bytes(xlsx("", replaced={"xl/worksheets/sheet1.xml": sheet}))
    with raises(SourceError, "FILE_DAMAGED"):
        rows(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/styles.xml", f'<styleSheet a="{"x" * (5 << 20)}"/>'),
        ("xl/sharedStrings.xml", f'<sst a="{"x" * (5 << 20)}"/>'),
        ("xl/workbook.xml", "<a>" * 200 + "</a>" * 200),
        ("xl/styles.xml", f"<s><cellXfs>{'<xf/>' * 200_001}</cellXfs></s>"),
    ],
)
def test_parts_that_would_take_memory_or_time_are_rejected(tmp_path: Path, part: str, content: str) -> None:
    with raises(SourceError, "LIMIT_EXCEEDED"):
        rows(written(tmp_path, NINE, replaced={part: content}))


def test_a_rejected_sheet_of_several_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx("", data(HEADER), names=("Cover", "Data")))
    with pytest.raises(SourceError, match=r"a\.xlsx, sheet 'Cover' \(of 2"):
        rows(path)
    assert rows(path, "Data") == []


def test_rows_of_another_namespace_in_the_data_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(with_control(data(f"{HEADER}<xdr:row><xdr:c><xdr:v>7</xdr:v></xdr:c></xdr:row>")))
    with raises(SourceError, "FILE_DAMAGED"):
        rows(path)


def test_data_with_another_prefix_is_rejected_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    sheet = f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:x="{MAIN}"><x:sheetData/></worksheet>'
    path.write_bytes(xlsx("", replaced={"xl/worksheets/sheet1.xml": sheet}))
    with raises(SourceError, "FILE_DAMAGED"):
        rows(path)


@pytest.mark.parametrize(
    "second",
    [
        '<row r="2"><c r="A2"><v>8</v></c></row>',
        '<row r="2"><c><v>8</v></c></row>',
        '<row r="1"><c r="C1"><v>8</v></c></row>',
        '<row r="0"><c r="C1"><v>8</v></c></row>',
    ],
)
def test_rows_that_contradict_each_other_are_damage(tmp_path: Path, second: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data(f'{HEADER}<row r="2"><c r="A2"><v>7</v></c>{NINE}</row>{second}')))
    with raises(SourceError, "FILE_DAMAGED"):
        rows(path)


def test_a_part_that_the_archive_contains_twice_is_damage(tmp_path: Path) -> None:
    path = written(tmp_path, '<c r="A2"><v>7</v></c>' + NINE)
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("XL/worksheets/sheet1.xml", book.read("xl/worksheets/sheet1.xml"))
    with raises(SourceError, "FILE_DAMAGED"):
        rows(path)


EQUAL_ROWS = "<row>" + " " * 600 + "<c><v>7</v></c><c><v>9</v></c></row>"


@pytest.mark.slow
def test_a_sheet_of_many_equal_rows_is_not_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data(HEADER + EQUAL_ROWS * 30_000)))
    with zipfile.ZipFile(path) as book:
        info = book.getinfo("xl/worksheets/sheet1.xml")
        assert info.file_size > 16 << 20
        assert info.file_size > 200 * info.compress_size
    with open_source(path, LINKS) as source:
        assert sum(len(block.numbers) for block in source.blocks()) == 30_000


def test_a_large_part_that_expands_beyond_the_ratio_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.reader.files.workbook.xlsx.MAX_SHEET", PartLimit(4 << 30, 1 << 20))
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data(HEADER + "<row/>" * 400_000)))
    with raises(SourceError, "LIMIT_EXCEEDED"):
        rows(path)
