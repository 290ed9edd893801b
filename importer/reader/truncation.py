"""Lists of ids that another program may have cut off: the last id can have lost digits and still look like one."""

import re
from collections.abc import Iterator

from importer.model import Problem
from importer.reader.ids import without_formula

TEXT_LIMITS = (255, 256, 1_000, 1_024, 2_000, 4_000, 8_000, 8_192, 32_767, 65_535)
"""Lengths at which databases, spreadsheets and export tools truncate text: VARCHAR(255), Excel's 32,767, and so on."""

_MOST_BYTES = 4  # of one character, in UTF-8
_MOST_SPACES = 16  # between two ids of a list
_AFTER_SEPARATOR = re.compile(r"[;；](\s*)(?=\S)")
_BEFORE_SEPARATOR = re.compile(r"(?<=\S)(\s*)[;；]")


def truncated_list(text: str, column: str) -> Problem | None:
    """Return the problem of a list of ids that fills one of `TEXT_LIMITS`, None for any other text.

    `text` is the cell as it was read. A list that ends with its separator has lost no digit, but may have lost ids.
    """
    if _MOST_BYTES * len(text) < TEXT_LIMITS[0] or (";" not in text and "；" not in text):
        return None
    # What marks a cell as text may have been put around a list that was cut off before.
    texts = dict.fromkeys((text, without_formula(text), text.removeprefix("'")))
    limit = next(filter(None, map(_limit_filled, texts)), None)
    if limit is None:
        return None
    message = (
        f"the list fills the {limit:,} characters at which other programs cut text off; its last id may have lost "
        f"digits, and further ids may be missing."
    )
    advice = "Export the ids again without that limit, or, if the list is complete, split it over two rows."
    return Problem("TRUNCATED_LIST", column, message, advice)


def _limit_filled(text: str) -> int | None:
    # Most lists are far from any limit: only near one is it worth looking at what stands between the ids.
    near = [
        (size, unfilled, limit)
        for size, unfilled in _sizes(text)
        for limit in TEXT_LIMITS
        if size <= limit <= size + unfilled + _MOST_SPACES
    ]
    trimmed = _most_trimmed(text) if near else None
    if trimmed is None:
        return None
    return next((limit for size, unfilled, limit in near if limit <= size + unfilled + trimmed), None)


def _most_trimmed(text: str) -> int | None:
    """Return how many spaces may have been removed from the end of a list after it was cut off.

    They are at most as many as stand between two of its ids. None when there are more at the end already: those pad a
    complete list.
    """
    shown = text.rstrip()
    gaps = _AFTER_SEPARATOR if shown.endswith((";", "；")) else _BEFORE_SEPARATOR
    trimmed = max(map(len, gaps.findall(shown)), default=0) - (len(text) - len(shown))
    return trimmed if trimmed >= 0 else None


def _sizes(text: str) -> Iterator[tuple[int, int]]:
    """Yield the length of a text in each unit of such limits, and how many units a character that was cut left free."""
    yield len(text), 0
    if not text.isascii():
        yield len(text.encode("utf-8", "surrogatepass")), 2
        yield len(text) + sum(not c.isascii() for c in text), 1  # Shift_JIS, GBK, Big5
