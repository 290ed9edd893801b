"""Parts of a zipped XML document (XLSX, ODS), parsed in blocks within limits.

Decompression bombs are stopped by limits on the expanded size; a document type with declarations, which entity bombs
and external entities need, is always rejected.
"""

import zipfile
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote
from xml.parsers import expat

from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError

MAX_RATIO = 300
"""Maximum expansion of a large part, as a multiple of its compressed size. Real sheets reach 121, or 300 at 90 MiB when
their rows are equal and their cells have no references; deflate cannot exceed 1032."""

MAX_DEPTH = 100
MAX_ELEMENTS = 200_000
"""Nesting depth, and number of collected elements, of a part that is kept in memory."""

MAX_TOKEN = 4 << 20
"""Bytes of one tag. The parser scans an unfinished tag again with every block."""

BLOCK = 1 << 16
"""Bytes parsed at a time."""

_SCANNED = 1 << 18

Attributes = dict[str, str]
SetHandlers = Callable[[expat.XMLParserType], None]


@dataclass(frozen=True, slots=True)
class PartLimit:
    """Maximum expanded size of a part in bytes, and the size above which `MAX_RATIO` applies as well."""

    size: int
    any_ratio: int


SMALL_PART = PartLimit(32 << 20, 32 << 20)
"""Limit of a part that is kept in memory."""


def plain_name(part: str) -> str:
    """Return the normalized name of a part; names are case-insensitive. Source: ECMA-376, part 2, 6.2."""
    return unquote(part).replace("\\", "/").lstrip("/").lower()


class Package:
    """A zipped document, open for reading; a context manager."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        listed = [(plain_name(info.filename), info) for info in self._zip.infolist()]
        self._infos = dict(listed)
        self._repeated = {part for part, count in Counter(part for part, _ in listed).items() if count > 1}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def has(self, part: str) -> bool:
        """Return whether the document has a part."""
        return plain_name(part) in self._infos

    def parse(
        self, part: str, set_handlers: SetHandlers, limit: PartLimit, separator: str | None = None
    ) -> Generator[None]:
        """Parse a part, yielding after each block; raises `LimitExceededError` when it expands beyond its limit.

        With a `separator`, names are passed as namespace, separator and local name instead of with their prefix.
        """
        info = self._checked(part, limit)
        parser = expat.ParserCreate(namespace_separator=separator)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_subset
        set_handlers(parser)
        fed = 0
        with closing(self._zip.open(info)) as stream:  # never returns more bytes than the checked size
            while block := stream.read(BLOCK):
                _parse_block(parser, block)
                fed += len(block)
                if fed - parser.CurrentByteIndex > MAX_TOKEN:
                    raise LimitExceededError(f"its part {part} has a tag larger than {MAX_TOKEN >> 20} MiB")
                yield
        parser.Parse(b"", True)
        yield

    def contains(self, part: str, words: Sequence[bytes], limit: PartLimit) -> bool:
        """Return whether a part contains any of the byte strings; raises `LimitExceededError` beyond its limit."""
        overlap = max(map(len, words)) - 1
        last = b""
        with closing(self._zip.open(self._checked(part, limit))) as stream:
            while block := stream.read(_SCANNED):
                if any(word in last + block for word in words):
                    return True
                last = block[-overlap:]
        return False

    def elements(self, part: str, *wanted: str) -> list[tuple[str, Attributes]]:
        """Return the start tags of a small part that have these local names.

        Only tags with the prefix of the root element count: those of other namespaces, such as extensions, do not.
        """
        found: list[tuple[str, Attributes]] = []
        depth, prefix = 0, ""

        def start(tag: str, attributes: Attributes) -> None:
            nonlocal depth, prefix
            depth += 1
            own, _, name = tag.rpartition(":")
            prefix = prefix if depth > 1 else own
            if own == prefix and name in wanted:
                found.append((name, attributes))
            if depth > MAX_DEPTH or len(found) > MAX_ELEMENTS:
                raise LimitExceededError(f"its part {part} has too many elements")

        def end(_: str) -> None:
            nonlocal depth
            depth -= 1

        def set_handlers(parser: expat.XMLParserType) -> None:
            parser.StartElementHandler, parser.EndElementHandler = start, end

        for _ in self.parse(part, set_handlers, SMALL_PART):
            pass
        return found

    def _checked(self, part: str, limit: PartLimit) -> zipfile.ZipInfo:
        info = self._infos.get(plain_name(part))
        if info is None:
            raise CorruptFileError(f"its part {part} is missing")
        if plain_name(part) in self._repeated:
            raise CorruptFileError(f"it contains its part {part} twice")
        if info.flag_bits & 1:
            raise CorruptFileError(f"its part {part} is encrypted")
        if info.file_size > limit.size:
            raise LimitExceededError(
                f"its part {part} expands to {info.file_size >> 20:,} MiB; the limit is {limit.size >> 20:,} MiB"
            )
        if info.file_size > limit.any_ratio and info.file_size > MAX_RATIO * info.compress_size:
            raise LimitExceededError(f"its part {part} expands to more than {MAX_RATIO} times its size")
        return info


def _parse_block(parser: expat.XMLParserType, block: bytes) -> None:
    try:
        parser.Parse(block, False)
    except (LookupError, ValueError) as error:
        if "encoding" in str(error):  # raised by expat, not by a handler
            raise CorruptFileError(str(error)) from None
        raise


def _refuse_subset(name: str, system_id: str | None, public_id: str | None, has_internal_subset: int) -> None:
    """Reject a document type with declarations; external ones, which old OpenOffice.org files name, are not loaded."""
    if has_internal_subset:
        raise LimitExceededError("it declares its own document type, which spreadsheets never do and attacks rely on")
