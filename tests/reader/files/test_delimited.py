"""Text files: rows, line lengths, ends of files."""

import csv
import io
from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.reader import open_source
from tests.support.blocks import rows_of
from tests.support.errors import raises
from tests.support.text_files import cells


def test_an_endless_line_is_rejected_before_it_fills_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.reader.files.lines.MAX_LINE", 1 << 20)
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n" + b"x" * (1 << 21))
    with raises(SourceError, "LINE_TOO_LONG") as caught:
        cells(path)
    assert "row 3:" in str(caught.value)


def test_a_path_that_is_not_a_file_is_rejected(tmp_path: Path) -> None:
    with raises(SourceError, "NOT_A_FILE"):
        cells(tmp_path)
    with raises(SourceError, "FILE_NOT_FOUND"):
        cells(tmp_path / "b.csv")


def test_the_row_number_counts_blank_records_and_not_quoted_newlines(tmp_path: Path) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["from_id", "to_id"], ["1", "2"], [], ["x\ny", "2"], ["", ""], ["3", "4"]])
    path = tmp_path / "a.csv"
    path.write_text("\n" + text.getvalue(), encoding="utf-8", newline="")
    with open_source(path, Reading("contacts", "companies")) as source:
        assert [row.number for row in rows_of(source.blocks())] == [3, 5, 7]


@pytest.mark.parametrize("limit", [1, 2])
def test_rows_before_an_undecodable_one_are_read(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n3,4\n" + b"5,6\n" * 20_000 + b"7,\xff\n")
    with open_source(path, Reading("contacts", "companies", limit=limit, encoding="utf-8")) as source:
        assert len(rows_of(source.blocks())) == limit


@pytest.mark.parametrize("end", ["\n\x1a", "\x1a", "\n\x1a\x1a", "\n" + "\0" * 300, "\r\n\x1a" + "\0" * 20])
@pytest.mark.parametrize("rows", [1, 498, 499, 500])
def test_end_of_file_marks_of_old_programs_are_not_rows(tmp_path: Path, end: str, rows: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Contact ID,Company ID\n" + "\n".join(["1001,5001"] * rows) + end, encoding="utf-8", newline="")
    with open_source(path, Reading()) as source:
        assert [len(row.pairs) for row in rows_of(source.blocks())] == [1] * rows


def test_nuls_after_an_incomplete_line_make_its_row_invalid(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"from_id,to_id\n1,2\n3,50" + bytes(40))
    with open_source(path, Reading("contacts", "companies")) as source:
        assert [len(row.pairs) for row in rows_of(source.blocks())] == [1, 0]


def test_cells_longer_than_the_limit_of_the_csv_module_are_read_without_changing_it(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    note = 'a "quoted", long\nnote ' * 10_000
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["from_id", "note", "to_id"], ["1", note, "2"], ["3", "x" * 200_000, "4"]])
    assert len(note) > limit
    found = cells(path)
    assert found == [("1", note, "2"), ("3", "x" * 200_000, "4")]
    assert csv.field_size_limit() == limit
