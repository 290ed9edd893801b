"""Records of an XLS workbook: its sheets, shared strings, styles and date system.

Sources: Microsoft, [MS-XLS] (Excel 97 to 2003), and OpenOffice.org's documentation of the Excel file format (Excel 5
and 95).
"""

from collections.abc import Iterator
from struct import pack, unpack_from

from importer.reader.files.workbook.biff_strings import Segments, encoding_of, shared_strings
from importer.reader.files.workbook.cells import FIRST_CUSTOM_FORMAT, NumberFormatKind, classify_number_format
from importer.reader.files.workbook.errors import CorruptFileError, PasswordError, UnsupportedFormatError
from importer.reader.files.workbook.sheets import Sheet

BOF, EOF, CONTINUE = 0x0809, 0x000A, 0x003C
_CODE_PAGE, _DATE_MODE, _FILE_PASS, _BOUND_SHEET = 0x0042, 0x0022, 0x002F, 0x0085
_FORMAT, _XF, _SHARED = 0x041E, 0x00E0, 0x00FC
GLOBALS, WORKSHEET = 0x0005, 0x0010
"""The types of substreams that are read."""

_EXCEL_97, _EXCEL_5 = 0x0600, 0x0500
_OLD_KINDS = frozenset((0x0010, 0x0020, 0x0040, 0x0100))  # sheets, charts, macros and workspaces
RecordPart = tuple[int, int, bytes]
"""The offset, type and content of a record."""


_OLD_VERSIONS = {0x0009: "2", 0x0209: "3", 0x0409: "4"}


def old_excel_version(head: bytes) -> str:
    """Return the version of Excel before 5 whose workbooks begin with `head`, "" for anything else."""
    if len(head) < 8:
        return ""
    kind, length, _, sheet_kind = unpack_from("<HHHH", head)
    return _OLD_VERSIONS.get(kind, "") if 4 <= length <= 16 and sheet_kind in _OLD_KINDS else ""


def records(stream: bytes, start: int) -> Iterator[RecordPart]:
    """Yield the records of the substream that begins at `start`, without those of embedded charts."""
    depth = 0
    while True:
        if not 0 <= start <= len(stream) - 4:
            raise CorruptFileError("it ends without its last record; the file may be truncated")
        kind, length = unpack_from("<HH", stream, start)
        content = stream[start + 4 : start + 4 + length]
        if len(content) < length:
            raise CorruptFileError("its last record is truncated")
        depth += (kind == BOF) - (kind == EOF)
        if depth < 1:
            return
        if depth == 1:
            yield start, kind, content
        start += 4 + length


class Workbook:
    """The global data of a workbook: sheets and their offsets, shared strings, styles and the date system."""

    def __init__(self, stream: bytes) -> None:
        self.stream = stream
        self.sheets: list[Sheet] = []
        self.starts: list[int] = []
        self.strings: list[str] = []
        self.from_1904 = False
        self._code_page, self._encoding = 1252, "cp1252"
        self._codes: dict[int, str] = {}
        self._format_ids: list[int] = []
        self.is_unicode = self._version(0, GLOBALS) == _EXCEL_97
        self._sheets_of_all_kinds = 0
        self._positions: list[int] = []  # of the worksheets in the list of all sheets
        shared: list[bytes] = []
        is_shared = False
        for _, kind, content in records(stream, 0):
            is_shared = kind == _SHARED or (is_shared and kind == CONTINUE)
            if is_shared:
                shared.append(content)
            else:
                self._read(kind, content)
        if shared:
            self.strings = shared_strings(shared)
        if any(stream_kind(stream, start) != BOF for start in self.starts):
            self._find_starts()

    def styles(self) -> list[NumberFormatKind]:
        """Return the kind of number format of each cell style."""
        shown = {found: classify_number_format(found, self._codes.get(found)) for found in set(self._format_ids)}
        return [shown[found] for found in self._format_ids]

    def check_sheet(self, start: int) -> None:
        """Raise `CorruptFileError` unless a worksheet begins at this offset."""
        self._version(start, WORKSHEET)

    def text(self, segments: list[bytes], at: int, size: int = 2) -> str:
        """Return the text at an offset in a record and its continuations; its length field has `size` bytes."""
        (count,) = unpack_from("<H" if size == 2 else "<B", segments[0], at)
        if not self.is_unicode:
            text = segments[0][at + size : at + size + count]
            if len(text) < count:
                raise CorruptFileError("one of its texts is truncated")
            return self._decoded(text)
        if not count:  # some programs omit the flags of an empty text
            return ""
        source = Segments(segments, at + size)
        return source.text(count, source.take(1)[0] & 1)

    def _read_format(self, content: bytes) -> None:
        (number,) = unpack_from("<H", content)
        try:
            self._codes[number] = self.text([content], 2, 2 if self.is_unicode else 1)
        except CorruptFileError:
            if number >= FIRST_CUSTOM_FORMAT:  # the built-in ones are known by their ids
                raise

    def _find_starts(self) -> None:
        """Take the offsets of the sheets from the substreams if there is one substream for each listed sheet."""
        found = substream_starts(self.stream)[1:]
        if len(found) == self._sheets_of_all_kinds:
            self.starts = [found[position] for position in self._positions]

    def _decoded(self, text: bytes) -> str:
        if self._encoding:
            return text.decode(self._encoding, "replace")
        if not text.isascii():
            raise CorruptFileError(f"its texts have an unknown encoding, code page {self._code_page}")
        return text.decode("ascii")

    def _version(self, start: int, substream: int) -> int:
        old = old_excel_version(self.stream) if start == 0 else ""
        if old:
            raise UnsupportedFormatError(f"a workbook of Excel {old} (Excel 5 and later can be read)")
        if start < 0 or stream_kind(self.stream, start) != BOF:
            raise CorruptFileError("it does not contain a workbook of Excel 5 or later at the expected offset")
        version, kind = unpack_from("<HH", self.stream, start + 4)
        if version not in (_EXCEL_97, _EXCEL_5) or kind != substream:
            raise CorruptFileError(f"one of its parts has the unexpected type {kind}, version {version >> 8}")
        return int(version)

    def _read(self, kind: int, content: bytes) -> None:
        if kind == _FILE_PASS:
            raise PasswordError
        if kind == _CODE_PAGE:
            (self._code_page,) = unpack_from("<H", content)
            self._encoding = encoding_of(self._code_page)
        elif kind == _DATE_MODE:
            self.from_1904 = unpack_from("<H", content)[0] == 1
        elif kind == _FORMAT:
            self._read_format(content)
        elif kind == _XF:
            self._format_ids.append(unpack_from("<H", content, 2)[0])
        elif kind == _BOUND_SHEET:
            start, visibility, sheet_kind = unpack_from("<IBB", content)
            self._sheets_of_all_kinds += 1
            if sheet_kind == 0:
                self._positions.append(self._sheets_of_all_kinds - 1)
                self.sheets.append(Sheet(self.text([content], 6, 1), visibility & 3 == 0))
                self.starts.append(start)


def substream_starts(stream: bytes) -> list[int]:
    """Return the offsets of the substreams: that of the workbook itself, then those of its sheets."""
    found: list[int] = []
    place = depth = 0
    while place <= len(stream) - 4:
        kind, length = unpack_from("<HH", stream, place)
        if not kind:  # only padding follows
            break
        if kind == BOF and not depth:
            found.append(place)
        depth += (kind == BOF) - (kind == EOF)
        place += 4 + length
    return found


def stream_kind(stream: bytes, start: int) -> int:
    """Return the type of the record at an offset, 0 if there is none."""
    return int(unpack_from("<H", stream, start)[0]) if start <= len(stream) - 8 else 0


def rk_number(raw: int) -> float:
    """Decode an RK number: an integer or the upper half of a float, perhaps multiplied by 100."""
    if raw & 2:
        number = float((raw >> 2) - (1 << 30 if raw >> 31 else 0))
    else:
        number = float(unpack_from("<d", pack("<II", 0, raw & 0xFFFFFFFC))[0])
    return number / 100 if raw & 1 else number
