"""Finds pairs that repeat an earlier one: candidates by their hashes, in memory, then compared by SQLite."""

import sqlite3
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from importer.journal.integrity import checksum
from importer.journal.schema import unpack

MAX_COUNTED = 150_000
"""Up to this many hashes, counting is as fast as importing numpy, which takes 10 MB of memory."""

COUNTED_AT_ONCE = 25_000
"""Number of hashes counted at a time: a counter takes about 0.1 kB for each."""

_CREATE_CANDIDATES = "CREATE TEMP TABLE candidates (pair INTEGER PRIMARY KEY, row, from_type, from_id, to_type, to_id)"

_INSERT_DUPLICATES = """
INSERT INTO duplicates
WITH firsts AS (
    SELECT from_type, from_id, to_type, to_id, min(pair) AS first, row AS first_row FROM candidates
    GROUP BY from_id, to_id, from_type, to_type HAVING count(*) > 1
)
SELECT pair, row, first, first_row, checksum(pair, row, first, first_row)
FROM candidates JOIN firsts USING (from_type, from_id, to_type, to_id)
WHERE pair <> first
"""


def write_duplicates(db: sqlite3.Connection, hashes: "array[int]") -> None:
    """Write the table `duplicates`; `hashes` holds a hash of every pair, in order.

    Most files repeat few pairs, so only pairs whose hash occurs more than once are compared.
    """
    candidates = repeated(hashes)
    if candidates:
        db.create_function("checksum", 4, checksum, deterministic=True)
        db.execute(_CREATE_CANDIDATES)
        db.executemany("INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?)", _pairs(db, candidates))
        db.execute(_INSERT_DUPLICATES)
        db.execute("DROP TABLE candidates")


def repeated(hashes: "array[int]") -> Sequence[int]:
    """Return the positions of all values that occur more than once, in order."""
    return _repeated_by_counting(hashes) if len(hashes) <= MAX_COUNTED else _repeated_by_sorting(hashes)


def _repeated_by_counting(hashes: "array[int]") -> Sequence[int]:
    """Count the hashes in parts, by remainder, to bound the size of the counter."""
    parts = -(-len(hashes) // COUNTED_AT_ONCE)
    repeated_values: set[int] = set()
    for part in range(parts):
        counts = Counter(value for value in hashes if value % parts == part)
        repeated_values.update(value for value, count in counts.items() if count > 1)
    return [position for position, value in enumerate(hashes) if value in repeated_values] if repeated_values else []


def _repeated_by_sorting(hashes: "array[int]") -> Sequence[int]:
    import numpy as np  # noqa: PLC0415 - slow to import, and most files do not need it

    values = np.frombuffer(hashes, dtype=np.int64)
    ordered = np.sort(values)
    if not (ordered[1:] == ordered[:-1]).any():
        return []
    del ordered
    order = np.argsort(values)
    is_same = values[order[1:]] == values[order[:-1]]
    marks = np.zeros(len(values), dtype=bool)
    marks[order[1:][is_same]] = marks[order[:-1][is_same]] = True
    return array("q", np.flatnonzero(marks).astype(np.int64).tobytes())


def _pairs(db: sqlite3.Connection, positions: Sequence[int]) -> Iterator[tuple[int | str, ...]]:
    """Yield the pairs at `positions` (from 0), each with its number (from 1) and its row."""
    found = db.execute("SELECT first_pair, last_pair, pairs FROM blocks WHERE last_pair >= first_pair ORDER BY number")
    for first_pair, last_pair, data in found:
        begin, end = bisect_left(positions, first_pair - 1), bisect_left(positions, last_pair)
        if begin < end:
            columns = unpack(data)[:5]  # without labels, which do not distinguish pairs
            for position in positions[begin:end]:
                yield (position + 1, *(column[position + 1 - first_pair] for column in columns))
