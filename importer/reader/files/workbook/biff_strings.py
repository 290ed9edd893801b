"""The texts of an XLS workbook: in code pages, or in UTF-16 and continued in further records. Source: [MS-XLS], 2.5."""

import codecs
from struct import unpack_from

from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError

MAX_STRINGS = 4_000_000
"""Texts that sheets share: each takes some 50 bytes more than its letters."""

_ANSI, _UTF_16 = 32769, 1200
_MAC_ENCODINGS = {
    # Code pages of the Macintosh. Source: Microsoft, "Code page identifiers".
    10000: "mac_roman",
    32768: "mac_roman",
    10001: "shift_jis",
    10002: "big5",
    10003: "euc_kr",
    10004: "mac_arabic",
    10006: "mac_greek",
    10007: "mac_cyrillic",
    10008: "gb2312",
    10010: "mac_romanian",
    10017: "mac_cyrillic",
    10029: "mac_latin2",
    10079: "mac_iceland",
    10081: "mac_turkish",
    10082: "mac_croatian",
}


def encoding_of(code_page: int) -> str:
    """Return the encoding of a code page, "" for an unknown one."""
    if code_page in (_ANSI, _UTF_16):  # texts in UTF-16 are marked one by one
        return "cp1252"
    try:
        return codecs.lookup(_MAC_ENCODINGS.get(code_page, f"cp{code_page}")).name
    except LookupError:
        return ""


class Segments:
    """Reads on from a record into those that continue it."""

    def __init__(self, segments: list[bytes], at: int) -> None:
        self._segments = segments
        self._number, self._at = 0, at

    def is_at_end(self) -> bool:
        """Tell whether nothing is left, going on to the next record where one ends."""
        while self._at >= len(self._segments[self._number]):
            if self._number + 1 == len(self._segments):
                return True
            self._at -= len(self._segments[self._number])
            self._number += 1
        return False

    def take(self, size: int) -> bytes:
        """Return so many bytes, all of one record."""
        if self.is_at_end():
            raise CorruptFileError("a text of it is cut off")
        taken = self._segments[self._number][self._at : self._at + size]
        if len(taken) < size:
            raise CorruptFileError("a text of it is cut off")
        self._at += size
        return taken

    def skip(self, size: int) -> None:
        """Leave out so many bytes, of several records perhaps."""
        self._at += size

    def text(self, count: int, is_wide: int) -> str:
        """Return a text of so many UTF-16 units; a record that continues it says anew whether they are whole."""
        units: list[bytes] = []
        while count:
            segment = self._segments[self._number]
            taken = segment[self._at : self._at + (count << is_wide)]
            taken = taken[: len(taken) >> is_wide << is_wide]
            self._at += len(taken)
            count -= len(taken) >> is_wide
            if not count and not units:
                return taken.decode("utf-16-le", "replace") if is_wide else taken.decode("latin-1")
            units.append(taken if is_wide else taken.decode("latin-1").encode("utf-16-le"))
            if count:
                self._at = len(segment)
                is_wide = self.take(1)[0] & 1
        return b"".join(units).decode("utf-16-le", "replace")


def shared_strings(segments: list[bytes]) -> list[str]:
    """Return the shared texts: as many as there are, since some programs count none of them."""
    (count,) = unpack_from("<I", segments[0], 4)
    if count > MAX_STRINGS:
        raise LimitExceededError(f"its sheets share more than {MAX_STRINGS:,} texts")
    source = Segments(segments, 8)
    strings: list[str] = []
    while not source.is_at_end():
        try:
            strings.append(_shared_string(source))
        except CorruptFileError:
            if len(strings) < count:
                raise
            break  # what follows the last text is none
        if len(strings) > MAX_STRINGS:
            raise LimitExceededError(f"its sheets share more than {MAX_STRINGS:,} texts")
    return strings


def _shared_string(source: Segments) -> str:
    length, flags = unpack_from("<HB", source.take(3))
    runs = unpack_from("<H", source.take(2))[0] if flags & 8 else 0
    extension = unpack_from("<I", source.take(4))[0] if flags & 4 else 0
    text = source.text(length, flags & 1)
    source.skip(4 * runs + extension)
    return text
