"""Compressed tables (`.csv.gz`, `.zip` with one table or its parts), expanded into temporary files up to a limit."""

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
from importer.reader.files.extensions import PLAIN_TEXT_EXTENSIONS, TABLE_EXTENSIONS
from importer.reader.messages import escaped, quoted

MAX_EXPANDED = 4 << 30
"""Maximum expanded size in bytes of all parts of a compressed table together."""

MAX_PARTS = 100
"""Maximum number of files in one archive that are read as one table; all are open at the same time."""

_BLOCK = 1 << 20
_UTF8_NAME = 0x800  # general purpose bit 11. Source: PKWARE, APPNOTE.TXT 4.4.4
_SYSTEM_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Expanded:
    """A file of an archive: its name there, and the path of the expanded copy."""

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
        raise SourceError(
            "UNSUPPORTED_COMPRESSION",
            f"{name} uses an unsupported compression ({error}). Give the table itself.",
        ) from None
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, UnicodeDecodeError) as error:
        raise SourceError(
            "FILE_DAMAGED", f"{name} is a damaged archive ({error}). Create it again, or give the table itself."
        ) from None


def expand_gzip(path: Path, name: str, directory: Path) -> Expansion:
    """Expand a gzip file into `directory`; raises `SourceError`."""
    target = directory / (path.name.removesuffix(".gz") or "table")
    with _as_source_error(name), gzip.open(path) as stream:
        _copy(stream, target, name, MAX_EXPANDED)
    return Expansion([Expanded(target.name, target)])


def expand_zip(path: Path, name: str, directory: Path) -> Expansion:
    """Expand the tables of a zip archive into `directory`, in natural order of their names (2 before 10).

    Files without the extension of a table are left out unless the archive has a single file, empty files unless all
    are empty. Raises `SourceError`.
    """
    expanded: list[Expanded] = []
    remaining = MAX_EXPANDED
    with _as_source_error(name), zipfile.ZipFile(path) as archive:
        members, others = _tables(archive, name)
        for place, (member, shown) in enumerate(zip(members, _names(members), strict=True)):
            if member.flag_bits & 1:
                raise SourceError(
                    "PASSWORD_PROTECTED", f"{name} is protected with a password. Give the table inside it without one."
                )
            target = directory / f"table-{place}{PurePosixPath(member.filename).suffix}"
            with archive.open(member) as stream:
                remaining -= _copy(stream, target, name, remaining)
            expanded.append(Expanded(shown, target))
    return Expansion(expanded, tuple(_names(others)))


def _tables(archive: zipfile.ZipFile, name: str) -> tuple[list[zipfile.ZipInfo], list[zipfile.ZipInfo]]:
    """Return the tables of an archive, and its other files.

    Plain text files count as tables only if there are no others; beside tables they are notes.
    """
    files = [found for found in archive.infolist() if not _is_system_file(found.filename)]
    named = _with_extension(files, TABLE_EXTENSIONS) or _with_extension(files, PLAIN_TEXT_EXTENSIONS)
    tables = [found for found in named if found.file_size] or named[:1]
    if len(tables) > MAX_PARTS:
        raise SourceError(
            "TOO_MANY_TABLES", f"{name} holds {len(tables):,} tables; at most {MAX_PARTS} are read as one. Give fewer."
        )
    if tables or len(files) == 1:
        tables = sorted(tables or files, key=_natural_order)
        return tables, [found for found in files if found not in tables]
    shown = ", ".join(quoted(found.filename) for found in files[:10]) + (", …" if len(files) > 10 else "")
    seen = f"holds several files: {shown}" if files else "holds no file"
    raise SourceError(
        "NO_TABLE_IN_ARCHIVE",
        f"{name} {seen}. A zip archive must hold one table, or the parts of one. Give the table itself.",
    )


def _with_extension(files: Sequence[zipfile.ZipInfo], extensions: Container[str]) -> list[zipfile.ZipInfo]:
    return [found for found in files if PurePosixPath(found.filename).suffix.lower() in extensions]


def _natural_order(member: zipfile.ZipInfo) -> tuple[list[str | int], str]:
    pieces = re.split(r"([0-9]+)", str(PurePosixPath(member.filename).with_suffix("")).casefold())
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], member.filename


def _names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return names to show: without directories if they are distinct that way, else full paths."""
    paths = [PurePosixPath(_file_name(member)) for member in members]
    names = [path.name for path in paths]
    return [escaped(name) for name in (names if len(set(names)) == len(names) else map(str, paths))]


def _file_name(member: zipfile.ZipInfo) -> str:
    """Return the name of a file in an archive; macOS writes UTF-8 names without the flag that declares them."""
    if member.flag_bits & _UTF8_NAME or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _is_system_file(filename: str) -> bool:
    """Return whether an entry is a directory or a file that macOS or Windows adds to archives."""
    parts = PurePosixPath(filename.replace("\\", "/")).parts
    if not parts or filename.endswith(("/", "\\")):
        return True
    return "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1] in _SYSTEM_FILES


def _copy(stream: IO[bytes] | gzip.GzipFile, target: Path, name: str, limit: int) -> int:
    """Copy the stream and return its size; raises `SourceError` when it is larger than `limit` bytes."""
    size = 0
    with target.open("wb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > limit:
                raise SourceError(
                    "LIMIT_EXCEEDED",
                    f"{name} exceeds a safety limit: it expands to more than {MAX_EXPANDED >> 30} GiB. "
                    f"Give the table itself, not compressed.",
                )
            file.write(block)
    return size
