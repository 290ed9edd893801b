"""Whether bytes are Thai in its Windows code page, by the order of its signs. Source: Unicode standard, 16.1 Thai."""

import re

THAI = "cp874"

_CONSONANT, _SIGN, _BEFORE = "ก-ฮ", "ัิ-ฺ็-๎", "เ-ไ"
_misplaced = re.compile(f"(?<![{_CONSONANT}{_SIGN}])[{_SIGN}]|[{_SIGN}]{{3}}|[{_BEFORE}](?![{_CONSONANT}])").search
_telling = re.compile(f"[{_BEFORE}็-ํ]").findall
_other = re.compile(r"[^\x00-\x7fก-ฺเ-๎]").search
_ENOUGH = 2
"""Signs from which a text is Thai: half-width kana have none of them."""


def is_thai(sample: bytes) -> bool:
    """Tell whether a text of this code page has only Thai letters beyond ASCII, every sign where it can stand."""
    try:
        text = sample.decode(THAI)
    except UnicodeDecodeError:
        return False
    return len(_telling(text)) >= _ENOUGH and not _misplaced(text) and not _other(text)
