"""The parts of a zipped XML document (XLSX, ODS), parsed block by block within bounds.

Hostile files are refused by bounds on what is expanded; a document type with declarations, which entity bombs and
external entities need, is refused outright.
"""

import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote
from xml.parsers import expat

from importer.errors import SourceError

MAX_RATIO = 300
"""How many times its compressed size a large part may expand to. Real sheets reach 121, 300 at 90 MiB when their rows
are equal and do not name their cells; nothing expands more than 1032 times."""

MAX_DEPTH = 100
MAX_ELEMENTS = 200_000
"""Elements within each other, and elements of interest, in a part that is kept in memory."""

MAX_TOKEN = 4 << 20
"""Bytes of one tag: an unfinished one is looked at again with every block."""

BLOCK = 1 << 16
"""Bytes that are parsed at a time."""

_SCANNED = 1 << 18

Attributes = dict[str, str]
SetHandlers = Callable[[expat.XMLParserType], None]


@dataclass(frozen=True, slots=True)
class Bound:
    """The most bytes that a part may expand to, and the bytes beyond which `MAX_RATIO` holds too."""

    size: int
    any_ratio: int


SMALL_PART = Bound(32 << 20, 32 << 20)
"""A part that is kept in memory."""


class CorruptFileError(Exception):
    """A document contradicts itself; the text says where."""


class LimitExceededError(Exception):
    """A document goes beyond a bound; the text says which."""


_DAMAGE = (
    CorruptFileError,
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,  # the name of a part
)


@contextmanager
def translate_errors(name: str) -> Generator[None]:
    """Turn what is wrong with a workbook into the sentence about it."""
    try:
        yield
    except _DAMAGE as error:
        raise SourceError(
            f"{name} is a damaged workbook ({error}). Open it in a spreadsheet program and save it again as XLSX."
        ) from None
    except LimitExceededError as error:
        raise SourceError(
            f"{name} is not read, for safety: {error}. Save only the table that is needed, as CSV or XLSX."
        ) from None


def plain_name(part: str) -> str:
    """Return the name of a part as it is compared. Source: ECMA-376, part 2, 6.2: whatever the case."""
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
        """Free the file."""
        self._zip.close()

    def has(self, part: str) -> bool:
        """Tell whether the document has a part."""
        return plain_name(part) in self._infos

    def parse(
        self, part: str, set_handlers: SetHandlers, bound: Bound, separator: str | None = None
    ) -> Generator[None]:
        """Parse a part, pausing after each block; raises `LimitExceededError` when it expands beyond its bound.

        With a `separator`, names come as namespace, separator and local name instead of with a prefix.
        """
        info = self._checked(part, bound)
        parser = expat.ParserCreate(namespace_separator=separator)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_subset
        set_handlers(parser)
        begun = 0
        with closing(self._zip.open(info)) as stream:  # gives no more bytes than the size that was checked
            while block := stream.read(BLOCK):
                _parse_block(parser, block)
                begun += len(block)
                if begun - parser.CurrentByteIndex > MAX_TOKEN:
                    raise LimitExceededError(f"its part {part} has a tag of more than {MAX_TOKEN >> 20} MiB")
                yield
        parser.Parse(b"", True)
        yield

    def holds(self, part: str, words: Sequence[bytes], bound: Bound) -> bool:
        """Tell whether the bytes of a part hold any of some words; raises `LimitExceededError` beyond its bound."""
        overlap = max(map(len, words)) - 1
        last = b""
        with closing(self._zip.open(self._checked(part, bound))) as stream:
            while block := stream.read(_SCANNED):
                if any(word in last + block for word in words):
                    return True
                last = block[-overlap:]
        return False

    def elements(self, part: str, *wanted: str) -> list[tuple[str, Attributes]]:
        """Return the start tags of a small part that have these names, without their prefixes.

        All bear the prefix of the first tag: those of other namespaces, such as extensions, are left out.
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
                raise LimitExceededError(f"its part {part} has more elements than any spreadsheet needs")

        def end(_: str) -> None:
            nonlocal depth
            depth -= 1

        def set_handlers(parser: expat.XMLParserType) -> None:
            parser.StartElementHandler, parser.EndElementHandler = start, end

        for _ in self.parse(part, set_handlers, SMALL_PART):
            pass
        return found

    def _checked(self, part: str, bound: Bound) -> zipfile.ZipInfo:
        info = self._infos.get(plain_name(part))
        if info is None:
            raise CorruptFileError(f"its part {part} is missing")
        if plain_name(part) in self._repeated:
            raise CorruptFileError(f"its part {part} is there twice")
        if info.flag_bits & 1:
            raise CorruptFileError(f"its part {part} is encrypted")
        if info.file_size > bound.size:
            raise LimitExceededError(
                f"its part {part} expands to {info.file_size >> 20:,} MiB, and {bound.size >> 20:,} is the most"
            )
        if info.file_size > bound.any_ratio and info.file_size > MAX_RATIO * info.compress_size:
            raise LimitExceededError(f"its part {part} expands to more than {MAX_RATIO} times its size")
        return info


def _parse_block(parser: expat.XMLParserType, block: bytes) -> None:
    try:
        parser.Parse(block, False)
    except (LookupError, ValueError) as error:
        if "encoding" in str(error):  # expat's own, not one of the handlers'
            raise CorruptFileError(str(error)) from None
        raise


def _refuse_subset(name: str, system_id: str | None, public_id: str | None, has_internal_subset: int) -> None:
    """Refuse a document type that declares something; one that old OpenOffice.org refers to elsewhere is not read."""
    if has_internal_subset:
        raise LimitExceededError("it declares a document type of its own, which spreadsheets never do and attacks need")
