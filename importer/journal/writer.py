"""Creates a journal: all rows of a source, their pairs, and which pairs repeat an earlier one."""

import json
import os
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, astuple
from pathlib import Path

from importer.atomic_file import replace_durably
from importer.errors import JournalError
from importer.journal.duplicates import write_duplicates
from importer.journal.integrity import Span, Totals, block_checksum, checksum
from importer.journal.journal_file import FINAL_COUNTS, LAST_ERROR
from importer.journal.records import Account, RunInfo
from importer.journal.schema import PAGE_SIZE, SCHEMA, pack
from importer.journal.sqlite_errors import as_journal_error
from importer.model import SourceBlock

# No other process reads the draft, so one sync at the end suffices, without a rollback journal.
_PRAGMAS = f"""
PRAGMA page_size = {PAGE_SIZE}; PRAGMA cache_size = -16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
"""

_TOTALS = """
SELECT
    (SELECT count(*) FROM blocks),
    (SELECT coalesce(sum(row_count), 0) FROM blocks),
    (SELECT coalesce(sum(blank_count), 0) FROM blocks),
    (SELECT coalesce(max(last_pair), 0) FROM blocks),
    (SELECT count(*) FROM problems),
    (SELECT count(*) FROM duplicates)
"""

_INSERT_PROBLEM = "INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_CORRECTION = "INSERT INTO corrections VALUES (?, ?, ?, ?, ?)"


def write_journal(
    path: Path,
    info: RunInfo,
    blocks: Iterable[SourceBlock],
    account: Account | None = None,
    url_portals: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Create the journal at `path` with `info` and all rows, atomically.

    `account` is the account that the rows belong to, if known. `url_portals` is called after all blocks have been read,
    and returns the account ids in the rows' record URLs. Memory use grows by 16 bytes per pair. Raises JournalError if
    the directory cannot be written or the disk is full; errors raised by `blocks` are not caught.
    """
    draft = path.with_suffix(".reading")
    _create_private(draft)
    try:
        with as_journal_error(draft), closing(sqlite3.connect(draft, isolation_level=None)) as db:
            db.executescript(_PRAGMAS)
            db.executescript(SCHEMA)
            db.execute("BEGIN")
            hashes, width, labelled = _write_blocks(db, blocks)
            write_duplicates(db, hashes)
            (corrections,) = db.execute("SELECT count(*) FROM corrections").fetchone()
            totals = Totals(*(*db.execute(_TOTALS).fetchone(), width, labelled, corrections))
            set_value(db, "info", asdict(info))
            set_value(db, "totals", asdict(totals))
            if account is not None:
                set_value(db, "account", asdict(account))
            if portals := url_portals():
                set_value(db, "url_portals", list(portals))
            db.execute("COMMIT")
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def set_value(db: sqlite3.Connection, key: str, value: object) -> None:
    """Set a key of the table `run` to a JSON value."""
    text = json.dumps(value)
    db.execute("INSERT OR REPLACE INTO run VALUES (?, ?, ?)", (key, text, checksum(key, text)))


def delete_summary(db: sqlite3.Connection) -> None:
    """Delete what the end of the last process wrote: the run is unfinished until the next end."""
    db.execute("DELETE FROM run WHERE key IN ('summary', ?, ?)", (FINAL_COUNTS, LAST_ERROR))


def _create_private(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise _not_writable(path, error) from error


def _publish(draft: Path, path: Path) -> None:
    try:
        replace_durably(draft, path)
    except OSError as error:
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> JournalError:
    message = f"The journal {path} cannot be written: {error.strerror}. Choose another directory with --state-dir."
    return JournalError("JOURNAL_NOT_WRITABLE", message)


def _write_blocks(db: sqlite3.Connection, blocks: Iterable[SourceBlock]) -> "tuple[array[int], int, int]":
    """Write the blocks. Return a hash of every pair, the cells in the longest row, and the number of labelled pairs."""
    hashes = array("q")
    width = labelled = 0
    for number, block in enumerate(blocks, 1):
        pairs = block.pairs
        width = max(width, *map(len, block.cells)) if block.cells else width
        first_pair = len(hashes) + 1
        hashes.extend(map(hash, zip(pairs.from_ids, pairs.to_ids, strict=True)))
        span = Span(number, first_pair, len(hashes), len(block.numbers), _blank_rows(block))
        columns: tuple[object, ...] = (pairs.rows, pairs.from_types, pairs.from_ids, pairs.to_types, pairs.to_ids)
        if pairs.labels is not None:
            columns = (*columns, pairs.labels)
            labelled += sum(map(bool, pairs.labels))
        blobs = (pack(block.numbers), pack(block.cells), pack(columns))
        values = (*astuple(span), block_checksum(span, *blobs), *blobs)
        db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        problems = ((row, *map(_storable, astuple(problem))) for row, problem in block.problems)
        db.executemany(_INSERT_PROBLEM, ((*values, checksum(*values)) for values in problems))
        changes = ((one.row, one.place, _storable(one.original), _storable(one.corrected)) for one in block.corrections)
        db.executemany(_INSERT_CORRECTION, ((*values, checksum(*values)) for values in changes))
    return hashes, width, labelled


def _blank_rows(block: SourceBlock) -> int:
    """Return the number of rows with neither pairs nor problems."""
    return len(block.numbers) - len(set(block.pairs.rows)) - len({row for row, _ in block.problems})


def _storable(text: str) -> str:
    r"""Return the text with characters that UTF-8 cannot encode (lone surrogates) written as `\ud800`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
