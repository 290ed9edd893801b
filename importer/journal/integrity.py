"""Detects damage to a journal, by checksums of every row, counts, and rules for values.

Disks, cables and memory flip bits. A journal with one wrong bit could report a record as linked that is not, or link
the wrong record, so a journal is used only if all of it is intact. CRC-32 detects every flipped bit of a row and every
burst of up to 32 bits; SQLite's own check detects rows lost in a damaged page.
"""

import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any
from zlib import crc32

import orjson

from importer.journal.schema import OUTCOME_COLUMNS, TABLES, unpack
from importer.model import Status, is_object_type, is_record_id

_SHORT_IDS = re.compile(r"(?:[1-9][0-9]{0,17}\n)*+").fullmatch
_TYPES = re.compile(r"-|[A-Z_]{1,100}:[0-9]{1,18}(?:;[A-Z_]{1,100}:[0-9]{1,18})*+").fullmatch

_ACTIVITY = {
    "activity": "at, begun, responses, retries, rate_limited, busiest, rate, p50, p95",
    "pauses": "begun, ended, reason",
    "processes": "number, begun, ended, ended_by",
}

_UNDO = "pair, left_types, target_types, added_types, removed_types, sent_types, reverse_types"

GOALS = "goals"
"""The key of the table `run` with the number of labelled pairs; it exists once their labels are resolved."""


class CorruptFileError(sqlite3.DataError):
    """Raised when a journal differs from what was written to it; the message names the part."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a journal when it was written.

    `pairs` includes repeated pairs; `duplicates` counts only these. `blank` counts rows with neither pairs nor
    problems, `labelled` pairs with labels in their own rows, `corrections` corrected cells. `width` is the number of
    cells in the longest row.
    """

    blocks: int
    rows: int
    blank: int
    pairs: int
    problems: int
    duplicates: int
    width: int
    labelled: int = 0
    corrections: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """The bounds of a block: its number, its first and last pair, and how many rows and blank rows it has.

    A block without pairs has a `last` below its `first`.
    """

    number: int
    first: int
    last: int
    rows: int
    blank: int


def checksum(*values: object) -> int:
    """Return the checksum of the values of a row: texts, integers and None."""
    return crc32(orjson.dumps(values))


def block_checksum(span: Span, numbers: bytes, cells: bytes, pairs: bytes) -> int:
    """Return the checksum of a block and its bounds."""
    bounds = orjson.dumps((*astuple(span), len(numbers), len(cells), len(pairs)))
    return crc32(pairs, crc32(cells, crc32(numbers, crc32(bounds))))


def require(condition: bool, part: str) -> None:
    """Raise CorruptFileError naming `part` of the journal unless `condition` holds."""
    if not condition:
        raise CorruptFileError(part)


def require_schema(db: sqlite3.Connection) -> None:
    """Raise CorruptFileError unless the tables are exactly those of a journal."""
    expected = {" ".join(statement.split()) for statement in TABLES}
    found = db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    require({" ".join(str(sql).split()) for (sql,) in found} == expected, "the definitions of its tables")


def read_run(db: sqlite3.Connection) -> dict[str, str]:
    """Return the table `run` as a dictionary of JSON texts. Raises CorruptFileError."""
    values: dict[str, str] = dict(_checked(db, "key, value", "run", "key"))
    require({"info", "totals"} <= values.keys(), "the description of the run")
    return values


def read_spans(db: sqlite3.Connection, totals: Totals) -> list[Span]:
    """Return the bounds of all blocks, checked against each other and against `totals`. Raises CorruptFileError."""
    found = db.execute("SELECT number, first_pair, last_pair, row_count, blank_count FROM blocks ORDER BY number")
    spans = [Span(*values) for values in found]
    last = 0
    for number, span in enumerate(spans, 1):
        require(all(type(value) is int for value in astuple(span)), "the bounds of a block of rows")
        is_next = (
            span.number == number and span.first == last + 1 and span.last >= last and span.rows >= span.blank >= 0
        )
        require(is_next, "the bounds of a block of rows")
        last = span.last
    counted = (len(spans), sum(span.rows for span in spans), sum(span.blank for span in spans), last)
    require(counted == (totals.blocks, totals.rows, totals.blank, totals.pairs), "the number of rows")
    return spans


def verify(db: sqlite3.Connection, totals: Totals) -> None:
    """Check every row of a journal against its checksum, and the number of rows against `totals`.

    Raises CorruptFileError. Takes about three seconds for a million pairs with outcomes.
    """
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    require(found == "ok", "its database pages")
    for span in read_spans(db, totals):
        _verify_block(db, span)
    problems = _checked(db, "row, code, column, message, advice", "problems")
    require(sum(1 for _ in problems) == totals.problems, "the number of problems")
    repeated = {pair: first for pair, _, first, _ in _checked(db, "pair, row, first, first_row", "duplicates")}
    require(len(repeated) == totals.duplicates, "the number of duplicates")
    require(all(0 < first < pair <= totals.pairs for pair, first in repeated.items()), "a duplicate")
    statuses = _verify_pairs(db, totals, "outcomes", OUTCOME_COLUMNS, "status", "an outcome")
    require(statuses <= set(Status), "an outcome")
    for table in ("before", "after", "sent"):
        found_types = _verify_pairs(db, totals, table, "types", "types", "association types")
        require(all(_TYPES(str(types)) for types in found_types), "association types")
    for pair, *texts in _checked(db, _UNDO, "undo"):
        is_text = all(text is None or _TYPES(text) for text in texts)
        require(0 < pair <= totals.pairs and is_text and pair not in repeated, "a state to restore")
    for pair, other, types in _checked(db, "pair, other, types", "primaries"):
        is_text = bool(_TYPES(types)) and (not other or is_record_id(other))
        require(0 < pair <= totals.pairs and is_text and pair not in repeated, "a primary record")
    _verify_goals(db, totals, repeated)
    for (pair,) in _checked(db, "pair", "in_flight"):
        require(0 < pair <= totals.pairs and pair not in repeated, "a pair in flight")
    corrections = _checked(db, "row, place, original, corrected", "corrections")
    require(sum(1 for _ in corrections) == totals.corrections, "the number of corrections")
    _verify_activity(db)


def _verify_goals(db: sqlite3.Connection, totals: Totals, repeated: Collection[int]) -> None:
    goals = 0
    for pair, types in _checked(db, "pair, types", "goals"):
        goals += 1
        require(0 < pair <= totals.pairs and pair not in repeated and bool(_TYPES(types)), "a goal")
    require(goals == json.loads(read_run(db).get(GOALS, "0")), "the number of labelled pairs")


def _verify_activity(db: sqlite3.Connection) -> None:
    for table, columns in _ACTIVITY.items():
        for _ in _checked(db, columns, table):
            pass


def _verify_pairs(
    db: sqlite3.Connection, totals: Totals, table: str, columns: str, distinct: str, part: str
) -> set[object]:
    """Check the rows of a table of distinct pairs. Return the few distinct values of the column `distinct`."""
    _require_intact(db, f"pair, {columns}", table)
    first, last = db.execute(f"SELECT coalesce(min(pair), 1), coalesce(max(pair), 0) FROM {table}").fetchone()
    require(first > 0 and last <= totals.pairs, part)
    repeats = db.execute(f"SELECT EXISTS (SELECT 1 FROM duplicates WHERE pair IN (SELECT pair FROM {table}))")
    require(repeats.fetchone() == (0,), part)
    return {value for (value,) in db.execute(f"SELECT DISTINCT {distinct} FROM {table}")}


def _require_intact(db: sqlite3.Connection, columns: str, table: str) -> None:
    """Check every row of a table against its checksum, as `_checked` does, in half the time.

    SQLite writes the values of a row as JSON faster than Python reads them. If its JSON differs from what was hashed,
    the values themselves are checked.
    """
    try:
        for row, data, check in db.execute(f"SELECT rowid, CAST(json_array({columns}) AS BLOB), checksum FROM {table}"):
            if crc32(data) != check:
                for _ in _checked(db, columns, table, where=f"rowid = {row}"):
                    pass
    except sqlite3.OperationalError:  # bytes, which JSON cannot hold; or an SQLite without JSON
        for _ in _checked(db, columns, table):
            pass


def _checked(
    db: sqlite3.Connection, columns: str, table: str, order: str = "rowid", where: str = "true"
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table without their checksums, after checking each against its checksum."""
    damage = CorruptFileError(f"a row of the table {table}")
    for found in db.execute(f"SELECT {columns}, checksum FROM {table} WHERE {where} ORDER BY {order}"):
        values = found[:-1]
        try:
            is_intact = crc32(orjson.dumps(values)) == found[-1]
        except TypeError:  # bytes instead of a text or a number
            is_intact = False
        if not is_intact:
            raise damage
        yield values


def read_block(db: sqlite3.Connection, span: Span) -> tuple[bytes, bytes, bytes]:
    """Return the packed numbers, cells and pairs of a block, after checking them. Raises CorruptFileError."""
    found = db.execute("SELECT numbers, cells, pairs, checksum FROM blocks WHERE number = ?", (span.number,)).fetchone()
    require(found is not None and all(type(data) is bytes for data in found[:3]), "a block of rows")
    numbers, cells, pairs, check = found
    require(block_checksum(span, numbers, cells, pairs) == check, "a block of rows")
    return numbers, cells, pairs


def _verify_block(db: sqlite3.Connection, span: Span) -> None:
    columns = unpack(read_block(db, span)[2])
    require({len(column) for column in columns} == {span.last - span.first + 1}, "the number of pairs")
    _, from_types, from_ids, to_types, to_ids = columns[:5]
    texts = (text for labels in columns[5:] for texts in labels for text in texts)
    require(all(type(text) is str for text in texts), "a label")
    require(all(map(is_object_type, {*from_types, *to_types})), "an object type")
    require(_are_ids(from_ids) and _are_ids(to_ids), "a record id")


def _are_ids(texts: Sequence[str]) -> bool:
    lines = "\n".join((*texts, ""))
    if lines.count("\n") == len(texts) and _SHORT_IDS(lines):
        return True
    return all(map(is_record_id, texts))
