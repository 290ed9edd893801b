"""Lines of a text file, of limited length."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from importer.reader.files.encodings import Encoding
from importer.reader.files.table import BLOCK_CHARACTERS, BLOCK_RECORDS

MAX_LINE = 16 << 20
"""Maximum bytes in one line; a longer one means that the file is not a table."""

_BUFFER = 1 << 16
_STEP = 50
"""Lines that are read between two checks of the block size, unless they are long."""

_LONG = 10_000
_END_OF_FILE = ("\x1a", "\0")
_END_MARK = re.compile(r"\x1a[\x1a\0]*\Z|\A\0+\Z")
"""Characters that old programs write after the last line: Ctrl-Z, or NULs up to the end of a block.

NULs after an incomplete line are kept: they are a sign that a power failure interrupted the writing of the file.
"""


class LineTooLongError(Exception):
    """A line has more than `MAX_LINE` bytes."""


class _BoundedFile(io.FileIO):
    """A file that raises `LineTooLongError` after `MAX_LINE` bytes without a line end, and counts `bytes_read`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.bytes_read = 0
        self._line = 0

    def readinto(self, buffer: "memoryview[int]", /) -> int | None:  # type: ignore[override]
        size = super().readinto(buffer) or 0
        self.bytes_read += size
        block = bytes(buffer[:size])
        self._line = 0 if b"\n" in block or b"\r" in block else self._line + size
        if self._line > MAX_LINE:
            raise LineTooLongError
        return size


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file and how to decode and split it; the first `skip` lines are not records."""

    path: Path
    name: str
    encoding: Encoding
    delimiter: str = ","
    skip: int = 0

    def open(self, errors: str = "strict") -> "Lines":
        """Open the file at its first record; `errors` is the error handler of the codec."""
        lines = Lines(self, errors)
        for _ in islice(lines, self.skip):
            pass
        return lines


class Lines(Iterator[str]):
    """The lines of an open file with their line ends; a context manager. `last` is the most recent line."""

    def __init__(self, text: TextFile, errors: str) -> None:
        self.last = ""
        self._raw = _BoundedFile(text.path)
        self._file = io.TextIOWrapper(io.BufferedReader(self._raw, _BUFFER), text.encoding.codec, errors, newline="")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def __next__(self) -> str:
        self.last = next(self._file)
        return self.last

    def read(self, characters: int) -> str:
        """Return at most `characters` characters."""
        return self._file.read(characters)

    def extend_block(self, block: list[str]) -> None:
        """Append the next lines to `block`, fewer at the end of the file; lines read before an error are kept.

        Raises `UnicodeError` for undecodable bytes, and `LineTooLongError`.
        """
        stop = self._raw.bytes_read + BLOCK_CHARACTERS
        try:
            while len(block) < BLOCK_RECORDS and self._raw.bytes_read <= stop:
                before = len(block)
                block.extend(islice(self._file, _STEP if len(self.last) < _LONG else 1))
                if len(block) == before:
                    return
                if block[-1].endswith(_END_OF_FILE):
                    block[-1] = _END_MARK.sub("", block[-1]) or "\n"
                self.last = block[-1]
        finally:
            self.last = block[-1] if block else self.last
