"""ODS workbooks, streamed."""

from collections.abc import Generator
from pathlib import Path

from importer.reader.files.workbook.errors import LimitExceededError, PasswordError, corrupt_if_unparsable
from importer.reader.files.workbook.limits import MAX_ROW_SIZE
from importer.reader.files.workbook.ods_cells import SEPARATOR
from importer.reader.files.workbook.ods_sheet import ContentParser
from importer.reader.files.workbook.package import BLOCK, Package, PartLimit
from importer.reader.files.workbook.sheets import OpenSheet, Record, choose_sheet

MAX_CONTENT = PartLimit(2 << 30, 2 << 30)
"""Limit of all sheets together. No ratio limit: repeated rows and columns compress almost as well as anything can."""

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"


def open_ods(path: Path, requested: str | None) -> OpenSheet:
    """Open a sheet of an ODS workbook; raises `WorkbookError`."""
    with corrupt_if_unparsable():
        package = Package(path)
    try:
        with corrupt_if_unparsable():
            _check_not_encrypted(package)
            listing = ContentParser()
            for _ in _parse(package, listing):
                pass
        sheets = listing.sheets
        index = choose_sheet(sheets, requested)
    except BaseException:
        package.close()
        raise
    sheet = OpenSheet(sheets[index].name, index + 1, tuple(one.name for one in sheets), iter(()), package.close)
    records = _records(package, ContentParser(index), sheet)

    def close() -> None:
        records.close()
        package.close()

    sheet.records, sheet.close = records, close
    return sheet


def _check_not_encrypted(package: Package) -> None:
    """Raise `PasswordError` if the parts are encrypted, one by one or in a package inside that holds all of them."""
    is_encrypted = package.has("encrypted-package")
    if not is_encrypted and package.has(_MANIFEST):
        is_encrypted = bool(package.elements(_MANIFEST, "encryption-data"))
    if is_encrypted:
        raise PasswordError


def _parse(package: Package, parser: ContentParser) -> Generator[None]:
    return package.parse(_CONTENT, parser.set_handlers, MAX_CONTENT, SEPARATOR)


def _records(package: Package, parser: ContentParser, sheet: OpenSheet) -> Generator[Record]:
    """Yield the rows that have a cell, numbered as in the sheet; repeated rows are yielded one by one."""
    rows_seen, idle = 0, 0
    with corrupt_if_unparsable():
        for _ in _parse(package, parser):
            for first, cells, repeat, is_hidden in parser.take_rows():
                for number in range(first, first + repeat):
                    if is_hidden:
                        sheet.hidden.add(number)
                    yield number, cells.copy()
            idle = 0 if parser.rows_seen > rows_seen else idle + BLOCK
            rows_seen = parser.rows_seen
            if idle > MAX_ROW_SIZE and parser.is_in_sheet:
                raise LimitExceededError(f"it has a row larger than {MAX_ROW_SIZE >> 20} MiB")
    sheet.merged_ranges = parser.merged
