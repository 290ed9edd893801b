"""Workbooks (XLSX, ODS, XLS): one sheet as numbered rows of text, streamed within safety limits.

`identify` recognizes a format by its content and `open_workbook` opens a sheet. The package depends on nothing of the
importer, knows no columns, and raises `WorkbookError` only (and `OSError`).
"""

from pathlib import Path

from importer.reader.files.workbook.formats import WorkbookFormat, identify
from importer.reader.files.workbook.limits import MAX_COLUMN
from importer.reader.files.workbook.ods import open_ods
from importer.reader.files.workbook.sheets import OpenSheet
from importer.reader.files.workbook.xls import open_xls
from importer.reader.files.workbook.xlsx import open_xlsx

__all__ = ["MAX_COLUMN", "OpenSheet", "WorkbookFormat", "identify", "open_workbook"]

_OPENERS = {WorkbookFormat.XLSX: open_xlsx, WorkbookFormat.ODS: open_ods, WorkbookFormat.XLS: open_xls}


def open_workbook(path: Path, workbook_format: WorkbookFormat, sheet: str | None = None) -> OpenSheet:
    """Open a sheet of a workbook, by name or position (from 1); by default the first visible one.

    Raises a `WorkbookError` if the file is damaged or encrypted, exceeds a limit or has no such sheet. Reading the
    records may raise one too.
    """
    return _OPENERS[workbook_format](path, sheet)
