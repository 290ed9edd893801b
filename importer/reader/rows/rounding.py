"""Ids whose last digits a program may have rounded away: no single one shows it, a column of them does."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt, ulp

from importer.model import RowNames
from importer.reader.files.workbook.lossy import EXACT_DIGITS
from importer.reader.messages import SHOWN_ROWS, quoted, rows_text

_MAX_DISTINCT = 100_000
"""Ids of a column that are counted once however often they occur; further ones are counted every time."""

_DEVIATIONS = 3


@dataclass(slots=True)
class _Evidence:
    """How many ids look rounded in one way, how many would by chance, and the rows they are in."""

    expected: float = 0.0
    matching: int = 0
    rows: int = 0
    last_row: int | None = None
    first_rows: list[int] = field(default_factory=list)

    def count(self, row: int, chance: float, *, matches: bool, is_new: bool) -> None:
        if is_new:
            self.expected += chance
            self.matching += matches
        if matches and row != self.last_row:
            self.last_row = row
            self.rows += 1
            if len(self.first_rows) < SHOWN_ROWS:
                self.first_rows.append(row)

    @property
    def is_strong(self) -> bool:
        """True when matches are more than three standard deviations above chance (Poisson)."""
        return self.matching > self.expected + _DEVIATIONS * sqrt(self.expected)


class RoundedIds:
    """Collects the ids of one column that have more digits than a spreadsheet number holds exactly.

    An id of 17 digits ends in two zeros by chance once in a hundred times, so one of them is suspicious; one of 16
    digits that ends in one zero is not, but ten of ten are.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._ids = 0
        self._seen: set[str] = set()
        self._decimal, self._double = _Evidence(), _Evidence()

    def add(self, row: int, record_ids: Iterable[str]) -> None:
        """Count the ids of a row; those with few digits are never rounded."""
        for record_id in record_ids:
            if len(record_id) > EXACT_DIGITS:
                self._count(row, record_id)

    def _count(self, row: int, record_id: str) -> None:
        is_new = record_id not in self._seen
        self._ids += is_new
        if is_new and len(self._seen) < _MAX_DISTINCT:
            self._seen.add(record_id)
        lost = len(record_id) - EXACT_DIGITS
        self._decimal.count(row, 10.0**-lost, matches=record_id.endswith("0" * lost), is_new=is_new)
        value = float(record_id)
        if ulp(value) > 1:
            matches = Decimal(repr(value)) == Decimal(record_id)
            self._double.count(row, 1 / ulp(value), matches=matches, is_new=is_new)

    def warning(self, names: RowNames) -> str:
        """Return the sentence about the column's rounded ids, "" unless there are more than chance explains."""
        strong = [found for found in (self._decimal, self._double) if found.is_strong]
        if not strong:
            return ""
        # What lost digits in decimal looks as if it had in binary too, and some ids the other way round by chance.
        if max(strong, key=lambda found: found.matching) is self._decimal:
            how = f"have nothing but zeros after their first {EXACT_DIGITS} digits, all that a spreadsheet number holds"
            return self._sentence(self._decimal, how, names)
        how = "are such as remain when a program (JavaScript, a JSON tool) keeps ids as floating-point numbers"
        return self._sentence(self._double, how, names)

    def _sentence(self, found: _Evidence, how: str, names: RowNames) -> str:
        where = f"Column {quoted(self._column)}, {rows_text(names, found.first_rows, found.rows)}"
        return (
            f"{where}: {found.matching:,} of {self._ids:,} ids of more than {EXACT_DIGITS} digits {how}; their last "
            f"digits may be wrong. Compare them with HubSpot, and export the ids again as text if they differ."
        )
