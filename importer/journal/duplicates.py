"""Which pairs repeat an earlier one: suspected by their hashes in memory, translate_errors apart by SQLite."""

import sqlite3
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

from importer.journal.integrity import checksum
from importer.journal.schema import unpack

_FEW = 50_000
"""Hashes that are counted sooner than numpy is imported."""

_SUSPECTS = "CREATE TEMP TABLE suspects (pair INTEGER PRIMARY KEY, row, from_type, from_id, to_type, to_id)"

_FIND = """
INSERT INTO duplicates
WITH firsts AS (
    SELECT from_type, from_id, to_type, to_id, min(pair) AS first, row AS first_row FROM suspects
    GROUP BY from_id, to_id, from_type, to_type HAVING count(*) > 1
)
SELECT pair, row, first, first_row, checksum(pair, row, first, first_row)
FROM suspects JOIN firsts USING (from_type, from_id, to_type, to_id)
WHERE pair <> first
"""


def write_duplicates(db: sqlite3.Connection, hashes: "array[int]") -> None:
    """Write the pairs that repeat an earlier one; `hashes` are those of all pairs, in their order.

    Most files repeat few pairs: only those whose hash occurs twice are compared.
    """
    suspects = repeated(hashes)
    if suspects:
        db.create_function("checksum", 4, checksum, deterministic=True)
        db.execute(_SUSPECTS)
        db.executemany("INSERT INTO suspects VALUES (?, ?, ?, ?, ?, ?)", _pairs(db, suspects))
        db.execute(_FIND)
        db.execute("DROP TABLE suspects")


def repeated(hashes: "array[int]") -> Sequence[int]:
    """The places of all values that occur more than once, in order."""
    if len(hashes) <= _FEW:
        counts = Counter(hashes)
        return [place for place, value in enumerate(hashes) if counts[value] > 1]
    return _repeated_of_many(hashes)


def _repeated_of_many(hashes: "array[int]") -> Sequence[int]:
    import numpy as np  # noqa: PLC0415 - most files are done before it is imported

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


def _pairs(db: sqlite3.Connection, places: Sequence[int]) -> Iterator[tuple[int | str, ...]]:
    """The pairs at some places, counted from 0, with their numbers, which count from 1, and rows."""
    found = db.execute("SELECT first_pair, last_pair, pairs FROM blocks WHERE last_pair >= first_pair ORDER BY number")
    for first_pair, last_pair, data in found:
        begin, end = bisect_left(places, first_pair - 1), bisect_left(places, last_pair)
        if begin < end:
            columns = unpack(data)
            for place in places[begin:end]:
                yield (place + 1, *(column[place + 1 - first_pair] for column in columns))
