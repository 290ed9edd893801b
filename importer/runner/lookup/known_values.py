"""The results of lookups by value, in a temporary SQLite file, so that memory use does not grow with the source."""

import json
import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from importer.hubspot.lookup import Ambiguous, Found, Key, NotFound, Result, Unread
from importer.model import RecordId

# The file is private to this process and is deleted after use.
_PRAGMAS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;"
_SCHEMA = "CREATE TABLE known (key INTEGER, value TEXT, result TEXT, PRIMARY KEY (key, value)) WITHOUT ROWID"
_SELECT = "SELECT value, result FROM known WHERE key = ? AND value IN (SELECT value FROM json_each(?))"

_KINDS = {kind.__name__: kind for kind in (NotFound, Ambiguous, Unread)}


class KnownValues:
    """Results by property and value; a context manager."""

    def __init__(self, path: Path) -> None:
        """Create the file."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_PRAGMAS)
        self._db.execute(_SCHEMA)
        self._numbers: dict[Key, int] = {}

    def __enter__(self) -> Self:
        """Return the object."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._db.close()

    def add(self, key: Key, results: Mapping[str, Result]) -> None:
        """Add the results of values."""
        number = self._number(key)
        rows = ((number, json.dumps(value), _text(result)) for value, result in results.items())
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def get(self, key: Key, values: Collection[str]) -> dict[str, Result]:
        """Return the results of those values that are known."""
        # As JSON, values are ASCII: SQLite stores no lone surrogates.
        wanted = json.dumps([json.dumps(value) for value in values])
        rows = self._db.execute(_SELECT, (self._number(key), wanted))
        return {json.loads(value): _result(text) for value, text in rows}

    def _number(self, key: Key) -> int:
        return self._numbers.setdefault(key, len(self._numbers))


def _text(result: Result) -> str:
    match result:
        case Found(record_id):
            return record_id
        case NotFound(deleted_on):
            values: tuple[object, ...] = (deleted_on,)
        case Ambiguous(record_ids, is_complete):
            values = (record_ids, is_complete)
        case Unread(reason, is_refused):
            values = (reason, is_refused)
    return json.dumps([type(result).__name__, *values])


def _result(text: str) -> Result:
    if not text.startswith("["):
        return Found(RecordId(text))
    kind, *values = json.loads(text)
    if kind == Ambiguous.__name__:
        return Ambiguous(tuple(values[0]), values[1])
    found: Result = _KINDS[kind](*values)
    return found
