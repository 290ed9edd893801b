"""Detection of a text file's encoding: UTF-8 or UTF-16 whenever valid, else the likeliest that spreadsheets write."""

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
"""The replacement for undecodable bytes with `MARK_ERRORS`: a lone surrogate, which no decoded text contains."""

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
_NOT_IN_CP932 = frozenset("\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3")  # Python decodes undefined single bytes to these
_TWO_BYTES = frozenset({"cp932", "gbk", "gb18030", "big5", "cp949"})
"""Codecs in which the second byte of a character may be an ASCII byte."""

_DEFAULT = "cp1252"
_MARGIN = 8
"""Distance in bits to the next encoding that results in another text, below which the likeliest one is ambiguous."""

_CERTAIN = 60
"""Distance in bits above which another encoding is ignored when looking for delimiters inside its characters."""

_BLOCK = 1 << 18
_SAMPLE = 1 << 14
_HEAD = 1 << 10


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding: Python's codec, the name to show, and a note for the user.

    `guessed` means that it was detected and may be wrong; `rivals` are other codecs that are not much less likely.
    """

    codec: str
    name: str
    guessed: bool = False
    rivals: tuple[str, ...] = ()
    note: str = ""


UTF_8 = Encoding("utf-8", "UTF-8")
_ISO_2022_JP = Encoding("iso2022_jp_ext", "ISO-2022-JP", guessed=True)
_ISO_2022_JP_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(I", b"\x1b(J")
"""Escape sequences after which ASCII bytes are halves of Japanese characters. Source: RFC 1468 and JIS X 0201."""


def requested_encoding(requested: str, path: Path, name: str) -> Encoding:
    """Return the requested encoding, or that of the file's byte order mark if it has one.

    Raises `SettingsError` for an unknown encoding, and `SourceError` when the file `name` cannot be encoded in it.
    """
    try:
        codec = codecs.lookup(requested).name
        "a".encode(codec)
        codecs.getincrementaldecoder(codec)(MARK_ERRORS).decode(b"a")
    except (LookupError, UnicodeError, TypeError):
        raise SettingsError(
            "UNKNOWN_ENCODING",
            f"--encoding {requested} is not a known encoding. Common ones are utf-8, cp932, euc_jp, cp1252, utf-16.",
        ) from None
    head = _head(path)
    from_bom = _from_bom(head)
    if from_bom is not None:
        is_same = codec.startswith(from_bom.codec.removesuffix("-sig"))
        note = f"The file begins with a byte order mark, so it is read as {from_bom.name}, not as {requested}."
        return replace(from_bom, note="" if is_same else note)
    if codec in _WIDE:
        codec = _utf_16_without_bom(head) if codec == "utf-16" else ""
        if not codec:
            raise SourceError(
                "ENCODING_MISMATCH", f"{name} is not encoded in {requested}. Omit --encoding to detect the encoding."
            )
    return Encoding(codec, requested)


def detect_encoding(path: Path, name: str) -> Encoding:
    """Detect the encoding of a text file by scanning all of it, in constant memory.

    Raises `SourceError` when the file `name` decodes to different texts in several encodings that are equally likely.
    """
    head = _head(path)
    from_bom = _from_bom(head)
    if from_bom is not None:
        return from_bom
    codec = _utf_16_without_bom(head)
    if codec:
        return Encoding(codec, "UTF-16 without BOM", guessed=True)
    found = _utf_8_or_iso_2022_jp(path)
    if found is not None:
        return found
    sample = _non_ascii_sample(path)
    return UTF_8 if _is_mostly_utf_8(sample) else _guess_encoding(sample, name)


def _from_bom(head: bytes) -> Encoding | None:
    return next((Encoding(codec, name) for bom, codec, name in _BOMS if head.startswith(bom)), None)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _utf_16_without_bom(head: bytes) -> str:
    """Return the codec when most bytes at odd (or even) offsets are NUL, as in Latin text; else an empty string."""
    half = len(head) // 2
    for codec, nuls, others in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if half > 2 and nuls.count(0) > 0.6 * half and others.count(0) < 0.1 * half:
            return codec
    return ""


def _utf_8_or_iso_2022_jp(path: Path) -> Encoding | None:
    """Return the encoding if the whole file is valid UTF-8, or ASCII with the escape sequences of ISO-2022-JP."""
    has_escapes = False
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
                has_escapes = has_escapes or (b"\x1b" in block and any(code in block for code in _ISO_2022_JP_ESCAPES))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return _ISO_2022_JP if has_escapes else UTF_8


def _non_ascii_sample(path: Path) -> bytes:
    """Return the first lines with non-ASCII bytes, wherever they are in the file."""
    return b"".join(_up_to_sample_size(_non_ascii_lines(path)))


def _non_ascii_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(_SAMPLE):
            if not line.isascii():
                yield line


def _up_to_sample_size(lines: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for line in lines:
        yield line
        size += len(line)
        if size >= _SAMPLE:
            return


def _is_mostly_utf_8(sample: bytes) -> bool:
    """Return whether the text is UTF-8 with a few invalid bytes, which are reported by row when they are read."""
    text = sample.decode("utf-8", errors="replace")
    invalid = text.count("\ufffd")
    return sum(not c.isascii() for c in text) - invalid > invalid and not _decodes(sample, "euc_jp")


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)  # the last character may be incomplete
    except UnicodeDecodeError:
        return False
    return True


def _guess_encoding(sample: bytes, name: str) -> Encoding:
    best, *others = [guess for guess in guesses(sample) if _is_possible(guess)]
    if is_thai(sample) and (not best.is_plain or best.candidate.codec == "cp932"):  # half-width kana are plain too
        raise SourceError(
            "ENCODING_AMBIGUOUS",
            f"{name} is not UTF-8, and its text may be Thai ({THAI}) or {best.candidate.name}. Choose one with "
            f"--encoding {THAI} or --encoding {best.candidate.codec}, or save the file as UTF-8.",
        )
    if any(_is_implausible(c) for text in best.texts for c in text):
        raise SourceError(
            "ENCODING_NOT_DETECTED",
            f"{name} is not UTF-8, and its text does not fit any encoding that can be detected. Name its encoding with "
            f"--encoding NAME (for example cp874 or cp775), or save the file as UTF-8.",
        )
    others = [guess for guess in others if guess.texts != best.texts]
    margin = others[0].bits - best.bits if others else _CERTAIN
    if margin < _MARGIN and not (best.candidate.codec == _DEFAULT and best.is_plain):
        raise SourceError("ENCODING_AMBIGUOUS", _ambiguous_message(name, best, others))
    rivals = tuple(guess.candidate.codec for guess in others if guess.bits - best.bits < _CERTAIN)
    return Encoding(best.candidate.codec, best.candidate.name, guessed=True, rivals=rivals)


def _is_implausible(character: str) -> bool:
    """Return whether a character is a C1 control, unassigned or for private use."""
    return "\x80" <= character < "\xa0" or unicodedata.category(character) in {"Co", "Cn"}


def _is_possible(guess: Guess) -> bool:
    return guess.candidate.codec != "cp932" or _NOT_IN_CP932.isdisjoint("".join(guess.texts))


def _ambiguous_message(name: str, best: Guess, others: list[Guess]) -> str:
    """Return a message that shows one text as each of the likely encodings decodes it."""
    near = [guess for guess in others if guess.bits - best.bits < _MARGIN]
    seen = {best.texts: best} | {guess.texts: guess for guess in reversed(near)}
    shown = sorted(seen.values(), key=lambda guess: guess.bits)[:5]
    place = next(i for i, text in enumerate(best.texts) if text != shown[-1].texts[i])
    choices = ", ".join(f"{guess.candidate.codec} reads {quoted(guess.texts[place])}" for guess in shown)
    return (
        f"{name} is not UTF-8, and its text fits several encodings: {choices}. Choose the right one, for example "
        f"with --encoding {best.candidate.codec}, or save the file as UTF-8."
    )


def codec_in_which_delimiter_is_ambiguous(path: Path, encoding: Encoding, delimiter: str) -> str:
    """Return the codec in which a delimiter in the file may be the second byte of a character, "" if there is none.

    In Shift_JIS, GBK and Big5 that byte may be any from `@` up: `é|` in Windows-1252 is one of their characters. This
    matters if the encoding, or another likely one, is one of these.
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
