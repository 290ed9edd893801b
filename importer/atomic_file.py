"""Files that appear whole or not at all: written beside their destination, then moved there in one step."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from importer.errors import OutputError
from importer.temporary_directories import remove_abandoned, temporary_directory

_BUFFER_BYTES = 1 << 20
_ELSEWHERE = "choose another path"


class AtomicFile:
    """A file being written, readable by its owner only; `target` is untouched until `commit`.

    A context manager: leaving it without `commit` deletes the file. A symbolic link at `target` is followed. The file
    is written in `directory`, a temporary directory beside the target that may also hold other pieces of it. Temporary
    directories that killed processes left there are removed first. Raises OutputError if the target cannot be written.
    """

    def __init__(self, target: Path) -> None:
        """Create the unfinished file."""
        self.target = target
        self._destination = target.resolve()
        _check_destination(target, self._destination)
        remove_abandoned(self._destination.parent)
        with ExitStack() as stack:
            try:
                self.directory = stack.enter_context(temporary_directory(self._destination.parent))
                self.path = self.directory / "unfinished"
                self.path.touch(0o600, exist_ok=False)
                self.file = self.path.open("wb", _BUFFER_BYTES)
            except OSError as error:
                raise unwritable(target, error) from error
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def finish(self) -> None:
        """Flush everything to the disk and close the file. Raises OutputError, for instance when the disk is full."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
        except OSError as error:
            raise unwritable(self.target, error) from error

    def commit(self, move: Callable[[Path, Path], object] = Path.replace) -> None:
        """Move the finished file to its destination with `move(source, destination)`. Raises OutputError."""
        try:
            move(self.path, self._destination)
        except OSError as error:
            raise unwritable(self.target, error) from error

    def discard(self) -> None:
        """Delete the file, unless it was committed, and its directory."""
        if not self.file.closed:
            # Closing flushes the buffer, which would fail again on a full disk: redirect it to the null device.
            with Path(os.devnull).open("wb") as null:
                os.dup2(null.fileno(), self.file.fileno())
            self.file.close()
        self._open.close()


def replace_text(path: Path, text: str) -> None:
    """Replace a small ASCII file of this program in one step. Not safe for concurrent processes. Raises OSError.

    The file is not flushed to the disk: a power failure may lose it, but does not leave it half written.
    """
    draft = path.with_suffix(".new")
    draft.write_text(text, encoding="ascii")
    draft.replace(path)


def replace_durably(draft: Path, path: Path) -> None:
    """Flush a finished file to the disk and move it to `path` in one step. Raises OSError."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)


def check_writable(target: Path) -> None:
    """Raise OutputError unless a file can be written at `target` now. Call it before a long run."""
    AtomicFile(target).discard()


def unwritable(target: Path, error: OSError) -> OutputError:
    """Return the error to raise when the system refuses to write `target`."""
    code, reason = explain(error)
    return OutputError(code, f"{target} cannot be written: {reason}")


def explain(error: OSError) -> tuple[str, str]:
    """Return a stable code and a sentence for a failure to write a file: the reason and the remedy."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "DISK_FULL", f"the disk is full. Free some space, or {_ELSEWHERE}."
    if isinstance(error, PermissionError):
        return (
            "OUTPUT_NOT_PERMITTED",
            f"it is open in another program, or this user may not write there. Close it, or {_ELSEWHERE}.",
        )
    return "OUTPUT_UNWRITABLE", f"{error.strerror or error}. Check the path, or {_ELSEWHERE}."


def _check_destination(target: Path, destination: Path) -> None:
    try:
        if not destination.parent.is_dir():
            raise OutputError(
                "NO_OUTPUT_DIRECTORY",
                f"{target} cannot be written: the directory {destination.parent} does not exist. "
                f"Create it, or {_ELSEWHERE}.",
            )
        mode = destination.stat().st_mode if destination.exists() else None
    except OSError as error:
        raise unwritable(target, error) from error
    if mode is None:
        return
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        raise OutputError("OUTPUT_NOT_A_FILE", f"{target} cannot be written: it is {kind}. Name a file with --out.")
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise OutputError(
            "OUTPUT_READ_ONLY",
            f"{target} cannot be written: it is read-only. Make it writable, or {_ELSEWHERE}.",
        )
