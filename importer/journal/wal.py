"""Detects transactions in a write-ahead log that SQLite cannot read.

SQLite reads a log up to the first frame with a wrong checksum and silently ignores the rest. After a power failure that
is the intended loss of frames that had not reached the disk; after a flipped bit it may be nearly the whole log. In
both cases committed transactions are lost, so a pair without an outcome may have been sent.
Source: SQLite, "Database File Format", chapter 4.
"""

import os
import struct
import sys
from pathlib import Path

from importer.journal.schema import PAGE_SIZE

_HEADER_BYTES = 32
_FRAME_HEADER = struct.Struct(">IIII")  # page, database size if it ends a transaction else 0, two salts
_FRAME_BYTES = 24 + PAGE_SIZE
_INDEX_HEADER_BYTES = 48
_DESCRIPTORS = Path("/dev/fd")
_FRAMES_IN_INDEX = slice(16, 20)  # mxFrame. Source: SQLite, "WAL-mode File Format", chapter 2


def log_path(path: Path) -> Path:
    """Return the path of the log of the journal at `path`."""
    return path.with_name(f"{path.name}-wal")


def log_header(path: Path) -> bytes | None:
    """Return the header of the log, which SQLite changes whenever it restarts the log; None if there is no log."""
    try:
        with log_path(path).open("rb") as file:
            return file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return None


def committed_frames(path: Path) -> int:
    """Return the number of the last frame that ends a transaction in the log on disk, counted from 1; 0 if none.

    Frames from earlier uses of the file have other salts. One matching salt suffices: the other may be damaged.
    """
    try:
        with log_path(path).open("rb") as file:
            header = file.read(_HEADER_BYTES)
            if len(header) < _HEADER_BYTES:
                return 0
            salts = struct.unpack(">II", header[16:24])
            last = number = 0
            while len(frame := file.read(_FRAME_BYTES)) == _FRAME_BYTES:
                number += 1
                _, size, *frame_salts = _FRAME_HEADER.unpack_from(frame)
                if frame_salts[0] != salts[0] and frame_salts[1] != salts[1]:
                    break
                last = number if size else last
            return last
    except FileNotFoundError:
        return 0


def readable_frames(path: Path) -> int:
    """Return the number of frames that SQLite accepted, according to the log's index.

    SQLite rebuilds the index when it opens the journal. Until then, the index is as the last process left it; 0 if
    that process closed the journal properly.
    """
    index = _read_index(path.with_name(f"{path.name}-shm"))
    return int.from_bytes(index[_FRAMES_IN_INDEX], sys.byteorder) if len(index) == _INDEX_HEADER_BYTES else 0


def _read_index(path: Path) -> bytes:
    """Return the beginning of the index at `path`, b"" if there is none.

    If a connection of this process has the file open, its descriptor is used: closing another one would drop SQLite's
    lock, and the next process to open the journal would truncate the index under this one.
    Source: SQLite, "How To Corrupt An SQLite Database File", 2.2.
    """
    try:
        descriptor = _open_descriptor(path.stat())
        if descriptor is not None:
            return os.pread(descriptor, _INDEX_HEADER_BYTES, 0)
        with path.open("rb") as file:
            return file.read(_INDEX_HEADER_BYTES)
    except FileNotFoundError:
        return b""


def _open_descriptor(found: os.stat_result) -> int | None:
    """Return this process's descriptor for a file; None if it has none, or on a system without `/dev/fd`."""
    for entry in _DESCRIPTORS.iterdir() if _DESCRIPTORS.is_dir() else ():
        try:
            if os.path.samestat(os.fstat(int(entry.name)), found):
                return int(entry.name)
        except OSError:  # the descriptor of the listing itself, or of another thread
            continue
    return None
