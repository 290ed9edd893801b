"""The writer of CSV files."""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from importer.atomic_file import AtomicFile, unwritable
from importer.reporter.result_row import escape_formulas
from importer.written_files import NO_RECORD, WrittenFiles


class CsvWriter:
    r"""A CSV file in UTF-8 with a BOM; formulas are escaped in result texts, never in the source's cells.

    Lines end with `\r\n`, as in RFC 4180 and Excel. With another line ending, the csv module before Python 3.13
    would not quote a cell that contains a CR or LF, and readers would break the row there.
    """

    def __init__(self, target: Path, delimiter: str) -> None:
        """Create the file. Raises OutputError."""
        self._file = AtomicFile(target)
        self._file.file.write(BOM_UTF8)
        # UTF-8 cannot encode a lone surrogate: it is written as \ud800.
        self._text = io.TextIOWrapper(self._file.file, "utf-8", "backslashreplace", newline="")
        self._writerow: Callable[[Sequence[str]], object] = csv.writer(
            self._text, delimiter=delimiter, lineterminator="\r\n"
        ).writerow

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.discard()

    def write(self, cells: Sequence[str], result: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        """Write the next row. Raises OutputError."""
        try:
            self._writerow((*cells, *escape_formulas(result), *extra))
        except OSError as error:
            raise unwritable(self._file.target, error) from error

    def finish(self) -> None:
        """Write everything to the disk. Raises OutputError."""
        try:
            self._text.flush()
        except OSError as error:
            raise unwritable(self._file.target, error) from error
        self._file.finish()

    def commit(self, written: WrittenFiles = NO_RECORD) -> None:
        """Move the finished file to its target. Raises OutputError."""
        self._file.commit(written.move)
