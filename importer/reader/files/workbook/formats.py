"""Recognition of workbook formats by content."""

import re
import zipfile
from enum import StrEnum
from pathlib import Path

from importer.reader.files.workbook.biff import old_excel_version
from importer.reader.files.workbook.cfb import OLE_MAGIC
from importer.reader.files.workbook.errors import UnsupportedFormatError, corrupt_if_unparsable
from importer.reader.files.workbook.package import plain_name

_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"
_BARE_XLS = b"\x09\x08"
_HEAD = 4096
_MEDIA_TYPE = r"(application/vnd\.(?:oasis\.opendocument|sun\.xml)\.[a-z.-]+)"
_MEDIA_TYPES = {
    # Members of an OpenDocument file that declare its type; in the manifest the document itself usually comes first.
    "mimetype": re.compile(rf"\s*{_MEDIA_TYPE}").match,
    "META-INF/manifest.xml": re.compile(rf"media-type=['\"]{_MEDIA_TYPE}['\"]").search,
}


class WorkbookFormat(StrEnum):
    """A workbook format that can be read."""

    XLSX = "XLSX"
    ODS = "ODS"
    XLS = "XLS"


def identify(path: Path, head: bytes) -> WorkbookFormat | None:
    """Return the format of a workbook that begins with `head`, None for a file that is not one.

    Raises `UnsupportedFormatError` for office documents of other kinds and `CorruptFileError` for a damaged zip file.
    """
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        with corrupt_if_unparsable(), zipfile.ZipFile(path) as archive:
            return _identify_zipped(archive)
    if head.startswith((OLE_MAGIC, _BARE_XLS)):
        return WorkbookFormat.XLS
    version = old_excel_version(head)
    if version:
        raise UnsupportedFormatError(f"a workbook of Excel {version} (Excel 5 and later can be read)")
    return None


def _identify_zipped(archive: zipfile.ZipFile) -> WorkbookFormat | None:
    parts = frozenset(map(plain_name, archive.namelist()))
    media_type = _open_document_type(archive)
    if "[content_types].xml" in parts:
        if "xl/workbook.bin" in parts:
            raise UnsupportedFormatError("a binary workbook (XLSB)")
        if any(part.startswith(("word/", "ppt/", "visio/")) for part in parts):
            raise UnsupportedFormatError("an Office document, not a workbook")
        return WorkbookFormat.XLSX
    if media_type and "spreadsheet" not in media_type:
        raise UnsupportedFormatError("an OpenDocument file, but not a workbook")
    if media_type or {"mimetype", "content.xml"} <= parts:
        return WorkbookFormat.ODS
    if any(part.endswith(".iwa") for part in parts):
        raise UnsupportedFormatError("a Numbers document")
    return None


def _open_document_type(archive: zipfile.ZipFile) -> str:
    """Return the media type that an OpenDocument file declares, "" for other archives.

    Google's exports declare it in the manifest only. Source: ODF 1.2, part 3, 3.3 and 4.3.
    """
    for part, pattern in _MEDIA_TYPES.items():
        if part in archive.NameToInfo and not archive.getinfo(part).flag_bits & 1:
            with archive.open(part) as file:
                found = pattern(file.read(_HEAD).decode("utf-8", "replace"))
            if found:
                return found[1]
    return ""
