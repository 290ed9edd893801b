"""The tables of a journal.

To add a table: append its CREATE statement to `TABLES` with a column `checksum`, raise `VERSION`, and check its rows in
`integrity.verify`.
"""

import json
from dataclasses import fields
from typing import Any

import orjson

from importer.model import Outcome, Status

VERSION = 7
SUFFIX = ".sqlite"

PAGE_SIZE = 16_384
"""Page size in bytes: blocks are large and fill large pages."""

OUTCOME_COLUMNS = ", ".join(field.name for field in fields(Outcome))

OUTCOME_COUNTS = f"""
SELECT status, count(*) FROM outcomes
WHERE status <> '{Status.NOT_SENT}' AND pair NOT IN (SELECT pair FROM in_flight) GROUP BY status
"""
"""The query that counts the distinct pairs that are not pending, by status."""

TABLES = (
    "CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, first_pair INTEGER NOT NULL, last_pair INTEGER NOT NULL, row_count INTEGER NOT NULL,
    blank_count INTEGER NOT NULL, checksum INTEGER NOT NULL, numbers BLOB NOT NULL, cells BLOB NOT NULL,
    pairs BLOB NOT NULL
)""",
    "CREATE TABLE problems (row INTEGER NOT NULL, code TEXT, column TEXT, message TEXT, advice TEXT, checksum INTEGER)",
    """CREATE TABLE duplicates (
    pair INTEGER PRIMARY KEY, row INTEGER NOT NULL, first INTEGER NOT NULL, first_row INTEGER NOT NULL,
    checksum INTEGER NOT NULL
)""",
    "CREATE TABLE in_flight (pair INTEGER PRIMARY KEY, checksum INTEGER NOT NULL)",
    "CREATE TABLE before (pair INTEGER PRIMARY KEY, types TEXT NOT NULL, checksum INTEGER NOT NULL)",
    "CREATE TABLE after (pair INTEGER PRIMARY KEY, types TEXT NOT NULL, checksum INTEGER NOT NULL)",
    "CREATE TABLE sent (pair INTEGER PRIMARY KEY, types TEXT NOT NULL, checksum INTEGER NOT NULL)",
    """CREATE TABLE undo (
    pair INTEGER PRIMARY KEY, left_types TEXT, target_types TEXT, added_types TEXT NOT NULL,
    removed_types TEXT NOT NULL, sent_types TEXT, reverse_types TEXT, checksum INTEGER NOT NULL
)""",
    """CREATE TABLE primaries (
    pair INTEGER PRIMARY KEY, other TEXT NOT NULL, types TEXT NOT NULL, checksum INTEGER NOT NULL
)""",
    "CREATE TABLE goals (pair INTEGER PRIMARY KEY, types TEXT NOT NULL, checksum INTEGER NOT NULL)",
    f"CREATE TABLE outcomes (pair INTEGER PRIMARY KEY, {OUTCOME_COLUMNS}, checksum INTEGER NOT NULL)",
    """CREATE TABLE corrections (
    row INTEGER NOT NULL, place INTEGER NOT NULL, original TEXT NOT NULL, corrected TEXT NOT NULL,
    checksum INTEGER NOT NULL
)""",
    """CREATE TABLE activity (
    at INTEGER PRIMARY KEY, begun INTEGER NOT NULL, responses INTEGER NOT NULL, retries INTEGER NOT NULL,
    rate_limited INTEGER NOT NULL, busiest INTEGER NOT NULL, rate TEXT NOT NULL, p50 INTEGER, p95 INTEGER,
    checksum INTEGER NOT NULL
)""",
    """CREATE TABLE pauses (
    begun INTEGER PRIMARY KEY, ended INTEGER NOT NULL, reason TEXT NOT NULL, checksum INTEGER NOT NULL
)""",
    """CREATE TABLE processes (
    number INTEGER PRIMARY KEY, begun INTEGER NOT NULL, ended INTEGER, ended_by TEXT NOT NULL, checksum INTEGER NOT NULL
)""",
    "CREATE INDEX problems_by_row ON problems (row)",
)
"""The CREATE statements. `checksum` covers the other values of a row (see `integrity.checksum`).

run         the settings and the state of the run, as JSON values
blocks      rows with their cells, and the pairs that they yield
problems    the problems of invalid rows
duplicates  the pairs that repeat an earlier pair (`first`)
in_flight   the pairs that a process has claimed and whose outcome is not final
before      the association types of pairs, read before they were sent: `CATEGORY:ID;…`, `-` if none
after       the same, read after they were sent
sent        the types that a pair was to have after its last call, written before it; only for new links without
            labels whose types are certain, and where the run labels the link of the pair from both sides
undo        in an undo: the types that the undone run left and those that it found, NULL if unknown, and the
            labels that it may have added and removed; those before the run as those left, and no others, if the pair
            must not be changed; if the run was cut off after it had labelled the link from both sides, also the types
            that it may have left, as the pair and as the reverse pair have them
primaries   for pairs that are to become Primary: the id and types of the record that was primary before, "" and `-` if
            there was none
goals       the association types that a labelled pair is to have: those of its labels in all rows that contain it
outcomes    the latest outcome of each pair that has one
corrections the cells that were corrected while the source was read: column (from 0), original and corrected text
activity    the calls of each second, by its Unix time; `p50` and `p95` are latencies in milliseconds
pauses      the periods in which no call was begun; all times are Unix milliseconds, as in `processes`
processes   the processes that worked on the run; `ended` is NULL while one is running
"""

SCHEMA = ";\n".join((*TABLES, f"PRAGMA user_version = {VERSION};"))


def pack(value: Any) -> bytes:
    """Return a value of lists, texts and numbers as JSON."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, which UTF-8 cannot encode
        return json.dumps(value).encode()


def unpack(data: bytes) -> Any:
    """Return the value that was given to `pack`, as lists.

    Raises json.JSONDecodeError or UnicodeDecodeError if the data is damaged.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)
