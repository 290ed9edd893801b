"""A temporary table of the claims of pairs to a label that a record has with only one other, such as Primary.

SQLite compares the claims, so memory use does not grow with their number.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from importer.journal.records import Claim, CompetingClaims
from importer.journal.sqlite_errors import as_journal_error
from importer.model import ObjectType, RecordId

_CREATE = """CREATE TEMP TABLE claims (
    number INTEGER, row INTEGER, object_type TEXT, record_id TEXT, other_type TEXT, other_id TEXT, written TEXT
)"""
_CREATE_INDEX = "CREATE INDEX temp.claims_by_record ON claims (object_type, record_id, other_type, other_id)"

_RECORDS = """
SELECT DISTINCT object_type, other_type, record_id FROM claims JOIN (
    SELECT object_type, other_type FROM claims GROUP BY object_type, other_type
    HAVING count(DISTINCT record_id) > 1 AND count(DISTINCT other_id) > 1
) USING (object_type, other_type) ORDER BY object_type, other_type
"""
"""Where all claims are about one record, or for one record, it does not matter whether records were merged."""

_COMPETING = """
WITH competing AS (
    SELECT object_type, record_id, other_type FROM claims GROUP BY object_type, record_id, other_type
    HAVING count(DISTINCT other_id) > 1 AND count(number) > 0
)
"""
_COMPETING_OTHERS = f"""{_COMPETING}
SELECT DISTINCT other_type, object_type, other_id FROM claims JOIN competing USING (object_type, record_id, other_type)
ORDER BY other_type, object_type
"""
_COMPETING_CLAIMS = f"""{_COMPETING}
SELECT object_type, record_id, other_type, count(DISTINCT other_id),
    json_group_array(DISTINCT claims.row) FILTER (WHERE number IS NOT NULL),
    json_group_array(DISTINCT coalesce(first, number)) FILTER (WHERE number IS NOT NULL),
    json_group_array(DISTINCT written) FILTER (WHERE written <> record_id),
    json_group_array(DISTINCT claims.row) FILTER (WHERE number IS NULL)
FROM claims JOIN competing USING (object_type, record_id, other_type) LEFT JOIN duplicates ON duplicates.pair = number
GROUP BY object_type, record_id, other_type ORDER BY min(claims.row)
"""

_REPEATED_ROWS = f"""{_COMPETING}
SELECT row, first_row FROM duplicates WHERE first IN (
    SELECT coalesce(first, number) FROM claims JOIN competing USING (object_type, record_id, other_type)
    LEFT JOIN duplicates ON duplicates.pair = number
)
"""

_REPLACE = """
UPDATE claims SET {name} = (SELECT survivor FROM survivors WHERE record = {name})
WHERE {kind} = ? AND {name} IN (SELECT record FROM survivors)
"""

Types = tuple[ObjectType, ObjectType]


class ClaimOfPair(NamedTuple):
    """The claim of a pair, by its number (None: it is not in this run, but has been linked) and its row."""

    number: int | None
    row: int
    claim: Claim


class ClaimTable:
    """The claims of the pairs of a run, and of pairs that an earlier run has linked.

    Every method raises JournalError if the disk is full or the journal is damaged.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        """Create the table beside the journal at `path`."""
        self._db = db
        self._path = path
        with as_journal_error(path):
            db.execute(_CREATE)
            db.execute(_CREATE_INDEX)

    def drop(self) -> None:
        """Delete the table."""
        with as_journal_error(self._path):
            self._db.execute("DROP TABLE claims")

    def add(self, claims: Iterable[ClaimOfPair]) -> None:
        """Add claims."""
        rows = ((number, row, *claim, claim.record_id) for number, row, claim in claims)
        with as_journal_error(self._path):
            self._db.executemany("INSERT INTO claims VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    @property
    def is_empty(self) -> bool:
        """True if there are no claims."""
        with as_journal_error(self._path):
            return self._db.execute("SELECT 1 FROM claims LIMIT 1").fetchone() is None

    def records(self) -> Iterator[tuple[Types, RecordId]]:
        """Yield the records with claims that would compete if one was merged into another, after their object types."""
        return self._find_records(_RECORDS)

    def competing_others(self) -> Iterator[tuple[Types, RecordId]]:
        """Yield the records for which there are competing claims, after their object types."""
        return self._find_records(_COMPETING_OTHERS)

    def _find_records(self, query: str) -> Iterator[tuple[Types, RecordId]]:
        with as_journal_error(self._path):
            for own_type, other_type, record in self._db.execute(query):
                yield (own_type, other_type), record

    def replace(self, object_type: ObjectType, survivors: Mapping[RecordId, RecordId]) -> None:
        """Replace merged records of a type, on both sides, by their survivors."""
        with as_journal_error(self._path):
            self._db.execute("CREATE TEMP TABLE survivors (record TEXT PRIMARY KEY, survivor TEXT) WITHOUT ROWID")
            self._db.executemany("INSERT INTO survivors VALUES (?, ?)", survivors.items())
            for kind, name in (("object_type", "record_id"), ("other_type", "other_id")):
                self._db.execute(_REPLACE.format(kind=kind, name=name), (object_type,))
            self._db.execute("DROP TABLE survivors")

    def competing(self) -> Iterator[CompetingClaims]:
        """Yield the claims that pairs of the run make for different records, in source order."""
        with as_journal_error(self._path):
            for object_type, record_id, other_type, others, *lists in self._db.execute(_COMPETING_CLAIMS):
                rows, pairs, merged, held = (sorted(json.loads(one)) for one in lists)
                yield CompetingClaims(object_type, record_id, other_type, others, rows, pairs, merged, held)

    def repeated_rows(self) -> set[int]:
        """Return all rows of competing pairs that several rows have, including rows that claim nothing themselves."""
        with as_journal_error(self._path):
            return {row for rows in self._db.execute(_REPEATED_ROWS) for row in rows}
