"""Detect lists of ids that another program may have truncated: the last id may be incomplete but look valid."""

import re
from collections.abc import Iterator, Sequence

from importer.model import Problem, RowNames
from importer.reader.messages import SHOWN_ROWS, quoted, rows_text
from importer.reader.rows.ids import without_formula

TEXT_LIMITS = (255, 256, 1_000, 1_024, 2_000, 4_000, 8_000, 8_192, 32_767, 65_535)
"""Lengths at which databases, spreadsheets and export tools truncate text: VARCHAR(255), Excel's 32,767, and so on."""

_MAX_BYTES = 4  # of one character, in UTF-8
_MIN_IDS = 4  # before the last one, for its length to be meaningful
_MAX_SPACES = 16  # between two ids of a list
_AFTER_SEPARATOR = re.compile(r"[;；](\s*)(?=\S)")
_BEFORE_SEPARATOR = re.compile(r"(?<=\S)(\s*)[;；]")


def truncated_list(text: str, column: str) -> Problem | None:
    """Return the problem of a list of ids whose length is one of `TEXT_LIMITS`, or None for any other text.

    `text` is the unmodified cell. A list that ends with its separator has lost no digit, but may have lost ids.
    """
    if _MAX_BYTES * len(text) < TEXT_LIMITS[0] or (";" not in text and "；" not in text):
        return None
    # The characters that mark a cell as text may have been added after the list was truncated.
    texts = dict.fromkeys((text, without_formula(text), text.removeprefix("'")))
    limit = next(filter(None, map(_limit_filled, texts)), None)
    if limit is None:
        return None
    message = (
        f"the list is exactly {limit:,} characters long, a length at which other programs truncate text; its last id "
        f"may have lost digits, and further ids may be missing."
    )
    advice = "Export the ids again without that limit; if the list is complete, split it over two rows."
    return Problem("TRUNCATED_LIST", column, message, advice)


class LongestLists:
    """The longest lists of one column, to detect truncation at a length that is not in `TEXT_LIMITS`.

    Truncated lists are equally long, and most end with an id that is shorter than all others in its list.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._length = self._lists = self._short = 0
        self._rows: list[int] = []

    def add(self, row: int, text: str) -> None:
        """Count the list in a cell; cells without a list are ignored."""
        if len(text) < self._length or (";" not in text and "；" not in text):
            return
        if len(text) > self._length:
            self._length, self._lists, self._short, self._rows = len(text), 0, 0, []
        self._lists += 1
        if _ends_short(text):
            self._short += 1
            if len(self._rows) < SHOWN_ROWS:
                self._rows.append(row)

    def add_all(self, rows: Sequence[int], texts: Sequence[str]) -> None:
        """Count the lists in many cells."""
        for row, text in zip(rows, texts, strict=True):
            self.add(row, text)

    def warning(self, names: RowNames) -> str:
        """Return a sentence about truncated lists, or "" unless most of the longest lists look truncated.

        A single list is enough if it is at least as long as the lowest limit.
        """
        if self._short < (2 if self._length < TEXT_LIMITS[0] else 1) or 2 * self._short <= self._lists:
            return ""
        where = f"Column {quoted(self._column)}, {rows_text(names, self._rows, self._short)}"
        return (
            f"{where}: the longest lists all have {self._length:,} characters, and their last id is shorter than the "
            f"others in its list: another program may have truncated them. Compare the last ids with HubSpot."
        )


def _ends_short(text: str) -> bool:
    *others, last = (len(part.strip()) for part in text.replace("；", ";").split(";"))
    return len(others) >= _MIN_IDS and 0 < last < min(others)


def _limit_filled(text: str) -> int | None:
    # Most lists are far from any limit; the text between the ids matters only near one.
    near = [
        (size, unfilled, limit)
        for size, unfilled in _sizes(text)
        for limit in TEXT_LIMITS
        if size <= limit <= size + unfilled + _MAX_SPACES
    ]
    trimmed = _max_trimmed(text) if near else None
    if trimmed is None:
        return None
    return next((limit for size, unfilled, limit in near if limit <= size + unfilled + trimmed), None)


def _max_trimmed(text: str) -> int | None:
    """Return the maximum number of spaces that may have been removed from the end of a list after its truncation.

    That is at most the number of spaces between two of its ids. None if there are already more at the end: they pad a
    complete list.
    """
    shown = text.rstrip()
    gaps = _AFTER_SEPARATOR if shown.endswith((";", "；")) else _BEFORE_SEPARATOR
    trimmed = max(map(len, gaps.findall(shown)), default=0) - (len(text) - len(shown))
    return trimmed if trimmed >= 0 else None


def _sizes(text: str) -> Iterator[tuple[int, int]]:
    """Yield the length of a text in each unit of the limits, and the units left unused by a split character."""
    yield len(text), 0
    if not text.isascii():
        yield len(text.encode("utf-8", "surrogatepass")), 2
        yield len(text) + sum(not c.isascii() for c in text), 1  # Shift_JIS, GBK, Big5
