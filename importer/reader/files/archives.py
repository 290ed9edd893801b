"""Compressed tables (`.csv.gz`, `.zip` with one table or its parts), expanded into temporary files within a bound."""

import gzip
import lzma
import re
import zipfile
import zlib
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from importer.errors import SourceError
from importer.reader.messages import printable, quoted

MAX_EXPANDED = 4 << 30
"""Bytes that a compressed table may expand to, all its parts together."""

MAX_PARTS = 100
"""Files of one archive that are read as one table; all are open at the same time."""

_BLOCK = 1 << 20
_TABLE_ENDINGS = frozenset({".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xls", ".ods"})
_TEXT_ENDINGS = frozenset({".txt"})
"""Of files that are tables only in an archive without any that is one by its name: beside those, they are notes."""

_UTF8_NAME = 0x800  # general purpose bit 11. Source: PKWARE, APPNOTE.TXT 4.4.4


@dataclass(frozen=True, slots=True)
class Expanded:
    """A file of an archive: its name there, and where its content is now."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Expansion:
    """The tables of an archive, and the names of the files in it that are left out."""

    files: list[Expanded]
    left_out: tuple[str, ...] = ()


@contextmanager
def _as_source_error(name: str) -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise SourceError(f"{name} is compressed in a way that is not read ({error}). Give the table itself.") from None
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, UnicodeDecodeError) as error:
        raise SourceError(f"{name} is a damaged archive ({error}). Make it again, or give the table itself.") from None


def expand_gzip(path: Path, name: str, folder: Path) -> Expansion:
    """Return the expanded content of a gzip file, written into `folder`; raises `SourceError`."""
    target = folder / (path.name.removesuffix(".gz") or "table")
    with _as_source_error(name), gzip.open(path) as stream:
        _copy(stream, target, name, MAX_EXPANDED)
    return Expansion([Expanded(target.name, target)])


def expand_zip(path: Path, name: str, folder: Path) -> Expansion:
    """Return the tables of a zip archive in the natural order of their names (2 before 10), written into `folder`.

    Files that are no tables by their names are left out, unless there is just one file, and empty ones, unless all are.
    Raises `SourceError`.
    """
    expanded: list[Expanded] = []
    room = MAX_EXPANDED
    with _as_source_error(name), zipfile.ZipFile(path) as archive:
        members, others = _tables(archive, name)
        for place, (member, shown) in enumerate(zip(members, _names(members), strict=True)):
            if member.flag_bits & 1:
                raise SourceError(f"{name} is protected with a password. Give the table inside it without one.")
            target = folder / f"table-{place}{PurePosixPath(member.filename).suffix}"
            with archive.open(member) as stream:
                room -= _copy(stream, target, name, room)
            expanded.append(Expanded(shown, target))
    return Expansion(expanded, tuple(_names(others)))


def _tables(archive: zipfile.ZipFile, name: str) -> tuple[list[zipfile.ZipInfo], list[zipfile.ZipInfo]]:
    """Return the tables of an archive, and its other files."""
    files = [found for found in archive.infolist() if not _is_litter(found.filename)]
    named = _with_ending(files, _TABLE_ENDINGS) or _with_ending(files, _TEXT_ENDINGS)
    tables = [found for found in named if found.file_size] or named[:1]
    if len(tables) > MAX_PARTS:
        raise SourceError(f"{name} holds {len(tables):,} tables; at most {MAX_PARTS} are read as one. Give fewer.")
    if tables or len(files) == 1:
        tables = sorted(tables or files, key=_natural_order)
        return tables, [found for found in files if found not in tables]
    shown = ", ".join(quoted(found.filename) for found in files[:10]) + (", …" if len(files) > 10 else "")
    seen = f"holds several files: {shown}" if files else "holds no file"
    raise SourceError(f"{name} {seen}. A zip archive must hold one table, or its parts; give that table itself.")


def _with_ending(files: Sequence[zipfile.ZipInfo], endings: Container[str]) -> list[zipfile.ZipInfo]:
    return [found for found in files if PurePosixPath(found.filename).suffix.lower() in endings]


def _natural_order(member: zipfile.ZipInfo) -> tuple[list[str | int], str]:
    pieces = re.split(r"([0-9]+)", str(PurePosixPath(member.filename).with_suffix("")).casefold())
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], member.filename


def _names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return what the files are called: by their names alone where these differ, else with their folders."""
    paths = [PurePosixPath(_file_name(member)) for member in members]
    names = [path.name for path in paths]
    return [printable(name) for name in (names if len(set(names)) == len(names) else map(str, paths))]


def _file_name(member: zipfile.ZipInfo) -> str:
    """Return the name of a file in an archive, also when it is UTF-8 without saying so, as macOS writes it."""
    if member.flag_bits & _UTF8_NAME or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _is_litter(filename: str) -> bool:
    """Tell folders, and what macOS and Windows add to archives by themselves."""
    parts = PurePosixPath(filename.replace("\\", "/")).parts
    if not parts or filename.endswith(("/", "\\")):
        return True
    return "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1] in {".DS_Store", "Thumbs.db", "desktop.ini"}


def _copy(stream: IO[bytes] | gzip.GzipFile, target: Path, name: str, room: int) -> int:
    """Copy at most `room` bytes; return how many there were."""
    size = 0
    with target.open("wb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > room:
                raise SourceError(
                    f"{name} is not read, for safety: it expands to more than {MAX_EXPANDED >> 30} GiB. "
                    f"Give the table itself, not compressed."
                )
            file.write(block)
    return size
