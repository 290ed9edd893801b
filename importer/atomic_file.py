"""Files that appear whole or not at all: written beside their place, then put there in one step."""

import errno
import os
import stat
from pathlib import Path
from tempfile import mkstemp
from types import TracebackType
from typing import Self

from importer.errors import OutputError
from importer.written_files import NOTHING_KNOWN, WrittenFiles

PREFIX = ".importer-"
"""How the names of unfinished files begin. One that stays behind after a power loss may be deleted."""

_BUFFER_BYTES = 1 << 20
_ELSEWHERE = "choose another place with --out"


class AtomicFile:
    """The bytes of a file to be, readable by the owner alone; nothing is at `target` before `publish`.

    A context manager: what was not published when it ends is gone without a trace. A link at `target` is followed.
    Raises OutputError, one sentence, when the target cannot be written.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._place = target.resolve()
        _check_place(target, self._place)
        try:
            descriptor, name = mkstemp(".part", PREFIX, self._place.parent)
        except OSError as error:
            raise unwritable(target, error) from error
        self._part = Path(name)
        self.file = os.fdopen(descriptor, "wb", _BUFFER_BYTES)

    @property
    def directory(self) -> Path:
        """Where the file is written; there is room for other unfinished pieces of it."""
        return self._place.parent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def finish(self) -> None:
        """Close the file with everything on the disk; raises OutputError here at the latest when there is no room."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
        except OSError as error:
            raise unwritable(self.target, error) from error

    def publish(self, written: WrittenFiles = NOTHING_KNOWN) -> None:
        """Put the finished file in its place in one step; what is there is replaced or kept. Raises OutputError."""
        try:
            written.publish(self._part, self._place)
        except OSError as error:
            raise unwritable(self.target, error) from error

    def discard(self) -> None:
        """Drop what was not published."""
        if not self.file.closed:
            # What a full disk left in the buffer could not be flushed on closing: let it go nowhere.
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), self.file.fileno())
            self.file.close()
        self._part.unlink(missing_ok=True)


def check_writable(target: Path) -> None:
    """Nothing when a file could be written at `target` now; ask before a long run. Raises OutputError."""
    AtomicFile(target).discard()


def remove(target: Path, written: WrittenFiles = NOTHING_KNOWN) -> None:
    """Remove an old file if it may be replaced. Raises OutputError when that is not possible."""
    try:
        written.remove(target.resolve())
    except OSError as error:
        raise OutputError(f"The old {target} cannot be removed: {_reason(error)}") from error


def unwritable(target: Path, error: OSError) -> OutputError:
    """The error to raise when the system refuses to write `target`."""
    return OutputError(f"{target} cannot be written: {_reason(error)}")


def _reason(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"the disk is full. Free some space, or {_ELSEWHERE}."
    if isinstance(error, PermissionError):
        return f"it is open in another program, or this user may not write there. Close it, or {_ELSEWHERE}."
    return f"{error.strerror or error}. Look at the path, or {_ELSEWHERE}."


def _check_place(target: Path, place: Path) -> None:
    try:
        if not place.parent.is_dir():
            raise OutputError(
                f"{target} cannot be written: there is no directory {place.parent}. Make it, or {_ELSEWHERE}."
            )
        mode = place.stat().st_mode if place.exists() else None
    except OSError as error:
        raise unwritable(target, error) from error
    if mode is None:
        return
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "not an ordinary file"
        raise OutputError(f"{target} cannot be written: it is {what}. Name a file with --out.")
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise OutputError(f"{target} cannot be written: it is read-only. Make it writable, or {_ELSEWHERE}.")
