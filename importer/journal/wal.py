"""What a write-ahead log holds beyond what SQLite could read of it.

SQLite takes a log up to its first frame whose checksum is wrong and forgets the rest without a word. After a power
failure that is the intended loss of what was not yet on the disk; after a flipped bit it may be nearly everything. In
both cases transactions were committed that are gone, so that a pair of which nothing is known may have been sent.
Source: SQLite, "Database File Format", chapter 4.
"""

import struct
import sys
from pathlib import Path

from importer.journal.schema import PAGE_SIZE

_HEADER_BYTES = 32
_FRAME_HEADER = struct.Struct(">IIII")  # page, size of the database if it ends a transaction, else 0, two salts
_FRAME_BYTES = 24 + PAGE_SIZE
_INDEX_HEADER_BYTES = 48
_FRAMES_IN_INDEX = slice(16, 20)  # mxFrame. Source: SQLite, "WAL-mode File Format", chapter 2


def log_of(path: Path) -> Path:
    """The path of the log of the journal at `path`."""
    return path.with_name(f"{path.name}-wal")


def committed_frames(path: Path) -> int:
    """The number of the last frame, from 1, that ends a transaction of the log as it lies on the disk; 0 without one.

    Frames of earlier uses of the file carry other salts. One of the two suffices: the other may be damaged.
    """
    try:
        with log_of(path).open("rb") as file:
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
    """The number of frames that SQLite took from the log, by the log's index, which it makes on opening the journal.

    Before that the index is what the last process left: 0 when it ended in order.
    """
    try:
        with path.with_name(f"{path.name}-shm").open("rb") as file:
            index = file.read(_INDEX_HEADER_BYTES)
    except FileNotFoundError:
        return 0
    return int.from_bytes(index[_FRAMES_IN_INDEX], sys.byteorder) if len(index) == _INDEX_HEADER_BYTES else 0
