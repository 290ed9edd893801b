"""Detect ids whose last digits another program may have rounded: visible in a column of ids, not in a single one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt, ulp

from importer.model import RowNames
from importer.reader.files.workbook.lossy import EXACT_DIGITS
from importer.reader.messages import SHOWN_ROWS, quoted, rows_text

_MAX_DISTINCT = 100_000
"""Number of distinct ids of a column that are counted only once; others are counted each time they occur."""

_DEVIATIONS = 3


@dataclass(slots=True)
class _Evidence:
    """The number of ids that look rounded in one way, the number expected by chance, and the rows they are in."""

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
    """The ids of one column that have more digits than a spreadsheet number holds exactly.

    An id of 17 digits ends in two zeros by chance in one case in a hundred, so a single one is suspicious. A single id
    of 16 digits that ends in a zero is not, but ten out of ten are.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._ids = 0
        self._seen: set[str] = set()
        self._decimal, self._double = _Evidence(), _Evidence()

    def add(self, row: int, record_ids: Iterable[str]) -> None:
        """Count the ids of a row; ids of at most 15 digits are never rounded."""
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
        """Return a sentence about the rounded ids of the column, or "" if there are no more than expected by chance."""
        strong = [found for found in (self._decimal, self._double) if found.is_strong]
        if not strong:
            return ""
        # Ids rounded in decimal also match the binary test; some ids rounded in binary match the decimal one by chance.
        if max(strong, key=lambda found: found.matching) is self._decimal:
            how = f"have only zeros after the first {EXACT_DIGITS} digits, which is all a spreadsheet number can hold"
            return self._sentence(self._decimal, how, names)
        how = "look as if a program (JavaScript, a JSON tool) had stored them as floating-point numbers"
        return self._sentence(self._double, how, names)

    def _sentence(self, found: _Evidence, how: str, names: RowNames) -> str:
        where = f"Column {quoted(self._column)}, {rows_text(names, found.first_rows, found.rows)}"
        return (
            f"{where}: {found.matching:,} of {self._ids:,} ids of more than {EXACT_DIGITS} digits {how}; their last "
            f"digits may be wrong. Compare them with HubSpot, and export the ids again as text if they differ."
        )
