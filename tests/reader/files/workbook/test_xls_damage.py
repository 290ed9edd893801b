"""XLS workbooks that are damaged, protected, too large or too old."""

import struct
from pathlib import Path

import pytest

from importer.errors import SourceError
from importer.reader.files.workbook import xls as module
from tests.files.xls import biff, biff_cell, biff_workbook, ole, xls
from tests.support.damage import damaged_copies
from tests.support.errors import raises
from tests.support.xls_streams import ONE, excel_95, place, read, read_stream

TABLE: list[list[str | float | bool | bytes]] = [["from_id", "to_id"], [1.0, 2.0], ["3", 4.5], [True, 7.0]]


def test_texts_in_an_unknown_code_page_are_rejected(tmp_path: Path) -> None:
    with raises(SourceError, "FILE_DAMAGED"):
        read_stream(tmp_path, excel_95(65279, b"\xe9"))


def test_a_file_with_fewer_shared_strings_than_it_declares_is_damaged(tmp_path: Path) -> None:
    shared = biff(0x00FC, struct.pack("<II", 9, 9) + b"\3\0\0abc" + b"\xff\xff")
    with raises(SourceError, "FILE_DAMAGED"):
        read_stream(tmp_path, biff_workbook(ONE, shared))


@pytest.mark.parametrize(("version", "kind"), [("2", 0x0009), ("3", 0x0209), ("4", 0x0409)])
@pytest.mark.parametrize("in_container", [False, True])
def test_workbooks_before_excel_5_are_rejected(tmp_path: Path, version: str, kind: int, in_container: bool) -> None:
    stream = biff(kind, b"\0\0\x10\0\0\0") + biff(0x0204, place(0, 0) + b"\7\0from_id") + biff(0x000A)
    path = tmp_path / "a.xls"
    path.write_bytes(ole({"Book": stream}) if in_container else stream)
    with raises(SourceError, "UNSUPPORTED_FORMAT"):
        read(path)


@pytest.mark.parametrize(
    ("cells", "settings"),
    [
        (ONE + biff_cell(1, 0, 3.0), b""),
        (ONE + biff_cell(1, 256, 3.0), b""),
        (ONE + biff(0x00FD, place(1, 2) + b"\5\0\0\0"), b""),
        (ONE + biff(0x0006, place(1, 2) + b"\0\0\0\0\0\0\xff\xff"), b""),
        (ONE + biff(0x0006, place(1, 2) + b"\7\0\0\0\0\0\xff\xff"), b""),
        (ONE + biff(0x0203, b"\1\0"), b""),
    ],
)
def test_inconsistent_cells_are_damage(tmp_path: Path, cells: bytes, settings: bytes) -> None:
    with raises(SourceError, "FILE_DAMAGED"):
        read_stream(tmp_path, biff_workbook(cells, settings))


def test_a_workbook_with_a_password_is_rejected(tmp_path: Path) -> None:
    with raises(SourceError, "PASSWORD_PROTECTED"):
        read_stream(tmp_path, biff_workbook(ONE, biff(0x002F, b"\1\0")))


def test_shared_strings_beyond_the_limit_are_rejected(tmp_path: Path) -> None:
    with raises(SourceError, "LIMIT_EXCEEDED"):
        read_stream(tmp_path, biff_workbook(ONE, biff(0x00FC, struct.pack("<II", 1, 5_000_000))))


def test_text_beyond_the_limit_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.reader.files.workbook.biff_cells.MAX_TEXT", 10)
    with raises(SourceError, "LIMIT_EXCEEDED"):
        read_stream(tmp_path, biff_workbook(ONE))


@pytest.mark.slow
def test_any_damage_is_reported_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    refused = 0
    for damaged in damaged_copies(xls(TABLE), seed=5, start=8):
        path.write_bytes(damaged)
        try:
            read(path)
        except SourceError:
            refused += 1
    assert 0 < refused < 300


def test_a_file_beyond_the_size_limit_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(xls(TABLE))
    monkeypatch.setattr(module, "MAX_SIZE", 100)
    with raises(SourceError, "LIMIT_EXCEEDED"):
        read(path)
