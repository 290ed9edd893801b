"""Writers of workbooks with the same table: by other libraries, and part by part for what none of them writes."""

import datetime
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import xlsxwriter  # type: ignore[import-untyped]

from tests.files.archives import archive
from tests.files.ods import ods, ods_cell, ods_number, ods_row
from tests.files.xls import biff, biff_cell, biff_workbook, ole, xls_styles
from tests.files.xlsx import data, xlsx

Value = str | int | float | bool | datetime.date | datetime.time | datetime.timedelta | None
Table = list[list[Value]]
Write = Callable[[Path, Table], None]
ERRORS = {"#N/A": 42, "#REF!": 23, "#DIV/0!": 7}
"""Errors of cells with their codes in XLS."""


def by_openpyxl_written(path: Path, table: Table) -> None:
    """Write a workbook of shared strings with a hidden row and merged cells."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for cells in table:
        sheet.append(cells)
    sheet.row_dimensions[2].hidden = True
    sheet.merge_cells(start_row=len(table) + 1, end_row=len(table) + 2, start_column=1, end_column=3)
    book.save(path)


def by_xlsxwriter_written(path: Path, table: Table, *, inline: bool = False) -> None:
    """Write a workbook of shared or inline strings whose numbers are sometimes the saved results of formulas."""
    with xlsxwriter.Workbook(path, {"constant_memory": inline}) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        duration = book.add_format({"num_format": "[h]:mm:ss"})
        sheet = book.add_worksheet()
        for row, cells in enumerate(table):
            for column, value in enumerate(cells):
                if isinstance(value, str) and value in ERRORS:
                    sheet.write_formula(row, column, "=1/0", None, value)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif isinstance(value, datetime.datetime):
                    sheet.write_datetime(row, column, value, moment)
                elif isinstance(value, datetime.timedelta):
                    sheet.write_datetime(row, column, value, duration)
                elif isinstance(value, int | float) and not isinstance(value, bool) and column % 2:
                    sheet.write_formula(row, column, "=A1", None, value)
                elif value is not None:
                    sheet.write(row, column, value)
        sheet.set_row(1, None, None, {"hidden": True})


def inline_by_xlsxwriter_written(path: Path, table: Table) -> None:
    by_xlsxwriter_written(path, table, inline=True)


def with_control_written(path: Path, table: Table) -> None:
    """Write a workbook whose sheet has a form control, with rows of another namespace."""
    by_xlsxwriter_written(path, table)
    control = (
        '<controls><control shapeId="1025" name="Button 1"><controlPr><anchor><from>'
        '<xdr:row xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing">0</xdr:row>'
        "</from></anchor></controlPr></control></controls></worksheet>"
    )
    rewrite(path, lambda name, part: part.replace(b"</worksheet>", control.encode()) if "sheet1" in name else part)


def strict_written(path: Path, table: Table) -> None:
    """Write a workbook with the namespaces of Strict Open XML, with dates in ISO 8601."""
    path.write_bytes(xlsx(data("".join(strict_row(number, cells) for number, cells in enumerate(table, 1)))))
    strict = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": b"http://purl.oclc.org/ooxml/officeDocument"
        b"/relationships",
    }

    def change(_: str, part: bytes) -> bytes:
        for transitional, namespace in strict.items():
            part = part.replace(transitional, namespace)
        return part

    rewrite(path, change)


def strict_row(number: int, cells: Sequence[Value]) -> str:
    written = "".join(strict_cell(f"{chr(65 + column)}{number}", value) for column, value in enumerate(cells))
    return f'<row r="{number}">{written}</row>'


def strict_cell(place: str, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.timedelta):
        return f'<c r="{place}" t="d"><v>{iso_duration(value)}</v></c>'
    kind, text = ("d", value.isoformat()) if isinstance(value, datetime.datetime) else ("n", repr(value))
    return f'<c r="{place}" t="{kind}"><v>{text}</v></c>'


def iso_duration(value: datetime.timedelta) -> str:
    whole = int(value.total_seconds())
    return f"PT{whole // 3600}H{whole // 60 % 60}M{whole % 60}S"


def rewrite(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as book:
        parts: dict[str, str | bytes] = {name: change(name, book.read(name)) for name in book.namelist()}
    path.write_bytes(archive(parts))


def ods_written(path: Path, table: Table) -> None:
    """Write an ODS workbook with a hidden row."""
    rows = [ods_row(*map(ods_value, cells)) for cells in table]
    rows[0] = rows[0].replace("<table:table-row>", '<table:table-row table:visibility="filter">')
    path.write_bytes(ods("".join(rows)))


def ods_value(value: Value) -> str:
    if value is None:
        return ods_cell("")
    if isinstance(value, bool):
        return ods_cell(f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"')
    if isinstance(value, datetime.timedelta):
        return ods_cell(f'office:value-type="time" office:time-value="{iso_duration(value)}"')
    if isinstance(value, datetime.datetime):
        return ods_cell(f'office:value-type="date" office:date-value="{value.isoformat()}"')
    if isinstance(value, str):
        paragraphs = "".join(f"<text:p>{escape(line)}</text:p>" for line in value.split("\n"))
        return ods_cell('office:value-type="string"', paragraphs)
    return ods_number(repr(value))


def without_mimetype_written(path: Path, table: Table) -> None:
    """Write an ODS workbook as Google does, which declares its type in the manifest only."""
    ods_written(path, table)
    kind = b'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"'
    root = b'<manifest:file-entry manifest:full-path="/" ' + kind + b"/>"
    with zipfile.ZipFile(path) as book:
        parts: dict[str, str | bytes] = {name: book.read(name) for name in book.namelist() if name != "mimetype"}
        manifest = book.read("META-INF/manifest.xml")
    parts["META-INF/manifest.xml"] = manifest.replace(b"<manifest:file-entry", root + b"<manifest:file-entry", 1)
    path.write_bytes(archive(parts))


def xls_written(path: Path, table: Table) -> None:
    """Write an XLS workbook with a hidden row, where numbers are sometimes the saved results of formulas."""
    hidden = biff(0x0208, struct.pack("<HHHHHHI", 1, 0, 9, 255, 0, 0, 0x20))
    records = [
        xls_record(row, column, value)
        for row, cells in enumerate(table)
        for column, value in enumerate(cells)
        if value is not None
    ]
    # A style for dates and one for durations, after the one for numbers.
    path.write_bytes(ole({"Workbook": biff_workbook(hidden + b"".join(records), xls_styles())}))


def xls_record(row: int, column: int, value: Value) -> bytes:
    if isinstance(value, str) and value in ERRORS:
        return biff_cell(row, column, bytes([ERRORS[value]]))
    if isinstance(value, datetime.datetime):
        return biff_cell(row, column, days(value - datetime.datetime(1899, 12, 30)), 1)  # noqa: DTZ001
    if isinstance(value, datetime.timedelta):
        return biff_cell(row, column, days(value), 2)
    if isinstance(value, str | bool):
        return biff_cell(row, column, value)
    assert isinstance(value, int | float)
    if column % 2:
        return biff(0x0006, struct.pack("<HHHd8x", row, column, 0, value))
    return biff_cell(row, column, float(value))


def days(value: datetime.timedelta) -> float:
    return value / datetime.timedelta(days=1)
