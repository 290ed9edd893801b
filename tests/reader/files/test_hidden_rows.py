"""Hidden rows are reported, and skipped on request; a hidden header is still a header."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pytest

from importer.config import Reading
from importer.reader import open_source
from tests.files.xlsx import data, texts, xlsx
from tests.support.blocks import rows_of


def workbook(path: Path, rows: int, hidden: Iterable[int], blank: Iterable[int] = ()) -> Path:
    """Write a sheet with a header and `rows` rows; those with the given numbers are hidden or blank."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["from_id", "to_id"])
    for number in range(2, rows + 2):
        sheet.append([] if number in blank else [number, number + 1000])
    for number in hidden:
        sheet.row_dimensions[number].hidden = True
    book.save(path)
    return path


def read(path: Path, *, visible_only: bool, limit: int | None = None) -> tuple[list[int], str]:
    reading = Reading("contacts", "companies", visible_rows_only=visible_only, limit=limit)
    with open_source(path, reading) as source:
        numbers = [row.number for row in rows_of(source.blocks())]
        return numbers, " ".join(source.report.warnings)


def test_hidden_rows_are_read_and_reported_with_the_flag_that_skips_them(tmp_path: Path) -> None:
    numbers, warning = read(workbook(tmp_path / "a.xlsx", 6, [3, 5, 7]), visible_only=False)
    assert numbers == [2, 3, 4, 5, 6, 7]
    assert "3 (rows 3, 5, 7)" in warning
    assert "--visible-rows-only" in warning


def test_hidden_rows_are_skipped_on_request_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    numbers, warning = read(workbook(tmp_path / "a.xlsx", 6, [3, 5, 7]), visible_only=True)
    assert numbers == [2, 4, 6]
    assert "Hidden rows left out: 3 (rows 3, 5, 7)." in warning


@pytest.mark.parametrize(("height", "is_hidden"), [("0", True), ("0.0", True), ("0.75", False), ("15", False)])
def test_a_row_without_height_is_hidden(tmp_path: Path, height: str, is_hidden: bool) -> None:
    path = tmp_path / "a.xlsx"
    rows = f'<row r="2" ht="{height}" customHeight="1"><c r="A2"><v>2</v></c><c r="B2"><v>3</v></c></row>'
    path.write_bytes(xlsx(data(texts([["from_id", "to_id"]]) + rows)))
    assert read(path, visible_only=True)[0] == ([] if is_hidden else [2])


def test_many_hidden_rows_are_counted_and_the_first_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 3000, range(2, 3000, 2))
    numbers, warning = read(path, visible_only=True)
    assert len(numbers) + 1499 == 3000
    assert "1,499 (rows 2, 4, 6" in warning


@pytest.mark.parametrize("visible_only", [False, True])
def test_a_sheet_without_hidden_rows_is_not_warned_about(tmp_path: Path, visible_only: bool) -> None:
    assert read(workbook(tmp_path / "a.xlsx", 2, []), visible_only=visible_only) == ([2, 3], "")


def test_a_hidden_header_is_still_the_header_and_hidden_blank_rows_do_not_count(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 4, [1, 3, 4], blank=[3])
    numbers, warning = read(path, visible_only=True)
    assert numbers == [2, 5]
    assert "Hidden rows left out: 1 (row 4)." in warning


@pytest.mark.parametrize(
    ("visible_only", "numbers", "counted"), [(False, [2, 3], "1 (row 3)"), (True, [2, 4], "1 (row 3)")]
)
def test_only_rows_within_the_limit_count(tmp_path: Path, visible_only: bool, numbers: list[int], counted: str) -> None:
    read_numbers, warning = read(workbook(tmp_path / "a.xlsx", 6, [3, 5, 7]), visible_only=visible_only, limit=2)
    assert read_numbers == numbers
    assert counted in warning


def test_a_text_file_has_no_hidden_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("from_id,to_id\n2,3\n", encoding="utf-8")
    assert read(path, visible_only=True) == ([2], "")


def test_hidden_rows_of_the_parts_of_one_table_are_named_by_part(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for name, hidden in (("a.xlsx", [3]), ("b.xlsx", [2, 3])):
            archive.write(workbook(tmp_path / name, 3, hidden), name)
    with open_source(tmp_path / "export.zip", Reading("contacts", "companies", visible_rows_only=True)) as source:
        rows = [source.info.row_names.of(row.number) for row in rows_of(source.blocks())]
        assert rows == ["a.xlsx:2", "a.xlsx:4", "b.xlsx:4"]
        assert "Hidden rows left out: 3 (rows a.xlsx:3, b.xlsx:2, b.xlsx:3)." in source.report.warnings
