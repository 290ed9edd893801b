"""Rows that a workbook hides (by a filter, by hand or in a collapsed group): counted, and skipped on request."""

from importer.model import RowNames
from importer.reader.files.table import Records
from importer.reader.messages import rows_text

_SHOWN = 5


class HiddenRows:
    """The hidden records of a table: counted, and removed on request.

    `numbers` is the table's own set, which is filled as its records are read. Blank rows do not count.
    """

    def __init__(self, numbers: set[int], *, visible_only: bool) -> None:
        self._numbers = numbers
        self._visible_only = visible_only
        self._count = 0
        self._first: list[int] = []

    def filter(self, records: Records) -> Records:
        """Return the records to import: all of them, or the visible ones."""
        if not self._numbers or self._numbers.isdisjoint(records[0]):
            return records
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, cells in zip(*records, strict=True):
            is_hidden = number in self._numbers
            if is_hidden and any(map(str.strip, cells)):
                self._note(number)
            if not (is_hidden and self._visible_only):
                numbers.append(number)
                rows.append(cells)
        self._numbers.difference_update(records[0])
        return numbers, rows

    def warning(self, names: RowNames) -> str:
        """Return a warning about hidden rows, "" if there are none."""
        if not self._count:
            return ""
        which = f"{self._count:,} ({rows_text(names, self._first, self._count)})"
        if self._visible_only:
            return f"Hidden rows left out: {which}."
        return (
            f"Rows that the sheet hides, by a filter or otherwise: {which}; they are imported like the others. "
            f"To leave them out, add --visible-rows-only."
        )

    def _note(self, number: int) -> None:
        self._count += 1
        if len(self._first) < _SHOWN:
            self._first.append(number)
