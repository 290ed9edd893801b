"""Detects a source file that changes while it is read: its rows would be half old, half new."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from importer.errors import SourceError


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One version of a file: which file it is, its size in bytes, its modification time in nanoseconds, its content.

    The attributes find a file that was changed and changed back; the hash finds a change within one tick of the file
    system's clock, or one that kept the modification time. The time of the last status change is left out: programs
    that only look at a file, such as synchronisation clients, alter it.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    sha256: str


def read_version(path: Path) -> FileVersion:
    """Return the version of a file as it is now; the whole file is read. Raises `OSError`."""
    with path.open("rb") as file:
        # Before the content: what is written after this moment has a later modification time.
        before = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileVersion(before.st_dev, before.st_ino, before.st_size, before.st_mtime_ns, digest)


def check_unchanged(path: Path, version: FileVersion) -> None:
    """Raise `SourceError` unless the file is still the version that was read, or cannot be read any more."""
    try:
        now = read_version(path)
    except OSError as error:
        raise SourceError(
            f"{path} was there when reading began and cannot be read any more ({error.strerror or error}). Nothing was "
            f"sent. Run the command again when the file is in its place."
        ) from error
    if now != version:
        raise SourceError(
            f"{path} changed while it was being read, so its rows may be half old and half new. Nothing was sent. Wait "
            f"until the program that writes the file has finished, then run the command again."
        )
