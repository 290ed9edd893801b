"""The parts of a zipped XML document (XLSX, ODS), parsed block by block within bounds.

Hostile files are refused by bounds on what is expanded; a document type declaration, which entity bombs and external
entities need, is refused outright.
"""

import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self
from xml.parsers import expat

from importer.errors import SourceError

MAX_SMALL_PART = 32 << 20
"""Expanded bytes of a part that is kept in memory."""

MAX_RATIO = 100
MAX_RATIO_SIZE = 16 << 20
"""A part of more bytes than this may not expand to more than that many times its compressed size; sheets reach 30."""

BLOCK = 1 << 16
"""Bytes that are parsed at a time."""

Attributes = dict[str, str]
SetHandlers = Callable[[expat.XMLParserType], None]


class DamageError(Exception):
    """A document contradicts itself; the text says where."""


class ExcessError(Exception):
    """A document goes beyond a bound; the text says which."""


_DAMAGE = (DamageError, zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError)


@contextmanager
def told(name: str) -> Generator[None]:
    """Turn what is wrong with a workbook into the sentence about it."""
    try:
        yield
    except _DAMAGE as error:
        raise SourceError(
            f"{name} is a damaged workbook ({error}). Open it in a spreadsheet program and save it again as XLSX."
        ) from None
    except ExcessError as error:
        raise SourceError(
            f"{name} is not read, for safety: {error}. Save only the table that is needed, as CSV or XLSX."
        ) from None


class Package:
    """A zipped document, open for reading; a context manager."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the file."""
        self._zip.close()

    def has(self, part: str) -> bool:
        """Tell whether the document has a part."""
        return part in self._zip.NameToInfo

    def parse(
        self, part: str, set_handlers: SetHandlers, bound: int, ratio: int = MAX_RATIO, separator: str | None = None
    ) -> Generator[None]:
        """Parse a part, pausing after each block; raises `ExcessError` when it expands beyond `bound` bytes or `ratio`.

        With a `separator`, names come as namespace, separator and local name instead of with a prefix.
        """
        self._check_size(part, bound, ratio)
        parser = expat.ParserCreate(namespace_separator=separator)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        set_handlers(parser)
        with closing(self._zip.open(part)) as stream:  # gives no more bytes than the size that was checked
            while block := stream.read(BLOCK):
                _parse_block(parser, block)
                yield
        parser.Parse(b"", True)
        yield

    def elements(self, part: str) -> list[tuple[str, Attributes]]:
        """Return the start tags of a small part, without their prefixes."""
        found: list[tuple[str, Attributes]] = []

        def set_handlers(parser: expat.XMLParserType) -> None:
            parser.StartElementHandler = lambda tag, attributes: found.append((tag.rpartition(":")[2], attributes))

        for _ in self.parse(part, set_handlers, MAX_SMALL_PART):
            pass
        return found

    def _check_size(self, part: str, bound: int, ratio: int) -> None:
        if not self.has(part):
            raise DamageError(f"its part {part} is missing")
        info = self._zip.getinfo(part)
        if info.flag_bits & 1:
            raise DamageError(f"its part {part} is encrypted")
        if info.file_size > bound:
            raise ExcessError(
                f"its part {part} expands to {info.file_size >> 20:,} MiB, and {bound >> 20:,} is the most"
            )
        if info.file_size > MAX_RATIO_SIZE and info.file_size > ratio * info.compress_size:
            raise ExcessError(f"its part {part} expands to more than {ratio} times its size")


def _parse_block(parser: expat.XMLParserType, block: bytes) -> None:
    try:
        parser.Parse(block, False)
    except LookupError as error:
        if type(error) is LookupError:  # expat's own, not one of the handlers'
            raise DamageError(str(error)) from None
        raise


def _refuse_doctype(*_: object) -> None:
    raise ExcessError("it declares a document type, which spreadsheet programs never do and attacks need")
