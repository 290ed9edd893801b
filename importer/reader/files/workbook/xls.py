"""XLS workbooks: one sheet as numbered records of cells.

The file is kept in memory, its rows are not. xlrd is not used: it takes durations for numbers (`[h]`), goes in circles
in damaged containers without end, and keeps a whole sheet in memory.
"""

import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.files.table import Record, Table, in_blocks
from importer.reader.files.workbook.biff import OldVersionError, PasswordError, Workbook
from importer.reader.files.workbook.biff_cells import sheet_rows
from importer.reader.files.workbook.cfb import OLE_MAGIC, Container
from importer.reader.files.workbook.package import CorruptFileError, LimitExceededError, translate_errors
from importer.reader.files.workbook.sheets import choose_sheet, sheet_notes

MAX_SIZE = 128 << 20
"""Bytes of a file; a sheet whose every cell is a number takes 100 MB."""


def open_xls(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of one sheet of an XLS workbook.

    Raises `SourceError` when it is damaged, encrypted, beyond the bounds, or has no such sheet.
    """
    with _as_source_error(name):
        workbook = Workbook(_workbook_stream(path, name))
    sheet = choose_sheet(name, workbook.sheets, reading.sheet)
    start = next(start for start, found in zip(workbook.starts, workbook.sheets, strict=True) if found is sheet)
    with _as_source_error(name):
        workbook.check_sheet(start)
    hidden: set[int] = set()
    records = _records(workbook, start, hidden, name)
    return Table(
        format="XLS",
        records=in_blocks(records),
        close=records.close,
        sheet=sheet.name,
        sheets=len(workbook.sheets),
        notes=sheet_notes(sheet, workbook.sheets),
        hidden=hidden,
    )


def _workbook_stream(path: Path, name: str) -> bytes:
    """Return the stream of the workbook; of the two in a file for Excel 95 and 97, the later.

    A newer workbook with a password comes in the same kind of container; some programs write a stream without one.
    """
    with path.open("rb") as file:
        content = file.read(MAX_SIZE + 1)  # not mapped: the process would be killed when another one cuts the file off
    if len(content) > MAX_SIZE:
        raise LimitExceededError(f"it is larger than {MAX_SIZE >> 20} MiB")
    if not content.startswith(OLE_MAGIC):
        return content
    container = Container(content)
    streams = container.streams()
    if "encryptedpackage" in streams:
        raise PasswordError
    entry = streams.get("workbook", streams.get("book"))
    if entry is None:
        raise SourceError(
            f"{name} is an old Office document, not a workbook. "
            f"Open it in a spreadsheet program and save the table as XLSX or CSV."
        )
    return container.read(entry)


def _records(workbook: Workbook, start: int, hidden: set[int], name: str) -> Generator[Record]:
    with _as_source_error(name):
        yield from sheet_rows(workbook, start, hidden)


def old_workbook(name: str, version: str) -> SourceError:
    """Return the error that says that a workbook is of a version of Excel before 5."""
    return SourceError(
        f"{name} is a workbook of Excel {version}, and only those of Excel 5 and later are read. "
        f"Open it in a spreadsheet program and save the table as XLSX or CSV."
    )


@contextmanager
def _as_source_error(name: str) -> Iterator[None]:
    """Turn what is wrong with a workbook into the sentence about it."""
    try:
        with translate_errors(name):
            try:
                yield
            except struct.error:
                raise CorruptFileError("a record of it is too short") from None
    except OldVersionError as error:
        raise old_workbook(name, str(error)) from None
    except PasswordError:
        raise SourceError(f"{name} is protected with a password. Save it without one and try again.") from None
