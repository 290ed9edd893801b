"""Which process may write to a journal, and which journals there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from importer.errors import BusyError
from importer.journal.schema import SUFFIX


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Be the one process that may write to the journal at `path`. Raises BusyError when another one is."""
    lock = FileLock(path.with_suffix(".lock"), timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"Another process is working on run {path.stem}: wait until it ends, or stop it and run this again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a process is working on the journal at `path` now."""
    lock = FileLock(path.with_suffix(".lock"), timeout=0, mode=0o600)
    try:
        with lock:
            return False
    except Timeout:
        return True


def list_journals(directory: Path) -> list[Path]:
    """The journals in `directory`, oldest first."""
    return sorted(directory.glob(f"*{SUFFIX}"))
