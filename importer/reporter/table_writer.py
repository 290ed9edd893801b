"""The interface that the writers of CSV files and workbooks share."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from importer.written_files import NO_RECORD, WrittenFiles


class TableWriter(Protocol):
    """A file of rows being written; its target is untouched until `commit`.

    A row has three parts: the source's cells, the result texts, and the column of cells beyond the header, if any.
    """

    def __enter__(self) -> Self:
        """Return the writer."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the file unless it was committed."""

    def write(self, cells: Sequence[str], result: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        """Write the next row; the first is the header. Raises OutputError when the file cannot hold it."""

    def finish(self) -> None:
        """Write everything to the disk. Raises OutputError."""

    def commit(self, written: WrittenFiles = NO_RECORD) -> None:
        """Move the finished file to its target. Raises OutputError."""
