"""Rows of texts into a CSV file or an XLSX workbook, one after the other, without keeping any."""

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import walk_tb
from types import TracebackType
from typing import Protocol, Self
from zipfile import ZipFile

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from importer.atomic_file import PREFIX, AtomicFile, unwritable
from importer.errors import OutputError
from importer.reporter.result_row import escape_formula
from importer.written_files import NOTHING_KNOWN, WrittenFiles

# Source: Microsoft, Excel specifications and limits. A cell's limit counts UTF-16 units.
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_CELL = 32_767

_SHORTENED = " … [shortened from {:,} characters: a .csv report holds all of it]"
_ROOM_FOR_MARKER = 100

# What XML 1.0 cannot hold even escaped; the control characters have an escape of their own in workbooks.
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")

# What the library writes in `_xHHHH_` form, and twice so in a text that begins with `<r>` (see XlsxTable._put).
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f]|_x[0-9a-fA-F]{4}_")

_OVERLAPPING = re.compile("_x[0-9a-fA-F]{4}(?=_x[0-9a-fA-F]{4}_)")
_BEFORE_ESCAPE = re.compile("(?=_x[0-9a-fA-F]{4}_)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")


class Table(Protocol):
    """A file of rows being written, of which nothing is seen before `publish`.

    A row is the source's cells, our result texts, and a column of the source's cells beyond its header, if any.
    """

    def __enter__(self) -> Self:
        """Itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop what was not published."""

    def write(self, cells: Sequence[str], result: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        """Write the next row. Raises OutputError when the file cannot hold it."""

    def finish(self) -> None:
        """Write out everything, on to the disk. Raises OutputError."""

    def publish(self, written: WrittenFiles = NOTHING_KNOWN) -> None:
        """Put the finished file in its place. Raises OutputError."""


class CsvTable:
    r"""CSV in UTF-8 with a BOM; result texts are defused, the source's cells stay as they are.

    Lines end with `\r\n`: so does RFC 4180 and so does Excel; and the csv module before Python 3.13 quotes a CR or LF
    in a cell only when it is part of the line ending, without which readers would break the row there.
    """

    def __init__(self, target: Path, delimiter: str) -> None:
        self._staged = AtomicFile(target)
        self._staged.file.write(BOM_UTF8)
        # A lone half of a surrogate pair, which UTF-8 cannot hold, is shown as \ud800.
        self._text = io.TextIOWrapper(self._staged.file, "utf-8", "backslashreplace", newline="")
        self._writerow: Callable[[Sequence[str]], object] = csv.writer(
            self._text, delimiter=delimiter, lineterminator="\r\n"
        ).writerow

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._staged.discard()

    def write(self, cells: Sequence[str], result: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        """Write the next row. Raises OutputError."""
        try:
            self._writerow((*cells, *map(escape_formula, result), *extra))
        except OSError as error:
            raise unwritable(self._staged.target, error) from error

    def finish(self) -> None:
        """Write out everything. Raises OutputError."""
        try:
            self._text.flush()
        except OSError as error:
            raise unwritable(self._staged.target, error) from error
        self._staged.finish()

    def publish(self, written: WrittenFiles = NOTHING_KNOWN) -> None:
        """Put the finished file in its place. Raises OutputError."""
        self._staged.publish(written)


class XlsxTable:
    """A workbook of one sheet, `results`: every cell is text, so that an id corrected there keeps all its digits.

    A result text above a cell's limit is shortened and says so; a cell of the source is never changed.
    """

    def __init__(self, target: Path, columns: int) -> None:
        self._row = -1
        with ExitStack() as stack:
            self._staged = stack.enter_context(AtomicFile(target))
            try:
                scratch = stack.enter_context(TemporaryDirectory(prefix=PREFIX, dir=self._staged.directory))
                self._book = Workbook(self._staged.file, {"constant_memory": True, "tmpdir": scratch})
                self._sheet = self._book.add_worksheet("results")
            except OSError as error:
                raise unwritable(target, error) from error
            stack.callback(self._close_pieces)
            self._open = stack.pop_all()
        self._book.use_zip64()
        self._sheet.set_column(0, columns - 1, None, self._book.add_format({"num_format": "@"}))
        self._sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self._sheet.freeze_panes(1, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, cells: Sequence[str], result: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        """Write the next row. Raises OutputError when a workbook cannot hold it."""
        self._row += 1
        texts = (*cells, *map(_fitted, result), *extra)
        if self._row >= MAX_ROWS:
            raise self._too_small(f"more than {MAX_ROWS:,} rows")
        if len(texts) > MAX_COLUMNS:
            raise self._too_small(f"more than {MAX_COLUMNS:,} columns")
        try:
            for column, text in enumerate(texts):
                if text:
                    self._put(column, text)
        except OSError as error:
            raise unwritable(self._staged.target, error) from error

    def finish(self) -> None:
        """Make the workbook of its pieces. Raises OutputError."""
        try:
            self._book.close()
        except FileCreateError as error:
            _silence_zip_files(error)
            raise unwritable(self._staged.target, error.args[0]) from error
        self._staged.finish()

    def publish(self, written: WrittenFiles = NOTHING_KNOWN) -> None:
        """Put the finished file in its place. Raises OutputError."""
        self._staged.publish(written)

    def _put(self, column: int, text: str) -> None:
        if fault := _fault(text):
            raise self._too_small(f"{fault} (in row {self._row + 1:,}, column {column + 1:,} of its sheet)")
        if text.startswith("<r>") and text.endswith("</r>"):
            # The library would take it for XML of its own making and not escape it; given in fragments it does.
            self._sheet.write_rich_string(self._row, column, text[0], text[1], text[2:])
        elif _OVERLAPPING.search(text):
            # Of two such forms that share an underscore the library escapes only the first; cut up they are none.
            self._sheet.write_rich_string(self._row, column, *_fragments(text))
        else:
            self._sheet.write_string(self._row, column, text)

    def _close_pieces(self) -> None:
        # The library closes this one only when the workbook is finished; its flush may meet the full disk again.
        with suppress(OSError):
            self._sheet.row_data_fh.close()

    def _too_small(self, what: str) -> OutputError:
        return OutputError(
            f"{self._staged.target} cannot be written: a workbook cannot hold {what}. "
            "Choose a name that ends in .csv with --out."
        )


def _fragments(text: str) -> list[str]:
    """The text cut within everything that has the form of an escape."""
    cuts = [0, *(found.start() + 1 for found in _BEFORE_ESCAPE.finditer(text)), len(text)]
    return [text[begin:end] for begin, end in pairwise(cuts)]


def _fault(text: str) -> str:
    """Why a cell cannot hold the text, or ""."""
    if len(text) > MAX_CELL // 2 and _utf16_units(text) > MAX_CELL:
        return f"a text of more than {MAX_CELL:,} characters"
    if not text.isascii() and _NO_XML.search(text):
        return "a text with half characters or noncharacters"
    if text.startswith("<r>") and _ESCAPED.search(text):
        return "a text that begins with <r> and has control characters"
    if _OVERLAPPING.search(text) and _CONTROL.search(text):
        return "a text that has control characters and what looks like their escapes"
    return ""


def _fitted(text: str) -> str:
    """A result text as a cell can hold it; what is changed can be seen to be."""
    if not _fault(text):
        return text
    text = _NO_XML.sub("\ufffd", text)
    if text.startswith("<r>"):
        text = " " + text
    if _OVERLAPPING.search(text):
        text = _CONTROL.sub("\ufffd", text)
    if _utf16_units(text) <= MAX_CELL:
        return text
    head = text.encode("utf-16-le")[: 2 * (MAX_CELL - _ROOM_FOR_MARKER)]
    return head.decode("utf-16-le", "ignore") + _SHORTENED.format(len(text))


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _silence_zip_files(error: FileCreateError) -> None:
    """Take their file from the ZIP files that the library left open.

    They would try to write their end when they are freed, and complain on standard error that they cannot.
    """
    trace = error.__context__.__traceback__ if error.__context__ else None
    for frame, _ in walk_tb(trace):
        for value in frame.f_locals.values():
            if isinstance(value, ZipFile):
                value.fp = None
