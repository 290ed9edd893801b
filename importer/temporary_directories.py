"""Temporary directories, including removal of those that killed processes left behind."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

PREFIX = ".importer-tmp-"
_MARKER = "made-by-importer"
_LOCK = "in-use.lock"


@contextmanager
def temporary_directory(parent: Path) -> Iterator[Path]:
    """Create a private directory in `parent`, and remove it with its contents at the end.

    The directory contains a marker with its own random name and a lock that this process holds, so that
    `remove_abandoned` can recognize it after a crash. On a file system without locks it cannot, and the directory
    remains. Raises OSError.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        directory = None
        while directory is None:
            directory = _create(parent, stack)
        yield directory


def remove_abandoned(parent: Path) -> None:
    """Remove the temporary directories in `parent` that killed processes left behind: they may hold personal data.

    Removes only directories that this program created (the marker in it contains the directory's own name, or nothing
    is in it yet) and that no process uses (its lock is free). Everything else is kept, whatever its name and age.
    """
    with suppress(OSError):  # including a missing `parent`
        for directory in parent.glob(f"{PREFIX}*"):
            if _is_own(directory):
                lock = FileLock(directory / _LOCK, timeout=0, mode=0o600)
                with suppress(OSError, NotImplementedError, Timeout), lock:
                    _remove(directory)


def _create(parent: Path, stack: ExitStack) -> Path | None:
    """Create, mark and lock a directory; closing `stack` unlocks and removes it.

    Returns None if another process removed it as abandoned before this one could lock it.
    """
    directory = Path(mkdtemp(prefix=PREFIX, dir=parent))
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    with suppress(FileNotFoundError):
        (directory / _MARKER).write_text(directory.name, encoding="ascii")
    try:
        stack.enter_context(FileLock(directory / _LOCK, timeout=0, mode=0o600))
    except Timeout:
        return None
    except (OSError, NotImplementedError):
        pass  # a file system without locks: no other process removes the directory either
    return directory if (directory / _MARKER).exists() else None


def _remove(directory: Path) -> None:
    """Remove a directory whose lock this process holds. Raises OSError.

    The lock file is removed last, because the creator of the directory may take a lock that is free.
    """
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()
    (directory / _LOCK).unlink()
    directory.rmdir()


def _is_own(directory: Path) -> bool:
    """Return whether a directory is marked, or was left by a process that was killed before it could mark it."""
    marker = directory / _MARKER
    try:
        if directory.is_symlink() or marker.is_symlink():
            return False
        if marker.exists() and marker.stat().st_size:
            return marker.read_text(encoding="ascii") == directory.name
        return all(path.name in {_MARKER, _LOCK} and not path.stat().st_size for path in directory.iterdir())
    except (OSError, UnicodeDecodeError):
        return False
