"""Write reader/files/letter_frequencies.tsv: how likely letters are in a language, for telling encodings apart.

`pip install wordfreq`, then `python tests/files/make_letters.py`. A line is a language, a cost in bits, and all pairs
of letters of that cost (in Chinese, Japanese and Korean: single characters). The cost of a pair is -log2 of how likely
its second letter is after its first; a space is the edge of a word. Pairs of plain letters, which all encodings share,
and those of more than `MOST_BITS` are left out.
"""

import gzip
import importlib
import math
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[2] / "importer" / "reader" / "letter_frequencies.tsv"
WORDS = 30_000
MOST_BITS = 12
CHARACTERS = 2_200
"""Characters that are kept of Chinese, Japanese and Korean."""

BY_LETTERS = (
    *("fr", "de", "es", "pt", "it", "nl", "sv", "da", "nb", "fi", "ca", "is"),
    *("pl", "cs", "sk", "hu", "ro", "sl", "sh", "tr", "lt", "lv"),
    *("ru", "uk", "bg", "mk", "el", "he", "ar", "fa"),
)
BY_CHARACTERS = ("zh", "ja", "ko")

wordfreq: Any = importlib.import_module("wordfreq")


def words(language: str) -> Iterator[tuple[str, float]]:
    """Words with their weights: the square root, so that the few most frequent do not drown names."""
    for word, frequency in list(wordfreq.get_frequency_dict(language).items())[:WORDS]:
        if word.isalpha():
            for spelling in spellings(word, language):
                yield spelling, math.sqrt(frequency)


def spellings(word: str, language: str) -> Iterator[str]:
    """The word as old encodings write it: with cedillas in Romanian; and where case folding has changed it."""
    if language == "el" and word.endswith("σ"):
        word = word[:-1] + "ς"
    yield word.translate({ord("ș"): "ş", ord("ț"): "ţ"})
    if language == "de" and "ss" in word:
        yield word.replace("ss", "ß")


def pair_costs(language: str) -> dict[str, int]:
    """The costs of the pairs with at least one letter beyond ASCII."""
    pairs: Counter[str] = Counter()
    firsts: Counter[str] = Counter()
    for word, weight in words(language):
        text = f" {word} "
        for pair in map("".join, pairwise(text)):
            pairs[pair] += weight  # type: ignore[assignment]
            firsts[pair[0]] += weight  # type: ignore[assignment]
    costs = {pair: round(-math.log2(count / firsts[pair[0]])) for pair, count in pairs.items() if not pair.isascii()}
    return {pair: max(1, bits) for pair, bits in costs.items() if bits <= MOST_BITS}


def character_costs(found: dict[str, float]) -> dict[str, int]:
    """The costs of the most frequent characters."""
    total = sum(found.values())
    kept = sorted(found, key=lambda c: -found[c])[:CHARACTERS]
    return {c: round(-math.log2(found[c] / total)) for c in kept if not c.isascii()}


def characters(language: str) -> dict[str, float]:
    """How often each character stands in the words of a language."""
    found: Counter[str] = Counter()
    for word, weight in words(language):
        for c in word:
            found[c] += weight  # type: ignore[assignment]
    return dict(found)


def traditional(simplified: dict[str, float]) -> dict[str, float]:
    """The same characters as they are written in Taiwan and Hong Kong."""
    import msgpack  # type: ignore[import-not-found]  # noqa: PLC0415 - comes with wordfreq

    packed = resources.files("wordfreq").joinpath("data/_chinese_mapping.msgpack.gz").read_bytes()
    mapping = {chr(old): new for old, new in msgpack.unpackb(gzip.decompress(packed), strict_map_key=False).items()}
    forms: dict[str, list[str]] = {}
    for old, new in mapping.items():
        forms.setdefault(new, []).append(old)
    found: Counter[str] = Counter()
    for c, weight in simplified.items():
        kept = [form for form in forms.get(c, [c]) if _is_big5(form)] or ([c] if _is_big5(c) else [])
        for form in kept:
            found[form] += weight / len(kept)  # type: ignore[assignment]
    return dict(found)


def _is_big5(c: str) -> bool:
    try:
        return 0xA4 <= c.encode("big5")[0] <= 0xC6
    except UnicodeEncodeError:
        return False


def lines() -> Iterator[str]:
    """The lines of the file."""
    yield "# Counted from the word lists of wordfreq (Robyn Speer); like them under CC BY-SA 4.0.\n"
    tables = {language: pair_costs(language) for language in BY_LETTERS}
    tables |= {language: character_costs(characters(language)) for language in BY_CHARACTERS}
    tables["zh-Hant"] = character_costs(traditional(characters("zh")))
    for language, costs in tables.items():
        for bits in sorted(set(costs.values())):
            yield f"{language}\t{bits}\t{''.join(sorted(key for key, cost in costs.items() if cost == bits))}\n"


if __name__ == "__main__":
    TARGET.write_text("".join(lines()), encoding="utf-8")
