"""Readings of a workbook by other libraries, for comparison. Only the tests use these libraries."""

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import openpyxl
import python_calamine
import xlrd  # type: ignore[import-untyped]

from importer.config import Reading
from importer.reader.files.detect import open_table
from importer.reader.recognition import RECOGNIZERS

Cells = Mapping[tuple[int, int], object]
"""The non-empty cells of the first sheet by row (from 1) and column (from 0)."""

_EPOCH = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 - sheets have no time zones
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_ISO_DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)S")
_DURATION = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def ours(path: Path) -> dict[tuple[int, int], str]:
    table = open_table(path, path.name, Reading(), RECOGNIZERS)
    found = {
        (number, column): str(text)
        for numbers, rows in table.records
        for number, cells in zip(numbers, rows, strict=True)
        for column, text in enumerate(cells)
        if text
    }
    table.close()
    return found


def by_openpyxl(path: Path) -> Cells:
    book = openpyxl.load_workbook(path, data_only=True)
    rows = book.worksheets[0].iter_rows()
    found = {(cell.row, cell.column - 1): cell.value for cells in rows for cell in cells if cell.value is not None}
    book.close()
    return found


def by_calamine(path: Path) -> Cells:
    book = python_calamine.CalamineWorkbook.from_path(path)
    rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    return {
        (row, column): _iso_span(value)
        for row, cells in enumerate(rows, 1)
        for column, value in enumerate(cells)
        if value not in ("", None)
    }


def _iso_span(value: object) -> object:
    """Convert an ISO duration, which calamine returns as text."""
    found = _ISO_DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return value
    hours, minutes, seconds = map(int, found.groups())
    return datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def by_xlrd(path: Path) -> Cells:
    book = xlrd.open_workbook(str(path))
    sheet = book.sheet_by_index(0)
    return dict(_cells_of_xlrd(sheet, book.datemode))


def _cells_of_xlrd(sheet: xlrd.sheet.Sheet, date_mode: int) -> Iterator[tuple[tuple[int, int], object]]:
    for row in range(sheet.nrows):
        for column, cell in enumerate(sheet.row(row)):
            value: object = cell.value
            if cell.ctype == xlrd.XL_CELL_ERROR:
                value = _ERRORS[cell.value]
            elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                value = bool(cell.value)
            elif cell.ctype == xlrd.XL_CELL_DATE:
                value = xlrd.xldate_as_datetime(cell.value, date_mode)
            if value != "":
                yield (row + 1, column), value


OtherReader = Callable[[Path], Cells]


def differences(path: Path, *others: OtherReader) -> list[tuple[tuple[int, int], str | None, list[object]]]:
    """Return the cells that every other reader reads differently: the position, our text and theirs."""
    own = ours(path)
    readings = [other(path) for other in others]
    places = set(own).union(*readings)
    return [
        (place, own.get(place), [reading.get(place) for reading in readings])
        for place in sorted(places)
        if not any(is_same(own.get(place), reading.get(place)) for reading in readings)
    ]


def is_same(text: str | None, value: object) -> bool:
    """Return whether our text is equivalent to another library's typed value."""
    if text is None or value is None:
        return text is None and value is None
    if isinstance(value, bool):
        return text == ("TRUE" if value else "FALSE")
    if isinstance(value, int | float):
        return _number(text) == value
    if isinstance(value, str):
        return text == value.replace("\r\n", "\n") or text == value
    span, own = _days(value), _days(_moment(text))
    return None not in (span, own) and abs((span or 0) - (own or 0)) < 1 / 86400 / 1000


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        found = _days(_moment(text))  # the other reader returns durations as numbers
        return None if found is None else found


def _moment(text: str) -> object:
    duration = _DURATION.fullmatch(text)
    if duration:
        hours, minutes, seconds = duration.groups()
        return datetime.timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _days(value: object) -> float | None:
    """Return a date, a time or a duration as the number of days that a sheet stores."""
    if isinstance(value, datetime.time):
        value = datetime.timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        )
    elif isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - sheets have no time zones
    if isinstance(value, datetime.datetime):
        value = value - _EPOCH
    return value / datetime.timedelta(days=1) if isinstance(value, datetime.timedelta) else None
