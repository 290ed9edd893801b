"""Which encoding a text file has: UTF whenever it fits, else the likeliest of the few that spreadsheets write."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from importer.errors import SettingsError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with BOM"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_CANDIDATES = {
    # In the order of preference where the text itself does not tell.
    "cp932": "Shift_JIS (cp932)",
    "euc_jp": "EUC-JP",
    "cp1252": "Windows-1252 (cp1252)",
    "latin_1": "Latin-1",
}
_BLOCK = 1 << 18
_SAMPLE = 1 << 14
_HEAD = 1 << 10


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding: Python's codec, the name to show, and whether it is a guess that people should know of."""

    codec: str
    name: str
    guessed: bool = False


UTF_8 = Encoding("utf-8", "UTF-8")


def chosen_encoding(text: str, path: Path) -> Encoding:
    """Return the encoding that the user names, a byte order mark included; raises `SettingsError` when unknown."""
    try:
        codec = codecs.lookup(text).name
        "a".encode(codec)
    except (LookupError, UnicodeError, TypeError):
        raise SettingsError(
            f"--encoding {text} is not a known encoding. Common ones are utf-8, cp932, euc_jp, cp1252, utf-16."
        ) from None
    if codec == "utf-8" and _head(path).startswith(codecs.BOM_UTF8):
        codec = "utf-8-sig"
    return Encoding(codec, text)


def detect_encoding(path: Path) -> Encoding:
    """Return the encoding of a text file; the whole file is looked at, in bounded memory."""
    head = _head(path)
    for bom, codec, name in _BOMS:
        if head.startswith(bom):
            return Encoding(codec, name)
    codec = _unmarked_utf_16(head)
    if codec:
        return Encoding(codec, "UTF-16 without BOM", guessed=True)
    if _is_utf_8(path):
        return UTF_8
    sample = _telling_lines(path)
    return UTF_8 if _is_mostly_utf_8(sample) else _likeliest(sample)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _unmarked_utf_16(head: bytes) -> str:
    """Return the codec when every other byte is mostly NUL, as in Latin text in UTF-16."""
    half = len(head) // 2
    for codec, nuls, others in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if half > 2 and nuls.count(0) > 0.6 * half and others.count(0) < 0.1 * half:
            return codec
    return ""


def _is_utf_8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _telling_lines(path: Path) -> bytes:
    """Return the first lines with more than ASCII in them, wherever they stand in the file."""
    return b"".join(_bounded(_lines_beyond_ascii(path)))


def _lines_beyond_ascii(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(_SAMPLE):
            if not line.isascii():
                yield line


def _bounded(lines: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for line in lines:
        yield line
        size += len(line)
        if size >= _SAMPLE:
            return


def _is_mostly_utf_8(sample: bytes) -> bool:
    """Tell UTF-8 with a few broken bytes, which is refused by row when it is read, from another encoding."""
    text = sample.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(not c.isascii() for c in text) - broken > broken


def _likeliest(sample: bytes) -> Encoding:
    # Imported here: most files are UTF-8 and need no detector.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    possible = [codec for codec in _CANDIDATES if _decodes(sample, codec)]
    best = from_bytes(sample, cp_isolation=possible).best()
    codec = best.encoding if best and best.encoding in possible else possible[0]
    return Encoding(codec, _CANDIDATES[codec], guessed=True)


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)  # the last character may be cut off
    except UnicodeDecodeError:
        return False
    return True
