"""Corrected cells: their texts are read instead of those of the source, which are kept."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from openpyxl import Workbook

from importer.config import Reading
from importer.corrections import Correction, column_key, place_of_key
from importer.errors import SourceError
from importer.model import SourceBlock, SourceRow
from importer.reader import open_source
from tests.support.blocks import rows_of
from tests.support.errors import raises, raises_code

HEADER = "Contact ID,Company ID,Note\n"


def read(path: Path, corrections: Mapping[tuple[int, int], str], **reading: object) -> list[SourceBlock]:
    """Return the blocks of a file with corrections."""
    with open_source(path, Reading(corrections=corrections, **reading)) as source:  # type: ignore[arg-type]
        return list(source.blocks())


def csv_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return path


def row(blocks: list[SourceBlock], number: int) -> SourceRow:
    (found,) = (row for row in rows_of(blocks) if row.number == number)
    return found


def corrections(blocks: list[SourceBlock]) -> list[Correction]:
    return [correction for block in blocks for correction in block.corrections]


def test_a_corrected_cell_is_read_and_its_original_is_kept(tmp_path: Path) -> None:
    path = csv_file(tmp_path, HEADER + "1,2,a\nx1,2,b\n3,ACME,c\n4,2,d\n")
    found = read(path, {(3, 0): "11", (4, 1): "22", (4, 2): "=c"})
    assert [pair.from_id + "-" + pair.to_id for one in rows_of(found) for pair in one.pairs] == [
        "1-2",
        "11-2",
        "3-22",
        "4-2",
    ]
    assert row(found, 4).cells == ("3", "22", "=c")
    assert corrections(found) == [
        Correction(3, 0, "x1", "11"),
        Correction(4, 1, "ACME", "22"),
        Correction(4, 2, "c", "=c"),
    ]


def test_a_corrected_cell_is_judged_like_any_other(tmp_path: Path) -> None:
    found = read(csv_file(tmp_path, HEADER + "1,2,a\n"), {(2, 1): "1.5E3"})
    assert [problem.code for problem in row(found, 2).problems] == ["SCIENTIFIC_NOTATION"]


def test_without_corrections_no_block_has_any(tmp_path: Path) -> None:
    assert corrections(read(csv_file(tmp_path, HEADER + "1,2,a\n"), {})) == []


def test_missing_trailing_cells_can_be_corrected(tmp_path: Path) -> None:
    found = read(csv_file(tmp_path, HEADER + "1\n5,6,x\n"), {(2, 1): "7"})
    assert row(found, 2).cells == ("1", "7", "")
    assert len(row(found, 2).pairs) == 1


def test_a_surplus_cell_is_removed_by_correcting_it_to_nothing(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "Name,Contact ID,Company ID\nSmith, John,1,2\nB,3,4\n")
    assert [problem.code for problem in row(read(path, {}), 2).problems] == ["EXTRA_CELL"]
    found = read(path, {(2, 0): "Smith, John", (2, 1): "1", (2, 2): "2", (2, 3): ""})
    assert row(found, 2).cells == ("Smith, John", "1", "2")
    assert len(row(found, 2).pairs) == 1
    partly = read(path, {(2, 0): "Smith, John", (2, 1): "1", (2, 2): "2"})
    assert [problem.code for problem in row(partly, 2).problems] == ["EXTRA_CELL"]


def test_a_row_that_a_line_break_may_have_split_needs_all_cells_of_the_pair_corrected(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "Contact ID,Note,Company ID\n1,one\ntwo,2\n3,x,4\n5,y,6\n")
    assert [problem.code for problem in row(read(path, {}), 2).problems] == ["SPLIT_ROW"]
    partly = read(path, {(2, 2): "2"})
    assert [problem.code for problem in row(partly, 2).problems] == ["SPLIT_ROW"]
    found = row(read(path, {(2, 0): "1", (2, 2): "2"}), 2)
    assert found.cells == ("1", "one", "2")
    assert [(pair.from_id, pair.to_id) for pair in found.pairs] == [("1", "2")]


def test_a_number_that_lost_digits_in_a_workbook_can_be_corrected(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["Contact ID", "Company ID"])  # type: ignore[union-attr]
    book.active.append([12345678901234567890, 2])  # type: ignore[union-attr]
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert row(read(path, {}), 2).problems
    assert len(row(read(path, {(2, 0): "1234567890123456789"}), 2).pairs) == 1


@pytest.mark.parametrize("number", [1, 9])
def test_a_correction_of_a_row_that_is_not_read_ends_the_reading(tmp_path: Path, number: int) -> None:
    path = csv_file(tmp_path, HEADER + "1,2,a\n3,4,b\n")
    with raises_code(SourceError, "CORRECTION_NOT_APPLIED"):
        read(path, {(number, 0): "5"})


def test_a_row_beyond_the_limit_cannot_be_corrected(tmp_path: Path) -> None:
    path = csv_file(tmp_path, HEADER + "1,2,a\n3,4,b\n")
    with raises(SourceError, "CORRECTION_NOT_APPLIED"):
        read(path, {(3, 0): "5"}, limit=1)


def test_original_texts_recorded_by_an_earlier_run_are_kept(tmp_path: Path) -> None:
    originals = json.dumps({"Company ID": "ACME", "#3": "old"}).replace('"', '""')
    text = f'Contact ID,Company ID,#x,import_status,import_original_cells\n1,2,n,failed,"{originals}"\n3,4,m,failed,\n'
    found = read(csv_file(tmp_path, text), {(3, 0): "33"})
    assert corrections(found) == [
        Correction(2, 1, "ACME", "2"),
        Correction(2, 2, "old", "n"),
        Correction(3, 0, "3", "33"),
    ]


def test_a_second_correction_of_a_cell_keeps_the_first_original(tmp_path: Path) -> None:
    text = 'Contact ID,Company ID,import_original_cells\n1,2,"{""Company ID"": ""ACME""}"\n'
    assert corrections(read(csv_file(tmp_path, text), {(2, 1): "9"})) == [Correction(2, 1, "ACME", "9")]


@pytest.mark.parametrize("text", ["[1]", "{", "x", '{"No such column": "1"}', '{"#0": "1", "#x": "1"}'])
def test_other_texts_in_the_column_of_originals_are_ignored(tmp_path: Path, text: str) -> None:
    cell = text.replace('"', '""')
    path = csv_file(tmp_path, f'Contact ID,Company ID,import_original_cells\n1,2,"{cell}"\n')
    found = read(path, {})
    assert corrections(found) == []
    assert len(row(found, 2).pairs) == 1


@pytest.mark.parametrize(
    ("header", "place", "key"),
    [
        (("A", "B"), 1, "B"),
        (("A", "A"), 1, "#2"),
        (("A", " "), 1, "#2"),
        (("#2", "B"), 0, "#1"),
        (("A",), 3, "#4"),
    ],
)
def test_a_column_is_found_again_by_its_key(header: tuple[str, ...], place: int, key: str) -> None:
    assert column_key(header, place) == key
    assert place_of_key(header, key) == place
