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
    """Create a private directory in `parent`, and remove it with its content at the end.

    The directory contains a marker with its own random name and a lock that this process holds, so that
    `remove_abandoned` can recognise it after a crash. Where the file system has no locks it is never removed then.
    Raises OSError.
    """
    make_private(parent)
    with ExitStack() as stack:
        directory = _create(parent, stack)
        while not (directory / _MARKER).exists():  # removed as abandoned, before this process had locked it
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
                    shutil.rmtree(directory)


def _create(parent: Path, stack: ExitStack) -> Path:
    """Create a directory, mark it and lock it as long as `stack` is open, which then removes it."""
    directory = Path(mkdtemp(prefix=PREFIX, dir=parent))
    stack.callback(shutil.rmtree, directory, ignore_errors=True)
    with suppress(FileNotFoundError):
        (directory / _MARKER).write_text(directory.name, encoding="ascii")
    with suppress(OSError, NotImplementedError, Timeout):
        stack.enter_context(FileLock(directory / _LOCK, timeout=0, mode=0o600))
    return directory


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


def make_private(directory: Path) -> None:
    """Create a directory and its parents if missing, accessible only to the owner."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
