"""Temporary directories in the state directory, and the removal of those whose process is gone."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

_PREFIX = "importer-tmp-"
_MARKER = "made-by-importer"
_LOCK = "in-use.lock"


@contextmanager
def temporary_directory(parent: Path) -> Iterator[Path]:
    """Make a private directory in `parent` and remove it, with what is in it, at the end.

    The directory carries a marker with its own random name and a lock that this process holds, so that
    `remove_abandoned` can recognise it after a crash. Raises OSError.
    """
    make_private(parent)
    directory = Path(mkdtemp(prefix=_PREFIX, dir=parent))
    lock = FileLock(directory / _LOCK, mode=0o600)
    try:
        with lock.acquire(timeout=0):
            (directory / _MARKER).write_text(directory.name, encoding="ascii")
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def remove_abandoned(parent: Path) -> None:
    """Remove the temporary directories in `parent` that killed processes left: they may hold people's data.

    Removes only a directory that this program made (the marker in it names the directory itself) and that no process
    uses (its lock is free). Everything else stays, whatever its name and age.
    """
    with suppress(OSError):  # also when `parent` does not exist yet
        for directory in parent.iterdir():
            if directory.name.startswith(_PREFIX) and _is_marked(directory):
                with suppress(OSError, Timeout), FileLock(directory / _LOCK, timeout=0, mode=0o600):
                    shutil.rmtree(directory)


def _is_marked(directory: Path) -> bool:
    marker = directory / _MARKER
    if directory.is_symlink() or marker.is_symlink():
        return False
    try:
        return marker.read_text(encoding="ascii") == directory.name
    except (OSError, UnicodeDecodeError):
        return False


def make_private(directory: Path) -> None:
    """Make a directory, and those above it, if it is missing; only its owner may enter one that is new."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
