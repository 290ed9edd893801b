"""Reading streams of XLS records."""

import struct
from pathlib import Path

from importer.config import Reading
from importer.model import SourceRow
from importer.reader import open_source
from tests.files.xls import biff, biff_cell, biff_workbook, ole
from tests.support.blocks import rows_of


def read(path: Path) -> list[SourceRow]:
    with open_source(path, Reading("contacts", "companies")) as source:
        return rows_of(source.blocks())


HEAD = biff_cell(0, 0, "from_id") + biff_cell(0, 1, "to_id")


ONE = HEAD + biff_cell(1, 0, 1.0) + biff_cell(1, 1, 2.0)


def place(row: int, column: int, style: int = 0) -> bytes:
    return struct.pack("<HHH", row, column, style)


def read_stream(tmp_path: Path, stream: bytes) -> list[SourceRow]:
    path = tmp_path / "a.xls"
    path.write_bytes(ole({"Workbook": stream}))
    return read(path)


def excel_95(page: int, text: bytes) -> bytes:
    """Return the stream of a workbook with a row of two ids and a text."""

    def label(row: int, column: int, content: bytes) -> bytes:
        return biff(0x0204, place(row, column) + struct.pack("<H", len(content)) + content)

    cells = label(0, 0, b"from_id") + label(0, 1, b"to_id") + label(1, 0, b"1") + label(1, 1, b"2") + label(1, 2, text)
    return biff_workbook(cells, biff(0x0042, struct.pack("<H", page)), version=0x0500)
