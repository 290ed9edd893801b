"""Parsing of an ODS file into its list of sheets and the rows of one. Source: OASIS, ODF 1.2, part 1."""

from xml.parsers import expat

from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError
from importer.reader.files.workbook.limits import MAX_CELLS, MAX_COLUMN, MAX_ROW, MAX_ROW_SIZE, MAX_TEXT
from importer.reader.files.workbook.ods_cells import KEPT_BREAK, KEPT_SPACE, KEPT_TAB, cell_text, collapsed, named
from importer.reader.files.workbook.package import Attributes
from importer.reader.files.workbook.sheets import Sheet

RepeatedRow = tuple[int, list[str], int, bool]
"""Row number, cells, number of repetitions, and whether the rows are hidden."""


_TABLE, _ROW, _CELL, _COVERED = named("table", "table", "table-row", "table-cell", "covered-table-cell")
_NAME, _STYLE_NAME, _DISPLAY = named("table", "name", "style-name", "display")
_ROWS, _COLUMNS = named("table", "number-rows-repeated", "number-columns-repeated")
_ROWS_SPANNED, _COLUMNS_SPANNED = named("table", "number-rows-spanned", "number-columns-spanned")
_GROUP, _GROUP_DISPLAY, _VISIBILITY = named("table", "table-row-group", "display", "visibility")
_STYLE, _TABLE_STYLE, _NAME_OF_STYLE = named("style", "style", "table-properties", "name")
_IN_TEXT = named("text", "")[0]
_P, _H, _SPACES, _COUNT, _TAB, _LINE_BREAK = named("text", "p", "h", "s", "c", "tab", "line-break")
_SKIPPED_IN_TEXT = frozenset(named("text", "ruby-text", "note", "tracked-changes"))
_AROUND_ROWS = frozenset(
    (
        *named("office", "document-content", "automatic-styles", "body", "spreadsheet"),
        *named("table", "table-header-rows", "table-rows"),
    )
)


class ContentParser:
    """A parser of the sheets and, if the index of one is given (from 0), of its rows; everything else is skipped.

    `rows_seen` counts the rows of that sheet, including empty ones, `merged` its merged ranges. Cells covered by such a
    range are empty, because the sheet does not display them.
    """

    def __init__(self, wanted: int | None = None) -> None:
        self.rows_seen = self.merged = 0
        self._wanted = wanted
        self._tables: list[tuple[str, str]] = []
        self._hidden_styles: set[str] = set()
        self._rows: list[RepeatedRow] = []
        self._cells_seen = self._text_seen = 0
        # The depth inside a skipped element, the current style, row, cell and paragraph.
        self._depth_skipped = 0
        self._style = ""
        self._in_table = self._in_row = self._in_cell = self._in_paragraph = self._is_covered = False
        self._number, self._row_repeat = 1, 1
        self._groups_hidden: list[bool] = []
        self._is_hidden = False
        self._row: list[str] = []
        self._column = self._row_size = 0
        self._cell: Attributes = {}
        self._paragraphs: list[str] = []
        self._pieces: list[str] = []

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """The sheets found so far; a hidden one has a style that hides it."""
        return tuple(Sheet(name, style not in self._hidden_styles) for name, style in self._tables)

    @property
    def is_in_sheet(self) -> bool:
        """True if the parser is inside the requested sheet."""
        return self._in_table

    def take_rows(self) -> list[RepeatedRow]:
        """Return the rows with cells that were completed since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def set_handlers(self, parser: expat.XMLParserType) -> None:
        """Register the handlers of this object with a parser."""
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        if self._wanted is not None:
            parser.CharacterDataHandler = self._characters

    def _characters(self, text: str) -> None:
        if self._in_paragraph and not self._depth_skipped:
            self._pieces.append(text)

    def _start(self, tag: str, attributes: Attributes) -> None:
        if self._depth_skipped:
            self._depth_skipped += 1
        elif self._in_cell:
            self._start_in_cell(tag, attributes)
        elif self._in_row and tag in (_CELL, _COVERED):
            self._in_cell = True
            self._is_covered = tag == _COVERED
            self._cell = attributes
            self._paragraphs.clear()
        elif self._in_table and tag == _ROW and not self._in_row:
            self._in_row = True
            self._row_repeat = _count(attributes, _ROWS)
            self._is_hidden = any(self._groups_hidden) or attributes.get(_VISIBILITY, "visible") != "visible"
            self._row, self._column, self._row_size = [], 0, 0
        elif not self._in_table:
            self._start_outside(tag, attributes)
        elif tag == _GROUP:
            self._groups_hidden.append(attributes.get(_GROUP_DISPLAY) == "false")
        elif tag not in _AROUND_ROWS:
            self._depth_skipped = 1

    def _start_outside(self, tag: str, attributes: Attributes) -> None:
        if tag == _TABLE:
            self._in_table = len(self._tables) == self._wanted
            self._depth_skipped = 0 if self._in_table else 1
            self._tables.append((attributes.get(_NAME, ""), attributes.get(_STYLE_NAME, "")))
        elif tag == _STYLE:
            self._style = attributes.get(_NAME_OF_STYLE, "")
        elif tag == _TABLE_STYLE:
            if attributes.get(_DISPLAY) == "false":
                self._hidden_styles.add(self._style)
        elif tag not in _AROUND_ROWS:
            self._depth_skipped = 1

    def _start_in_cell(self, tag: str, attributes: Attributes) -> None:
        """Collect elements of the namespace `text`; skip comments, drawings and inner tables."""
        if tag in (_P, _H):
            self._in_paragraph = True
            self._pieces.clear()
        elif tag == _SPACES:
            count = _count(attributes, _COUNT)
            self._row_size += count
            self._check_row_size()
            self._pieces.append(KEPT_SPACE * count)
        elif tag == _TAB:
            self._pieces.append(KEPT_TAB)
        elif tag == _LINE_BREAK:
            self._pieces.append(KEPT_BREAK)
        elif not tag.startswith(_IN_TEXT) or tag in _SKIPPED_IN_TEXT:
            self._depth_skipped = 1

    def _end(self, tag: str) -> None:
        if self._depth_skipped:
            self._depth_skipped -= 1
        elif self._in_cell:
            if tag in (_P, _H):
                self._in_paragraph = False
                self._paragraphs.append(collapsed("".join(self._pieces)))
            elif tag in (_CELL, _COVERED):
                self._in_cell = False
                self._finish_cell()
        elif tag == _ROW:
            self._in_row = False
            self._finish_row()
        elif tag == _GROUP:
            self._groups_hidden.pop()
        elif tag == _TABLE:
            self._in_table = False

    def _finish_cell(self) -> None:
        if _spans_several(self._cell):
            self.merged += 1
        shown = "" if self._is_covered else cell_text(self._cell, "\n".join(self._paragraphs))
        repeat = _count(self._cell, _COLUMNS)
        if shown:
            if self._column + repeat > MAX_COLUMN:
                raise LimitExceededError(f"its row {self._number} has more than {MAX_COLUMN:,} cells")
            self._row_size += len(shown) * repeat
            self._check_row_size()
            self._row.extend([""] * (self._column - len(self._row)))
            self._row.extend([shown] * repeat)
        self._column += repeat

    def _check_row_size(self) -> None:
        if self._row_size > MAX_ROW_SIZE:
            raise LimitExceededError(f"its row {self._number} has more than {MAX_ROW_SIZE >> 20} MiB of text")

    def _finish_row(self) -> None:
        self.rows_seen += 1
        number, self._number = self._number, self._number + self._row_repeat
        if not self._row:
            return
        if self._number - 1 > MAX_ROW:
            raise LimitExceededError(f"it has more than {MAX_ROW:,} rows")
        self._cells_seen += len(self._row) * self._row_repeat
        if self._cells_seen > MAX_CELLS:
            raise LimitExceededError(f"it has more than {MAX_CELLS:,} cells")
        self._text_seen += self._row_size * self._row_repeat
        if self._text_seen > MAX_TEXT:
            raise LimitExceededError(f"it has more than {MAX_TEXT >> 20:,} MiB of text")
        self._rows.append((number, self._row, self._row_repeat, self._is_hidden))


def _spans_several(cell: Attributes) -> bool:
    spans = [key for key in (_ROWS_SPANNED, _COLUMNS_SPANNED) if key in cell]
    return any(_count(cell, key) > 1 for key in spans)


def _count(attributes: Attributes, key: str) -> int:
    if key not in attributes:
        return 1
    text = attributes[key].strip(" \t\r\n").removeprefix("+")  # XML Schema, part 2: positiveInteger
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise CorruptFileError(f"it has an invalid number of repetitions '{attributes[key][:20]}'")
    return int(text)
