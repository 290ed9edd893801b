"""Recognition of Thai in its Windows code page by the order of vowel and tone marks. Source: Unicode, 16.1 Thai."""

import re

THAI = "cp874"

_CONSONANT, _SIGN, _BEFORE = "ก-ฮ", "ัิ-ฺ็-๎", "เ-ไ"
_MISPLACED = re.compile(f"(?<![{_CONSONANT}{_SIGN}])[{_SIGN}]|[{_SIGN}]{{3}}|[{_BEFORE}](?![{_CONSONANT}])")
_DISTINCTIVE = re.compile(f"[{_BEFORE}็-ํ]")
_OTHER = re.compile(r"[^\x00-\x7fก-ฺเ-๎]")
_MIN_DISTINCTIVE = 2
"""Minimum number of distinctive marks in Thai text; half-width kana have none of them."""


def is_thai(sample: bytes) -> bool:
    """Return whether all non-ASCII letters are Thai in this code page, with every mark in a valid position."""
    try:
        text = sample.decode(THAI)
    except UnicodeDecodeError:
        return False
    return (
        len(_DISTINCTIVE.findall(text)) >= _MIN_DISTINCTIVE and not _MISPLACED.search(text) and not _OTHER.search(text)
    )
