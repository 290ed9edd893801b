"""The last results of formulas, which openpyxl does not write beside the formulas."""

import re
from datetime import date, datetime, time, timedelta
from typing import IO, TYPE_CHECKING, Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_FORMULA = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f(?:[^>]*/>|[^>]*>[^<]*</f>))<v ?/?>(?:</v>)?</c>')


def has_formulas(book: "Workbook") -> bool:
    """Return whether any cell of the workbook is a formula."""
    return any(cell.data_type == "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)


def add_cached_values(
    saved: IO[bytes], target: IO[bytes], originals: "list[Worksheet | None]", epoch: datetime
) -> None:
    """Copy a workbook that openpyxl saved, and add the values of its formulas.

    `originals` are its sheets, in order, loaded with `data_only=True`; None for a new sheet.
    """
    with ZipFile(saved) as package, ZipFile(target, "w", ZIP_DEFLATED) as output:
        sheets = {f"xl/worksheets/sheet{place}.xml": sheet for place, sheet in enumerate(originals, 1)}
        for part in package.infolist():
            content = package.read(part)
            sheet = sheets.get(part.filename)
            if sheet is not None:
                content = _with_values(content.decode(), sheet, epoch).encode()
            output.writestr(part, content, ZIP_DEFLATED)


def _with_values(xml: str, sheet: "Worksheet", epoch: datetime) -> str:
    def with_value(found: re.Match[str]) -> str:
        cell: Any = sheet[found[1]]
        kind, text = _value(cell.value, cell.data_type, epoch)
        if not text:
            return found[0]
        return f'<c r="{found[1]}"{found[2]}{kind}>{found[3]}<v>{escape(text)}</v></c>'

    return _FORMULA.sub(with_value, xml)


def _value(value: object, data_type: str, epoch: datetime) -> tuple[str, str]:
    """Return the attribute for the type of a cell's value, and the text of the value."""
    from openpyxl.utils.datetime import to_excel  # noqa: PLC0415 - loaded only when a workbook is copied

    if value is None:
        return "", ""
    if isinstance(value, bool):
        return ' t="b"', str(int(value))
    if isinstance(value, datetime | date | time | timedelta):
        return "", repr(to_excel(value, epoch))  # type: ignore[no-untyped-call]
    if isinstance(value, int | float):
        return "", repr(value)
    return (' t="e"' if data_type == "e" else ' t="str"'), str(value)
