"""XLS workbooks (Excel 5 to 2003). The file is kept in memory, its rows are not.

This reader is frozen: it gets fixes only. No library can replace it. xlrd, the Python library for XLS, splits an
emoji between its two UTF-16 halves, and rejects sound LibreOffice files that contain one; it takes durations (`[h]` and
`[mm]` formats) for plain numbers, which produced a wrong id; it loops forever on damaged containers; and it keeps a
whole sheet in memory.
"""

from collections.abc import Generator
from pathlib import Path

from importer.reader.files.workbook.biff import Workbook
from importer.reader.files.workbook.biff_cells import sheet_rows
from importer.reader.files.workbook.cfb import OLE_MAGIC, Container
from importer.reader.files.workbook.errors import (
    LimitExceededError,
    PasswordError,
    UnsupportedFormatError,
    corrupt_if_unparsable,
)
from importer.reader.files.workbook.sheets import OpenSheet, Record, choose_sheet

MAX_SIZE = 128 << 20
"""Maximum size of a file in bytes; a full sheet of numbers takes 100 MB."""


def open_xls(path: Path, requested: str | None) -> OpenSheet:
    """Open a sheet of an XLS workbook; raises `WorkbookError`."""
    with corrupt_if_unparsable():
        workbook = Workbook(_workbook_stream(path))
        index = choose_sheet(workbook.sheets, requested)
        start = workbook.starts[index]
        workbook.check_sheet(start)
    hidden: set[int] = set()
    records = _records(workbook, start, hidden)
    return OpenSheet(
        workbook.sheets[index].name,
        index + 1,
        tuple(sheet.name for sheet in workbook.sheets),
        records,
        records.close,
        hidden=hidden,
    )


def _workbook_stream(path: Path) -> bytes:
    """Return the stream of the workbook; in a file for both Excel 95 and 97, the newer of the two.

    An XLSX workbook with a password is stored in the same kind of container. Some programs write a bare stream.
    """
    with path.open("rb") as file:
        content = file.read(MAX_SIZE + 1)  # not memory-mapped: truncation by another process would kill this one
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
        raise UnsupportedFormatError("an old Office document, not a workbook")
    return container.read(entry)


def _records(workbook: Workbook, start: int, hidden: set[int]) -> Generator[Record]:
    with corrupt_if_unparsable():
        yield from sheet_rows(workbook, start, hidden)
