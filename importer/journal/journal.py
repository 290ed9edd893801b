"""An open journal: what becomes of a run's pairs is written to it, and asked of it."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from importer.errors import BusyError, JournalError
from importer.journal.damage import NO_JOURNAL, explained
from importer.journal.records import CUT_OFF, Counts, Outcomes, PendingPair, ProblemGroup, RunInfo
from importer.journal.schema import OUTCOME_COLUMNS, SUFFIX, VERSION, unpack
from importer.model import (
    ObjectType,
    Outcome,
    Pair,
    PairOutcome,
    Problem,
    RecordId,
    RowOutcome,
    SourceBlock,
    SourceRow,
    Status,
)

_BLOCKS = "SELECT first_pair, last_pair, numbers, cells, pairs FROM blocks ORDER BY rowid"

_PAIRS_AFTER = """
SELECT first_pair, last_pair, pairs FROM blocks WHERE last_pair > ? AND last_pair >= first_pair ORDER BY last_pair
"""

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
    (SELECT coalesce(sum(row_count), 0) FROM blocks),
    (SELECT coalesce(max(last_pair), 0) FROM blocks) - (SELECT count(*) FROM duplicates),
    (SELECT count(DISTINCT row) FROM problems),
    (SELECT count(DISTINCT row) FROM duplicates WHERE row <> first_row),
    (SELECT coalesce(sum(blank_count), 0) FROM blocks)
"""

_IS_JOURNAL = "SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('run', 'outcomes')"


_PairRecord = tuple[int, ObjectType, RecordId, ObjectType, RecordId]
"""The row that makes a pair, and the pair."""


_UNKNOWN = (None, None, *(None for _ in fields(Outcome)))


class Journal:
    """An existing journal. One process may write to it (`open_for_run`); any may read.

    Every method raises JournalError when the file is damaged, full or gone.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`. Raises JournalError when it is none, or another version's."""
        if not path.is_file():
            raise JournalError(f"There is no journal {path}.")
        self.path = path
        with explained(path):
            self._db = sqlite3.connect(path, isolation_level=None)
        try:
            with explained(path):
                (version,) = self._db.execute("PRAGMA user_version").fetchone()
                if self._db.execute(_IS_JOURNAL).fetchone() != (1,):
                    raise JournalError(f"The journal {path}: {NO_JOURNAL}.")
                if version != VERSION:
                    raise JournalError(
                        f"The journal {path} is of version {version}, this importer writes version {VERSION}: "
                        "finish that run with the importer that began it, or begin anew with --fresh."
                    )
                self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
                self.info = self._read_info()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        """Return itself; the file is closed at the end."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self._db.close()

    def _read_info(self) -> RunInfo:
        values = json.loads(self._value("info") or "{}")
        try:
            return RunInfo(**{**values, "header": tuple(values["header"]), "parts": tuple(values.get("parts", ()))})
        except (KeyError, TypeError) as error:
            raise sqlite3.DataError(f"what the run was asked to do is incomplete: {error}") from error

    def _value(self, key: str) -> str | None:
        found = self._db.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    @property
    def summary(self) -> dict[str, Any] | None:
        """The summary with which the last process on this run ended; None while it runs or when it was killed."""
        with explained(self.path):
            text = self._value("summary")
        return None if text is None else dict(json.loads(text))

    def begin(self) -> bool:
        """Note that a process goes on with the run; whether one did before. Until `end`, the run counts as cut off."""
        with self._transaction() as db:
            db.execute("DELETE FROM run WHERE key = 'summary'")
            return db.execute("INSERT OR IGNORE INTO run VALUES ('begun', 'true')").rowcount == 0

    def end(self, summary: dict[str, Any]) -> None:
        """Note how the process ended."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO run VALUES ('summary', ?)", (json.dumps(summary),))

    def counts(self) -> Counts:
        """How many rows and distinct pairs there are, and how many rows are invalid or repeat an earlier row's pair."""
        with explained(self.path):
            return Counts(*self._db.execute(_COUNTS).fetchone())

    def has_extra_cells(self) -> bool:
        """Return whether any row has more cells than the header."""
        with explained(self.path):
            return self._value("has_extra_cells") is not None

    def problem_groups(self, first: int) -> list[ProblemGroup]:
        """The problems by code, the most frequent first, each with one problem of its `first` rows."""
        with explained(self.path):
            groups = self._db.execute(
                "SELECT code, count(DISTINCT row) AS rows FROM problems GROUP BY code ORDER BY rows DESC, code"
            ).fetchall()
            return [ProblemGroup(code, rows, self._first_problems(code, first)) for code, rows in groups]

    def _first_problems(self, code: str, first: int) -> tuple[tuple[int, Problem], ...]:
        found = self._db.execute("SELECT * FROM problems WHERE code = ? ORDER BY rowid", (code,))
        rows = (next(problems) for _, problems in groupby(found, itemgetter(0)))
        return tuple((number, Problem(*values)) for number, *values in islice(rows, first))

    def pending_by_types(self) -> list[int]:
        """How many distinct pairs are still to be sent, for each pair of object types that has any."""
        pending: Counter[tuple[ObjectType, ObjectType]] = Counter()
        with explained(self.path):
            for found in self._to_send(0):
                pending.update((record[1], record[3]) for _, record in found)
        return list(pending.values())

    def outcome_counts(self) -> dict[Status, int]:
        """How many distinct pairs have each status, of those that have an outcome."""
        with explained(self.path):
            found = self._db.execute("SELECT status, count(*) FROM outcomes GROUP BY status").fetchall()
            return {_status(status): count for status, count in found}

    def take(self, after: int, limit: int) -> list[PendingPair]:
        """The next pairs to send, at most `limit`, numbered above `after`, and the note that they are being sent.

        A pair is to be sent when it has no settled outcome or is `not_sent`. The note makes a pair whose sending a
        crash cut off `unconfirmed` in a report, not `not_sent`.
        """
        with self._transaction() as db:
            pending = list(islice(self._pending(after), limit))
            db.executemany("INSERT OR IGNORE INTO sending VALUES (?)", ((taken.id,) for taken in pending))
        return pending

    def pending(self, after: int, limit: int) -> list[PendingPair]:
        """The same pairs as `take`, to look at: without the note that they are being sent."""
        with explained(self.path):
            return list(islice(self._pending(after), limit))

    def having(self, status: Status, after: int, limit: int) -> list[PendingPair]:
        """The next distinct pairs whose outcome is `status`, at most `limit`, numbered above `after`."""
        having: list[PendingPair] = []
        with explained(self.path):
            found = self._db.execute(_HAVING_STATUS, (after, status, limit)).fetchall()
            blocks = self._db.execute(_PAIRS_AFTER, (after,))
            first, last, records = 0, 0, list[_PairRecord]()
            for number, *values in found:
                while number > last:
                    first, last, data = next(blocks)
                    records = _records(data)
                having.append(_pending_pair(number, records[number - first], _outcome(values)))
        return having

    def _pending(self, after: int) -> Iterator[PendingPair]:
        for found in self._to_send(after):
            span = {"first": found[0][0], "last": found[-1][0]}
            known = {number: values for number, *values in self._db.execute(_KNOWN_OF_PAIRS_TO_SEND, span)}
            for number, record in found:
                yield _pending_pair(number, record, _standing(*known[number]) if number in known else None)

    def _to_send(self, after: int) -> Iterator[list[tuple[int, _PairRecord]]]:
        """The pairs to send that are numbered above `after`, with their numbers, block by block."""
        for first, last, data in self._db.execute(_PAIRS_AFTER, (after,)):
            begin = max(first, after + 1)
            others = {number for (number,) in self._db.execute(_NOT_TO_SEND, {"first": begin, "last": last})}
            if len(others) <= last - begin:
                records = enumerate(_records(data)[begin - first :], begin)
                yield [(number, record) for number, record in records if number not in others]

    def record(self, settled: Outcomes, unsettled: Outcomes = ()) -> None:
        """Write the outcomes of pairs, by their numbers, in one transaction.

        An unsettled pair keeps the note of `take`: its outcome stands in a report, and a later process sends it again.
        One that is `not_sent` needs no note for that: the note would say that a process died while it was sent.
        """
        known = [pair for pair, _ in settled] + [
            pair for pair, outcome in unsettled if outcome.status is Status.NOT_SENT
        ]
        marks = ", ".join("?" for _ in fields(Outcome))
        with self._transaction() as db:
            db.executemany(
                f"INSERT OR REPLACE INTO outcomes VALUES (?, {marks})",
                ((pair, *_outcome_values(outcome)) for outcomes in (settled, unsettled) for pair, outcome in outcomes),
            )
            db.executemany("DELETE FROM sending WHERE pair = ?", ((pair,) for pair in known))

    def give_back(self, pairs: Sequence[int]) -> None:
        """Take back the note of `take` for pairs that were never sent."""
        with self._transaction() as db:
            db.executemany("DELETE FROM sending WHERE pair = ?", ((pair,) for pair in pairs))

    def rows(self, not_sent: Outcome) -> Iterator[RowOutcome]:
        """Every row in the source's order with its problems or its pairs' outcomes; `not_sent` where there is none."""
        with explained(self.path):
            for rows in self._blocks_of_rows(not_sent):
                yield from rows

    def blocks_to_retry(self) -> Iterator[SourceBlock]:
        """The rows with pairs that are failed, unconfirmed or not sent, each with those pairs alone."""
        wanted = (Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT)
        with explained(self.path):
            for rows in self._blocks_of_rows(Outcome(Status.NOT_SENT)):
                block = SourceBlock()
                for row in rows:
                    pairs = tuple(made.pair for made in row.pairs if made.outcome.status in wanted)
                    if pairs:
                        block.add(SourceRow(row.number, row.cells, pairs, ()))
                yield block

    def _blocks_of_rows(self, not_sent: Outcome) -> Iterator[Iterator[RowOutcome]]:
        problems = _ProblemsByRow(self._db.execute("SELECT * FROM problems ORDER BY rowid"))
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
        for number, record in enumerate(_records(data), first):
            first_row, *values = known.get(number, _UNKNOWN)
            made = PairOutcome(Pair(*record[1:]), _standing(*values) or not_sent, first_row or record[0])
            found.setdefault(record[0], []).append(made)
        return found

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explained(self.path):
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
    lock = FileLock(path.with_suffix(".lock"), timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"Another process is working on run {path.stem}: wait until it ends, or stop it and run this again."
        ) from None
    try:
        with Journal(path) as journal:
            yield journal
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process is working on the journal at `path` now."""
    lock = FileLock(path.with_suffix(".lock"), timeout=0, mode=0o600)
    try:
        with lock:
            return False
    except Timeout:
        return True


def list_journals(directory: Path) -> list[Path]:
    """The journals in `directory`, oldest first."""
    return sorted(directory.glob(f"*{SUFFIX}"))


def _records(data: bytes) -> list[_PairRecord]:
    return list(zip(*unpack(data), strict=True))


def _pending_pair(number: int, record: _PairRecord, outcome: Outcome | None) -> PendingPair:
    return PendingPair(number, record[0], Pair(*record[1:]), outcome)


def _outcome(values: Sequence[Any]) -> Outcome | None:
    if values[0] is None:  # as of most pairs when they are taken
        return None
    status, *others = values
    return Outcome(_status(status), *others)


def _status(text: object) -> Status:
    """The status as it was written. Raises what `_explained` takes for damage."""
    status = _STATUSES.get(text)
    if status is None:
        raise sqlite3.DataError(f"{text!r} is no status")
    return status


def _standing(sending: int | None, *values: Any) -> Outcome | None:
    """The outcome so far; of a pair that a process took and neither settled nor gave back, that it was cut off."""
    outcome = _outcome(values)
    if sending is None or not (outcome is None or outcome.status is Status.NOT_SENT):
        return outcome
    return CUT_OFF if outcome is None else replace(CUT_OFF, attempts=outcome.attempts)


def _outcome_values(outcome: Outcome) -> tuple[object, ...]:
    return (
        outcome.status,
        outcome.http_status,
        outcome.api_status,
        outcome.num_errors,
        outcome.error_category,
        outcome.error_message,
        outcome.error_details,
        outcome.correlation_id,
        outcome.association_types,
        outcome.attempts,
        outcome.completed_at,
        outcome.advice,
    )


class _ProblemsByRow:
    """Problems in the order of their rows, handed out row by row."""

    def __init__(self, found: Iterable[tuple[Any, ...]]) -> None:
        self._groups = groupby(found, itemgetter(0))
        self._next = next(self._groups, None)

    def of(self, number: int) -> tuple[Problem, ...]:
        if self._next is None or self._next[0] != number:
            return ()
        problems = tuple(Problem(*values) for _, *values in self._next[1])
        self._next = next(self._groups, None)
        return problems


_STATUSES: dict[object, Status] = {status.value: status for status in Status}
