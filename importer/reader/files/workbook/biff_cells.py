"""Cells of a sheet of an XLS workbook as rows of text. Source: Microsoft, [MS-XLS], 2.4."""

from array import array
from collections.abc import Iterator
from math import isfinite
from struct import unpack_from

from importer.reader.files.workbook.biff import CONTINUE, Workbook, records, rk_number
from importer.reader.files.workbook.cells import NumberFormatKind, date_text, duration_text, float_text, uncertain_text
from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError
from importer.reader.files.workbook.limits import MAX_TEXT
from importer.reader.files.workbook.sheets import Record

MAX_COLUMN = 256

_ROW, _IS_HIDDEN = 0x0208, 0x20
_NUMBER, _RK, _RKS = 0x0203, 0x027E, 0x00BD
_SHARED_TEXT, _TEXT, _RICH_TEXT, _BOOLEAN_OR_ERROR = 0x00FD, 0x0204, 0x00D6, 0x0205
_FORMULAS, _STRING = (0x0006, 0x0206, 0x0406), 0x0207
_CELLS = frozenset((_NUMBER, _RK, _RKS, _SHARED_TEXT, _TEXT, _RICH_TEXT, _BOOLEAN_OR_ERROR, *_FORMULAS))
_BETWEEN_FORMULA_AND_TEXT = frozenset((0x0221, 0x04BC, 0x0236, 0x0036, 0x0037))  # arrays, shared formulas, tables
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


def sheet_rows(workbook: Workbook, start: int, hidden: set[int]) -> Iterator[Record]:
    """Yield the rows of a sheet that have cells, in ascending order whatever their order in the file.

    The numbers of hidden rows are added to `hidden`.
    """
    places: dict[int, array[int]] = {}
    for place, kind, content in records(workbook.stream, start):
        if kind in _CELLS:
            (row,) = unpack_from("<H", content)
            if row not in places:
                places[row] = array("I")
            places[row].append(place)
        elif kind == _ROW and len(content) > 12 and content[12] & _IS_HIDDEN:
            hidden.add(unpack_from("<H", content)[0] + 1)
    cells = _Cells(workbook)
    characters = 0
    for row in sorted(places):
        texts = cells.row(row + 1, places.pop(row))
        characters += sum(map(len, texts))
        if characters > MAX_TEXT:
            raise LimitExceededError(f"it has more than {MAX_TEXT >> 20:,} MiB of text")
        if texts:
            yield row + 1, texts


class _Cells:
    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._stream = workbook.stream
        self._styles = workbook.styles()

    def row(self, number: int, places: "array[int]") -> list[str]:
        """Return the texts of a row from the offsets of its records."""
        cells: list[str] = []
        for place in places:
            for column, text in self._read(place):
                if not text:
                    continue
                if column >= MAX_COLUMN:
                    raise CorruptFileError(f"its row {number} has a column {column + 1:,}; the maximum is {MAX_COLUMN}")
                if column >= len(cells):
                    cells.extend([""] * (column - len(cells)))
                    cells.append(text)
                elif cells[column] in ("", text):
                    cells[column] = text
                else:
                    raise CorruptFileError(f"its row {number} has two cells in one column")
        return cells

    def _read(self, place: int) -> Iterator[tuple[int, str]]:
        """Yield the column, from 0, and the text of each cell of a record."""
        kind, content = self._record(place)
        _, column, style = unpack_from("<HHH", content)
        if kind == _RKS:
            for at in range(4, len(content) - 2, 6):
                style, raw = unpack_from("<HI", content, at)
                yield column + (at - 4) // 6, self._number_text(rk_number(raw), style)
        else:
            yield column, self._text(kind, content, style, place)

    def _text(self, kind: int, content: bytes, style: int, place: int) -> str:
        if kind == _SHARED_TEXT:
            return self._shared(unpack_from("<I", content, 6)[0])
        if kind == _NUMBER:
            return self._number_text(unpack_from("<d", content, 6)[0], style)
        if kind == _RK:
            return self._number_text(rk_number(unpack_from("<I", content, 6)[0]), style)
        if kind in _FORMULAS:
            return self._result(content, style, place)
        if kind == _BOOLEAN_OR_ERROR:
            value, is_error = unpack_from("<BB", content, 6)
            return _error(value) if is_error else _boolean(value)
        return self._workbook.text([content, *self._continued(place)], 6)

    def _result(self, content: bytes, style: int, place: int) -> str:
        """Return the saved result of a formula."""
        kind, value, marker = unpack_from("<BxBxxxH", content, 6)
        if marker != 0xFFFF:
            return self._number_text(unpack_from("<d", content, 6)[0], style)
        if kind == 0:
            return self._string_after(place)
        if kind == 1:
            return _boolean(value)
        if kind == 2:
            return _error(value)
        if kind == 3:
            return ""
        raise CorruptFileError(f"a formula has a result of the unknown type {kind}")

    def _string_after(self, place: int) -> str:
        while True:
            place += 4 + len(self._record(place)[1])
            kind, content = self._record(place)
            if kind == _STRING:
                return self._workbook.text([content, *self._continued(place)], 0)
            if kind not in _BETWEEN_FORMULA_AND_TEXT and kind != CONTINUE:
                raise CorruptFileError("a formula has no result")

    def _continued(self, place: int) -> list[bytes]:
        """Return the contents of the records that continue the one at an offset."""
        found: list[bytes] = []
        while True:
            place += 4 + len(self._record(place)[1])
            kind, content = self._record(place)
            if kind != CONTINUE:
                return found
            found.append(content)

    def _record(self, place: int) -> tuple[int, bytes]:
        kind, length = unpack_from("<HH", self._stream, place)
        return kind, self._stream[place + 4 : place + 4 + length]

    def _shared(self, index: int) -> str:
        if index >= len(self._workbook.strings):
            raise CorruptFileError(f"a cell refers to a missing shared string '{index}'")
        return self._workbook.strings[index]

    def _number_text(self, value: float, style: int) -> str:
        if style >= len(self._styles) and (style or self._styles):
            return uncertain_text(repr(value))  # a number or a date
        if not isfinite(value):
            return str(value)
        shown = self._styles[style] if self._styles else NumberFormatKind.NUMBER
        if shown is NumberFormatKind.NUMBER:
            return float_text(value)
        raw = repr(value)
        return (
            date_text(raw, from_1904=self._workbook.from_1904)
            if shown is NumberFormatKind.DATETIME
            else duration_text(raw)
        )


def _boolean(value: int) -> str:
    return "TRUE" if value else "FALSE"


def _error(code: int) -> str:
    return _ERRORS.get(code, "#ERROR!")
