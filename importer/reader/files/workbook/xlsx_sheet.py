"""Parsing of an XLSX sheet into rows of cells, each as exact as it is stored."""

import re
from collections.abc import Callable
from xml.parsers import expat

from importer.reader.files.workbook.cells import (
    NumberFormatKind,
    date_text,
    duration_text,
    iso_duration_text,
    iso_text,
    number_text,
    uncertain_text,
)
from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError
from importer.reader.files.workbook.limits import MAX_CELLS, MAX_COLUMN, MAX_ROW, MAX_ROW_SIZE
from importer.reader.files.workbook.package import Attributes
from importer.reader.files.workbook.sheets import Record
from importer.reader.files.workbook.xlsx_strings import unescaped

_VALID_VALUES: dict[str, Callable[[str], bool]] = {
    # Booleans, errors, ISO dates and durations: any other value of these cell types could be mistaken for an id.
    "b": lambda value: value.lower() in {"0", "1", "true", "false"},
    "e": lambda value: not value[0].isdecimal(),
    "d": lambda value: "-" in value or ":" in value or value[0] == "P",
}
_TRUE = frozenset({"1", "true", "on"})
_ZERO = re.compile(r"0+(\.0*)?")


class SheetParser:
    """A parser of the rows of a sheet, driven by the events of an XML parser.

    `rows_seen` counts all rows, including empty ones; `hidden` collects the numbers of hidden rows with cells.
    `clear_covered` is called with the number and the cells of each row to clear the cells covered by merged ranges.
    """

    def __init__(
        self,
        strings: list[str],
        styles: list[NumberFormatKind],
        *,
        from_1904: bool,
        clear_covered: Callable[[int, list[str]], None] | None = None,
    ) -> None:
        self.rows_seen = 0
        self.hidden: set[int] = set()
        self._strings = strings
        self._styles = styles
        self._first_style = styles[0] if styles else NumberFormatKind.NUMBER
        self._from_1904 = from_1904
        self._clear_covered = clear_covered
        self._rows: list[Record] = []
        self._cells_seen = 0
        self._columns = ColumnNumbers()
        # The current row, the current cell, and the text since the last start tag.
        self._number = 0
        self._row: list[str] = []
        self._is_hidden = False
        self._column = -1
        self._cell: Attributes = {}
        self._value: str | None = None
        self._formula = self._inline = ""
        self._in_reading = False
        self._text: list[str] = []

    def take_rows(self) -> list[Record]:
        """Return the rows with cells that were completed since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def set_handlers(self, parser: expat.XMLParserType) -> None:
        """Register the handlers of this object with a parser."""

        def root(tag: str, _: Attributes) -> None:
            self._name_tags(prefix=tag.removesuffix("worksheet"))
            parser.StartElementHandler = outside

        def outside(tag: str, _: Attributes) -> None:
            # Controls and drawings outside the sheet data have `row` elements too.
            if tag.endswith("sheetData"):
                if tag != self._data_tag:
                    raise CorruptFileError(f"it has an unexpected element '{tag[:20]}'")
                parser.StartElementHandler, parser.EndElementHandler = self._start, self._end

        def leave_data() -> None:
            self._finish_row()
            parser.StartElementHandler, parser.EndElementHandler = outside, None

        self._leave_data = leave_data
        parser.StartElementHandler = root
        parser.CharacterDataHandler = self._text.append

    def _name_tags(self, prefix: str) -> None:
        """Set the names of elements: all have the prefix of the root element, which is usually empty."""
        self._data_tag = prefix + "sheetData"
        self._row_tag, self._cell_tag, self._value_tag = prefix + "row", prefix + "c", prefix + "v"
        self._formula_tag, self._text_tag, self._reading_tag = prefix + "f", prefix + "t", prefix + "rPh"

    def _start(self, tag: str, attributes: Attributes) -> None:
        self._text.clear()
        if tag == self._cell_tag:
            self._cell = attributes
            self._value = None
            self._formula = self._inline = ""
            reference = attributes.get("r")
            self._column = self._columns[reference.rstrip("0123456789")] if reference else self._column + 1
        elif tag == self._row_tag:
            self._start_row(attributes)
        elif tag == self._reading_tag:
            self._in_reading = True
        elif tag.endswith("row") and tag.rpartition(":")[2] == "row":
            # It may be in the same namespace, and then its cells must not be lost.
            raise CorruptFileError(f"it has an unexpected element '{tag[:20]}'")

    def _start_row(self, attributes: Attributes) -> None:
        """Start a row, or continue the last one: some programs write one element per cell, with the same number."""
        number = _row_number(attributes, after=self._number)
        if number != self._number:
            self._finish_row()
            self._number, self._row, self._is_hidden = number, [], False
        self._column = -1
        if attributes.get("hidden") in _TRUE or _ZERO.fullmatch(attributes.get("ht", "")):
            self._is_hidden = True

    def _end(self, tag: str) -> None:
        if tag == self._value_tag:
            if self._value is None:  # an extension of the cell may have a second one
                self._value = "".join(self._text)
        elif tag == self._cell_tag:
            text = self._cell_text(self._cell, self._value, self._formula, self._inline)
            if text:
                _set_cell(self._row, self._column, text, self._number)
        elif tag == self._text_tag:
            if not self._in_reading:
                self._inline += unescaped("".join(self._text))
        elif tag == self._formula_tag:
            self._formula = "=" + "".join(self._text)
        elif tag == self._reading_tag:
            self._in_reading = False
        elif tag == self._data_tag:
            self._leave_data()

    def _cell_text(self, cell: Attributes, value: str | None, formula: str, inline: str) -> str:
        """Return the text of a cell, which is the formula itself if its result was not saved."""
        kind = cell.get("t", "n")
        if value is None:
            return inline or formula
        if kind == "s":
            return self._shared(value)
        if kind == "n":
            return self._number_text(value, cell.get("s")) if value else formula
        if kind == "inlineStr":
            return inline or unescaped(value)
        if not value or kind == "str":  # the result of a formula
            return unescaped(value)
        is_valid = _VALID_VALUES.get(kind)
        if is_valid is None or not is_valid(value):
            return uncertain_text(unescaped(value))
        if kind == "d":
            return iso_duration_text(value) if value[0] == "P" else iso_text(value)
        return {"1": "TRUE", "0": "FALSE"}.get(value, value.upper()) if kind == "b" else unescaped(value)

    def _shared(self, value: str) -> str:
        if not value:
            return ""
        try:
            return self._strings[_index(value)]
        except (ValueError, IndexError):
            raise CorruptFileError(f"a cell refers to a missing shared string '{value[:20]}'") from None

    def _number_text(self, value: str, style: str | None) -> str:
        if not style or (style == "0" and not self._styles):
            kind = self._first_style
        else:
            try:
                kind = self._styles[_index(style)]
            except (ValueError, IndexError):
                return uncertain_text(value)  # a number or a date
        if kind is NumberFormatKind.NUMBER:
            return number_text(value)
        return (
            date_text(value, from_1904=self._from_1904) if kind is NumberFormatKind.DATETIME else duration_text(value)
        )

    def _finish_row(self) -> None:
        number, cells = self._number, self._row
        self.rows_seen += 1
        if not cells:
            return
        if self._clear_covered is not None:
            self._clear_covered(number, cells)
        if self._is_hidden:
            self.hidden.add(number)
        self._cells_seen += len(cells)
        if self._cells_seen > MAX_CELLS:
            raise LimitExceededError(f"it has more than {MAX_CELLS:,} cells")
        if sum(map(len, cells)) > MAX_ROW_SIZE:
            raise LimitExceededError(f"its row {number} has more than {MAX_ROW_SIZE >> 20} MiB of text")
        self._rows.append((number, cells))


def _index(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)


class ColumnNumbers(dict[str, int]):
    """Cache of column indexes, from 0, by the letters of the column."""

    def __missing__(self, letters: str) -> int:
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - 64
            if not "A" <= letter <= "Z" or column > MAX_COLUMN:
                raise CorruptFileError(f"it has an invalid column '{letters[:20]}'")
        if not column:
            raise CorruptFileError("it has a cell reference without a column")
        self[letters] = column - 1
        return column - 1


def _row_number(attributes: Attributes, after: int) -> int:
    text = attributes.get("r")
    number = after + 1 if text is None else int(text) if text.isdecimal() and len(text) < 9 else 0
    if not max(after, 1) <= number <= MAX_ROW:
        raise CorruptFileError(f"its row {after} is followed by a row '{str(text)[:20]}'")
    return number


def _set_cell(cells: list[str], column: int, text: str, number: int) -> None:
    missing = column - len(cells)
    if missing > 0:
        cells.extend([""] * missing)
    if missing >= 0:
        cells.append(text)
    elif cells[column]:
        raise CorruptFileError(f"its row {number} has two cells in one column")
    else:
        cells[column] = text
