"""Which process may write to a journal, and which journals exist."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from importer.errors import BusyError
from importer.journal.schema import SUFFIX

_BRIEF = 1.0
"""Seconds to wait for the lock of a process that only asks whether it is held: it has it for a moment, if not busy."""

_ASKING = 0.02
"""Seconds for which a process that only asks waits for another one that does."""

_POLL = 0.002


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock of the journal at `path`. Raises BusyError if another process holds it."""
    lock = FileLock(path.with_suffix(".lock"), timeout=_BRIEF, mode=0o600)
    try:
        lock.acquire(poll_interval=_POLL)
    except Timeout:
        message = f"Another process is working on run {path.stem}. Wait until it ends, or stop it and try again."
        raise BusyError("RUN_BUSY", message) from None
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Return True while a process holds the lock of the journal at `path`."""
    lock = FileLock(path.with_suffix(".lock"), timeout=_ASKING, mode=0o600)
    try:
        with lock.acquire(poll_interval=_POLL):
            return False
    except Timeout:
        return True


def remove_journal(path: Path) -> None:
    """Remove a journal that no process uses, with the files beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.with_suffix(".lock").unlink(missing_ok=True)


def list_journals(directory: Path) -> list[Path]:
    """Return the journals in `directory`, oldest first."""
    return sorted(directory.glob(f"*{SUFFIX}"))
