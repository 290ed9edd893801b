"""XLS and ODS workbooks, through python-calamine.

What calamine does not tell apart is refused all the same: an error such as `#N/A` is read as an empty cell, and every
number is a float, exact up to 15 digits.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.parsers import expat

import python_calamine as calamine

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.cells import typed_text
from importer.reader.packages import Attributes, ExcessError, Package, told
from importer.reader.sheets import Sheet, choose_sheet, sheet_notes
from importer.reader.tables import Record, Table, in_blocks

MAX_GRID = 20_000_000
"""Cells of the smallest rectangle around all that a sheet holds: calamine keeps the whole of it in memory."""

MAX_CONTENT = 512 << 20
_CONTENT = "content.xml"


def open_xls(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of one sheet of an XLS workbook; raises `SourceError` when it is damaged or lacks the sheet."""
    return _open_workbook(path, name, "XLS", reading)


def open_ods(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of one sheet of an ODS workbook.

    Raises `SourceError` when it is damaged, encrypted, beyond the bounds, or has no such sheet.
    """
    with told(name), Package(path) as package:
        if package.has("META-INF/manifest.xml"):
            tags = {tag for tag, _ in package.elements("META-INF/manifest.xml")}
            if "encryption-data" in tags:
                raise _protected(name)
        _check_grid(package)
    return _open_workbook(path, name, "ODS", reading)


def _open_workbook(path: Path, name: str, kind: str, reading: Reading) -> Table:
    with _told(name, kind):
        workbook = calamine.CalamineWorkbook.from_path(path)
    try:
        sheets = tuple(_listed_sheets(workbook))
        sheet = choose_sheet(name, sheets, reading.sheet)
        with _told(name, kind):
            records = _records(workbook.get_sheet_by_name(sheet.name), name, kind)
    except BaseException:
        workbook.close()
        raise

    def close() -> None:
        records.close()
        workbook.close()

    return Table(
        format=kind,
        records=in_blocks(records),
        close=close,
        sheet=sheet.name,
        sheets=len(sheets),
        notes=sheet_notes(sheet, sheets),
    )


@contextmanager
def _told(name: str, kind: str) -> Iterator[None]:
    """Turn what calamine says of a workbook into the sentence about it; some damage makes it panic."""
    try:
        yield
    except calamine.PasswordError:
        raise _protected(name) from None
    except BaseException as error:
        if not isinstance(error, calamine.CalamineError | OSError) and type(error).__name__ != "PanicException":
            raise
        raise SourceError(
            f"{name} is a damaged {kind} workbook ({error}). Open it in a spreadsheet program and save it as XLSX."
        ) from None


def _protected(name: str) -> SourceError:
    return SourceError(f"{name} is protected with a password. Save it without one and try again.")


def _listed_sheets(workbook: calamine.CalamineWorkbook) -> list[Sheet]:
    return [
        Sheet(found.name, found.visible is calamine.SheetVisibleEnum.Visible)
        for found in workbook.sheets_metadata
        if found.typ is calamine.SheetTypeEnum.WorkSheet
    ]


def _records(sheet: calamine.CalamineSheet, name: str, kind: str) -> Generator[Record]:
    """Yield the rows from the top of the sheet; calamine leaves out blank columns on the left, but no blank rows."""
    left = [""] * (sheet.start[1] if sheet.start else 0)
    with _told(name, kind):
        for number, values in enumerate(sheet.iter_rows(), 1):
            cells = [*left, *map(typed_text, values)]
            while cells and not cells[-1]:
                cells.pop()
            yield number, cells


def _check_grid(package: Package) -> None:
    grid = _Grid()
    for _ in package.parse(_CONTENT, grid.set_handlers, MAX_CONTENT):
        if grid.largest > MAX_GRID:
            raise ExcessError(f"a sheet spreads over more than {MAX_GRID:,} cells")


class _Grid:
    """Measures the sheets of an ODS file: `largest` is the area up to the last cell that holds something."""

    def __init__(self) -> None:
        self.largest = 0
        self._rows = self._row_repeat = 0
        self._columns = self._width = self._height = 0

    def set_handlers(self, parser: expat.XMLParserType) -> None:
        """Let a parser report to this object."""
        parser.StartElementHandler = self._start

    def _start(self, tag: str, attributes: Attributes) -> None:
        if tag == "table:table":
            self._rows = self._row_repeat = self._width = self._height = 0
        elif tag == "table:table-row":
            self._rows += self._row_repeat
            self._row_repeat = _count(attributes, "table:number-rows-repeated")
            self._columns = 0
        elif tag in {"table:table-cell", "table:covered-table-cell"}:
            self._columns += _count(attributes, "table:number-columns-repeated")
            if "office:value-type" in attributes or "table:formula" in attributes:
                self._width = max(self._width, self._columns)
                self._height = self._rows + self._row_repeat
                self.largest = max(self.largest, self._width * self._height)


def _count(attributes: Attributes, key: str) -> int:
    text = attributes.get(key, "1")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 1
