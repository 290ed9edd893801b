"""XLSX workbooks: one sheet as numbered records of cells, streamed.

The XML is read event by event: openpyxl, which keeps errors and exact numbers as well, takes more than twice as long.
"""

import posixpath
from collections.abc import Generator, Mapping
from pathlib import Path

from importer.config import Reading
from importer.reader.files.table import Record, Table, in_blocks
from importer.reader.files.workbook.cells import NumberFormatKind, classify_number_format
from importer.reader.files.workbook.merged_cells import CoveredCells, merged_ranges
from importer.reader.files.workbook.package import (
    BLOCK,
    Attributes,
    Bound,
    CorruptFileError,
    LimitExceededError,
    Package,
    translate_errors,
)
from importer.reader.files.workbook.sheets import Sheet, choose_sheet, merged_notes, sheet_notes
from importer.reader.files.workbook.xlsx_sheet import MAX_ROW_SIZE, SheetParser
from importer.reader.files.workbook.xlsx_strings import StringsParser

_STYLE_LISTS = ("numFmts", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs")
MAX_SHEET = Bound(4 << 30, 256 << 20)
MAX_STRINGS = Bound(256 << 20, 64 << 20)
"""Of a sheet, which is read row by row, and of the texts that sheets share, which take up to five times the memory."""


def open_xlsx(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of one sheet of a workbook.

    Raises `SourceError` when the workbook is damaged, beyond the bounds, or has no such sheet.
    """
    with translate_errors(name):
        package = Package(path)
    try:
        with translate_errors(name):
            workbook = _Workbook(package)
            sheet = choose_sheet(name, workbook.sheets, reading.sheet)
            merged = merged_ranges(package, sheet.part, MAX_SHEET)
            parser = SheetParser(
                workbook.shared_strings(),
                workbook.styles(),
                from_1904=workbook.from_1904,
                clear_covered=CoveredCells(merged).clear if merged else None,
            )
    except BaseException:
        package.close()
        raise
    records = _records(package, sheet, parser, name)

    def close() -> None:
        records.close()
        package.close()

    return Table(
        format="XLSX",
        records=in_blocks(records),
        close=close,
        sheet=sheet.name,
        sheets=len(workbook.sheets),
        notes=sheet_notes(sheet, workbook.sheets),
        late_warnings=merged_notes(len(merged)),
        hidden=parser.hidden,
    )


def _records(package: Package, sheet: Sheet, parser: SheetParser, name: str) -> Generator[Record]:
    """Yield the rows of a sheet that have a cell, numbered as the sheet numbers them."""
    rows_seen, idle = 0, 0
    with translate_errors(name):
        for _ in package.parse(sheet.part, parser.set_handlers, MAX_SHEET):
            yield from parser.take_rows()
            idle = 0 if parser.rows_seen > rows_seen else idle + BLOCK
            rows_seen = parser.rows_seen
            if idle > MAX_ROW_SIZE:
                raise LimitExceededError(f"it has a row of more than {MAX_ROW_SIZE >> 20} MiB")


class _Workbook:
    """What matters of an XLSX file: its sheets, the texts they share, the styles that show dates."""

    def __init__(self, package: Package) -> None:
        self._package = package
        workbook = self._target(self._relations(""), "/officeDocument") or "xl/workbook.xml"
        self._parts = self._relations(workbook)
        self.from_1904 = False
        self.sheets: tuple[Sheet, ...] = tuple(self._listed_sheets(workbook))

    def shared_strings(self) -> list[str]:
        """Return the texts that the sheets' cells point to."""
        part = self._target(self._parts, "/sharedStrings")
        if part is None or not self._package.has(part):
            return []
        parser = StringsParser()
        for _ in self._package.parse(part, parser.set_handlers, MAX_STRINGS):
            pass
        return parser.strings

    def styles(self) -> list[NumberFormatKind]:
        """Return for each cell style what it shows a number as."""
        part = self._target(self._parts, "/styles")
        if part is None or not self._package.has(part):
            return []
        codes: dict[int, str] = {}
        format_ids: list[int] = []
        within = ""
        for tag, attributes in self._package.elements(part, "numFmt", "xf", *_STYLE_LISTS):
            if tag in _STYLE_LISTS:
                within = tag
            elif tag == "numFmt" and within == "numFmts":
                codes[_number(attributes, "numFmtId")] = attributes.get("formatCode", "")
            elif tag == "xf" and within == "cellXfs":
                format_ids.append(_number(attributes, "numFmtId"))
        shown = {found: classify_number_format(found, codes.get(found)) for found in set(format_ids)}
        return [shown[found] for found in format_ids]

    def _listed_sheets(self, workbook: str) -> list[Sheet]:
        sheets = []
        for tag, attributes in self._package.elements(workbook, "workbookPr", "sheet"):
            if tag == "workbookPr":
                self.from_1904 = attributes.get("date1904", "").lower() in {"1", "true", "on"}
            elif tag == "sheet":
                relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                kind, part = self._parts.get(relation, ("", ""))
                if kind.endswith("/worksheet"):
                    is_visible = attributes.get("state", "visible") == "visible"
                    sheets.append(Sheet(attributes.get("name", ""), is_visible, part))
        return sheets

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the parts that a part points to: id → (kind, name of the part)."""
        folder, file = posixpath.split(part)
        listing = posixpath.join(folder, "_rels", f"{file}.rels")
        if not self._package.has(listing):
            return {}
        found = {}
        for _, attributes in self._package.elements(listing, "Relationship"):
            target = attributes.get("Target", "").replace("\\", "/")
            place = posixpath.normpath(posixpath.join("/", folder, target))
            found[attributes.get("Id", "")] = (attributes.get("Type", ""), place.lstrip("/"))
        return found

    @staticmethod
    def _target(relations: Mapping[str, tuple[str, str]], kind: str) -> str | None:
        return next((part for found, part in relations.values() if found.endswith(kind)), None)


def _number(attributes: Attributes, key: str) -> int:
    text = attributes.get(key, "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CorruptFileError(f"its styles have a number '{text[:20]}'")
    return int(text)
