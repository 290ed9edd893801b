"""Detects transactions in a write-ahead log that SQLite cannot read.

SQLite reads a log up to the first frame with a wrong checksum and silently ignores the rest. After a power failure that
is the intended loss of frames that had not reached the disk; after a flipped bit it may be nearly the whole log. In
both cases committed transactions are lost, so a pair without an outcome may have been sent.
Source: SQLite, "Database File Format", chapter 4.
"""

import os
import struct
import sys
import threading
from pathlib import Path

from importer.journal.schema import PAGE_SIZE

_HEADER_BYTES = 32
_FRAME_HEADER = struct.Struct(">IIII")  # page, database size if it ends a transaction else 0, two salts
_FRAME_BYTES = 24 + PAGE_SIZE
_INDEX_HEADER_BYTES = 48
_FRAMES_IN_INDEX = slice(16, 20)  # mxFrame. Source: SQLite, "WAL-mode File Format", chapter 2


_Inode = tuple[int, int]

_open_files: dict[_Inode, tuple[int, int]] = {}
"""The descriptors of the indexes that journals of this process read, each with the number of these journals."""

_lock = threading.Lock()


def log_path(path: Path) -> Path:
    """Return the path of the log of the journal at `path`."""
    return path.with_name(f"{path.name}-wal")


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


class LogIndex:
    """The index of the log of a journal, as a file that stays open until no journal in this process needs it.

    Closing any descriptor of a file gives up all POSIX locks that the process has on it, so reading the index in the
    usual way would release SQLite's own lock. The next process to open the journal would take itself for the only one
    and truncate the index, and this one would die of SIGBUS. Source: SQLite, "How To Corrupt An SQLite Database File",
    chapter 2.2.
    """

    def __init__(self, path: Path) -> None:
        """Open nothing yet; `path` is that of the journal."""
        self._path = path.with_name(f"{path.name}-shm")
        self._files: set[_Inode] = set()

    def readable_frames(self) -> int:
        """Return the number of frames that SQLite accepted, according to the index.

        SQLite rebuilds the index when it opens the journal. Before that, the index is the one of the last process; 0 if
        that process closed the journal properly.
        """
        try:
            index = self._read()
        except FileNotFoundError:
            return 0
        return int.from_bytes(index[_FRAMES_IN_INDEX], sys.byteorder) if len(index) == _INDEX_HEADER_BYTES else 0

    def close(self) -> None:
        """Close the index, unless another journal of this process needs it; SQLite must have closed it before."""
        with _lock:
            for inode in self._files:
                descriptor, users = _open_files[inode]
                if users > 1:
                    _open_files[inode] = descriptor, users - 1
                else:
                    del _open_files[inode]
                    os.close(descriptor)
            self._files.clear()

    def _read(self) -> bytes:
        if not hasattr(os, "pread"):  # Windows, where closing a file gives up no locks, but an open one is not deleted
            with self._path.open("rb") as file:
                return file.read(_INDEX_HEADER_BYTES)
        with _lock:
            found = self._path.stat()
            inode = found.st_dev, found.st_ino
            descriptor, users = _open_files.get(inode) or (os.open(self._path, os.O_RDONLY | os.O_CLOEXEC), 0)
            if inode not in self._files:
                self._files.add(inode)
                _open_files[inode] = descriptor, users + 1
            return os.pread(descriptor, _INDEX_HEADER_BYTES, 0)
