"""An open journal: what becomes of a run's pairs is written to it, and asked of it."""

import json
import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any, Self

from importer.errors import JournalError
from importer.journal import integrity, wal
from importer.journal.integrity import Totals, checksum
from importer.journal.locking import hold, is_held
from importer.journal.records import Account, Counts, Outcomes, PendingPair, ProblemGroup
from importer.journal.schema import OUTCOME_COLUMNS, VERSION, unpack
from importer.journal.serialization import (
    UNKNOWN_PAIR,
    PairRecord,
    ProblemsByRow,
    account,
    outcome_of,
    outcome_values,
    pair_records,
    pending_pair,
    run_info,
    standing,
    status_of,
)
from importer.journal.sqlite_errors import NO_JOURNAL, as_journal_error
from importer.journal.writer import set_value
from importer.model import ObjectType, Outcome, Pair, PairOutcome, Problem, RowOutcome, SourceBlock, SourceRow, Status

_BLOCKS = "SELECT first_pair, last_pair, numbers, cells, pairs FROM blocks ORDER BY number"

_PROBLEMS = "SELECT row, code, column, message, advice FROM problems"

_NOT_TO_SEND = f"""
SELECT pair FROM duplicates WHERE pair BETWEEN :first AND :last
UNION ALL SELECT outcomes.pair FROM outcomes LEFT JOIN sending ON sending.pair = outcomes.pair
WHERE outcomes.pair BETWEEN :first AND :last AND status <> '{Status.NOT_SENT}' AND sending.pair IS NULL
"""

_KNOWN_OF_PAIRS = f"""
SELECT outcomes.pair, NULL, sending.pair, {OUTCOME_COLUMNS}
FROM outcomes LEFT JOIN sending ON sending.pair = outcomes.pair
WHERE outcomes.pair BETWEEN :first AND :last
UNION ALL SELECT sending.pair, NULL, sending.pair, {OUTCOME_COLUMNS}
FROM sending LEFT JOIN outcomes ON outcomes.pair = sending.pair
WHERE sending.pair BETWEEN :first AND :last AND outcomes.pair IS NULL
UNION ALL SELECT duplicates.pair, first_row, sending.pair, {OUTCOME_COLUMNS}
FROM duplicates LEFT JOIN outcomes ON outcomes.pair = first LEFT JOIN sending ON sending.pair = first
WHERE duplicates.pair BETWEEN :first AND :last
"""

_KNOWN_OF_PAIRS_TO_SEND = f"""
SELECT sending.pair, sending.pair, {OUTCOME_COLUMNS} FROM sending LEFT JOIN outcomes ON outcomes.pair = sending.pair
WHERE sending.pair BETWEEN :first AND :last
UNION ALL SELECT outcomes.pair, sending.pair, {OUTCOME_COLUMNS}
FROM outcomes LEFT JOIN sending ON sending.pair = outcomes.pair
WHERE outcomes.pair BETWEEN :first AND :last AND status = '{Status.NOT_SENT}' AND sending.pair IS NULL
"""

_HAVING_STATUS = f"SELECT pair, {OUTCOME_COLUMNS} FROM outcomes WHERE pair > ? AND status = ? ORDER BY pair LIMIT ?"

_COUNTS = """
SELECT
    (SELECT count(DISTINCT row) FROM problems), (SELECT count(DISTINCT row) FROM duplicates WHERE row <> first_row)
"""

_IS_JOURNAL = "SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('run', 'outcomes')"


class Journal:
    """An existing journal. One process may write to it (`open_for_run`); any may read.

    Opening it checks what it says of the run and the bounds of its blocks; `verify` checks all of it, and is to be
    called before its rows, pairs or outcomes are used. Every method raises JournalError when the file is damaged, full
    or gone.
    """

    def __init__(self, path: Path, *, is_mine: bool = False) -> None:
        """Open the journal at `path`; `is_mine` says that this process holds it.

        Raises JournalError when it is not a journal, is damaged, or is another version's.
        """
        if not path.is_file():
            raise JournalError(f"There is no journal {path}.")
        self.path = path
        with as_journal_error(path):
            self._db = sqlite3.connect(path, isolation_level=None)
        try:
            with as_journal_error(path):
                self._open(is_mine)
        except BaseException:
            self._db.close()
            raise

    def _open(self, is_mine: bool) -> None:
        known_frames = wal.readable_frames(self.path)  # to the last process: the first query makes a new index
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if self._db.execute(_IS_JOURNAL).fetchone() != (1,):
            raise JournalError(f"The journal {self.path}: {NO_JOURNAL}.")
        if version != VERSION:
            raise JournalError(
                f"The journal {self.path} is of version {version}, this importer writes version {VERSION}: "
                "finish that run with the importer that began it, or import the file again with --fresh."
            )
        integrity.require_schema(self._db)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        values = integrity.read_run(self._db)
        self.info = run_info(json.loads(values["info"]))
        self._totals = Totals(**json.loads(values["totals"]))
        self._spans = integrity.read_spans(self._db, self._totals)
        frames = max(known_frames, wal.committed_frames(self.path))
        if frames and (is_mine or not is_held(self.path)) and frames > wal.readable_frames(self.path):
            self._doubt_everything_unknown()

    def _doubt_everything_unknown(self) -> None:
        """Note that every pair without a settled outcome may have been sent: transactions are lost."""
        with self._transaction() as db:
            db.execute("DELETE FROM run WHERE key = 'summary'")
            for found in self._to_send(0):
                notes = ((number, checksum(number)) for number, _ in found)
                db.executemany("INSERT OR IGNORE INTO sending VALUES (?, ?)", notes)

    def verify(self) -> None:
        """Compare all of the journal with its checksums. Raises JournalError when a bit of it is not as written."""
        with as_journal_error(self.path):
            self._db.execute("BEGIN")  # another process may be writing: all is read as it is at one moment
            try:
                integrity.verify(self._db, self._totals)
            finally:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")

    def __enter__(self) -> Self:
        """Return itself; the file is closed at the end."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self._db.close()

    def _value(self, key: str) -> Any:
        """The value of a key of the table `run`, None when it has none."""
        with as_journal_error(self.path):
            text = integrity.read_run(self._db).get(key)
            return None if text is None else json.loads(text)

    @property
    def summary(self) -> dict[str, Any] | None:
        """The summary with which the last process on this run ended; None while it runs or when it was killed."""
        found: dict[str, Any] | None = self._value("summary")
        return found

    @property
    def account(self) -> Account | None:
        """The account that the run belongs to; None before anything was sent."""
        found = self._value("account")
        with as_journal_error(self.path):
            return None if found is None else account(found)

    def set_account(self, found: Account) -> None:
        """Note which account the run belongs to."""
        with self._transaction() as db:
            set_value(db, "account", asdict(found))

    def begin(self) -> bool:
        """Note that a process goes on with the run; whether one did before. Until `end`, the run counts as cut off."""
        is_resumed = self._value("begun") is not None
        with self._transaction() as db:
            db.execute("DELETE FROM run WHERE key = 'summary'")
            set_value(db, "begun", True)
        return is_resumed

    def end(self, summary: dict[str, Any]) -> None:
        """Note how the process ended."""
        with self._transaction() as db:
            set_value(db, "summary", summary)

    def counts(self) -> Counts:
        """How many rows and distinct pairs there are, and how many rows are invalid or repeat an earlier row's pair."""
        with as_journal_error(self.path):
            invalid, duplicates = self._db.execute(_COUNTS).fetchone()
        totals = self._totals
        return Counts(totals.rows, totals.pairs - totals.duplicates, invalid, duplicates, totals.blank)

    def has_extra_cells(self) -> bool:
        """Return whether any row has more cells than the header."""
        return self._totals.width > len(self.info.header)

    def problem_groups(self, first: int) -> list[ProblemGroup]:
        """The problems by code, the most frequent first, each with one problem of its `first` rows."""
        with as_journal_error(self.path):
            groups = self._db.execute(
                "SELECT code, count(DISTINCT row) AS rows FROM problems GROUP BY code ORDER BY rows DESC, code"
            ).fetchall()
            return [ProblemGroup(code, rows, self._first_problems(code, first)) for code, rows in groups]

    def _first_problems(self, code: str, first: int) -> tuple[tuple[int, Problem], ...]:
        found = self._db.execute(f"{_PROBLEMS} WHERE code = ? ORDER BY rowid", (code,))
        rows = (next(problems) for _, problems in groupby(found, itemgetter(0)))
        return tuple((number, Problem(*values)) for number, *values in islice(rows, first))

    def pending_by_types(self) -> list[int]:
        """How many distinct pairs are still to be sent, for each pair of object types that has any."""
        pending: Counter[tuple[ObjectType, ObjectType]] = Counter()
        with as_journal_error(self.path):
            for found in self._to_send(0):
                pending.update((record[1], record[3]) for _, record in found)
        return list(pending.values())

    def outcome_counts(self) -> dict[Status, int]:
        """How many distinct pairs have each status, of those that have an outcome."""
        with as_journal_error(self.path):
            found = self._db.execute("SELECT status, count(*) FROM outcomes GROUP BY status").fetchall()
            return {status_of(status): count for status, count in found}

    def claim(self, after: int, limit: int) -> list[PendingPair]:
        """The next pairs to send, at most `limit`, numbered above `after`, and the note that they are being sent.

        A pair is to be sent when it has no settled outcome or is `not_sent`. The note makes a pair whose sending a
        crash cut off `unconfirmed` in a report, not `not_sent`.
        """
        with self._transaction() as db:
            pending = list(islice(self._pending(after), limit))
            db.executemany(
                "INSERT OR IGNORE INTO sending VALUES (?, ?)", ((taken.id, checksum(taken.id)) for taken in pending)
            )
        return pending

    def pending(self, after: int, limit: int) -> list[PendingPair]:
        """The same pairs as `take`, to look at: without the note that they are being sent."""
        with as_journal_error(self.path):
            return list(islice(self._pending(after), limit))

    def with_status(self, status: Status, after: int, limit: int) -> list[PendingPair]:
        """The next distinct pairs whose outcome is `status`, at most `limit`, numbered above `after`."""
        with_status: list[PendingPair] = []
        with as_journal_error(self.path):
            found = self._db.execute(_HAVING_STATUS, (after, status, limit)).fetchall()
            blocks = self._pairs_after(after)
            first, last, records = 0, 0, list[PairRecord]()
            for number, *values in found:
                while number > last:
                    first, last, data = next(blocks)
                    records = pair_records(data)
                with_status.append(pending_pair(number, records[number - first], outcome_of(values)))
        return with_status

    def _pending(self, after: int) -> Iterator[PendingPair]:
        for found in self._to_send(after):
            span = {"first": found[0][0], "last": found[-1][0]}
            known = {number: values for number, *values in self._db.execute(_KNOWN_OF_PAIRS_TO_SEND, span)}
            for number, record in found:
                yield pending_pair(number, record, standing(*known[number]) if number in known else None)

    def _to_send(self, after: int) -> Iterator[list[tuple[int, PairRecord]]]:
        """The pairs to send that are numbered above `after`, with their numbers, block by block."""
        for first, last, data in self._pairs_after(after):
            begin = max(first, after + 1)
            others = {number for (number,) in self._db.execute(_NOT_TO_SEND, {"first": begin, "last": last})}
            if len(others) <= last - begin:
                records = enumerate(pair_records(data)[begin - first :], begin)
                yield [(number, record) for number, record in records if number not in others]

    def _pairs_after(self, after: int) -> Iterator[tuple[int, int, bytes]]:
        """The blocks with pairs numbered above `after`: first and last pair, and the pairs."""
        for span in self._spans[bisect_right(self._spans, after, key=attrgetter("last")) :]:
            if span.last >= span.first:
                found = self._db.execute("SELECT pairs FROM blocks WHERE number = ?", (span.number,)).fetchone()
                integrity.require(found is not None, "a block of its rows")
                yield span.first, span.last, found[0]

    def record(self, final: Outcomes, provisional: Outcomes = ()) -> None:
        """Write the outcomes of pairs, by their numbers, in one transaction.

        A provisional pair keeps the note of `claim`: its outcome is in a report, and a later process sends it again.
        One that is `not_sent` needs no note for that: the note would say that a process died while it was sent.
        """
        known = [pair for pair, _ in final] + [
            pair for pair, outcome in provisional if outcome.status is Status.NOT_SENT
        ]
        marks = ", ".join("?" for _ in fields(Outcome))
        rows = ((pair, *outcome_values(outcome)) for pair, outcome in chain(final, provisional))
        with self._transaction() as db:
            db.executemany(
                f"INSERT OR REPLACE INTO outcomes VALUES (?, {marks}, ?)", ((*row, checksum(*row)) for row in rows)
            )
            db.executemany("DELETE FROM sending WHERE pair = ?", ((pair,) for pair in known))

    def release(self, pairs: Sequence[int]) -> None:
        """Take back the note of `take` for pairs that were never sent."""
        with self._transaction() as db:
            db.executemany("DELETE FROM sending WHERE pair = ?", ((pair,) for pair in pairs))

    def rows(self, not_sent: Outcome) -> Iterator[RowOutcome]:
        """Every row in the source's order with its problems or its pairs' outcomes; `not_sent` where there is none."""
        with as_journal_error(self.path):
            for rows in self._blocks_of_rows(not_sent):
                yield from rows

    def blocks_to_retry(self) -> Iterator[SourceBlock]:
        """The rows with pairs that are failed, unconfirmed or not sent, each with those pairs alone."""
        wanted = (Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT)
        with as_journal_error(self.path):
            for rows in self._blocks_of_rows(Outcome(Status.NOT_SENT)):
                block = SourceBlock()
                for row in rows:
                    pairs = tuple(made.pair for made in row.pairs if made.outcome.status in wanted)
                    if pairs:
                        block.add(SourceRow(row.number, row.cells, pairs, ()))
                yield block

    def _blocks_of_rows(self, not_sent: Outcome) -> Iterator[Iterator[RowOutcome]]:
        problems = ProblemsByRow(self._db.execute(f"{_PROBLEMS} ORDER BY rowid"))
        for first, last, numbers, cells, data in self._db.execute(_BLOCKS):
            pairs = self._pairs_by_row(first, last, data, not_sent)
            yield (
                RowOutcome(number, tuple(texts), problems.of(number), tuple(pairs.pop(number, ())))
                for number, texts in zip(unpack(numbers), unpack(cells), strict=True)
            )

    def _pairs_by_row(self, first: int, last: int, data: bytes, not_sent: Outcome) -> dict[int, list[PairOutcome]]:
        span = {"first": first, "last": last}
        known = {number: values for number, *values in self._db.execute(_KNOWN_OF_PAIRS, span)}
        found: dict[int, list[PairOutcome]] = {}
        for number, record in enumerate(pair_records(data), first):
            first_row, *values = known.get(number, UNKNOWN_PAIR)
            made = PairOutcome(Pair(*record[1:]), standing(*values) or not_sent, first_row or record[0])
            found.setdefault(record[0], []).append(made)
        return found

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with as_journal_error(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled back by itself
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


@contextmanager
def open_for_run(path: Path) -> Iterator[Journal]:
    """The journal at `path` for the one process that may write to it. Raises BusyError when another one holds it."""
    with hold(path), Journal(path, is_mine=True) as journal:
        yield journal
