"""Formatting of a file's contents for messages."""

from collections.abc import Sequence

from importer.model import RowNames

_MAX_SHOWN_LENGTH = 60
_MAX_SHOWN_NAMES = 10
SHOWN_ROWS = 10
"""Maximum number of rows that a message lists."""


def visible(text: str) -> str:
    """Return the text shortened to 60 characters, with unprintable characters escaped."""
    return escaped(text if len(text) <= _MAX_SHOWN_LENGTH else text[: _MAX_SHOWN_LENGTH - 3] + "…")


def escaped(text: str) -> str:
    """Return the text with unprintable characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str) -> str:
    """Return the text in single quotes, shortened and escaped like `visible`."""
    return f"'{visible(text)}'"


def quoted_list(names: Sequence[str]) -> str:
    """Return `'a', 'b' and 3 more`: at most ten names, each quoted."""
    more = f" and {len(names) - _MAX_SHOWN_NAMES:,} more" if len(names) > _MAX_SHOWN_NAMES else ""
    return ", ".join(map(quoted, names[:_MAX_SHOWN_NAMES])) + more


def rows_text(names: RowNames, first: Sequence[int], rows: int) -> str:
    """Return `rows 2, 3 and 5 more`, where `rows` is the total and `first` holds the first row numbers."""
    shown = first[:SHOWN_ROWS]
    more = f" and {rows - len(shown):,} more" if rows > len(shown) else ""
    return f"row{'s' if rows > 1 else ''} {', '.join(map(names.of, shown))}{more}"
