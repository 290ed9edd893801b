"""How many rows came to what, and the proof that none is missing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from importer.model import GOOD_STATUSES, NUMBERED, ROW_RESULT_COLUMNS, RowNames, RowOutcome, Status
from importer.reporter.result_row import row_result

_DUPLICATE_OF = ROW_RESULT_COLUMNS.index("import_duplicate_of")


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows by status; `duplicates` counts those that `import_duplicate_of` says something of.

    Raises ValueError when the rows are not the sum of all statuses.
    """

    rows: int
    linked: int
    already_linked: int
    blank: int
    failed: int
    unconfirmed: int
    invalid: int
    not_sent: int
    duplicates: int

    def __post_init__(self) -> None:
        accounted = sum(getattr(self, status) for status in Status)
        if self.rows != accounted:
            raise ValueError(f"{self.rows} rows went in, but {accounted} are accounted for: {self}")

    @property
    def bad(self) -> int:
        """The number of rows that belong in the failures file."""
        good: int = sum(getattr(self, status) for status in GOOD_STATUSES)
        return self.rows - good


@dataclass(slots=True)
class Tally:
    """Counts rows as they pass; `names` gives their names in the result."""

    names: RowNames = NUMBERED
    rows: int = 0
    duplicates: int = 0
    by_status: Counter[Status] = field(default_factory=Counter)

    def add(self, row: RowOutcome) -> tuple[Status, tuple[str, ...]]:
        """Count the row; its `row_result`."""
        status, texts = row_result(row, self.names)
        self.rows += 1
        self.by_status[status] += 1
        if texts[_DUPLICATE_OF]:
            self.duplicates += 1
        return status, texts

    def totals(self) -> Totals:
        """What the rows so far add up to."""
        return Totals(
            rows=self.rows,
            **{str(status): self.by_status[status] for status in Status},
            duplicates=self.duplicates,
        )


def count(rows: Iterable[RowOutcome]) -> Totals:
    """What the rows add up to, in one pass and without writing anything."""
    tally = Tally()
    for row in rows:
        tally.add(row)
    return tally.totals()
