"""Quotation marks other than `"`. They are always read as text, so delimiters between them split cells.

Some programs quote cells with them, however. A row in which such a mark opens in one cell and closes in a later one may
therefore be split incorrectly.
"""

from collections.abc import Sequence

_CLOSING_MARKS: dict[str, tuple[str, ...]] = {
    **{mark: (mark,) for mark in ("'", "’", "”", "″", "＂", "&quot;", "&#34;", "&#39;", "&apos;")},
    "`": ("`", "'", "´"),
    "‘": ("’",),
    "‚": ("‘", "’"),
    "“": ("”",),
    "„": ("“", "”"),
    "〝": ("〞", "〟"),
    "«": ("»",),
    "»": ("«", "»"),
    "‹": ("›",),
    "›": ("‹", "›"),
    "「": ("」",),
    "『": ("』",),
}
"""The marks that close a quotation, by the mark that opens it."""

_FIRST_CHARACTERS = frozenset(mark[0] for mark in _CLOSING_MARKS)


def may_have_foreign_quotes(text: str, delimiter: str) -> bool:
    """Return whether any row of a text may have cells in marks other than `"`; fast, with false positives."""
    marks = [mark for mark in _CLOSING_MARKS if mark[0] in text]  # a single character is found much faster
    return any(_opens_a_cell(text, mark, delimiter) for mark in marks)


def _opens_a_cell(text: str, mark: str, delimiter: str) -> bool:
    """Return whether a mark is the first character of any cell, ignoring spaces."""
    borders = delimiter + "\r\n"
    place = text.find(mark)
    while place >= 0:
        start = place
        while start and text[start - 1] not in borders and text[start - 1].isspace():
            start -= 1
        if not start or text[start - 1] in borders:
            return True
        place = text.find(mark, place + 1)
    return False


def unclosed_marks(cells: Sequence[str]) -> list[tuple[str, int]]:
    """Return each mark that opens a cell without closing it, with the index of the first such cell."""
    found: dict[str, int] = {}
    for index, text in enumerate(cells):
        if text[:1] in _FIRST_CHARACTERS:
            for mark in _CLOSING_MARKS:
                if mark not in found and text.startswith(mark) and not _is_closed(text, mark):
                    found[mark] = index
    return list(found.items())


def find_closing_cell(cells: Sequence[str], mark: str) -> int | None:
    """Return the index of the first cell that ends with a mark closing `mark` and is not a quotation itself."""
    closing = _CLOSING_MARKS[mark]
    ends = (i for i, text in enumerate(cells) if text.endswith(closing))
    return next((i for i in ends if not (cells[i].startswith(mark) and _is_closed(cells[i], mark))), None)


def _is_closed(text: str, mark: str) -> bool:
    """Return whether a cell that begins with a mark also ends the quotation, allowing for doubled and nested marks."""
    closing = _CLOSING_MARKS[mark]
    if not text.endswith(closing) or len(text) == len(mark):
        return False
    if mark not in closing:
        return text.count(mark) <= sum(map(text.count, closing))
    if not text.endswith(mark):
        return True
    first, last = _count_leading(text, mark), _count_leading(text[::-1], mark[::-1])
    if first * len(mark) == len(text):
        return first % 2 == 0
    # Doubled marks are text, so an odd number opens or closes. Programs that never double write equal numbers of them.
    return (first % 2 == 1 and last % 2 == 1) or first == last


def _count_leading(text: str, mark: str) -> int:
    count = 0
    while text.startswith(mark, count * len(mark)):
        count += 1
    return count
