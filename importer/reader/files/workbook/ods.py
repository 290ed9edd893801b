"""ODS workbooks: one sheet as numbered records of cells, streamed."""

from collections.abc import Generator
from pathlib import Path

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.files.table import Record, Table, in_blocks
from importer.reader.files.workbook.ods_cells import SEPARATOR
from importer.reader.files.workbook.ods_sheet import ContentParser
from importer.reader.files.workbook.package import BLOCK, Bound, LimitExceededError, Package, translate_errors
from importer.reader.files.workbook.sheets import choose_sheet, merged_notes, sheet_notes
from importer.reader.files.workbook.xlsx_sheet import MAX_ROW_SIZE

MAX_CONTENT = Bound(2 << 30, 2 << 30)
"""Of all sheets together. Equal rows and columns are written once or come near the most that anything expands to."""

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"


def open_ods(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of one sheet of an ODS workbook.

    Raises `SourceError` when it is damaged, encrypted, beyond the bounds, or has no such sheet.
    """
    with translate_errors(name):
        package = Package(path)
    try:
        with translate_errors(name):
            _check_readable(package, name)
            listing = ContentParser()
            for _ in _parse(package, listing):
                pass
            sheets = listing.sheets
        sheet = choose_sheet(name, sheets, reading.sheet)
    except BaseException:
        package.close()
        raise
    place = next(i for i, found in enumerate(sheets) if found is sheet)
    hidden: set[int] = set()
    late_warnings: list[str] = []
    records = _records(package, ContentParser(place), hidden, name, late_warnings)

    def close() -> None:
        records.close()
        package.close()

    return Table(
        format="ODS",
        records=in_blocks(records),
        close=close,
        sheet=sheet.name,
        sheets=len(sheets),
        notes=sheet_notes(sheet, sheets),
        late_warnings=late_warnings,
        hidden=hidden,
    )


def _check_readable(package: Package, name: str) -> None:
    """Raise `SourceError` for a file with a password: its parts are encrypted, or all are in one that is."""
    is_encrypted = package.has("encrypted-package")
    if not is_encrypted and package.has(_MANIFEST):
        is_encrypted = bool(package.elements(_MANIFEST, "encryption-data"))
    if is_encrypted:
        raise SourceError(f"{name} is protected with a password. Save it without one and try again.")


def _parse(package: Package, parser: ContentParser) -> Generator[None]:
    return package.parse(_CONTENT, parser.set_handlers, MAX_CONTENT, SEPARATOR)


def _records(
    package: Package, parser: ContentParser, hidden: set[int], name: str, late_warnings: list[str]
) -> Generator[Record]:
    """Yield the rows of a sheet that have a cell, numbered as the sheet shows them; repeated ones one by one."""
    rows_seen, idle = 0, 0
    with translate_errors(name):
        for _ in _parse(package, parser):
            for first, cells, repeat, is_hidden in parser.take_rows():
                for number in range(first, first + repeat):
                    if is_hidden:
                        hidden.add(number)
                    yield number, cells.copy()
            idle = 0 if parser.rows_seen > rows_seen else idle + BLOCK
            rows_seen = parser.rows_seen
            if idle > MAX_ROW_SIZE and parser.is_in_sheet:
                raise LimitExceededError(f"it has a row of more than {MAX_ROW_SIZE >> 20} MiB")
    late_warnings += merged_notes(parser.merged)
