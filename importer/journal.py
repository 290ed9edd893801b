"""The journal: one SQLite file per run, the only owner of the run's state.

It holds what the run was asked to do, every row as it was read, every pair, every outcome. Resume, retry, duplicates,
totals and the report are questions asked of it. It knows nothing of HTTP.

Rows are written once, in blocks, and pairs in the order of the rows; a pair that an earlier row made is listed in
`duplicates` and takes its outcome from there. While a run goes on, only `sending` and `outcomes` change.

Durability: WAL with `synchronous=NORMAL`. A killed process loses nothing that was committed. A power failure may undo
the last transactions but leaves the file sound; those pairs are asked again, and the call is idempotent, so FULL (one
fsync an outcome) would buy nothing.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from importer.errors import BusyError, JournalError
from importer.model import Outcome, Pair, PairOutcome, Problem, RowOutcome, SourceRow, Status

VERSION = 1
SUFFIX = ".sqlite"

_BLOCK_ROWS = 500
_BLOCK_CHARACTERS = 1_000_000

_OUTCOME_COLUMNS = ", ".join(field.name for field in fields(Outcome))
_SCHEMA = f"""
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (
    id INTEGER PRIMARY KEY, numbers TEXT NOT NULL, cells TEXT NOT NULL,
    first_pair INTEGER NOT NULL, last_pair INTEGER NOT NULL
);
CREATE TABLE problems (row INTEGER NOT NULL, code TEXT, column TEXT, message TEXT, advice TEXT);
CREATE TABLE pairs (
    id INTEGER PRIMARY KEY, row INTEGER NOT NULL,
    from_type TEXT NOT NULL, from_id TEXT NOT NULL, to_type TEXT NOT NULL, to_id TEXT NOT NULL
);
CREATE TABLE duplicates (pair INTEGER PRIMARY KEY, first INTEGER NOT NULL);
CREATE TABLE sending (pair INTEGER PRIMARY KEY);
CREATE TABLE outcomes (pair INTEGER PRIMARY KEY, {_OUTCOME_COLUMNS});
PRAGMA user_version = {VERSION};
"""

# Two steps, since most files repeat few pairs: the window function that does it in one takes twice as long.
_FIND_DUPLICATES = (
    """
CREATE TEMP TABLE repeated (
    from_id, to_id, from_type, to_type, first, PRIMARY KEY (from_id, to_id, from_type, to_type)
) WITHOUT ROWID
""",
    """
INSERT INTO repeated SELECT from_id, to_id, from_type, to_type, min(id) FROM pairs
GROUP BY from_id, to_id, from_type, to_type HAVING count(*) > 1
""",
    """
INSERT INTO duplicates SELECT id, first FROM pairs CROSS JOIN repeated USING (from_id, to_id, from_type, to_type)
WHERE id <> first AND EXISTS (SELECT 1 FROM repeated)
""",
)

_INSERT_PAIRS = "INSERT INTO pairs (row, from_type, from_id, to_type, to_id) VALUES "
_PAIR_MARKS = "(?, ?, ?, ?, ?)"
_PAIRS_AT_ONCE = 100
"""Pairs that one statement inserts, in half the time of as many statements; SQLite once took 999 values at most."""

_IS_FIRST = "NOT EXISTS (SELECT 1 FROM duplicates WHERE duplicates.pair = pairs.id)"

_TO_SEND = f"""
pairs LEFT JOIN outcomes ON outcomes.pair = pairs.id LEFT JOIN sending ON sending.pair = pairs.id
WHERE {_IS_FIRST} AND (
    outcomes.pair IS NULL OR outcomes.status = '{Status.NOT_SENT}' OR sending.pair IS NOT NULL
)
"""

_PENDING = f"""
SELECT pairs.id, row, from_type, from_id, to_type, to_id, sending.pair, {_OUTCOME_COLUMNS}
FROM {_TO_SEND} AND pairs.id > ? ORDER BY pairs.id LIMIT ?
"""

_HAVING_STATUS = f"""
SELECT pairs.id, row, from_type, from_id, to_type, to_id, NULL, {_OUTCOME_COLUMNS}
FROM pairs JOIN outcomes ON outcomes.pair = pairs.id
WHERE pairs.id > ? AND outcomes.status = ? ORDER BY pairs.id LIMIT ?
"""

_PAIRS_OF_BLOCK = f"""
SELECT pairs.row, firsts.row, pairs.from_type, pairs.from_id, pairs.to_type, pairs.to_id,
    sending.pair, {_OUTCOME_COLUMNS}
FROM pairs LEFT JOIN duplicates ON duplicates.pair = pairs.id
JOIN pairs AS firsts ON firsts.id = coalesce(duplicates.first, pairs.id)
LEFT JOIN outcomes ON outcomes.pair = firsts.id LEFT JOIN sending ON sending.pair = firsts.id
WHERE pairs.id BETWEEN ? AND ? ORDER BY pairs.id
"""

_COUNTS = """
SELECT
    (SELECT coalesce(sum(json_array_length(numbers)), 0) FROM blocks),
    (SELECT count(*) FROM pairs) - (SELECT count(*) FROM duplicates),
    (SELECT count(DISTINCT row) FROM problems),
    (SELECT count(DISTINCT pairs.row) FROM duplicates JOIN pairs ON pairs.id = duplicates.pair
     JOIN pairs AS firsts ON firsts.id = duplicates.first WHERE firsts.row <> pairs.row)
"""

_IS_JOURNAL = "SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('run', 'outcomes')"

CUT_OFF = Outcome(
    Status.UNCONFIRMED,
    error_category="CUT_OFF",
    error_message="The run was cut off while this pair was being sent.",
    advice="Resume the run: the pair is asked for again, which does no harm if it is linked already.",
)
"""The outcome of a pair that a run was sending when its process died."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run was asked to do; never the token.

    Times are ISO 8601. `parent` is the run whose failures this one tries again. `reading` holds the settings that
    decide which pairs the source makes, `target` is the base URL or `sandbox`, `results` where the results file goes,
    `settings` all that it was begun with.
    """

    run_id: str
    created_at: str
    parent: str | None
    source: str
    source_sha256: str
    source_modified_at: str
    header: tuple[str, ...]
    delimiter: str
    reading: dict[str, Any]
    target: str
    api_version: str
    results: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run's rows come to: `invalid` and `duplicates` count rows, `pairs` distinct pairs."""

    rows: int
    pairs: int
    invalid: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """The rows with one kind of problem: how many, and the first of them with their row numbers."""

    code: str
    rows: int
    first: tuple[tuple[int, Problem], ...]


Outcomes = Sequence[tuple[int, Outcome]]
"""Outcomes of pairs by the numbers under which `take` gave them."""


@dataclass(frozen=True, slots=True)
class PendingPair:
    """A pair to send, with the number under which the journal takes its outcome and the first row that made it.

    `earlier` is the outcome it has so far: not settled, not sent, cut off, or to be confirmed.
    """

    id: int
    row: int
    pair: Pair
    earlier: Outcome | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Whether it was sent before without a trustworthy answer, so that it may be linked."""
        return self.earlier is not None and self.earlier.status is Status.UNCONFIRMED


def write_journal(path: Path, info: RunInfo, rows: Iterable[SourceRow]) -> None:
    """Write a new journal with `info` and all `rows`; it appears at `path` whole or not at all.

    Memory does not grow with the rows. Raises JournalError when the place cannot be written or is full; what `rows`
    raises passes through.
    """
    draft = path.with_suffix(".reading")
    _create_private(draft)
    try:
        # Nobody reads a draft, so it needs neither a rollback journal nor syncs before the one at its end.
        with _explained(draft), closing(sqlite3.connect(draft, isolation_level=None)) as db:
            db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;")
            db.executescript(_SCHEMA)
            db.execute("BEGIN")
            _write_rows(db, rows)
            for statement in _FIND_DUPLICATES:
                db.execute(statement)
            db.execute("INSERT INTO run VALUES ('info', ?)", (json.dumps(asdict(info)),))
            db.execute("COMMIT")
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _create_private(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise JournalError(
            f"The journal {path} cannot be written: {error.strerror}. Name another place with --state-dir."
        ) from error


def _publish(draft: Path, path: Path) -> None:
    try:
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be written: {error.strerror}.") from error


def _blocks(rows: Iterable[SourceRow]) -> Iterator[list[SourceRow]]:
    block: list[SourceRow] = []
    characters = 0
    for row in rows:
        block.append(row)
        characters += len("".join(row.cells))
        if len(block) >= _BLOCK_ROWS or characters >= _BLOCK_CHARACTERS:
            yield block
            block, characters = [], 0
    if block:
        yield block


def _write_rows(db: sqlite3.Connection, rows: Iterable[SourceRow]) -> None:
    encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
    last_pair = 0
    for block in _blocks(rows):
        first_pair = last_pair + 1
        pairs = [
            (row.number, pair.from_type, pair.from_id, pair.to_type, pair.to_id) for row in block for pair in row.pairs
        ]
        last_pair += len(pairs)
        db.execute(
            "INSERT INTO blocks (numbers, cells, first_pair, last_pair) VALUES (?, ?, ?, ?)",
            (encode([row.number for row in block]), encode([row.cells for row in block]), first_pair, last_pair),
        )
        _write_pairs(db, pairs)
        db.executemany(
            "INSERT INTO problems VALUES (?, ?, ?, ?, ?)",
            ((row.number, *map(_storable, astuple(problem))) for row in block for problem in row.problems),
        )


def _write_pairs(db: sqlite3.Connection, pairs: Sequence[tuple[int, str, str, str, str]]) -> None:
    rest = len(pairs) % _PAIRS_AT_ONCE
    db.executemany(_INSERT_PAIRS + _PAIR_MARKS, pairs[:rest])
    many = _INSERT_PAIRS + ", ".join([_PAIR_MARKS] * _PAIRS_AT_ONCE)
    for start in range(rest, len(pairs), _PAIRS_AT_ONCE):
        db.execute(many, list(chain.from_iterable(pairs[start : start + _PAIRS_AT_ONCE])))


class Journal:
    """An existing journal. One process may write to it (`open_for_run`); any may read.

    Every method raises JournalError when the file is damaged, full or gone.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`. Raises JournalError when it is none, or another version's."""
        if not path.is_file():
            raise JournalError(f"There is no journal {path}.")
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None)
        try:
            with _explained(path):
                (version,) = self._db.execute("PRAGMA user_version").fetchone()
                if self._db.execute(_IS_JOURNAL).fetchone() != (1,):
                    raise JournalError(f"The journal {path}: {_NO_JOURNAL}.")
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
            return RunInfo(**{**values, "header": tuple(values["header"])})
        except (KeyError, TypeError) as error:
            raise sqlite3.DataError(f"what the run was asked to do is incomplete: {error}") from error

    def _value(self, key: str) -> str | None:
        found = self._db.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    @property
    def summary(self) -> dict[str, Any] | None:
        """The summary with which the last process on this run ended; None while it runs or when it was killed."""
        with _explained(self.path):
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
        with _explained(self.path):
            return Counts(*self._db.execute(_COUNTS).fetchone())

    def problem_groups(self, first: int) -> list[ProblemGroup]:
        """The problems by code, the most frequent first, each with its `first` rows."""
        with _explained(self.path):
            groups = self._db.execute(
                "SELECT code, count(DISTINCT row) AS rows FROM problems GROUP BY code ORDER BY rows DESC, code"
            ).fetchall()
            return [ProblemGroup(code, rows, self._first_problems(code, first)) for code, rows in groups]

    def _first_problems(self, code: str, first: int) -> tuple[tuple[int, Problem], ...]:
        found = self._db.execute("SELECT * FROM problems WHERE code = ? ORDER BY rowid LIMIT ?", (code, first))
        return tuple((number, Problem(*values)) for number, *values in found)

    def pending_by_types(self) -> list[int]:
        """How many distinct pairs are still to be sent, for each pair of object types that has any."""
        with _explained(self.path):
            found = self._db.execute(f"SELECT count(*) FROM {_TO_SEND} GROUP BY from_type, to_type").fetchall()
        return [count for (count,) in found]

    def outcome_counts(self) -> dict[Status, int]:
        """How many distinct pairs have each status, of those that have an outcome."""
        with _explained(self.path):
            found = self._db.execute("SELECT status, count(*) FROM outcomes GROUP BY status").fetchall()
            return {_status(status): count for status, count in found}

    def take(self, after: int, limit: int) -> list[PendingPair]:
        """The next pairs to send, at most `limit`, numbered above `after`, and the note that they are being sent.

        A pair is to be sent when it has no settled outcome or is `not_sent`. The note makes a pair whose sending a
        crash cut off `unconfirmed` in a report, not `not_sent`.
        """
        with self._transaction() as db:
            pending = _pending_pairs(db.execute(_PENDING, (after, limit)))
            db.executemany("INSERT OR IGNORE INTO sending VALUES (?)", ((taken.id,) for taken in pending))
        return pending

    def pending(self, after: int, limit: int) -> list[PendingPair]:
        """The same pairs as `take`, to look at: without the note that they are being sent."""
        with _explained(self.path):
            return _pending_pairs(self._db.execute(_PENDING, (after, limit)))

    def having(self, status: Status, after: int, limit: int) -> list[PendingPair]:
        """The next distinct pairs whose outcome is `status`, at most `limit`, numbered above `after`."""
        with _explained(self.path):
            return _pending_pairs(self._db.execute(_HAVING_STATUS, (after, status, limit)))

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
        with _explained(self.path):
            problems = _grouped_problems(self._db.execute("SELECT * FROM problems ORDER BY rowid"))
            found: tuple[int, tuple[Problem, ...]] | None = next(problems, None)
            blocks = self._db.execute("SELECT numbers, cells, first_pair, last_pair FROM blocks ORDER BY id")
            for numbers, cells, first_pair, last_pair in blocks:
                made = _PairsByRow(self._db.execute(_PAIRS_OF_BLOCK, (first_pair, last_pair)), not_sent)
                for number, row_cells in zip(json.loads(numbers), json.loads(cells), strict=True):
                    row_problems: tuple[Problem, ...] = ()
                    if found is not None and found[0] == number:
                        row_problems = found[1]
                        found = next(problems, None)
                    yield RowOutcome(number, tuple(row_cells), row_problems, made.of(number))

    def rows_to_retry(self) -> Iterator[SourceRow]:
        """The rows with pairs that are failed, unconfirmed or not sent, each with those pairs alone."""
        wanted = (Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT)
        for row in self.rows(Outcome(Status.NOT_SENT)):
            pairs = tuple(made.pair for made in row.pairs if made.outcome.status in wanted)
            if pairs:
                yield SourceRow(row.number, row.cells, pairs, ())

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _explained(self.path):
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


def _pending_pairs(found: Iterable[tuple[Any, ...]]) -> list[PendingPair]:
    return [
        PendingPair(
            number,
            row,
            Pair(from_type, from_id, to_type, to_id),
            _outcome(outcome) if sending is None else _cut_off(outcome),
        )
        for number, row, from_type, from_id, to_type, to_id, sending, *outcome in found
    ]


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


def _cut_off(values: Sequence[Any]) -> Outcome:
    """The outcome of a pair that a process took and neither settled nor gave back."""
    outcome = _outcome(values)
    if outcome is None or outcome.status is Status.NOT_SENT:
        return CUT_OFF if outcome is None else replace(CUT_OFF, attempts=outcome.attempts)
    return outcome


def _storable(text: str) -> str:
    r"""The text with what UTF-8 cannot hold (a lone half of a surrogate pair) shown as `\ud800`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


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


def _grouped_problems(found: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, tuple[Problem, ...]]]:
    for number, group in groupby(found, itemgetter(0)):
        yield number, tuple(Problem(*values) for _, *values in group)


class _PairsByRow:
    """The pairs of a block of rows, handed out row by row in the order of the query."""

    def __init__(self, found: Iterator[tuple[Any, ...]], not_sent: Outcome) -> None:
        self._found = found
        self._not_sent = not_sent
        self._next = next(found, None)

    def of(self, number: int) -> tuple[PairOutcome, ...]:
        pairs = []
        while self._next is not None and self._next[0] == number:
            _, first_row, from_type, from_id, to_type, to_id, sending, *values = self._next
            outcome = (_outcome(values) or self._not_sent) if sending is None else _cut_off(values)
            pairs.append(PairOutcome(Pair(from_type, from_id, to_type, to_id), outcome, first_row))
            self._next = next(self._found, None)
        return tuple(pairs)


_STATUSES: dict[object, Status] = {status.value: status for status in Status}

_NO_JOURNAL = "it is not a journal, or it is damaged; begin anew with --fresh"

_UNUSABLE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and run the same command again to go on",
    sqlite3.SQLITE_READONLY: "it cannot be written; check its permissions",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check its permissions",
    sqlite3.SQLITE_IOERR: "the disk reports an error; look at the disk, then run the same command again to go on",
    sqlite3.SQLITE_BUSY: "another program holds it; close that program and run the same command again",
    sqlite3.SQLITE_NOTADB: _NO_JOURNAL,
    sqlite3.SQLITE_CORRUPT: "it is damaged; begin anew with --fresh",
}


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the disk and the file can do to a journal into a JournalError; any other error is a bug and passes."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        reason = _UNUSABLE.get(_error_code(error))
        if reason is None:
            raise
        raise JournalError(f"The journal {path}: {reason}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise JournalError(f"The journal {path}: {_UNUSABLE[sqlite3.SQLITE_CORRUPT]}.") from error


def _error_code(error: sqlite3.DatabaseError) -> int:
    """SQLite's code of an error; text that is no UTF-8 or no JSON has none of its own, and is damage."""
    if isinstance(error, sqlite3.DataError) or "Could not decode" in str(error) or "malformed JSON" in str(error):
        return sqlite3.SQLITE_CORRUPT
    return int(getattr(error, "sqlite_errorcode", -1)) & 0xFF
