"""The open SQLite file of a journal: checks on opening, transactions, and access to its blocks."""

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import attrgetter
from pathlib import Path
from threading import Lock
from typing import Self

from importer.errors import JournalError
from importer.journal import integrity, wal
from importer.journal.integrity import Totals
from importer.journal.locking import is_held
from importer.journal.schema import VERSION
from importer.journal.serialization import run_info
from importer.journal.sqlite_errors import as_journal_error, not_a_journal

_IS_JOURNAL = "SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('run', 'outcomes')"


OPEN = "open"
"""A key of the table `run` that exists while a process sends; as long as it exists, there must be a log."""

FINAL_COUNTS = "final_counts"
"""The key of the table `run` that holds the number of pairs by status at the end of the last process."""

LAST_ERROR = "last_error"
"""The key of the table `run` with the error that ended the last process."""

_OPENING = Lock()
"""Held while a thread opens a journal, as it may read the log's index, which no other thread may open meanwhile."""


class JournalFile:
    """An open journal file, the base class of all kinds of queries."""

    def __init__(self, path: Path, *, is_mine: bool = False) -> None:
        """Open the journal at `path`; `is_mine` means that this process holds its lock.

        Raises JournalError if it is missing, not a journal, damaged, or written by another version.
        """
        if not path.is_file():
            raise JournalError("JOURNAL_MISSING", f"There is no journal {path}.")
        self.path = path
        self._is_mine = is_mine
        with as_journal_error(path):
            self._db = sqlite3.connect(path, isolation_level=None)
        try:
            with as_journal_error(path), _OPENING:
                self._open()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        header = wal.log_header(self.path)
        known_frames = wal.readable_frames(self.path)  # left by the last process; the first query rebuilds the index
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if self._db.execute(_IS_JOURNAL).fetchone() != (1,):
            raise not_a_journal(self.path)
        if version != VERSION:
            raise JournalError(
                "JOURNAL_VERSION",
                f"The journal {self.path} has version {version}, but this importer uses version {VERSION}. Resume that "
                "run with the version of importer that started it, or import the file again with --fresh.",
            )
        integrity.require_schema(self._db)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        values = integrity.read_run(self._db)
        self.info = run_info(json.loads(values["info"]))
        self._totals = Totals(**json.loads(values["totals"]))
        self._spans = integrity.read_spans(self._db, self._totals)
        # Checked again once no process holds the journal: it may have ended and removed its log since the first check.
        self._has_lost_transactions = (
            self._lacks_transactions(header, known_frames)
            and self._is_exclusive()
            and self._lacks_transactions(header, known_frames)
        )

    def _lacks_transactions(self, header: bytes | None, known_frames: int) -> bool:
        """Return whether transactions are missing, given the log's header and the frames in its index as found first.

        If the header differs now, a process that had the journal open has merged the earlier log into it.
        """
        if header is None:
            return OPEN in integrity.read_run(self._db)
        known_frames = known_frames if wal.log_header(self.path) == header else 0
        return max(known_frames, wal.committed_frames(self.path)) > wal.readable_frames(self.path)

    def _is_exclusive(self) -> bool:
        """Return True unless another process holds the journal and may still be writing its log."""
        return self._is_mine or not is_held(self.path)

    @property
    def row_count(self) -> int:
        """The number of rows of the source."""
        return self._totals.rows

    @property
    def pair_count(self) -> int:
        """The number of distinct pairs."""
        return self._totals.pairs - self._totals.duplicates

    @property
    def has_labels(self) -> bool:
        """True if any pair is to be linked with a label."""
        return self.labelled > 0

    @property
    def labelled(self) -> int:
        """The number of pairs that are to be linked with a label, including duplicates."""
        return self._totals.pairs if self.info.reading.get("labels") else self._totals.labelled

    def verify(self) -> None:
        """Check all of the journal against its checksums. Raises JournalError if a single bit has changed."""
        with as_journal_error(self.path):
            self._db.execute("BEGIN")  # a consistent snapshot, even while another process writes
            try:
                integrity.verify(self._db, self._totals)
            finally:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")

    def __enter__(self) -> Self:
        """Return the journal itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        with suppress(sqlite3.Error, JournalError):  # only a hint for the next process
            self._mark_closed()
        self._db.close()

    def _mark_closed(self) -> None:
        """Record that no log is expected any more: SQLite merges it into the file on closing."""
        if self._db.execute("SELECT 1 FROM run WHERE key = ?", (OPEN,)).fetchone() and self._is_exclusive():
            with self._transaction() as db:
                db.execute("DELETE FROM run WHERE key = ?", (OPEN,))

    def _blocks_of_pairs(self, after: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield the first pair, last pair and packed pairs of each block with pairs numbered above `after`."""
        for span in self._spans[bisect_right(self._spans, after, key=attrgetter("last")) :]:
            if span.last >= span.first:
                found = self._db.execute("SELECT pairs FROM blocks WHERE number = ?", (span.number,)).fetchone()
                integrity.require(found is not None, "a block of rows")
                yield span.first, span.last, found[0]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with as_journal_error(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                with suppress(sqlite3.Error):  # on a full disk SQLite has already rolled back
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
