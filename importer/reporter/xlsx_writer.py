"""The writer of plain results workbooks: streamed, in constant memory."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from importer.atomic_file import AtomicFile, unwritable
from importer.errors import OutputError
from importer.reporter.summary_sheet import TITLE, SummaryLine
from importer.reporter.workbook_style import (
    HEADER_COLOUR,
    STATUS_COLOURS,
    STATUS_COLUMN,
    WRAPPED_COLUMNS,
    result_width,
    source_width,
)
from importer.reporter.workbook_text import (
    MAX_COLUMNS,
    MAX_ROWS,
    OVERLAPPING_ESCAPES,
    fit_text,
    unwritable_text_reason,
)
from importer.written_files import NO_RECORD, WrittenFiles

SHEET = "results"
_ESCAPE_STARTS = re.compile("(?=_x[0-9a-fA-F]{4}_)")


class XlsxWriter:
    """A workbook with the sheet `results`: every cell is text, so that an id corrected there keeps all its digits.

    A result text too long for a cell is shortened and marked as such; a cell of the source is never changed.
    """

    def __init__(self, target: Path) -> None:
        """Create the file. Raises OutputError."""
        import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - a tenth of the start of every command

        self._row = -1
        self._width = 0
        with ExitStack() as stack:
            self._file = stack.enter_context(AtomicFile(target))
            try:
                self._output = _OutputStream(self._file.file)
                self._book = xlsxwriter.Workbook(
                    self._output, {"constant_memory": True, "tmpdir": self._file.directory}
                )
                self._sheet = self._book.add_worksheet(SHEET)
            except OSError as error:
                raise unwritable(target, error) from error
            stack.callback(self._close_pieces)
            self._open = stack.pop_all()
        self._book.use_zip64()
        self._text = self._book.add_format({"num_format": "@"})
        self._wrapped = self._book.add_format({"num_format": "@", "text_wrap": True})
        self._header = self._book.add_format({"num_format": "@", "bold": True, "bg_color": f"#{HEADER_COLOUR}"})
        self._statuses = {
            str(status): self._book.add_format(
                {"num_format": "@", "bg_color": f"#{colour.fill}", "font_color": f"#{colour.text}"}
            )
            for status, colour in STATUS_COLOURS.items()
        }
        self._sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self._sheet.freeze_panes(1, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._output.has_failed = True  # otherwise, after an error, the library's ZipFile writes to a closed file
        self._open.close()

    def write(self, cells: Sequence[str], result: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        """Write the next row; the first is the header. Raises OutputError when a workbook cannot hold it."""
        self._row += 1
        texts = (*cells, *map(fit_text, result), *extra)
        if self._row >= MAX_ROWS:
            raise self._too_large(f"more than {MAX_ROWS:,} rows")
        if len(texts) > MAX_COLUMNS:
            raise self._too_large(f"more than {MAX_COLUMNS:,} columns")
        status_column = len(cells) + STATUS_COLUMN if result else -1
        try:
            if self._row == 0:
                self._set_widths(cells, result, extra)
            for column, text in enumerate(texts):
                if self._row == 0:
                    self._put(column, text, self._header)
                elif text:
                    self._put(column, text, self._statuses.get(text) if column == status_column else None)
        except OSError as error:
            raise unwritable(self._file.target, error) from error

    def add_summary(self, lines: Sequence[SummaryLine]) -> None:
        """Add the Summary sheet after the table."""
        sheet = self._book.add_worksheet(TITLE)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 14)
        sheet.set_column(2, 2, 80)
        heading = self._book.add_format({"bold": True, "font_size": 13})
        number = self._book.add_format({"num_format": "#,##0"})
        remark = self._book.add_format({"indent": 1})
        for row, line in enumerate(lines):
            style = self._statuses[line.status] if line.status else heading if line.is_heading else None
            sheet.write_string(row, 0, fit_text(line.label), style)
            if isinstance(line.value, int):
                sheet.write_number(row, 1, line.value, number)
            elif line.value:
                sheet.write_string(row, 1, fit_text(line.value))
            if line.text:
                sheet.write_string(row, 2, line.text, remark)

    def finish(self) -> None:
        """Assemble the workbook and write it to the disk. Raises OutputError."""
        from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]  # noqa: PLC0415

        if self._row >= 0:
            self._sheet.autofilter(0, 0, self._row, self._width - 1)
        try:
            self._book.close()
        except FileCreateError as error:
            raise unwritable(self._file.target, error.args[0]) from error
        self._file.finish()

    def commit(self, written: WrittenFiles = NO_RECORD) -> None:
        """Move the finished file to its target. Raises OutputError."""
        self._file.commit(written.move)

    def _set_widths(self, cells: Sequence[str], result: Sequence[str], extra: Sequence[str]) -> None:
        widths = [*map(source_width, cells), *map(result_width, result), *map(source_width, extra)]
        self._width = len(widths)
        for column, (name, width) in enumerate(zip((*cells, *result, *extra), widths, strict=True)):
            self._sheet.set_column(column, column, width, self._wrapped if name in WRAPPED_COLUMNS else self._text)

    def _put(self, column: int, text: str, style: Any) -> None:
        if reason := unwritable_text_reason(text):
            raise self._too_large(f"{reason} (in row {self._row + 1:,}, column {column + 1:,} of its sheet)")
        styles = () if style is None else (style,)
        if text.startswith("<r>") and text.endswith("</r>"):
            # xlsxwriter would mistake it for its own XML and not escape it; it does escape the pieces of a rich string.
            self._sheet.write_rich_string(self._row, column, text[0], text[1], text[2:], *styles)
        elif OVERLAPPING_ESCAPES.search(text):
            # Of two escapes that share an underscore xlsxwriter escapes only the first; cut apart, they are plain text.
            self._sheet.write_rich_string(self._row, column, *_split_escapes(text), *styles)
        else:
            self._sheet.write_string(self._row, column, text, *styles)

    def _close_pieces(self) -> None:
        # xlsxwriter closes these only when the workbook is finished; their flush may fail again on a full disk.
        for sheet in self._book.worksheets():
            with suppress(OSError):
                sheet.row_data_fh.close()

    def _too_large(self, what: str) -> OutputError:
        return OutputError(
            "WORKBOOK_TOO_LARGE",
            f"{self._file.target} cannot be written: a workbook cannot hold {what}. "
            "Choose a name that ends in .csv with --out.",
        )


class _OutputStream:
    """The file that the workbook's ZIP archive is written to; after an error it accepts and drops everything.

    After an error xlsxwriter leaves its ZipFile open, and the ZipFile writes its central directory when it is
    deallocated: a second error would be printed on standard error, where nobody can catch it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._position = 0
        self.has_failed = False

    def write(self, data: bytes) -> int:
        self._attempt(self._file.write, data)
        self._position += len(data)
        return len(data)

    def seek(self, offset: int) -> int:
        self._attempt(self._file.seek, offset)
        self._position = offset
        return offset

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return True

    def flush(self) -> None:
        self._attempt(self._file.flush)

    def _attempt(self, operation: Callable[..., object], *arguments: object) -> None:
        if self.has_failed:
            return
        try:
            operation(*arguments)
        except OSError:
            self.has_failed = True
            raise


def _split_escapes(text: str) -> Iterator[str]:
    """Yield the text in pieces, cut within everything that looks like an escape."""
    start = 0
    for found in _ESCAPE_STARTS.finditer(text):
        yield text[start : found.start() + 1]
        start = found.start() + 1
    yield text[start:]
