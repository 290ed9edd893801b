"""Merged cells of XLSX sheets."""

from pathlib import Path
from typing import Any

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.reader import open_source
from tests.files.xlsx import data, texts, xlsx
from tests.support.blocks import rows_of
from tests.support.errors import raises
from tests.support.xlsx_rows import rows

LINKS = Reading("contacts", "companies")


def numbers_sheet(rows: list[list[int]], merged: str, **other: Any) -> bytes:
    """Return a workbook of numbers below the header from_id, to_id, note, with merged ranges."""
    cells = [
        "".join(f'<c r="{chr(65 + i)}{r}"><v>{n}</v></c>' for i, n in enumerate(row)) for r, row in enumerate(rows, 2)
    ]
    written = "".join(f'<row r="{r}">{text}</row>' for r, text in enumerate(cells, 2))
    ranges = "".join(f'<mergeCell ref="{reference}"/>' for reference in merged.split())
    header = texts([["from_id", "to_id", "note"]])
    return xlsx(data(header + written) + f"<mergeCells>{ranges}</mergeCells>", **other)


@pytest.mark.parametrize(
    ("merged", "cells"),
    [
        ("A2:A3", [("1", "11", "21"), ("", "12", "22"), ("3", "13", "23")]),
        ("$A$3:$A$2", [("1", "11", "21"), ("", "12", "22"), ("3", "13", "23")]),
        ("A2:B3 C3:C4", [("1", "", "21"), ("", "", "22"), ("3", "13", "")]),
        ("A4:XFD4", [("1", "11", "21"), ("2", "12", "22"), ("3", "", "")]),
        ("A2", [("1", "11", "21"), ("2", "12", "22"), ("3", "13", "23")]),
    ],
)
def test_cells_covered_by_merged_ranges_are_empty_whatever_they_store(
    tmp_path: Path, merged: str, cells: list[tuple[str, ...]]
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(numbers_sheet([[1, 11, 21], [2, 12, 22], [3, 13, 23]], merged))
    with open_source(path, LINKS) as source:
        assert [row.cells for row in rows_of(source.blocks())] == cells
        assert any("Merged ranges in the sheet" in text for text in source.report.warnings)


def test_an_invalid_merged_range_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(numbers_sheet([[1, 2, 3]], "A2:?"))
    with raises(SourceError, "FILE_DAMAGED"):
        rows(path)


def test_merged_ranges_are_found_across_the_borders_of_scanned_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(numbers_sheet([[1, 11, 21], [2, 12, 22]], "A2:A3"))
    for size in (20, 21, 23, 29):
        monkeypatch.setattr("importer.reader.files.workbook.package._SCANNED", size)
        assert [row.cells[0] for row in rows(path)] == ["1", ""]
