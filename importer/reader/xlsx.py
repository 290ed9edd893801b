"""XLSX workbooks: a sheet as numbered records of cells, streamed, every cell as exact as the file has it.

The XML is read event by event: python-calamine gives '' for `#N/A` and a float for every number; openpyxl keeps both
but takes more than twice as long. Hostile workbooks are refused by bounds on what is expanded; a document type
declaration, which entity bombs and external entities need, is refused outright.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from xml.parsers import expat

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.cells import date_text, is_date_format, number_text
from importer.reader.sheets import Sheet, choose_sheet, sheet_notes
from importer.reader.tables import Record, Table

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
"""The largest sheet. Source: Microsoft, "Excel specifications and limits"."""

MAX_CELLS = 100_000_000
MAX_ROW_SIZE = 64 << 20
"""Bytes of XML, and characters of text, that one row may take."""

MAX_SHEET = 4 << 30
MAX_STRINGS = 512 << 20
MAX_SMALL_PART = 32 << 20
"""Expanded bytes of a sheet, of the texts that sheets share, and of any other part."""

MAX_RATIO = 100
MAX_RATIO_SIZE = 16 << 20
"""A part of more bytes than this may not expand to more than that many times its compressed size; sheets reach 30."""

_BLOCK = 1 << 16
_escaped = re.compile(r"_x([0-9A-Fa-f]{4})_")

Attributes = dict[str, str]


class _DamageError(Exception):
    """A workbook contradicts itself; the text says where."""


class _ExcessError(Exception):
    """A workbook goes beyond a bound; the text says which."""


_DAMAGE = (_DamageError, zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError)


def open_xlsx(path: Path, name: str, reading: Reading) -> Table:
    """Return the table of one sheet of a workbook.

    Raises `SourceError` when the workbook is damaged, beyond the bounds, or has no such sheet.
    """
    with _told(name):
        package = _Package(path)
    try:
        with _told(name):
            sheet = choose_sheet(name, package.sheets, reading.sheet)
            parser = _SheetParser(package.shared_strings(), package.date_formats(), from_1904=package.from_1904)
    except BaseException:
        package.close()
        raise
    late_notes: list[str] = []
    records = _records(package, sheet, parser, name, late_notes)

    def close() -> None:
        records.close()
        package.close()

    return Table(
        format="XLSX",
        records=records,
        close=close,
        sheet=sheet.name,
        sheets=len(package.sheets),
        notes=sheet_notes(sheet, package.sheets),
        late_notes=late_notes,
    )


@contextmanager
def _told(name: str) -> Generator[None]:
    """Turn what is wrong with a workbook into the sentence about it."""
    try:
        yield
    except _DAMAGE as error:
        raise SourceError(
            f"{name} is a damaged workbook ({error}). Open it in a spreadsheet program and save it again as XLSX."
        ) from None
    except _ExcessError as error:
        raise SourceError(
            f"{name} is not read, for safety: {error}. Save only the table that is needed, as CSV or XLSX."
        ) from None


def _records(
    package: "_Package", sheet: Sheet, parser: "_SheetParser", name: str, late_notes: list[str]
) -> Generator[Record]:
    """Yield the rows of a sheet that have a cell, numbered as the sheet numbers them."""
    rows_seen, idle = 0, 0
    with _told(name):
        for _ in package.parse(sheet.part, parser.set_handlers, MAX_SHEET):
            yield from parser.take_rows()
            idle = 0 if parser.rows_seen > rows_seen else idle + _BLOCK
            rows_seen = parser.rows_seen
            if idle > MAX_ROW_SIZE:
                raise _ExcessError(f"it has a row of more than {MAX_ROW_SIZE >> 20} MiB")
    if parser.merged:
        late_notes.append(
            f"The sheet has {parser.merged:,} ranges of merged cells; only the first cell of each has a value, "
            f"the others are read as empty."
        )


class _Package:
    """The parts of an XLSX file that matter: the list of sheets, the shared texts, the date formats, the sheets."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        try:
            workbook = self._target(self._relations(""), "/officeDocument") or "xl/workbook.xml"
            self._parts = self._relations(workbook)
            self.from_1904 = False
            self.sheets: tuple[Sheet, ...] = tuple(self._listed_sheets(workbook))
        except BaseException:
            self._zip.close()
            raise

    def close(self) -> None:
        self._zip.close()

    def shared_strings(self) -> list[str]:
        """Return the texts that the sheets' cells point to."""
        part = self._target(self._parts, "/sharedStrings")
        if part is None or not self._has(part):
            return []
        parser = _StringsParser()
        for _ in self.parse(part, parser.set_handlers, MAX_STRINGS):
            pass
        return parser.strings

    def date_formats(self) -> list[bool]:
        """Return for each cell style whether it shows a date."""
        part = self._target(self._parts, "/styles")
        if part is None or not self._has(part):
            return []
        codes: dict[int, str] = {}
        styles: list[bool] = []
        in_cell_styles = False
        for tag, attributes in self._elements(part):
            if tag == "numFmt":
                codes[_number(attributes, "numFmtId")] = attributes.get("formatCode", "")
            elif tag in {"cellStyleXfs", "cellXfs", "cellStyles", "dxfs"}:
                in_cell_styles = tag == "cellXfs"
            elif tag == "xf" and in_cell_styles:
                format_id = _number(attributes, "numFmtId")
                styles.append(is_date_format(format_id, codes.get(format_id)))
        return styles

    def parse(self, part: str, set_handlers: Callable[[expat.XMLParserType], None], bound: int) -> Generator[None]:
        """Parse a part, pausing after each block; raises `_ExcessError` when it expands beyond `bound` bytes."""
        self._check_size(part, bound)
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        set_handlers(parser)
        with closing(self._zip.open(part)) as stream:  # gives no more bytes than the size that was checked
            while block := stream.read(_BLOCK):
                parser.Parse(block, False)
                yield
        parser.Parse(b"", True)
        yield

    def _check_size(self, part: str, bound: int) -> None:
        if not self._has(part):
            raise _DamageError(f"its part {part} is missing")
        info = self._zip.getinfo(part)
        if info.flag_bits & 1:
            raise _DamageError(f"its part {part} is encrypted")
        if info.file_size > bound:
            raise _ExcessError(
                f"its part {part} expands to {info.file_size >> 20:,} MiB, and {bound >> 20:,} is the most"
            )
        if info.file_size > MAX_RATIO_SIZE and info.file_size > MAX_RATIO * info.compress_size:
            raise _ExcessError(f"its part {part} expands to more than {MAX_RATIO} times its size")

    def _has(self, part: str) -> bool:
        return part in self._zip.NameToInfo

    def _listed_sheets(self, workbook: str) -> list[Sheet]:
        sheets = []
        for tag, attributes in self._elements(workbook):
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
        """Return the parts that a part points to: id → (kind, name of the part)."""
        folder, file = posixpath.split(part)
        listing = posixpath.join(folder, "_rels", f"{file}.rels")
        if not self._has(listing):
            return {}
        found = {}
        for tag, attributes in self._elements(listing):
            if tag == "Relationship":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
                found[attributes.get("Id", "")] = (attributes.get("Type", ""), target.lstrip("/"))
        return found

    @staticmethod
    def _target(relations: Mapping[str, tuple[str, str]], kind: str) -> str | None:
        return next((part for found, part in relations.values() if found.endswith(kind)), None)

    def _elements(self, part: str) -> list[tuple[str, Attributes]]:
        """Return the start tags of a small part, without their prefixes."""
        found: list[tuple[str, Attributes]] = []

        def set_handlers(parser: expat.XMLParserType) -> None:
            parser.StartElementHandler = lambda tag, attributes: found.append((tag.rpartition(":")[2], attributes))

        for _ in self.parse(part, set_handlers, MAX_SMALL_PART):
            pass
        return found


def _refuse_doctype(*_: object) -> None:
    raise _ExcessError("it declares a document type, which spreadsheet programs never do and attacks need")


def _number(attributes: Attributes, key: str) -> int:
    text = attributes.get(key, "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise _DamageError(f"its styles have a number '{text[:20]}'")
    return int(text)


class _StringsParser:
    """Collects the shared texts; readings above Japanese words (`rPh`) are not part of them."""

    def __init__(self) -> None:
        self.strings: list[str] = []

    def set_handlers(self, parser: expat.XMLParserType) -> None:
        text: list[str] = []
        whole: list[str] = []
        strings = self.strings
        in_reading = False

        def start(tag: str, _: Attributes) -> None:
            nonlocal in_reading
            text.clear()
            if tag.endswith("rPh"):
                in_reading = True

        def end(tag: str) -> None:
            nonlocal in_reading
            local = tag.rpartition(":")[2] if ":" in tag else tag
            if local == "t":
                if not in_reading:
                    whole.append("".join(text))
            elif local == "si":
                strings.append(unescaped("".join(whole)))
                whole.clear()
            elif local == "rPh":
                in_reading = False

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text.append


def unescaped(text: str) -> str:
    """Return a workbook's text with its `_x000D_` escapes resolved. Source: ECMA-376, part 1, 22.4.2.4 bstr."""
    if "_x" not in text:
        return text
    return _escaped.sub(lambda found: chr(int(found[1], 16)), text)


class _SheetParser:
    """Collects the rows of a sheet from its events.

    `rows_seen` counts rows with or without cells, `merged` the ranges of merged cells.
    """

    def __init__(self, strings: list[str], shows_date: list[bool], *, from_1904: bool) -> None:
        self.rows_seen = 0
        self.merged = 0
        self._strings = strings
        self._shows_date = shows_date
        self._from_1904 = from_1904
        self._rows: list[Record] = []
        self._cells_seen = 0
        self._columns = _ColumnNumbers()
        # Where the parser stands: the row, the cell, and the text since the last start tag.
        self._number = 0
        self._row: list[str] = []
        self._column = -1
        self._cell: Attributes = {}
        self._value = self._formula = self._inline = ""
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
            parser.StartElementHandler, parser.EndElementHandler = self._start, self._end

        parser.StartElementHandler = root
        parser.CharacterDataHandler = self._text.append

    def _name_tags(self, prefix: str) -> None:
        """Set the names of elements: all bear the prefix of the first, usually none."""
        self._row_tag, self._cell_tag, self._value_tag = prefix + "row", prefix + "c", prefix + "v"
        self._formula_tag, self._text_tag = prefix + "f", prefix + "t"
        self._reading_tag, self._merge_tag = prefix + "rPh", prefix + "mergeCell"

    def _start(self, tag: str, attributes: Attributes) -> None:
        self._text.clear()
        if tag == self._cell_tag:
            self._cell = attributes
            self._value = self._formula = self._inline = ""
            reference = attributes.get("r")
            self._column = self._columns[reference.rstrip("0123456789")] if reference else self._column + 1
        elif tag == self._row_tag:
            self._number = _row_number(attributes, after=self._number)
            self._row, self._column = [], -1
        elif tag == self._reading_tag:
            self._in_reading = True
        elif tag == self._merge_tag:
            self.merged += 1

    def _end(self, tag: str) -> None:
        if tag == self._value_tag:
            self._value = "".join(self._text)
        elif tag == self._cell_tag:
            shown = self._shown(self._cell, self._value, self._formula, self._inline)
            if shown:
                _place(self._row, self._column, shown, self._number)
        elif tag == self._row_tag:
            self._finish_row(self._number, self._row)
        elif tag == self._text_tag:
            if not self._in_reading:
                self._inline += "".join(self._text)
        elif tag == self._formula_tag:
            self._formula = "=" + "".join(self._text)
        elif tag == self._reading_tag:
            self._in_reading = False

    def _shown(self, cell: Attributes, value: str, formula: str, inline: str) -> str:
        """Return the text of a cell; a formula whose result was not saved is its own text."""
        kind = cell.get("t", "n")
        if kind == "s":
            return self._shared(value)
        if kind == "n":
            if not value:
                return formula
            style = cell.get("s")
            if style and self._is_date(style):
                return date_text(value, from_1904=self._from_1904)
            return number_text(value)
        if kind == "inlineStr":
            return unescaped(inline)
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value.upper())
        return unescaped(value)  # str: the text of a formula; e: an error; d: an ISO date

    def _shared(self, value: str) -> str:
        try:
            return self._strings[int(value)] if value else ""
        except (ValueError, IndexError):
            raise _DamageError(f"a cell points to a text '{value[:20]}' that is not there") from None

    def _is_date(self, style: str) -> bool:
        try:
            return self._shows_date[int(style)]
        except (ValueError, IndexError):
            return False

    def _finish_row(self, number: int, cells: list[str]) -> None:
        self.rows_seen += 1
        if not cells:
            return
        self._cells_seen += len(cells)
        if self._cells_seen > MAX_CELLS:
            raise _ExcessError(f"it has more than {MAX_CELLS:,} cells")
        if sum(map(len, cells)) > MAX_ROW_SIZE:
            raise _ExcessError(f"its row {number} has more than {MAX_ROW_SIZE >> 20} MiB of text")
        self._rows.append((number, cells))


class _ColumnNumbers(dict[str, int]):
    """The position, from 0, of the column with some letters; found once for each."""

    def __missing__(self, letters: str) -> int:
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - 64
            if not "A" <= letter <= "Z" or column > MAX_COLUMN:
                raise _DamageError(f"it has a column '{letters[:20]}'")
        self[letters] = column - 1
        return column - 1


def _row_number(attributes: Attributes, after: int) -> int:
    text = attributes.get("r")
    number = after + 1 if text is None else int(text) if text.isdecimal() and len(text) < 9 else 0
    if not after < number <= MAX_ROW:
        raise _DamageError(f"its row {after} is followed by a row '{str(text)[:20]}'")
    return number


def _place(cells: list[str], column: int, text: str, number: int) -> None:
    missing = column - len(cells)
    if missing > 0:
        cells.extend([""] * missing)
    if missing >= 0:
        cells.append(text)
    elif cells[column]:
        raise _DamageError(f"its row {number} has two cells in one column")
    else:
        cells[column] = text
