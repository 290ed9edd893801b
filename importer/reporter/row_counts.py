"""The number of rows of each status, and the check that no row is missing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from importer.model import GOOD_STATUSES, NUMBERED, ROW_RESULT_COLUMNS, RowNames, RowOutcome, Status
from importer.reporter.result_row import row_result

_DUPLICATE_OF = ROW_RESULT_COLUMNS.index("import_duplicate_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """Rows by final status; `duplicates` are those that repeat a pair of an earlier row (`import_duplicate_of`).

    Raises ValueError unless the number of rows is the sum of the statuses.
    """

    rows: int = 0
    linked: int = 0
    already_linked: int = 0
    unlinked: int = 0
    not_linked: int = 0
    blank: int = 0
    failed: int = 0
    unconfirmed: int = 0
    invalid: int = 0
    not_sent: int = 0
    duplicates: int = 0

    def __post_init__(self) -> None:
        counted = sum(self.by_status.values())
        if self.rows != counted:
            raise ValueError(f"there are {self.rows} rows, but the statuses add up to {counted}: {self.by_status}")

    @classmethod
    def of(cls, by_status: Mapping[Status, int], duplicates: int = 0) -> Self:
        """Return the counts from the number of rows of each status; missing statuses count 0."""
        numbers = {str(status): number for status, number in by_status.items()}
        return cls(rows=sum(by_status.values()), duplicates=duplicates, **numbers)

    @property
    def by_status(self) -> dict[Status, int]:
        """The number of rows of each status."""
        return {status: getattr(self, status) for status in Status}

    @property
    def good(self) -> int:
        """The number of rows that need no further action."""
        return sum(self.by_status[status] for status in GOOD_STATUSES)

    @property
    def bad(self) -> int:
        """The number of rows that belong in the failures file."""
        return self.rows - self.good


@dataclass(slots=True)
class RowCounter:
    """Counts rows one by one; `names` has their names in the results."""

    names: RowNames = NUMBERED
    duplicates: int = 0
    by_status: Counter[Status] = field(default_factory=Counter)

    def add(self, row: RowOutcome) -> tuple[Status, tuple[str, ...]]:
        """Count the row and return its `row_result`."""
        status, texts = row_result(row, self.names)
        self.by_status[status] += 1
        if texts[_DUPLICATE_OF]:
            self.duplicates += 1
        return status, texts

    def counts(self) -> RowCounts:
        """Return the counts of the rows so far."""
        return RowCounts.of(self.by_status, self.duplicates)


def count(rows: Iterable[RowOutcome]) -> RowCounts:
    """Return the counts of the rows, in one pass and without writing anything."""
    counter = RowCounter()
    for row in rows:
        counter.add(row)
    return counter.counts()
