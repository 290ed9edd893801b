"""Detection of a file's format by its content, and the table in it."""

import re
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.files.archives import Expansion, expand_gzip, expand_zip
from importer.reader.files.delimited import open_text
from importer.reader.files.extensions import TEXT_EXTENSIONS, WORKBOOK_EXTENSIONS
from importer.reader.files.parts import combine_parts, left_out_notes, missing_part_notes
from importer.reader.files.table import Part, Recognizers, Table
from importer.reader.files.workbooks import SAVE_AS, open_as_workbook

_HEAD = 4096
_GZIP, _ZIP, _EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
_OTHER_FORMATS = (
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
_HTML_STARTS = (b"<!doctype html", b"<html", b"<table", b"<head", b"<meta", b"<body", b"<style", b"<!--")
_JSON_STARTS = (b'{"', b"[{", b"[\n", b"{\n", b"{\r\n")
_MAX_LOCK_FILE, _REPEATED_NAME = 200, 55
"""Maximum size of Office's lock files in bytes, and the offset at which they repeat the user's name.

They hold the length of the name and the name twice: at the start in single bytes, at this offset in UTF-16.
"""

_LOCK_FILE_NAME = re.compile(r"~\$(.+)|\.~lock\.(.+)#", re.DOTALL)


def open_table(path: Path, name: str, reading: Reading, recognizers: Recognizers) -> Table:
    """Open the table in a file; messages call the file `name`.

    Raises `SourceError` when the file does not exist or contains no table that can be read, and `SettingsError` when
    `reading` names an unknown encoding or delimiter.
    """
    if not path.is_file():
        exists = path.exists()
        what = "is a directory" if path.is_dir() else "is not a regular file" if exists else "does not exist"
        raise SourceError("NOT_A_FILE" if exists else "FILE_NOT_FOUND", f"{path} {what}. Give a CSV or XLSX file.")
    try:
        table = _open_uncompressed(path, name, reading, recognizers)
        if table is not None:
            return _with_extension_note(table, name)
        if _head(path).startswith(_GZIP):
            return _open_compressed(path, name, "gzip", expand_gzip, reading, recognizers)
        return _open_compressed(path, name, "zip", expand_zip, reading, recognizers)
    except OSError as error:
        raise SourceError("FILE_UNREADABLE", f"{path} cannot be read: {error.strerror or error}.") from None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _open_uncompressed(path: Path, name: str, reading: Reading, recognizers: Recognizers) -> Table | None:
    """Open the table in a file; return None if the file is compressed."""
    head = _head(path)
    if head.startswith(_GZIP):
        return None
    if not head:
        raise SourceError(
            "FILE_EMPTY", f"{name} is empty. Its first row must be a header with the names of the columns."
        )
    table = open_as_workbook(path, name, head, reading.sheet)
    if table is not None or head.startswith((_ZIP, _EMPTY_ZIP)):
        return table
    _check_not_lock_file(name, head)
    other_format = _other_format(head)
    if other_format:
        raise SourceError("NOT_A_TABLE", f"{name} is {other_format}, not a table. {SAVE_AS}")
    return open_text(path, name, reading, recognizers)


def _check_not_lock_file(name: str, head: bytes) -> None:
    """Raise `SourceError` for the small file that marks a workbook as open in a program."""
    found = _LOCK_FILE_NAME.fullmatch(Path(name).name)
    is_office = len(head) < _MAX_LOCK_FILE and head[_REPEATED_NAME:].startswith(head[:1] + b"\0")
    if is_office or (found and found[2] and len(head) < _HEAD):
        workbook = (found[1] or found[2]) if found else "a workbook"
        raise SourceError(
            "LOCK_FILE",
            f"{name} is not a workbook: it is the lock file that a program keeps while it has {workbook} open. "
            f"Give the workbook instead.",
        )


def _other_format(head: bytes) -> str:
    """Describe a file that is known not to be a table; "" for one that may be."""
    for start, description in _OTHER_FORMATS:
        if head.startswith(start):
            return description
    if head[257:262] == b"ustar":
        return "a tar archive"
    text = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n").lower()
    if text.startswith(_HTML_STARTS):
        return "a web page (HTML)"
    if text.startswith(b"<?xml"):
        return "an XML spreadsheet of Excel 2003" if b"office:spreadsheet" in text else "an XML file"
    return "a JSON file" if text.startswith(_JSON_STARTS) else ""


def _open_compressed(
    path: Path,
    name: str,
    kind: str,
    expand: Callable[[Path, str, Path], Expansion],
    reading: Reading,
    recognizers: Recognizers,
) -> Table:
    """Open the table inside a compressed file; closing it deletes the expanded copies."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="importer-")))
        expansion = expand(path, name, directory)
        parts = []
        for file in expansion.files:
            part_name = name if len(expansion.files) == 1 else f"{name}, {file.name}"
            table = _open_uncompressed(file.path, part_name, reading, recognizers)
            if table is None:
                raise SourceError("NESTED_ARCHIVE", f"{part_name} holds another archive. Give the table itself.")
            stack.callback(table.close)
            parts.append(Part(file.name, table))
        table = parts[0].table if len(parts) == 1 else combine_parts(name, parts)
        gaps = missing_part_notes([file.name for file in expansion.files], expansion.left_out)
        notes = (*left_out_notes(expansion.left_out), *gaps, *table.notes)
        return replace(table, format=f"{table.format} in {kind}", notes=notes, close=stack.pop_all().close)


def _with_extension_note(table: Table, name: str) -> Table:
    """Return the table, with a note when the file's extension belongs to another format."""
    extension = Path(name).suffix.lower()
    is_text = table.format in {"CSV", "TSV"}
    if extension in (WORKBOOK_EXTENSIONS if is_text else TEXT_EXTENSIONS):
        note = f"The content of the file is {table.format}, although its name ends in {extension}."
        return replace(table, notes=(note, *table.notes))
    return table
