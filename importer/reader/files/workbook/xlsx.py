"""XLSX workbooks, streamed.

The XML is parsed event by event: openpyxl also keeps errors and exact numbers, but takes more than twice as long.
"""

import posixpath
from collections.abc import Generator, Mapping
from pathlib import Path

from importer.reader.files.workbook.cells import NumberFormatKind, classify_number_format
from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError, corrupt_if_unparsable
from importer.reader.files.workbook.limits import MAX_ROW_SIZE
from importer.reader.files.workbook.merged_cells import CoveredCells, merged_ranges
from importer.reader.files.workbook.package import BLOCK, Attributes, Package, PartLimit
from importer.reader.files.workbook.sheets import OpenSheet, Record, Sheet, choose_sheet
from importer.reader.files.workbook.xlsx_sheet import SheetParser
from importer.reader.files.workbook.xlsx_strings import StringsParser

_STYLE_LISTS = ("numFmts", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs")
MAX_SHEET = PartLimit(4 << 30, 256 << 20)
MAX_STRINGS = PartLimit(256 << 20, 64 << 20)
"""Limits of a sheet, which is streamed, and of the shared strings, which take up to five times this size in memory."""


def open_xlsx(path: Path, requested: str | None) -> OpenSheet:
    """Open a sheet of an XLSX workbook; raises `WorkbookError`."""
    with corrupt_if_unparsable():
        package = Package(path)
    try:
        with corrupt_if_unparsable():
            workbook = _Workbook(package)
            index = choose_sheet(workbook.sheets, requested)
            sheet = workbook.sheets[index]
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
    records = _records(package, sheet, parser)

    def close() -> None:
        records.close()
        package.close()

    return OpenSheet(
        sheet.name,
        index + 1,
        tuple(one.name for one in workbook.sheets),
        records,
        close,
        hidden=parser.hidden,
        merged_ranges=len(merged),
    )


def _records(package: Package, sheet: Sheet, parser: SheetParser) -> Generator[Record]:
    """Yield the rows that have a cell, numbered as in the sheet."""
    rows_seen, idle = 0, 0
    with corrupt_if_unparsable():
        for _ in package.parse(sheet.part, parser.set_handlers, MAX_SHEET):
            yield from parser.take_rows()
            idle = 0 if parser.rows_seen > rows_seen else idle + BLOCK
            rows_seen = parser.rows_seen
            if idle > MAX_ROW_SIZE:
                raise LimitExceededError(f"it has a row larger than {MAX_ROW_SIZE >> 20} MiB")


class _Workbook:
    """The list of sheets, the shared strings and the number formats of an XLSX file."""

    def __init__(self, package: Package) -> None:
        self._package = package
        workbook = self._target(self._relations(""), "/officeDocument") or "xl/workbook.xml"
        self._parts = self._relations(workbook)
        self.from_1904 = False
        self.sheets: tuple[Sheet, ...] = tuple(self._listed_sheets(workbook))

    def shared_strings(self) -> list[str]:
        """Return the shared strings, to which cells refer by index."""
        part = self._target(self._parts, "/sharedStrings")
        if part is None or not self._package.has(part):
            return []
        parser = StringsParser()
        for _ in self._package.parse(part, parser.set_handlers, MAX_STRINGS):
            pass
        return parser.strings

    def styles(self) -> list[NumberFormatKind]:
        """Return the kind of number format of each cell style."""
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
        """Return the relationships of a part: id → (type, name of the target part)."""
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
        raise CorruptFileError(f"its styles contain the invalid number '{text[:20]}'")
    return int(text)
