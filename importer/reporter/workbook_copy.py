"""The results workbook as a copy of the user's own workbook, with the result columns beside the table."""

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from zipfile import BadZipFile, ZipFile

from importer.atomic_file import AtomicFile, unwritable
from importer.config import Reading
from importer.errors import SourceError
from importer.model import PREVIOUS_RESULT_COLUMNS
from importer.reader.files.detect import open_table
from importer.reader.recognition import RECOGNIZERS
from importer.reporter.cached_values import add_cached_values, has_formulas
from importer.reporter.summary_sheet import SummaryLine
from importer.reporter.workbook_comparison import is_faithful
from importer.reporter.workbook_layout import (
    LayoutError,
    ResultArea,
    add_results,
    add_summary_sheet,
    remove_own_summary,
)
from importer.reporter.workbook_losses import LossError, missing_details
from importer.reporter.workbook_parts import obstacle
from importer.reporter.workbook_text import fit_text
from importer.reporter.xlsx_writer import XlsxWriter
from importer.written_files import NO_RECORD, WrittenFiles

if TYPE_CHECKING:
    from openpyxl import Workbook

logger = logging.getLogger(__name__)

MAX_SIZE = 64 << 20
"""Maximum size in bytes of a workbook file that is copied."""

MAX_TABLE_CELLS = 300_000
"""Maximum number of nonempty cells of the table with its results; openpyxl needs 60 µs and 500 bytes for each."""

_LAST_HEADER_ROW = 1_000
"""`read_previous_results` looks for the header of a results file down to this row."""

_HARMLESS = "Workbook contains no default style"
"""The only warning of openpyxl that does not indicate a loss."""


@dataclass(frozen=True, slots=True)
class SourceWorkbook:
    """The workbook that a run read: its path, the hash of its content then, and how it was read.

    Only the sheet and the header of `reading` matter. `is_partial` is True if the run covers only some of its rows.
    """

    path: Path
    sha256: str
    reading: Reading
    is_partial: bool = False


class NotCopiedError(Exception):
    """A workbook is not copied; the text is the reason, as in "it has charts, which would be lost"."""


class WorkbookCopy:
    """A results workbook that is a copy of the source, or a plain one where the copy would not be faithful.

    Rows are kept in memory until `finish`, up to `MAX_TABLE_CELLS`. The finished copy is read back and compared, cell
    by cell: if any result is not beside its row, or any of the user's cells differs, it is not used. `on_notice` is
    called with a sentence if the plain workbook is written instead, or if the copy lacks a detail of the original.
    """

    def __init__(self, target: Path, source: SourceWorkbook, on_notice: Callable[[str], None]) -> None:
        """Check that the target can be written. Raises OutputError, and NotCopiedError if no copy can be made."""
        self._content = _read_source(source)
        self._target = target
        self._source = source
        self._on_notice = on_notice
        self._rows: list[tuple[Sequence[str], Sequence[str]]] = []
        self._cells = 0
        self._summary: Sequence[SummaryLine] = ()
        self._open = ExitStack()
        self._file = self._open.enter_context(AtomicFile(target))
        self._plain: XlsxWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, cells: Sequence[str], result: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        """Keep the next row, without cells beyond the header; the first is the header."""
        if extra:
            raise ValueError("a copy of a workbook has no column for cells beyond the header")
        if self._plain is not None:
            self._plain.write(cells, result)
            return
        self._rows.append((cells, tuple(map(fit_text, result))))
        self._cells += sum(map(bool, cells)) + sum(map(bool, result))
        if self._cells > MAX_TABLE_CELLS:
            self._write_plain(f"with the results, its table has more than {MAX_TABLE_CELLS:,} cells")

    def add_summary(self, lines: Sequence[SummaryLine]) -> None:
        """Add the Summary sheet after the user's sheets."""
        self._summary = lines

    def finish(self) -> None:
        """Write the copy, or the plain workbook, to the disk. Raises OutputError."""
        if self._plain is None:
            try:
                self._finish_copy()
            except NotCopiedError as reason:
                self._write_plain(str(reason))
        if self._plain is not None:
            if self._summary:
                self._plain.add_summary(self._summary)
            self._plain.finish()

    def _write_plain(self, reason: str) -> None:
        """Write the rows so far to a plain workbook; further rows go there, too."""
        self._on_notice(plain_workbook_notice(self._source.path, reason))
        self._open.close()
        self._plain = self._open.enter_context(XlsxWriter(self._target))
        for cells, result in self._rows:
            self._plain.write(cells, result)
        self._rows.clear()
        self._content = b""

    def commit(self, written: WrittenFiles = NO_RECORD) -> None:
        """Move the finished file to its target. Raises OutputError."""
        if self._plain is not None:
            self._plain.commit(written)
        else:
            self._file.commit(written.move)

    def _finish_copy(self) -> None:
        area = _locate(self._source, self._rows)
        book = _load(self._content)
        remove_own_summary(book)
        names = [sheet.title for sheet in book.worksheets]
        try:
            add_results(book, area, self._rows)
            if self._summary:
                add_summary_sheet(book, self._summary)
            saved = _saved(book, self._content, names)
            missing = missing_details(self._content, saved)
        except (LayoutError, LossError) as error:
            raise NotCopiedError(str(error)) from error
        except NotCopiedError:
            raise
        except Exception as error:
            # openpyxl raises errors of any kind for a workbook that it does not understand.
            raise _not_understood(error) from error
        try:
            self._file.file.write(saved)
        except OSError as error:
            raise unwritable(self._target, error) from error
        self._file.finish()
        _compare(self._source, self._file.path, area, names, self._rows)
        if missing:
            self._on_notice(f"The results are a copy of {self._source.path.name} without {missing}.")


def plain_workbook_notice(path: Path, reason: str) -> str:
    """Return a sentence that explains why the results are not a copy of the user's workbook."""
    return f"The results are a plain workbook, not a copy of {path.name} with its formats: {reason}."


def _read_source(source: SourceWorkbook) -> bytes:
    """Return the content of the source. Raises NotCopiedError if it cannot be copied or has changed since."""
    if source.reading.no_header:
        raise NotCopiedError("it has no header")
    if source.is_partial:
        raise NotCopiedError("only some of its rows were imported")
    try:
        if source.path.stat().st_size > MAX_SIZE:
            raise NotCopiedError(f"it is larger than {MAX_SIZE >> 20} MiB")
        content = source.path.read_bytes()
        if hashlib.sha256(content).hexdigest() != source.sha256:
            raise NotCopiedError("it has changed since it was read")
        with ZipFile(BytesIO(content)) as package:
            reason = obstacle(package)
    except FileNotFoundError:
        raise NotCopiedError("it no longer exists") from None
    except OSError as error:
        raise NotCopiedError(f"it cannot be read ({error.strerror or error})") from error
    except (BadZipFile, KeyError, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        raise _not_understood(error) from error
    if reason:
        raise NotCopiedError(reason)
    return content


def _locate(source: SourceWorkbook, rows: Sequence[tuple[Sequence[str], Sequence[str]]]) -> ResultArea:
    """Return the place of the result columns. Raises NotCopiedError if they would not be right of the table."""
    header = list(rows[0][0])
    sheet, number, texts = _header(source)
    width = len(header)
    if texts[:width] != header or any(text.strip() not in PREVIOUS_RESULT_COLUMNS for text in texts[width:]):
        raise NotCopiedError("it has columns to the right of the results of an earlier run")
    return ResultArea(sheet=sheet, header_row=number, width=width, old_width=len(texts))


def _header(source: SourceWorkbook) -> tuple[str, int, list[str]]:
    """Return the name of the sheet that was read, the number of its header row, and the header's texts."""
    try:
        table = open_table(source.path, source.path.name, source.reading, RECOGNIZERS)
        try:
            for numbers, records in table.records:
                for number, cells in zip(numbers, records, strict=True):
                    if number > _LAST_HEADER_ROW:
                        break
                    if source.reading.header_row in (None, number) and any(map(str.strip, cells)):
                        return table.sheet, number, list(cells)
        finally:
            table.close()
    except SourceError as error:
        raise _not_understood(error) from error
    raise NotCopiedError("its header is too far down the sheet")


def _load(content: bytes, *, values: bool = False) -> "Workbook":
    """Return the workbook, or the values of its formulas. Raises NotCopiedError if openpyxl does not keep all of it."""
    from openpyxl import load_workbook  # noqa: PLC0415 - loaded only when a workbook is copied

    try:
        with _no_loss():
            return load_workbook(BytesIO(content), rich_text=not values, data_only=values)
    except NotCopiedError:
        raise
    except Exception as error:
        # openpyxl raises errors of any kind for a workbook that it does not understand.
        raise _not_understood(error) from error


@contextmanager
def _no_loss() -> Iterator[None]:
    """Raise NotCopiedError at the end if openpyxl has warned that it leaves something out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    lost = [str(found.message) for found in caught if _HARMLESS not in str(found.message)]
    if lost:
        logger.info("openpyxl: %s", lost[0])
        raise NotCopiedError("parts of it would be lost")


def _saved(book: "Workbook", content: bytes, names: Sequence[str]) -> bytes:
    """Return the content of the workbook as a file, with the last values of its formulas."""
    saved = BytesIO()
    formulas = has_formulas(book)
    with _no_loss():
        book.save(saved)
    if not formulas:
        return saved.getvalue()
    values, target = _load(content, values=True), BytesIO()
    originals: list[Any] = [values[sheet.title] if sheet.title in names else None for sheet in book.worksheets]
    add_cached_values(saved, target, originals, values.epoch)
    return target.getvalue()


def _not_understood(error: Exception) -> NotCopiedError:
    logger.info("a workbook cannot be copied: %s: %s", type(error).__name__, error)
    return NotCopiedError("it cannot be copied safely")


def _compare(
    source: SourceWorkbook,
    copy: Path,
    area: ResultArea,
    names: Sequence[str],
    rows: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> None:
    """Raise NotCopiedError unless the copy, read by the importer, has every cell of the user's and every result."""
    try:
        is_same = is_faithful(source.path, copy, area, names, rows)
    except SourceError as error:
        raise _not_understood(error) from error
    if not is_same:
        raise NotCopiedError("its cells would not be the same in the copy")
