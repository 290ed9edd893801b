"""Writing a new journal: all rows of a source, and which pairs repeat an earlier one."""

import json
import os
import sqlite3
from array import array
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, astuple
from pathlib import Path

from importer.errors import JournalError
from importer.journal.duplicates import write_duplicates
from importer.journal.integrity import Span, Totals, block_checksum, checksum
from importer.journal.records import Account, RunInfo
from importer.journal.schema import PAGE_SIZE, SCHEMA, pack
from importer.journal.sqlite_errors import as_journal_error
from importer.model import SourceBlock

# Nobody reads a draft, so it needs neither a rollback journal nor syncs before the one at its end.
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


def write_journal(path: Path, info: RunInfo, blocks: Iterable[SourceBlock], account: Account | None = None) -> None:
    """Write a new journal with `info` and all rows; it appears at `path` whole or not at all.

    `account` is the one that the rows belong to, where that is known already.

    Memory grows by 16 bytes a pair. Raises JournalError when the place cannot be written or is full; what `blocks`
    raises passes through.
    """
    draft = path.with_suffix(".reading")
    _create_private(draft)
    try:
        with as_journal_error(draft), closing(sqlite3.connect(draft, isolation_level=None)) as db:
            db.executescript(_PRAGMAS)
            db.executescript(SCHEMA)
            db.execute("BEGIN")
            hashes, width = _write_blocks(db, blocks)
            write_duplicates(db, hashes)
            totals = Totals(*(*db.execute(_TOTALS).fetchone(), width))
            set_value(db, "info", asdict(info))
            set_value(db, "totals", asdict(totals))
            if account is not None:
                set_value(db, "account", asdict(account))
            db.execute("COMMIT")
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def set_value(db: sqlite3.Connection, key: str, value: object) -> None:
    """Write what JSON can hold to the table `run`."""
    text = json.dumps(value)
    db.execute("INSERT OR REPLACE INTO run VALUES (?, ?, ?)", (key, text, checksum(key, text)))


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


def _write_blocks(db: sqlite3.Connection, blocks: Iterable[SourceBlock]) -> "tuple[array[int], int]":
    """Write the blocks; return a hash of each pair, in their order, and the number of cells of the longest row."""
    hashes = array("q")
    width = 0
    for number, block in enumerate(blocks, 1):
        pairs = block.pairs
        width = max(width, *map(len, block.cells)) if block.cells else width
        first_pair = len(hashes) + 1
        hashes.extend(map(hash, zip(pairs.from_ids, pairs.to_ids, strict=True)))
        span = Span(number, first_pair, len(hashes), len(block.numbers), _blank_rows(block))
        columns = (pairs.rows, pairs.from_types, pairs.from_ids, pairs.to_types, pairs.to_ids)
        blobs = (pack(block.numbers), pack(block.cells), pack(columns))
        values = (*astuple(span), block_checksum(span, *blobs), *blobs)
        db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        problems = ((row, *map(_storable, astuple(problem))) for row, problem in block.problems)
        db.executemany(
            "INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?)", ((*values, checksum(*values)) for values in problems)
        )
    return hashes, width


def _blank_rows(block: SourceBlock) -> int:
    """Return the number of rows that have neither pairs nor problems."""
    return len(block.numbers) - len(set(block.pairs.rows)) - len({row for row, _ in block.problems})


def _storable(text: str) -> str:
    r"""The text with what UTF-8 cannot hold (a lone half of a surrogate pair) shown as `\ud800`."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
