"""Streams of an OLE compound file, the container of an XLS workbook. Source: Microsoft, [MS-CFB].

Chains of sectors are followed for at most as many steps as the file has sectors, and no directory entry is visited
twice, so that damaged files cannot cause endless loops.
"""

import sys
from array import array
from collections.abc import Iterator
from struct import unpack_from

from importer.reader.files.workbook.errors import CorruptFileError

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The signature of a compound file."""

_HEADER = 512
_SECTOR_SHIFTS, _MINI_SHIFT = (9, 12), 6
_MAX_SECTOR = 0xFFFFFFFA
"""Higher numbers are not sectors or entries: they mark the end of a chain or a missing one."""

_STREAM, _ROOT = 2, 5


class Container:
    """An OLE compound file; its methods raise `CorruptFileError` when the file is inconsistent."""

    def __init__(self, content: bytes) -> None:
        if len(content) < _HEADER:
            raise CorruptFileError("its header is truncated")
        self._content = content
        (self._shift,) = unpack_from("<H", content, 30)
        if self._shift not in _SECTOR_SHIFTS:
            raise CorruptFileError(f"its sectors have 2^{self._shift} bytes")
        self._fat = self._joined(self._fat_sectors())[: len(content) >> self._shift]
        (directory,) = unpack_from("<I", content, 48)
        self._directory = b"".join(map(self._sector, _chain(self._fat, directory)))
        (self._cutoff, mini_fat) = unpack_from("<II", content, 56)
        self._mini_fat = self._joined(_chain(self._fat, mini_fat))
        self._mini_stream: bytes | None = None

    def streams(self) -> dict[str, int]:
        """Return the entry numbers of the top-level streams by their names in lower case."""
        found: dict[str, int] = {}
        seen: set[int] = set()
        waiting = [self._entry(0)[4]]
        while waiting:
            number = waiting.pop()
            if number > _MAX_SECTOR or number in seen:
                continue
            seen.add(number)
            name, kind, left, right, *_ = self._entry(number)
            if kind == _STREAM:
                found[name.lower()] = number
            waiting += (left, right)
        return found

    def read(self, number: int) -> bytes:
        """Return the content of the stream with this entry number."""
        *_, start, size = self._entry(number)
        if size > len(self._content):
            raise CorruptFileError(f"one of its streams ({size:,} bytes) is longer than the file")
        if size >= self._cutoff:
            return self._long(start, size)
        if self._mini_stream is None:
            kind, *_, start_of_minis, size_of_minis = self._entry(0)[1:]
            self._mini_stream = self._long(start_of_minis, size_of_minis) if kind == _ROOT else b""
        minis = self._mini_stream
        pieces = (
            minis[at << _MINI_SHIFT : (at + 1) << _MINI_SHIFT]
            for at in _first(self._mini_fat, start, size, _MINI_SHIFT)
        )
        return b"".join(pieces)[:size]

    def _long(self, start: int, size: int) -> bytes:
        return b"".join(map(self._sector, _first(self._fat, start, size, self._shift)))[:size]

    def _sector(self, number: int) -> bytes:
        start = (number + 1) << self._shift
        if start >= len(self._content):
            raise CorruptFileError(f"its sector {number} is missing; the file may be truncated")
        return self._content[start : start + (1 << self._shift)]

    def _fat_sectors(self) -> Iterator[int]:
        """Yield the sectors of the allocation table; the header lists the first ones, a chain of sectors the others."""
        yield from (sector for sector in unpack_from("<109I", self._content, 76) if sector <= _MAX_SECTOR)
        extension, count = unpack_from("<II", self._content, 68)
        if not count:  # some programs write 0 instead of a marker
            return
        width = (1 << self._shift) // 4
        for _ in range(len(self._content) >> self._shift):
            if extension > _MAX_SECTOR:
                return
            *sectors, extension = unpack_from(f"<{width}I", self._sector(extension))
            yield from (sector for sector in sectors if sector <= _MAX_SECTOR)
        if extension <= _MAX_SECTOR:
            raise CorruptFileError("its list of sectors has a cycle")

    def _joined(self, sectors: Iterator[int]) -> "array[int]":
        table = array("I")
        for count, sector in enumerate(sectors, 1):
            if count > len(self._content) >> self._shift:
                raise CorruptFileError("its sector table is longer than the file")
            table.frombytes(self._sector(sector).ljust(1 << self._shift, b"\xff"))
        if sys.byteorder == "big":
            table.byteswap()
        return table

    def _entry(self, number: int) -> tuple[str, int, int, int, int, int, int]:
        """Return the name, type, left, right and child entry, first sector and size of a directory entry."""
        entry = self._directory[number * 128 : (number + 1) * 128]
        if len(entry) < 128:
            raise CorruptFileError(f"its directory has no entry {number}")
        length, kind, left, right, child = unpack_from("<HBxIII", entry, 64)
        start, size = unpack_from("<II", entry, 116)
        name = entry[: min(max(length - 2, 0), 64)].decode("utf-16-le", "replace")
        return name, kind, left, right, child, start, size


def _chain(table: "array[int]", start: int) -> Iterator[int]:
    """Yield the sectors of the chain that begins at `start`."""
    for _ in range(len(table) + 1):
        if start > _MAX_SECTOR:
            return
        yield start
        if start >= len(table):
            raise CorruptFileError(f"a chain of sectors leads to the missing sector {start}")
        start = table[start]
    raise CorruptFileError("a chain of sectors has a cycle")


def _first(table: "array[int]", start: int, size: int, shift: int) -> Iterator[int]:
    """Yield the sectors of a stream of `size` bytes."""
    needed = -(-size // (1 << shift))
    sectors = _chain(table, start)
    for count in range(needed):
        sector = next(sectors, None)
        if sector is None:
            raise CorruptFileError(f"a stream of {size:,} bytes ends after {count << shift:,}")
        yield sector
