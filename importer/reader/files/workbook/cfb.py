"""The streams of an OLE container, the file around an XLS workbook. Source: Microsoft, [MS-CFB].

Every chain of sectors is followed no further than the file has sectors, and the directory visits no entry twice.
"""

import sys
from array import array
from collections.abc import Iterator
from struct import unpack_from

from importer.reader.files.workbook.errors import CorruptFileError

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How every container begins."""

_HEADER = 512
_SECTOR_SHIFTS, _MINI_SHIFT = (9, 12), 6
_MOST = 0xFFFFFFFA
"""Numbers above are no sectors or entries: the end of a chain, or none at all."""

_STREAM, _ROOT = 2, 5


class Container:
    """An OLE container; raises `CorruptFileError` when it contradicts itself."""

    def __init__(self, content: bytes) -> None:
        if len(content) < _HEADER:
            raise CorruptFileError("its header is cut off")
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
        """Return the streams of the container itself, not those of objects within: name in lower case → entry."""
        found: dict[str, int] = {}
        seen: set[int] = set()
        waiting = [self._entry(0)[4]]
        while waiting:
            number = waiting.pop()
            if number > _MOST or number in seen:
                continue
            seen.add(number)
            name, kind, left, right, *_ = self._entry(number)
            if kind == _STREAM:
                found[name.lower()] = number
            waiting += (left, right)
        return found

    def read(self, number: int) -> bytes:
        """Return the content of the stream with an entry."""
        *_, start, size = self._entry(number)
        if size > len(self._content):
            raise CorruptFileError(f"a stream of it is longer than the file, {size:,} bytes")
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
            raise CorruptFileError(f"its sector {number} is not there; the file may be cut off")
        return self._content[start : start + (1 << self._shift)]

    def _fat_sectors(self) -> Iterator[int]:
        """Yield the sectors of the table of sectors; the header lists the first ones, a chain of sectors the others."""
        yield from (sector for sector in unpack_from("<109I", self._content, 76) if sector <= _MOST)
        extension, count = unpack_from("<II", self._content, 68)
        if not count:  # some programs write 0 for no sector
            return
        width = (1 << self._shift) // 4
        for _ in range(len(self._content) >> self._shift):
            if extension > _MOST:
                return
            *sectors, extension = unpack_from(f"<{width}I", self._sector(extension))
            yield from (sector for sector in sectors if sector <= _MOST)
        if extension <= _MOST:
            raise CorruptFileError("its list of sectors goes in a circle")

    def _joined(self, sectors: Iterator[int]) -> "array[int]":
        table = array("I")
        for count, sector in enumerate(sectors, 1):
            if count > len(self._content) >> self._shift:
                raise CorruptFileError("its table of sectors is longer than the file")
            table.frombytes(self._sector(sector).ljust(1 << self._shift, b"\xff"))
        if sys.byteorder == "big":
            table.byteswap()
        return table

    def _entry(self, number: int) -> tuple[str, int, int, int, int, int, int]:
        """Return the name, kind, left, right and child entry, first sector and size of an entry of the directory."""
        entry = self._directory[number * 128 : (number + 1) * 128]
        if len(entry) < 128:
            raise CorruptFileError(f"its directory has no entry {number}")
        length, kind, left, right, child = unpack_from("<HBxIII", entry, 64)
        start, size = unpack_from("<II", entry, 116)
        name = entry[: min(max(length - 2, 0), 64)].decode("utf-16-le", "replace")
        return name, kind, left, right, child, start, size


def _chain(table: "array[int]", start: int) -> Iterator[int]:
    """Yield the sectors from the first of a chain to its end."""
    for _ in range(len(table) + 1):
        if start > _MOST:
            return
        yield start
        if start >= len(table):
            raise CorruptFileError(f"its chain of sectors leads to {start}, which is not there")
        start = table[start]
    raise CorruptFileError("a chain of its sectors goes in a circle")


def _first(table: "array[int]", start: int, size: int, shift: int) -> Iterator[int]:
    """Yield as many sectors of a chain as a stream of some size needs."""
    needed = -(-size // (1 << shift))
    sectors = _chain(table, start)
    for count in range(needed):
        sector = next(sectors, None)
        if sector is None:
            raise CorruptFileError(f"a stream of {size:,} bytes ends after {count << shift:,}")
        yield sector
