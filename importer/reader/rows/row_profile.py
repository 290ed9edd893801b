"""Profile of the values in each column, to decide whether the cells of another row are plausible."""

import re
from collections.abc import Collection, Iterable, Sequence
from enum import Enum, auto
from itertools import accumulate, islice

_SAMPLE = 200
_SAMPLE_OF_BLOCK = 5
"""Numbers of full rows that are profiled: at the start of the file, then in each block."""

_LENGTH_TOLERANCE = 1
"""Number of digits by which a number may be shorter or longer than those in other rows."""

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


class RowProfile:
    """Profiles of the columns of a file; `rows` is the number of full rows that were profiled."""

    def __init__(self, width: int, key_columns: Collection[int]) -> None:
        """Start without values; `key_columns` are the columns of ids and types, whose cells may be lists."""
        self._columns = [ColumnProfile() for _ in range(width)]
        self._keys = key_columns
        self.rows = 0

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Add a sample of the full rows of a block."""
        for cells in islice(rows, max(_SAMPLE - self.rows, _SAMPLE_OF_BLOCK)):
            self.rows += 1
            for i in range(min(len(cells), len(self._columns))):
                self._add(i, cells[i])

    def add_keys(self, cells: Sequence[str]) -> None:
        """Add the ids and types of the first of adjacent short rows: it is the beginning of a row, split or not."""
        for i in self._keys:
            if i < len(cells):
                self._add(i, cells[i])

    def resembles(self, cells: Sequence[str]) -> bool:
        """Return whether the ids and types of a row resemble those of other rows."""
        keys = [i for i in self._keys if i < len(cells)]
        return all(self._columns[i].is_plausible(text, _LENGTH_TOLERANCE) for i in keys for text in _list(cells[i]))

    def is_one_row(self, parts: Sequence[Sequence[str]]) -> bool:
        """Return whether the values suggest that line breaks inside texts split one row into the parts."""
        breaks = accumulate(len(part) - 1 for part in parts[:-1])
        are_in_texts = all(column.has_text for i in breaks for column in self._columns[i : i + 1])
        return are_in_texts and self.fits_as_one_row(parts)

    def fits_as_one_row(self, parts: Sequence[Sequence[str]]) -> bool:
        """Return whether the values of each part are plausible if it continues the row of the part before it."""
        breaks = accumulate(len(part) - 1 for part in parts[:-1])
        return all(
            column.is_plausible(text, _LENGTH_TOLERANCE)
            for i, part in zip(breaks, parts[1:], strict=True)
            for column, text in zip(self._columns[i + 1 :], part[1:], strict=False)
        )

    def _add(self, column: int, cell: str) -> None:
        for text in _list(cell) if column in self._keys else [cell]:
            self._columns[column].add(text)


def _list(cell: str) -> list[str]:
    return cell.replace("；", ";").split(";")
