"""Totals over all pairs of a run, for reports: counted by SQLite, so that a million pairs need no memory."""

from dataclasses import dataclass

from importer.journal.journal_file import JournalFile
from importer.journal.sqlite_errors import as_journal_error
from importer.model import GOOD_STATUSES, Status

_BY_SECOND = "SELECT completed_at, status, count(*) FROM outcomes WHERE completed_at <> '' GROUP BY 1, 2 ORDER BY 1"
# in SQLite, a column beside the only min() is that of the row with the minimum: the advice belongs to the message
_KINDS = """
SELECT status, coalesce(http_status, 0), error_category, count(*), min(error_message), advice FROM outcomes
WHERE status NOT IN ({}) GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
"""
_CHANGES = """
SELECT coalesce(before.types, ''), coalesce(after.types, ''), outcomes.status, count(*)
FROM outcomes LEFT JOIN before USING (pair) LEFT JOIN after USING (pair)
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class CompletedPairs:
    """How many pairs got an outcome of one status in one second (ISO 8601, UTC)."""

    at: str
    status: Status
    pairs: int


@dataclass(frozen=True, slots=True)
class FailureKind:
    """Pairs that are not good for the same reason; `http_status` is 0 without a response, the texts are one example."""

    status: Status
    http_status: int
    category: str
    pairs: int
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class TypeChange:
    """Pairs with the same association types before and after the run: `CATEGORY:ID;…`, `-` if none, "" if not read."""

    before: str
    after: str
    status: Status
    pairs: int


class RunFigures(JournalFile):
    """Totals of the outcomes of distinct pairs."""

    def completed_by_second(self) -> list[CompletedPairs]:
        """Return how many pairs got each status in each second, in order of time."""
        with as_journal_error(self.path):
            found = self._db.execute(_BY_SECOND).fetchall()
            return [CompletedPairs(at, Status(status), pairs) for at, status, pairs in found]

    def failure_kinds(self) -> list[FailureKind]:
        """Return why pairs are not good, most frequent first."""
        good = ", ".join(f"'{status}'" for status in sorted(GOOD_STATUSES))
        with as_journal_error(self.path):
            found = self._db.execute(_KINDS.format(good)).fetchall()
            return [FailureKind(Status(status), *values) for status, *values in found]

    def type_changes(self) -> list[TypeChange]:
        """Return the association types before and after the run, most frequent change first."""
        with as_journal_error(self.path):
            found = self._db.execute(_CHANGES).fetchall()
            return [TypeChange(before, after, Status(status), pairs) for before, after, status, pairs in found]
