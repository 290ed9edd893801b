"""Turns errors of the disk and of SQLite into JournalErrors."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importer.errors import JournalError
from importer.journal.integrity import CorruptFileError

_REASONS = {
    sqlite3.SQLITE_FULL: ("DISK_FULL", "the disk is full. Free some space and run the same command again to resume."),
    sqlite3.SQLITE_READONLY: ("JOURNAL_READ_ONLY", "it cannot be written. Check its permissions."),
    sqlite3.SQLITE_CANTOPEN: ("JOURNAL_CANNOT_BE_OPENED", "it cannot be opened. Check its permissions."),
    sqlite3.SQLITE_IOERR: (
        "DISK_ERROR",
        "the disk reports an error. Check the disk, then run the same command again to resume.",
    ),
    sqlite3.SQLITE_BUSY: (
        "JOURNAL_LOCKED",
        "another program has locked it. Close that program and run the same command again.",
    ),
}
"""The code and the reason of a JournalError, by SQLite's error code."""


def not_a_journal(path: Path) -> JournalError:
    """Return the error for a file that is not a journal."""
    message = f"{path} is not a journal, or it is damaged. Import the file again with --fresh."
    return JournalError("NOT_A_JOURNAL", message)


@contextmanager
def as_journal_error(path: Path) -> Iterator[None]:
    """Turn errors of the disk and of SQLite into a JournalError; any other error is a bug and is not caught."""
    try:
        yield
    except CorruptFileError as error:
        raise _damaged(path, f" (in {error})") from error
    except OSError as error:
        message = f"The journal {path} cannot be read: {error.strerror}."
        raise JournalError("JOURNAL_UNREADABLE", message) from error
    except sqlite3.DatabaseError as error:
        raise _translated(path, error) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path, detail: str = "") -> JournalError:
    message = f"The journal {path} is damaged{detail}, so it cannot be used. Import the file again with --fresh."
    return JournalError("JOURNAL_DAMAGED", message)


def _translated(path: Path, error: sqlite3.DatabaseError) -> Exception:
    """Return the JournalError for an SQLite error, or the error itself if it is a bug."""
    # SQLite has no error code for text that is not UTF-8 or not JSON; only damage causes this.
    if isinstance(error, sqlite3.DataError) or "Could not decode" in str(error) or "malformed JSON" in str(error):
        return _damaged(path)
    number = int(getattr(error, "sqlite_errorcode", -1)) & 0xFF
    if number == sqlite3.SQLITE_CORRUPT:
        return _damaged(path)
    if number == sqlite3.SQLITE_NOTADB:
        return not_a_journal(path)
    if number not in _REASONS:
        return error
    code, reason = _REASONS[number]
    return JournalError(code, f"The journal {path}: {reason}")
