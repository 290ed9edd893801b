"""Strings of an XLS workbook: in code pages, or in UTF-16 and continued in further records. Source: [MS-XLS], 2.5."""

import codecs
from struct import unpack_from

from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError

MAX_STRINGS = 4_000_000
"""Maximum number of shared strings; each takes some 50 bytes of memory in addition to its characters."""

_ANSI, _UTF_16 = 32769, 1200
_MAC_ENCODINGS = {
    # Macintosh code pages. Source: Microsoft, "Code page identifiers".
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
    """Return the encoding of a code page, "" if it is unknown."""
    if code_page in (_ANSI, _UTF_16):  # strings in UTF-16 are marked individually
        return "cp1252"
    try:
        return codecs.lookup(_MAC_ENCODINGS.get(code_page, f"cp{code_page}")).name
    except LookupError:
        return ""


class Segments:
    """A record and those that continue it, read as one stream."""

    def __init__(self, segments: list[bytes], at: int) -> None:
        self._segments = segments
        self._number, self._at = 0, at

    def is_at_end(self) -> bool:
        """Return whether no bytes remain; at the end of a record, advance to the next."""
        while self._at >= len(self._segments[self._number]):
            if self._number + 1 == len(self._segments):
                return True
            self._at -= len(self._segments[self._number])
            self._number += 1
        return False

    def take(self, size: int) -> bytes:
        """Return `size` bytes, which must be in one record."""
        if self.is_at_end():
            raise CorruptFileError("one of its texts is truncated")
        taken = self._segments[self._number][self._at : self._at + size]
        if len(taken) < size:
            raise CorruptFileError("one of its texts is truncated")
        self._at += size
        return taken

    def skip(self, size: int) -> None:
        """Skip `size` bytes, which may span records."""
        self._at += size

    def text(self, count: int, is_wide: int) -> str:
        """Return a text of `count` UTF-16 units; each continuing record has its own flag for wide units."""
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
    """Return the shared strings that are present; some programs write a count of 0."""
    (count,) = unpack_from("<I", segments[0], 4)
    if count > MAX_STRINGS:
        raise LimitExceededError(f"it has more than {MAX_STRINGS:,} shared strings")
    source = Segments(segments, 8)
    strings: list[str] = []
    while not source.is_at_end():
        try:
            strings.append(_shared_string(source))
        except CorruptFileError:
            if len(strings) < count:
                raise
            break  # padding after the last string
        if len(strings) > MAX_STRINGS:
            raise LimitExceededError(f"it has more than {MAX_STRINGS:,} shared strings")
    return strings


def _shared_string(source: Segments) -> str:
    length, flags = unpack_from("<HB", source.take(3))
    runs = unpack_from("<H", source.take(2))[0] if flags & 8 else 0
    extension = unpack_from("<I", source.take(4))[0] if flags & 4 else 0
    text = source.text(length, flags & 1)
    source.skip(4 * runs + extension)
    return text
