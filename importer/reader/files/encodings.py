"""Which encoding a text file has: UTF whenever it fits, else the likeliest of those that spreadsheets write."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from importer.errors import SettingsError, SourceError
from importer.reader.files.encoding_guesser import Guess, guesses
from importer.reader.files.thai import THAI, is_thai
from importer.reader.messages import quoted

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
_WIDE = {"utf-16", "utf-32"}
_NOT_IN_CP932 = frozenset("\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3")  # Python decodes single bytes that stand for nothing
_TWO_BYTES = frozenset({"cp932", "gbk", "gb18030", "big5", "cp949"})
"""Codecs whose characters may end in a byte that is ASCII on its own."""

_DEFAULT = "cp1252"
_MARGIN = 8
"""Bits between the likeliest encoding and the next that reads another text, from which the first one is taken."""

_CERTAIN = 60
"""Bits from which a delimiter that the next encoding would take for half a character is taken for a delimiter."""

_BLOCK = 1 << 18
_SAMPLE = 1 << 14
_HEAD = 1 << 10


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding: Python's codec, the name to show, and what people should know of how it was found.

    `guessed` is whether it may be another one; `rivals` are others, as codecs, that are not much less likely.
    """

    codec: str
    name: str
    guessed: bool = False
    rivals: tuple[str, ...] = ()
    note: str = ""


UTF_8 = Encoding("utf-8", "UTF-8")
_SHIFTED = Encoding("iso2022_jp_ext", "ISO-2022-JP", guessed=True)
_SHIFTS = (b"\x1b$B", b"\x1b$@", b"\x1b(I", b"\x1b(J")
"""Codes after which bytes of ASCII are halves of Japanese characters. Source: RFC 1468, and JIS X 0201 beside it."""


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
    marked = _from_bom(head)
    if marked is not None:
        is_same = codec.startswith(marked.codec.removesuffix("-sig"))
        note = "" if is_same else f"The file begins as {marked.name} does and is read as that, not as {wish}."
        return replace(marked, note=note)
    if codec in _WIDE:
        codec = _unmarked_utf_16(head) if codec == "utf-16" else ""
        if not codec:
            raise SourceError(f"{name} is not {wish}. Leave out --encoding to have its encoding found out.")
    return Encoding(codec, wish)


def detect_encoding(path: Path, name: str) -> Encoding:
    """Return the encoding of a text file; the whole file is looked at, in bounded memory.

    Raises `SourceError` when the file `name` makes different texts in several encodings and none is much likelier.
    """
    head = _head(path)
    marked = _from_bom(head)
    if marked is not None:
        return marked
    codec = _unmarked_utf_16(head)
    if codec:
        return Encoding(codec, "UTF-16 without BOM", guessed=True)
    found = _utf_8_or_shifted(path)
    if found is not None:
        return found
    sample = _non_ascii_sample(path)
    return UTF_8 if _is_mostly_utf_8(sample) else _guess_encoding(sample, name)


def _from_bom(head: bytes) -> Encoding | None:
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


def _utf_8_or_shifted(path: Path) -> Encoding | None:
    """Return UTF-8 when the whole file is that; ISO-2022-JP when it is ASCII and shifts to Japanese by its codes."""
    is_shifted = False
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
                is_shifted = is_shifted or (b"\x1b" in block and any(code in block for code in _SHIFTS))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return _SHIFTED if is_shifted else UTF_8


def _non_ascii_sample(path: Path) -> bytes:
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


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)  # the last character may be cut off
    except UnicodeDecodeError:
        return False
    return True


def _guess_encoding(sample: bytes, name: str) -> Encoding:
    best, *others = [guess for guess in guesses(sample) if _is_possible(guess)]
    if is_thai(sample) and (not best.is_plain or best.candidate.codec == "cp932"):  # half-width kana look ordinary
        raise SourceError(
            f"{name} is not UTF-8, and its text may be Thai ({THAI}) or {best.candidate.name}. Say which it is with "
            f"--encoding {THAI} or --encoding {best.candidate.codec}, or save the file as UTF-8."
        )
    if any(_is_no_text(c) for text in best.texts for c in text):
        raise SourceError(
            f"{name} is not UTF-8, and its text fits none of the encodings that are tried. Say which it has with "
            f"--encoding NAME (for example cp874 or cp775), or save the file as UTF-8."
        )
    others = [guess for guess in others if guess.texts != best.texts]
    margin = others[0].bits - best.bits if others else _CERTAIN
    if margin < _MARGIN and not (best.candidate.codec == _DEFAULT and best.is_plain):
        raise SourceError(_ambiguous(name, best, others))
    rivals = tuple(guess.candidate.codec for guess in others if guess.bits - best.bits < _CERTAIN)
    return Encoding(best.candidate.codec, best.candidate.name, guessed=True, rivals=rivals)


def _is_no_text(character: str) -> bool:
    """Tell whether a character is a control of the upper half, or one that is assigned to nothing in particular."""
    return "\x80" <= character < "\xa0" or unicodedata.category(character) in {"Co", "Cn"}


def _is_possible(guess: Guess) -> bool:
    return guess.candidate.codec != "cp932" or _NOT_IN_CP932.isdisjoint("".join(guess.texts))


def _ambiguous(name: str, best: Guess, others: list[Guess]) -> str:
    """Return the sentence that shows one text as each of the likely encodings reads it."""
    near = [guess for guess in others if guess.bits - best.bits < _MARGIN]
    seen = {best.texts: best} | {guess.texts: guess for guess in reversed(near)}
    shown = sorted(seen.values(), key=lambda guess: guess.bits)[:5]
    place = next(i for i, text in enumerate(best.texts) if text != shown[-1].texts[i])
    choices = ", ".join(f"{guess.candidate.codec} reads {quoted(guess.texts[place])}" for guess in shown)
    return (
        f"{name} is not UTF-8, and its text fits several encodings: {choices}. Say which one is right, for example "
        f"with --encoding {best.candidate.codec}, or save the file as UTF-8."
    )


def half_of_a_character(path: Path, encoding: Encoding, delimiter: str) -> str:
    """Return the codec in which a delimiter in the file may be the second half of a character, "" when there is none.

    In Shift_JIS, GBK and Big5 that half may be any byte from `@` on, such as the pipe of `é|` in Windows-1252. It
    matters when the encoding, or a likely other one, is one of them.
    """
    codecs_ = [codec for codec in (encoding.codec, *encoding.rivals) if codec in _TWO_BYTES]
    is_sure = not encoding.rivals or (len(codecs_) == len(encoding.rivals) + 1 and len(set(codecs_)) == 1)
    if not encoding.guessed or is_sure or not codecs_ or not "@" <= delimiter <= "~":
        return ""
    pair = re.compile(rb"[\x81-\xfe]" + re.escape(delimiter.encode()))
    with path.open("rb") as file:
        last = b""
        while block := file.read(_BLOCK):
            if pair.search(last + block):
                return next((codec for codec in (*encoding.rivals, encoding.codec) if codec != encoding.codec), "")
            last = block[-1:]
    return ""
