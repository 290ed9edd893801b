"""XLS workbooks, through xlrd: one sheet as numbered records of cells."""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import xlrd

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.cells import date_text, typed_text
from importer.reader.sheets import Sheet, choose_sheet, sheet_notes
from importer.reader.tables import Record, Table, in_blocks

MAX_SIZE = 256 << 20
"""Bytes of a file; xlrd keeps what it reads in memory."""


def open_xls(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of one sheet of an XLS workbook.

    Raises `SourceError` when it is damaged, encrypted, too large, or has no such sheet.
    """
    if path.stat().st_size > MAX_SIZE:
        raise SourceError(f"{name} is larger than {MAX_SIZE >> 20} MiB, the most that is read of XLS. Save it as XLSX.")
    with ExitStack() as stack:
        log = stack.enter_context(Path(os.devnull).open("w"))
        with _told(name):
            book = xlrd.open_workbook(str(path), logfile=log, on_demand=True, ragged_rows=True)
        stack.callback(book.release_resources)
        sheets = _listed_sheets(book)
        sheet = choose_sheet(name, sheets, reading.sheet)
        with _told(name):
            found = book.sheet_by_index(next(i for i, one in enumerate(sheets) if one is sheet))
        records = _records(found, name, from_1904=book.datemode == 1)
        stack.callback(records.close)
        close = stack.pop_all().close
    return Table(
        format="XLS",
        records=in_blocks(records),
        close=close,
        sheet=sheet.name,
        sheets=len(sheets),
        notes=sheet_notes(sheet, sheets),
    )


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn what xlrd says of a workbook into the sentence about it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a damaged file makes xlrd fail in every way that Python has
        if "encrypted" in str(error):
            raise SourceError(f"{name} is protected with a password. Save it without one and try again.") from None
        reason = str(error) or type(error).__name__
        raise SourceError(
            f"{name} is a damaged XLS workbook ({reason}). Open it in a spreadsheet program and save it as XLSX."
        ) from None


def _listed_sheets(book: Any) -> list[Sheet]:
    # The public way to know which are hidden would read all of them.
    hidden = book._sheet_visibility
    return [Sheet(sheet, not hidden[index]) for index, sheet in enumerate(book.sheet_names())]


def _records(sheet: Any, name: str, *, from_1904: bool) -> Generator[Record]:
    for index in range(sheet.nrows):
        with _told(name):
            kinds, values = sheet.row_types(index), sheet.row_values(index)
            cells = [_text(kind, value, from_1904=from_1904) for kind, value in zip(kinds, values, strict=True)]
        while cells and not cells[-1]:
            cells.pop()
        yield index + 1, cells


def _text(kind: int, value: Any, *, from_1904: bool) -> str:
    if kind == xlrd.XL_CELL_DATE:
        return date_text(repr(value), from_1904=from_1904)
    if kind == xlrd.XL_CELL_BOOLEAN:
        return typed_text(bool(value))
    if kind == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(value, "#N/A"))
    return typed_text(value)
