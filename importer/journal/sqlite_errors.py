"""What the disk and the file can do to a journal, as sentences."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importer.errors import JournalError
from importer.journal.integrity import CorruptFileError

NO_JOURNAL = "it is not a journal, or it is damaged; import the file again with --fresh"
"""The reason for refusing a file that is not a journal."""

_DAMAGED = "it is damaged{what}, so nothing of it is used; import the file again with --fresh"

_UNUSABLE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and run the same command again to go on",
    sqlite3.SQLITE_READONLY: "it cannot be written; check its permissions",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check its permissions",
    sqlite3.SQLITE_IOERR: "the disk reports an error; look at the disk, then run the same command again to go on",
    sqlite3.SQLITE_BUSY: "another program holds it; close that program and run the same command again",
    sqlite3.SQLITE_NOTADB: NO_JOURNAL,
    sqlite3.SQLITE_CORRUPT: _DAMAGED.format(what=""),
}


@contextmanager
def as_journal_error(path: Path) -> Iterator[None]:
    """Turn what the disk and the file can do to a journal into a JournalError; any other error is a bug and passes."""
    try:
        yield
    except CorruptFileError as error:
        raise JournalError(f"The journal {path}: {_DAMAGED.format(what=f' ({error})')}.") from error
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be read: {error.strerror}.") from error
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
