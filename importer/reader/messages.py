"""How messages show what a file holds."""

from collections.abc import Sequence

from importer.model import RowNames

_LONGEST = 60
SHOWN_ROWS = 10
"""Rows that a message names."""


def visible(text: str) -> str:
    """Return a text as a message can show it: at most 60 characters, with what cannot be seen written out."""
    return printable(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "…")


def printable(text: str) -> str:
    """Return a text with what cannot be seen written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str) -> str:
    """Return a text in quotes for a message, made visible."""
    return f"'{visible(text)}'"


def rows_text(names: RowNames, first: Sequence[int], rows: int) -> str:
    """Return `rows 2, 3 and 5 more` for a message; `first` are the first of so many `rows`."""
    shown = first[:SHOWN_ROWS]
    more = f" and {rows - len(shown):,} more" if rows > len(shown) else ""
    return f"row{'s' if rows > 1 else ''} {', '.join(map(names.of, shown))}{more}"
