"""The events of a sheet's XML as rows of cells, every cell as exact as the file has it."""

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

_OWN_VALUES: dict[str, Callable[[str], bool]] = {
    # Booleans, errors, ISO dates and durations: any other value could be taken for an id.
    "b": lambda value: value.lower() in {"0", "1", "true", "false"},
    "e": lambda value: not value[0].isdecimal(),
    "d": lambda value: "-" in value or ":" in value or value[0] == "P",
}
_TRUE = frozenset({"1", "true", "on"})
_no_height = re.compile(r"0+(\.0*)?").fullmatch


class SheetParser:
    """Collects the rows of a sheet from its events.

    `rows_seen` counts rows with or without cells; `hidden` collects the numbers of the rows with cells that are hidden.
    `clear_covered` empties the cells of a row, given its number, that a merged range covers.
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
        # Where the parser stands: the row, the cell, and the text since the last start tag.
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
        """Return the rows with cells that have come to their end since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def set_handlers(self, parser: expat.XMLParserType) -> None:
        """Let a parser report to this object."""

        def root(tag: str, _: Attributes) -> None:
            self._name_tags(prefix=tag.removesuffix("worksheet"))
            parser.StartElementHandler = outside

        def outside(tag: str, _: Attributes) -> None:
            # Beside the sheet's data, controls and drawings have rows of their own.
            if tag.endswith("sheetData"):
                if tag != self._data_tag:
                    raise CorruptFileError(f"it has sheet data named '{tag[:20]}'")
                parser.StartElementHandler, parser.EndElementHandler = self._start, self._end

        def leave_data() -> None:
            self._finish_row()
            parser.StartElementHandler, parser.EndElementHandler = outside, None

        self._leave_data = leave_data
        parser.StartElementHandler = root
        parser.CharacterDataHandler = self._text.append

    def _name_tags(self, prefix: str) -> None:
        """Set the names of elements: all have the prefix of the first, usually none."""
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
            # It may be of the same namespace, and then its cells must not be lost.
            raise CorruptFileError(f"it has a row named '{tag[:20]}'")

    def _start_row(self, attributes: Attributes) -> None:
        """Begin a row, or continue the last one: some programs write an element of the same number for each cell."""
        number = _row_number(attributes, after=self._number)
        if number != self._number:
            self._finish_row()
            self._number, self._row, self._is_hidden = number, [], False
        self._column = -1
        if attributes.get("hidden") in _TRUE or _no_height(attributes.get("ht", "")):
            self._is_hidden = True

    def _end(self, tag: str) -> None:
        if tag == self._value_tag:
            if self._value is None:  # an extension of the cell may hold another
                self._value = "".join(self._text)
        elif tag == self._cell_tag:
            shown = self._shown(self._cell, self._value, self._formula, self._inline)
            if shown:
                _place(self._row, self._column, shown, self._number)
        elif tag == self._text_tag:
            if not self._in_reading:
                self._inline += unescaped("".join(self._text))
        elif tag == self._formula_tag:
            self._formula = "=" + "".join(self._text)
        elif tag == self._reading_tag:
            self._in_reading = False
        elif tag == self._data_tag:
            self._leave_data()

    def _shown(self, cell: Attributes, value: str | None, formula: str, inline: str) -> str:
        """Return the text of a cell; a formula whose result was not saved is its own text."""
        kind = cell.get("t", "n")
        if value is None:
            return inline or formula
        if kind == "s":
            return self._shared(value)
        if kind == "n":
            return self._number_text(value, cell.get("s")) if value else formula
        if kind == "inlineStr":
            return inline or unescaped(value)
        if not value or kind == "str":  # the text of a formula
            return unescaped(value)
        is_own = _OWN_VALUES.get(kind)
        if is_own is None or not is_own(value):
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
            raise CorruptFileError(f"a cell points to a text '{value[:20]}' that is not there") from None

    def _number_text(self, value: str, style: str | None) -> str:
        if not style or (style == "0" and not self._styles):
            shown = self._first_style
        else:
            try:
                shown = self._styles[_index(style)]
            except (ValueError, IndexError):
                return uncertain_text(value)  # a number or a date
        if shown is NumberFormatKind.NUMBER:
            return number_text(value)
        return (
            date_text(value, from_1904=self._from_1904) if shown is NumberFormatKind.DATETIME else duration_text(value)
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
    """The position, from 0, of the column with some letters; found once for each."""

    def __missing__(self, letters: str) -> int:
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - 64
            if not "A" <= letter <= "Z" or column > MAX_COLUMN:
                raise CorruptFileError(f"it has a column '{letters[:20]}'")
        if not column:
            raise CorruptFileError("it has a cell whose place names no column")
        self[letters] = column - 1
        return column - 1


def _row_number(attributes: Attributes, after: int) -> int:
    text = attributes.get("r")
    number = after + 1 if text is None else int(text) if text.isdecimal() and len(text) < 9 else 0
    if not max(after, 1) <= number <= MAX_ROW:
        raise CorruptFileError(f"its row {after} is followed by a row '{str(text)[:20]}'")
    return number


def _place(cells: list[str], column: int, text: str, number: int) -> None:
    missing = column - len(cells)
    if missing > 0:
        cells.extend([""] * missing)
    if missing >= 0:
        cells.append(text)
    elif cells[column]:
        raise CorruptFileError(f"its row {number} has two cells in one column")
    else:
        cells[column] = text
