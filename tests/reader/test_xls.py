"""XLS workbooks: errors are errors, and no damage is worse than a sentence."""

import random
from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.model import SourceRow
from importer.reader import open_source
from importer.reader import xls as module
from tests.blocks import rows_of
from tests.files.make import xls

NOT_AVAILABLE, NO_REFERENCE = b"\x2a", b"\x17"
TABLE: list[list[str | float | bool | bytes]] = [["from_id", "to_id"], [1.0, 2.0], ["3", 4.5], [True, 7.0]]


def read(path: Path) -> list[SourceRow]:
    with open_source(path, Reading("contacts", "companies")) as source:
        return rows_of(source.blocks())


def test_errors_are_told_as_such_and_a_row_of_them_is_no_blank_row(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(xls([["from_id", "to_id"], [NOT_AVAILABLE, NO_REFERENCE], [1.0, NOT_AVAILABLE], [1.0, 2.0]]))
    rows = read(path)
    assert [row.cells for row in rows] == [("#N/A", "#REF!"), ("1", "#N/A"), ("1", "2")]
    assert [[problem.code for problem in row.problems] for row in rows] == [["ERROR_VALUE"] * 2, ["ERROR_VALUE"], []]


def test_blank_rows_above_and_between_count(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(xls([[], ["from_id", "to_id"], [], [1.0, 2.0]]))
    assert [row.number for row in read(path)] == [4]


def test_any_damage_is_told_or_does_not_matter(tmp_path: Path) -> None:
    whole, draw = xls(TABLE), random.Random(5)
    path = tmp_path / "a.xls"
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(draw.choice((1, 1, 5))):
            damaged[draw.randrange(8, len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged)
        try:
            read(path)
        except SourceError:
            refused += 1
    assert 0 < refused < 300


def test_a_file_beyond_the_bound_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(xls(TABLE))
    monkeypatch.setattr(module, "MAX_SIZE", 100)
    with pytest.raises(SourceError, match="the most that is read of XLS"):
        read(path)
