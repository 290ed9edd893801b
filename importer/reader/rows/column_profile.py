"""Profile of the values in a column, to decide whether a further value is plausible there."""

import re
from enum import Enum, auto

_NUMBER = re.compile(r"[-+]?[0-9][0-9.,\s]*")


class _Kind(Enum):
    BLANK = auto()
    DIGITS = auto()
    NUMBER = auto()
    TEXT = auto()


class ColumnProfile:
    """Kinds of values seen in one column, and the range of lengths of those that consist of digits."""

    __slots__ = ("_kinds", "_longest", "_shortest")

    def __init__(self) -> None:
        self._kinds: set[_Kind] = set()
        self._shortest, self._longest = 0, -1

    def add(self, text: str) -> None:
        """Add the value of a cell."""
        value = text.strip()
        kind = _kind(value)
        self._kinds.add(kind)
        if kind is _Kind.DIGITS:
            size = len(value)
            is_first = self._longest < 0
            self._shortest = size if is_first else min(self._shortest, size)
            self._longest = max(self._longest, size)

    @property
    def has_text(self) -> bool:
        """True if the column contains values that are not numbers."""
        return _Kind.TEXT in self._kinds

    def is_plausible(self, text: str, tolerance: int = 0) -> bool:
        """Return whether a value is of a kind seen before, digits up to `tolerance` shorter or longer than seen."""
        value = text.strip()
        kind = _kind(value)
        if kind is not _Kind.DIGITS:
            return kind in self._kinds
        return self._shortest - tolerance <= len(value) <= self._longest + tolerance and self._longest >= 0


def _kind(value: str) -> _Kind:
    if not value:
        return _Kind.BLANK
    if value.isdecimal():
        return _Kind.DIGITS
    return _Kind.NUMBER if _NUMBER.fullmatch(value) else _Kind.TEXT
