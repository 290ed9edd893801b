"""Ranking of legacy encodings by how likely they make the sequences of letters in a text.

Each candidate has a cost in bits: the information content of its letters in the language that fits each word best, plus
a few bits for rare encodings. The candidate with the lowest cost is the likeliest, and the distance to the next one is
the confidence.

No library can be used: for two or three names in cp1250 or MacRoman, charset-normalizer, chardet and uchardet each
return a different encoding, and none of them reports which others are equally likely.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

_WESTERN = ("fr", "de", "es", "pt", "it", "nl", "sv", "da", "nb", "fi", "ca", "is")
_LATIN = (
    *_WESTERN,
    *("pl", "cs", "sk", "hu", "ro", "sl", "sh", "tr", "lt", "lv"),
)
_RARE_LANGUAGES = {"is": 4, "lv": 2, "lt": 2, "ca": 1, "sl": 1}
"""Extra bits for a word in a language with few speakers: short words fit several languages."""

_CYRILLIC = ("ru", "uk", "bg", "mk")

_ABSENT = 15
"""Cost in bits of a pair of letters that occurs in none of a candidate's languages."""

_OPENING, _CLOSING, _JOINING = "“„‘«¿¡°\u00a0", "”’»™®©ºª°\u00a0", "’·"
_SYMBOLS = frozenset("–—€£§•¹²³½¼¾№‚…" + _OPENING + _CLOSING + _JOINING)
_SYMBOL, _SELDOM, _RARE_SYMBOL, _SYMBOL_INSIDE, _CONTROL, _UNASSIGNED = 7, 12, 16, 22, 20, 24
_WIDE_PUNCTUATION = "、。・ー「」『』（）：；，！？～＆／－＋＃％〜々〇"
_CAPITAL_INSIDE, _CAPITALS, _HALFWIDTH, _HALFWIDTH_ALONE, _BESIDE_ASCII = 8, 2, 6, 12, 9
_MIXED = 10
"""Extra bits for a word that mixes Latin letters with letters of another script."""

_COMMON, _UNCOMMON = 15, 19
_CELL = re.compile(rb'[^\r\n,;\t"]*[\x80-\xff][^\r\n,;\t"]*')
_WORD = re.compile(r"[^\x00-@\[-`{-\x7f]*[^\x00-\x7f][^\x00-@\[-`{-\x7f]*")
_DOUBLE_QUOTES = re.compile("[“”„]")
_UNPAIRED = 10
_MAX_CELLS = 100
_MAX_PLAIN = 9
"""Maximum average bits per pair of letters of ordinary text."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoding: Python's codec, the name to show, its languages, and a cost in bits for its rarity.

    `common` is the range of lead bytes of common characters in a double-byte encoding, else empty.
    """

    codec: str
    name: str
    languages: tuple[str, ...]
    bits: int
    common: range = range(0)


CANDIDATES = (
    Candidate("cp1252", "Windows-1252 (cp1252)", _WESTERN, 0),
    Candidate("cp932", "Shift_JIS (cp932)", ("ja",), 2, range(0x81, 0x98)),
    Candidate("cp1251", "Windows-1251 (cp1251)", _CYRILLIC, 3),
    Candidate("gbk", "GBK", ("zh",), 3, range(0xA1, 0xD8)),
    Candidate("cp1250", "Windows-1250 (cp1250)", _LATIN, 3),
    Candidate("cp949", "EUC-KR (cp949)", ("ko",), 4, range(0xA1, 0xC9)),
    Candidate("big5", "Big5", ("zh-Hant",), 4, range(0xA1, 0xC7)),
    Candidate("cp1254", "Windows-1254 (cp1254)", (*_WESTERN, "tr"), 3),
    Candidate("cp1253", "Windows-1253 (cp1253)", ("el",), 4),
    Candidate("cp1255", "Windows-1255 (cp1255)", ("he",), 4),
    Candidate("cp1256", "Windows-1256 (cp1256)", ("ar", "fa"), 5),
    Candidate("cp1257", "Windows-1257 (cp1257)", _LATIN, 6),
    Candidate("euc_jp", "EUC-JP", ("ja",), 4, range(0xA1, 0xD0)),
    Candidate("mac_roman", "MacRoman", _WESTERN, 6),
    Candidate("koi8_r", "KOI8-R", ("ru", "bg"), 7),
    Candidate("koi8_u", "KOI8-U", ("uk",), 8),
    Candidate("iso8859_2", "ISO-8859-2", _LATIN, 7),
    Candidate("cp850", "DOS (cp850)", _WESTERN, 8),
    Candidate("cp866", "DOS (cp866)", ("ru", "bg"), 8),
    Candidate("mac_latin2", "Mac Central European", _LATIN, 9),
    Candidate("mac_cyrillic", "Mac Cyrillic", _CYRILLIC, 9),
    Candidate("cp852", "DOS (cp852)", _LATIN, 9),
    Candidate("gb18030", "GB18030", ("zh",), 12, range(0xA1, 0xD8)),
    Candidate("latin_1", "Latin-1", _WESTERN, 12),
)


@dataclass(frozen=True, slots=True)
class Guess:
    """A candidate, its cost in bits, and the decoded text of each cell with non-ASCII bytes.

    `is_plain` is True if the text is ordinary text rather than merely the least unlikely.
    """

    candidate: Candidate
    bits: int
    texts: tuple[str, ...]
    is_plain: bool


def guesses(sample: bytes) -> list[Guess]:
    """Return a guess for every candidate that can decode the sample, the likeliest first."""
    cells = list(dict.fromkeys(_CELL.findall(sample)))[:_MAX_CELLS]
    found = (_guess(candidate, cells) for candidate in CANDIDATES)
    return sorted((guess for guess in found if guess is not None), key=lambda guess: guess.bits)


def _guess(candidate: Candidate, cells: Sequence[bytes]) -> Guess | None:
    try:
        texts = tuple(cell.decode(candidate.codec) for cell in cells)
    except UnicodeDecodeError:
        return None
    words = dict.fromkeys(word for text in texts for word in _WORD.findall(text))
    bits = candidate.bits + sum(_word_bits(word, candidate) for word in words)
    bits += sum(_UNPAIRED for text in texts if len(_DOUBLE_QUOTES.findall(text)) % 2)
    return Guess(candidate, bits, texts, bits <= _MAX_PLAIN * sum(map(_units, words)))


def _word_bits(word: str, candidate: Candidate) -> int:
    if candidate.common:
        return sum(_character_bits(word, i, candidate) for i in range(len(word)))
    pairs = list(_pairs(word))
    tables = _tables()
    letters = min(
        _RARE_LANGUAGES.get(language, 0) + sum([tables[language].get(pair, _ABSENT) for pair in pairs])
        for language in candidate.languages
    )
    if candidate.languages[0] not in _LATIN and any(c.isascii() and c.isalpha() for c in word):
        letters += _MIXED
    return letters + sum(_shape_bits(word, i) for i in range(len(word)))


def _pairs(word: str) -> Iterator[str]:
    """Yield the pairs of letters with a non-ASCII one; anything that is not a letter counts as a space."""
    text = "".join(_lower(c) if c.isalpha() or unicodedata.combining(c) else " " for c in f" {word} ")
    for i in range(len(text) - 1):
        if not text[i : i + 2].isascii():
            yield text[i : i + 2]


def _units(word: str) -> int:
    """Return the number of items in a word that have a cost."""
    return len(list(_pairs(word))) + sum(not c.isalpha() for c in word)


def _lower(c: str) -> str:
    return "i" if c == "İ" else c.lower()


def _shape_bits(word: str, i: int) -> int:
    """Return the cost of a symbol, or of a capital after another letter."""
    c = word[i]
    if c.isalpha():
        before = word[i - 1 : i]
        if not c.isupper() or (before + c).isascii():
            return 0
        return _CAPITAL_INSIDE if before.islower() else _CAPITALS if before.isupper() else 0
    kind = unicodedata.category(c)
    if kind == "Cc":
        return _CONTROL
    if kind in {"Cn", "Co", "Cs"}:
        return _UNASSIGNED
    follows, precedes = word[i - 1 : i].isalpha(), word[i + 1 : i + 2].isalpha()
    expected = _JOINING if follows and precedes else _CLOSING if follows else _OPENING if precedes else _SYMBOLS
    if c in expected:
        return _SYMBOL
    if (c in "²³…" and not precedes) or c == "\u00a0":
        return _SELDOM
    return _SYMBOL_INSIDE if follows and precedes else _RARE_SYMBOL


def _character_bits(word: str, i: int, candidate: Candidate) -> int:
    """Return the cost of a Chinese, Japanese or Korean character."""
    c = word[i]
    if c.isascii():
        beside = word[i - 1 : i] + word[i + 1 : i + 2]
        return _BESIDE_ASCII if not beside.isascii() else 0
    if _is_halfwidth(c):
        return (
            _HALFWIDTH if any(map(_is_halfwidth, word[max(0, i - 1) : i] + word[i + 1 : i + 2])) else _HALFWIDTH_ALONE
        )
    if c in _WIDE_PUNCTUATION:
        return _SYMBOL
    bits = _tables()[candidate.languages[0]].get(c)
    if bits is not None:
        return bits
    if unicodedata.category(c) in {"Cc", "Cn", "Co", "Cs"}:
        return _UNASSIGNED
    return _COMMON if c.isalpha() and c.encode(candidate.codec)[0] in candidate.common else _UNCOMMON


def _is_halfwidth(c: str) -> bool:
    return "\uff61" <= c <= "\uff9f"


@cache
def _tables() -> dict[str, dict[str, int]]:
    """Return the costs of pairs of letters, or of characters, by language, from tests/files/make_letters.py."""
    tables: dict[str, dict[str, int]] = {}
    text = resources.files("importer.reader.files").joinpath("letter_frequencies.tsv").read_text(encoding="utf-8")
    for line in text.splitlines()[1:]:  # the first line names the source
        language, bits, keys = line.split("\t")
        size = 1 if language in {"zh", "zh-Hant", "ja", "ko"} else 2
        costs = tables.setdefault(language, {})
        costs.update({keys[i : i + size]: int(bits) for i in range(0, len(keys), size)})
    return tables
