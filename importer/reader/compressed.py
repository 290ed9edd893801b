"""Compressed tables (`.csv.gz`, `.zip` with one table), expanded into a temporary file within a bound."""

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from importer.errors import SourceError
from importer.reader.messages import quoted

MAX_EXPANDED = 4 << 30
"""Bytes that a compressed table may expand to."""

_BLOCK = 1 << 20
_TABLE_ENDINGS = frozenset({".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xls", ".ods"})


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise SourceError(f"{name} is compressed in a way that is not read ({error}). Give the table itself.") from None
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, UnicodeDecodeError) as error:
        raise SourceError(f"{name} is a damaged archive ({error}). Make it again, or give the table itself.") from None


def expand_gzip(path: Path, name: str, folder: Path) -> Path:
    """Return the expanded content of a gzip file, written into `folder`; raises `SourceError`."""
    target = folder / (path.name.removesuffix(".gz") or "table")
    with _told(name), gzip.open(path) as stream:
        _copy(stream, target, name)
    return target


def expand_zip(path: Path, name: str, folder: Path) -> Path:
    """Return the one table of a zip archive, written into `folder`; raises `SourceError` unless there is one."""
    with _told(name), zipfile.ZipFile(path) as archive:
        member = _only_table(archive, name)
        if member.flag_bits & 1:
            raise SourceError(f"{name} is protected with a password. Give the table inside it without one.")
        target = folder / ("table" + PurePosixPath(member.filename).suffix)
        with archive.open(member) as stream:
            _copy(stream, target, name)
    return target


def _only_table(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    files = [found for found in archive.infolist() if not _is_litter(found.filename)]
    tables = [found for found in files if PurePosixPath(found.filename).suffix.lower() in _TABLE_ENDINGS]
    candidates = tables or files
    if len(candidates) == 1:
        return candidates[0]
    shown = ", ".join(quoted(found.filename) for found in candidates[:10]) + (", …" if len(candidates) > 10 else "")
    seen = f"holds several files: {shown}" if candidates else "holds no file"
    raise SourceError(f"{name} {seen}. A zip archive must hold one table; give that table itself.")


def _is_litter(filename: str) -> bool:
    """Tell folders, and what macOS and Windows add to archives by themselves."""
    parts = PurePosixPath(filename.replace("\\", "/")).parts
    if not parts or filename.endswith(("/", "\\")):
        return True
    return "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1] in {".DS_Store", "Thumbs.db", "desktop.ini"}


def _copy(stream: IO[bytes] | gzip.GzipFile, target: Path, name: str) -> None:
    size = 0
    with target.open("wb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > MAX_EXPANDED:
                raise SourceError(
                    f"{name} is not read, for safety: it expands to more than {MAX_EXPANDED >> 30} GiB. "
                    f"Give the table itself, not compressed."
                )
            file.write(block)
