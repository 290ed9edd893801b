"""Which encoding a text file has: UTF whenever it fits, else the likeliest of the few that spreadsheets write."""

import codecs
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from importer.errors import SettingsError, SourceError

MARK = "\udcff"
"""What `MARK_ERRORS` puts in the place of bytes that do not decode: a lone surrogate, which no text holds that does."""

MARK_ERRORS = "importer.mark"
codecs.register_error(MARK_ERRORS, lambda error: (MARK, getattr(error, "end", 0)))

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
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
_WIDE = {"utf-16", "utf-32"}
_SINGLE_BYTE = {"cp1252", "latin_1"}
_NOT_IN_CP932 = frozenset("\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3")  # Python decodes single bytes that stand for nothing
_LETTER = rb"[\xc0-\xd6\xd8-\xf6\xf8-\xff]"
_western = re.compile(
    # Accented letters beside plain ones, and signs such as £ or ° alone.
    rb"(?<=[A-Za-z])%b{1,2}(?![\x80-\xff])|(?<![\x80-\xff])%b{1,2}(?=[A-Za-z])|(?<![\x80-\xff])[\xa0-\xbf](?![\x80-\xff])"
    % (_LETTER, _LETTER)
)
_perhaps_western = re.compile(rb"(?<![\x80-\xff])[\x80\x85\x8a\x8c\x8e\x91-\x97\x9a\x9c\x9e-\xff](?![\x80-\xff])")
_BLOCK = 1 << 18
_SAMPLE = 1 << 14
_HEAD = 1 << 10


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding: Python's codec, the name to show, and what people should know of how it was found.

    `guessed` is whether it may be another one; `possible` are the codecs that fit as well, this one included.
    """

    codec: str
    name: str
    guessed: bool = False
    possible: tuple[str, ...] = ()
    note: str = ""


UTF_8 = Encoding("utf-8", "UTF-8")


def chosen_encoding(wish: str, path: Path, name: str) -> Encoding:
    """Return the encoding that the user names; a byte order mark outranks it.

    Raises `SettingsError` when it is unknown, and `SourceError` when the file `name` cannot have it.
    """
    try:
        codec = codecs.lookup(wish).name
        "a".encode(codec)
        codecs.getincrementaldecoder(codec)(MARK_ERRORS).decode(b"a")
    except (LookupError, UnicodeError, TypeError):
        raise SettingsError(
            f"--encoding {wish} is not a known encoding. Common ones are utf-8, cp932, euc_jp, cp1252, utf-16."
        ) from None
    head = _head(path)
    marked = _marked(head)
    if marked is not None:
        is_same = codec.startswith(marked.codec.removesuffix("-sig"))
        note = "" if is_same else f"The file begins as {marked.name} does and is read as that, not as {wish}."
        return replace(marked, note=note)
    if codec in _WIDE:
        codec = _unmarked_utf_16(head) if codec == "utf-16" else ""
        if not codec:
            raise SourceError(f"{name} is not {wish}. Leave out --encoding to have its encoding found out.")
    return Encoding(codec, wish)


def detect_encoding(path: Path) -> Encoding:
    """Return the encoding of a text file; the whole file is looked at, in bounded memory."""
    head = _head(path)
    marked = _marked(head)
    if marked is not None:
        return marked
    codec = _unmarked_utf_16(head)
    if codec:
        return Encoding(codec, "UTF-16 without BOM", guessed=True)
    if _is_utf_8(path):
        return UTF_8
    sample = _telling_lines(path)
    return UTF_8 if _is_mostly_utf_8(sample) else _likeliest(sample)


def _marked(head: bytes) -> Encoding | None:
    return next((Encoding(codec, name) for bom, codec, name in _BOMS if head.startswith(bom)), None)


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
    return sum(not c.isascii() for c in text) - broken > broken and not _decodes(sample, "euc_jp")


def _likeliest(sample: bytes) -> Encoding:
    # Imported here: most files are UTF-8 and need no detector.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    possible = [codec for codec in _CANDIDATES if _decodes(sample, codec)]
    western = [codec for codec in possible if codec in _SINGLE_BYTE]
    if _is_western(sample):
        codec = western[0]
    else:
        best = from_bytes(sample, cp_isolation=possible).best()
        codec = best.encoding if best and best.encoding in possible else possible[0]
    return Encoding(codec, _CANDIDATES[codec], guessed=True, possible=tuple(possible))


def _is_western(sample: bytes) -> bool:
    """Tell accented letters among plain ones, of which a detector sees too few in a short file, from Japanese."""
    rest, surely = _western.subn(b"", sample)
    rest, perhaps = _perhaps_western.subn(b"", rest)
    return rest.isascii() and surely > 0 and surely >= perhaps


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample)  # the last character may be cut off
    except UnicodeDecodeError:
        return False
    return codec != "cp932" or _NOT_IN_CP932.isdisjoint(text)


def may_hide(path: Path, encoding: Encoding, delimiter: str) -> bool:
    """Tell whether a delimiter in the file may be the second half of a character, under a guess that may be wrong.

    In Shift_JIS that half may be any byte from `@` on, such as the pipe of `é|` in Windows-1252.
    """
    if not ("cp932" in encoding.possible and _SINGLE_BYTE & set(encoding.possible) and "@" <= delimiter <= "~"):
        return False
    pair = re.compile(rb"[\x81-\x9f\xe0-\xfc]" + re.escape(delimiter.encode()))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return pair.search(content) is not None
