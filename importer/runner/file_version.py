"""Detects a source file that changes while it is being read: its rows would be half old and half new."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from importer.errors import SourceError


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of a file: its identity, size in bytes, modification time in nanoseconds, and content.

    The attributes detect a file that was changed and changed back; the hash detects a change within one tick of the
    file system's clock, or one that preserved the modification time. The time of the last status change is not
    compared: programs that only read a file, such as synchronisation clients, change it.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    sha256: str


def read_version(path: Path) -> FileVersion:
    """Return the current version of a file; reads the whole file. Raises OSError."""
    with path.open("rb") as file:
        # Before the content: anything written after this moment has a later modification time.
        before = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileVersion(before.st_dev, before.st_ino, before.st_size, before.st_mtime_ns, digest)


def check_unchanged(path: Path, version: FileVersion) -> None:
    """Raise SourceError if the file is no longer the version that was read, or can no longer be read."""
    try:
        now = read_version(path)
    except OSError as error:
        raise SourceError(
            "SOURCE_VANISHED",
            f"{path} could be read at first but no longer can ({error.strerror or error}). Nothing was sent. Run the "
            "command again when the file is back.",
        ) from error
    if now != version:
        raise SourceError(
            "SOURCE_CHANGED",
            f"{path} changed while it was being read, so its rows may be half old and half new. Nothing was sent. Wait "
            "until the program that writes the file has finished, then run the command again.",
        )
