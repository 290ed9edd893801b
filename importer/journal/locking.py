"""Locks journals, so that at most one process writes to each; lists and removes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from importer.errors import BusyError
from importer.journal.schema import SUFFIX

_HOLD_TIMEOUT = 1.0
"""Seconds to wait for the lock: a process that only checks whether it is held takes it for a moment."""

_CHECK_TIMEOUT = 0.02
"""Seconds that a process checking the lock waits for another one that checks it too."""

_POLL_INTERVAL = 0.002
"""Seconds between attempts to take the lock."""


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock of the journal at `path`. Raises BusyError if another process holds it."""
    lock = FileLock(path.with_suffix(".lock"), timeout=_HOLD_TIMEOUT, mode=0o600)
    try:
        lock.acquire(poll_interval=_POLL_INTERVAL)
    except Timeout:
        message = f"Another process is working on run {path.stem}. Wait until it ends, or stop it and try again."
        raise BusyError("RUN_BUSY", message) from None
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Return True while a process holds the lock of the journal at `path`."""
    lock = FileLock(path.with_suffix(".lock"), timeout=_CHECK_TIMEOUT, mode=0o600)
    try:
        with lock.acquire(poll_interval=_POLL_INTERVAL):
            return False
    except Timeout:
        return True


def remove_journal(path: Path) -> None:
    """Remove a journal that no process uses, with its log, index and lock."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.with_suffix(".lock").unlink(missing_ok=True)


def list_journals(directory: Path) -> list[Path]:
    """Return the journals in `directory`, oldest first."""
    return sorted(directory.glob(f"*{SUFFIX}"))
