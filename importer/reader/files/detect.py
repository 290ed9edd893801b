"""What kind of file it is, by its content and never by its name alone, and its table."""

import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.files.archives import Expansion, expand_gzip, expand_zip
from importer.reader.files.delimited import open_text
from importer.reader.files.table import Part, Table
from importer.reader.files.workbook.biff import old_version
from importer.reader.files.workbook.cfb import OLE_MAGIC
from importer.reader.files.workbook.ods import open_ods
from importer.reader.files.workbook.package import plain_name
from importer.reader.files.workbook.xls import old_workbook, open_xls
from importer.reader.files.workbook.xlsx import open_xlsx
from importer.reader.parts import check_same_kind, common_notes, left_out_notes

_HEAD = 4096
_GZIP, _ZIP, _EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
_BARE_XLS = b"\x09\x08"
_NO_TABLES = (
    # How a file begins, and what it is.
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "an RTF document"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"ID;P", "a SYLK file"),
    (b"\0\0\2\0", "a Lotus 1-2-3 worksheet"),
    (b"\0\0\x1a\0", "a Lotus 1-2-3 worksheet"),
    (b"TABLE\r\n0,1\r\n", "a DIF file"),
)
_LONGEST_LOCK, _USER_AGAIN = 200, 55  # Office writes the length and the name of the user twice: in bytes, in UTF-16
_is_lock_file = re.compile(r"~\$(.+)|\.~lock\.(.+)#", re.DOTALL).fullmatch
_SAVE_AS = "Open it in a spreadsheet program and save the table as XLSX or CSV."
_MEDIA_TYPE = r"(application/vnd\.(?:oasis\.opendocument|sun\.xml)\.[a-z.-]+)"
_MEDIA_TYPES = {
    # Where an OpenDocument file says what it is; in the list of parts the document itself, "/", usually comes first.
    "mimetype": re.compile(rf"\s*{_MEDIA_TYPE}").match,
    "META-INF/manifest.xml": re.compile(rf"media-type=['\"]{_MEDIA_TYPE}['\"]").search,
}
_WORKBOOK_ENDINGS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
_TEXT_ENDINGS = frozenset({".csv", ".tsv", ".tab", ".txt"})


def open_table(path: Path, name: str, reading: Reading) -> Table:
    """Return the table in a file that messages call `name`; raises `SourceError` when it has none that can be read."""
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
        raise SourceError(f"{path} {what}. Give the path of a CSV or XLSX file.")
    try:
        table = _open_plain(path, name, reading)
        if table is not None:
            return _noted(table, name)
        is_gzip = _head(path).startswith(_GZIP)
        return _open_expanded(path, name, *(("gzip", expand_gzip) if is_gzip else ("zip", expand_zip)), reading)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _open_plain(path: Path, name: str, reading: Reading) -> Table | None:
    """Return the table of a file, None when it is an archive."""
    head = _head(path)
    if head.startswith(_GZIP):
        return None
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        return _open_zipped(path, name, reading)
    if head.startswith((OLE_MAGIC, _BARE_XLS)):
        return open_xls(path, name, reading)
    if not head:
        raise SourceError(f"{name} is empty. Its first row must be a header with the names of the columns.")
    version = old_version(head)
    if version:
        raise old_workbook(name, version)
    _check_no_lock_file(name, head)
    what = _no_table(head)
    if what:
        raise SourceError(f"{name} is {what}, not a table. {_SAVE_AS}")
    return open_text(path, name, reading)


def _check_no_lock_file(name: str, head: bytes) -> None:
    """Raise `SourceError` for the small file by which a program marks a workbook that it has open."""
    found = _is_lock_file(Path(name).name)
    is_office = len(head) < _LONGEST_LOCK and head[_USER_AGAIN:].startswith(head[:1] + b"\0")
    if is_office or (found and found[2] and len(head) < _HEAD):
        workbook = (found[1] or found[2]) if found else "a workbook"
        raise SourceError(
            f"{name} is no workbook: it is the mark that a program leaves while it has {workbook} open. "
            f"Give that file instead."
        )


def _no_table(head: bytes) -> str:
    """Return what a file is that is known not to be a table, "" for one that may be."""
    for beginning, what in _NO_TABLES:
        if head.startswith(beginning):
            return what
    if head[257:262] == b"ustar":
        return "a tar archive"
    text = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<meta", b"<body", b"<style", b"<!--")):
        return "a web page (HTML)"
    if text.startswith(b"<?xml"):
        return "an XML spreadsheet of Excel 2003" if b"office:spreadsheet" in text else "an XML file"
    return "a JSON file" if text.startswith((b'{"', b"[{", b"[\n", b"{\n", b"{\r\n")) else ""


def _open_zipped(path: Path, name: str, reading: Reading) -> Table | None:
    """Return the table of a workbook that is a zip archive inside, None for any other archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = frozenset(map(plain_name, archive.namelist()))
            kind = _open_document_kind(archive)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, EOFError, zlib.error) as error:
        raise SourceError(
            f"{name} is damaged or cut off ({error}). Open it in a spreadsheet program and save it again as XLSX."
        ) from None
    if "[content_types].xml" in parts:
        return _open_office(path, name, parts, reading)
    if kind and "spreadsheet" not in kind:
        raise SourceError(f"{name} is an OpenDocument file of another kind, not a workbook. {_SAVE_AS}")
    if kind or {"mimetype", "content.xml"} <= parts:
        return open_ods(path, name, reading)
    if any(part.endswith(".iwa") for part in parts):
        raise SourceError(f"{name} is a Numbers document. In Numbers, export the table as XLSX or CSV.")
    return None


def _open_document_kind(archive: zipfile.ZipFile) -> str:
    """Return the media type that an OpenDocument file declares, "" for other archives.

    Google's exports declare it in the list of parts alone. Source: ODF 1.2, part 3, 3.3 and 4.3.
    """
    for part, pattern in _MEDIA_TYPES.items():
        if part in archive.NameToInfo and not archive.getinfo(part).flag_bits & 1:
            with archive.open(part) as file:
                found = pattern(file.read(_HEAD).decode("utf-8", "replace"))
            if found:
                return found[1]
    return ""


def _open_office(path: Path, name: str, parts: frozenset[str], reading: Reading) -> Table:
    if "xl/workbook.bin" in parts:
        raise SourceError(f"{name} is a binary workbook (XLSB). {_SAVE_AS}")
    if any(part.startswith(("word/", "ppt/", "visio/")) for part in parts):
        raise SourceError(f"{name} is an Office document, not a workbook. {_SAVE_AS}")
    return open_xlsx(path, name, reading)


def _open_expanded(
    path: Path, name: str, kind: str, expand: Callable[[Path, str, Path], Expansion], reading: Reading
) -> Table:
    """Return the table inside an archive; the expanded copies go when the table is closed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="importer-")))
        expansion = expand(path, name, folder)
        files = expansion.files
        names = [name if len(files) == 1 else f"{name}, {file.name}" for file in files]
        tables = [_open_part(file.path, named, reading, stack) for file, named in zip(files, names, strict=True)]
        parts = [Part(file.name, table) for file, table in zip(files, tables, strict=True)]
        table = parts[0].table if len(parts) == 1 else _joined(name, parts)
        notes = left_out_notes(expansion.left_out) + table.notes
        return replace(table, format=f"{table.format} in {kind}", notes=notes, close=stack.pop_all().close)


def _open_part(path: Path, name: str, reading: Reading, stack: ExitStack) -> Table:
    table = _open_plain(path, name, reading)
    if table is None:
        raise SourceError(f"{name} holds another archive. Give the table itself.")
    stack.callback(table.close)
    return table


def _joined(name: str, parts: Sequence[Part]) -> Table:
    """Return several files as one table, described as the first of them."""
    check_same_kind(name, parts)
    return replace(parts[0].table, records=iter(()), notes=common_notes(parts), late_warnings=[], parts=tuple(parts))


def _noted(table: Table, name: str) -> Table:
    """Return the table with a note when the ending of its name says another kind."""
    ending = Path(name).suffix.lower()
    is_text = table.format in {"CSV", "TSV"}
    if ending in (_WORKBOOK_ENDINGS if is_text else _TEXT_ENDINGS):
        note = f"The file is {table.format} inside, although its name ends in {ending}."
        return replace(table, notes=(note, *table.notes))
    return table
