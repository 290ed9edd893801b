"""Pages of the rows of a run or a check, filtered, for people to look at."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from importer.journal import Journal
from importer.model import Outcome, RowOutcome, Status
from importer.reporter import WORST_FIRST
from importer.runner.check import CHECK_ID, NOT_SENT_BY_CHECK
from importer.runner.open_pairs import not_sent_outcome

_STATUSES = tuple(Status)
_MAX_CACHED = 4
"""Number of filters, and of searched texts, whose rows are cached: 4 MB each for a million rows."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The rows to show: those with one of the statuses, the problem code, and the text; an empty value matches all."""

    statuses: frozenset[Status] = frozenset()
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some of the rows that a filter finds, and their total number."""

    total: int
    rows: tuple[RowOutcome, ...]


class RowPages:
    """The rows of one journal; a context manager. Belongs to one thread at a time.

    A page of all rows takes milliseconds. The first page of a filter takes about a second for a million rows; the next
    ones are quick while no process writes to the journal.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`. All methods raise JournalError."""
        self.journal = Journal(path)
        self._version = 0
        self._statuses: bytes | None = None
        self._outcomes: dict[Status, int] | None = None
        self._found: dict[Filter, Sequence[int]] = {}
        self._with_texts: dict[str, Sequence[int]] = {}

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the journal."""
        self.journal.__exit__(kind, error, trace)

    def page(self, wanted: Filter | None = None, *, offset: int = 0, limit: int = 50) -> RowPage:
        """Return at most `limit` of the rows that a filter finds, without the first `offset`."""
        places = self._places(wanted or Filter())
        rows = self.journal.rows_at(places[offset : offset + limit], self._not_sent())
        return RowPage(len(places), tuple(rows))

    def row(self, number: int) -> RowOutcome | None:
        """Return the row with this number, None if there is none."""
        place = self.journal.place_of(number)
        return None if place is None else self.journal.rows_at([place], self._not_sent())[0]

    def counts(self) -> dict[Status, int]:
        """Return how many rows have each status."""
        self._forget_old()
        return {_STATUSES[code]: number for code, number in Counter(self._all_statuses()).items()}

    def outcome_counts(self) -> dict[Status, int]:
        """Return the journal's outcome counts, cached until a process writes to it."""
        self._forget_old()
        if self._outcomes is None:
            self._outcomes = self.journal.outcome_counts()
        return self._outcomes

    def _places(self, wanted: Filter) -> Sequence[int]:
        if wanted == Filter():
            return range(self.journal.row_count)
        self._forget_old()
        if wanted not in self._found:
            _drop_oldest(self._found)
            self._found[wanted] = self._find(wanted)
        return self._found[wanted]

    def _find(self, wanted: Filter) -> Sequence[int]:
        every: Sequence[int] = range(self.journal.row_count)
        places = every
        if wanted.code:
            places = self.journal.places_with_problem(wanted.code)
        if wanted.text:
            found = self._with_text(wanted.text)
            places = sorted(set(places).intersection(found)) if wanted.code else found
        if not wanted.statuses:
            return places
        is_wanted = self._all_statuses().translate(
            bytes(status in wanted.statuses for status in Status).ljust(256, b"\0")
        )
        return array("I", compress(places, is_wanted if places is every else map(is_wanted.__getitem__, places)))

    def _with_text(self, text: str) -> Sequence[int]:
        """Return the rows with a text; they do not depend on outcomes, so they are never forgotten as old."""
        if text not in self._with_texts:
            _drop_oldest(self._with_texts)
            self._with_texts[text] = self.journal.places_with_text(text)
        return self._with_texts[text]

    def _all_statuses(self) -> bytes:
        if self._statuses is None:
            self._statuses = self.journal.row_statuses(WORST_FIRST)
        return self._statuses

    def _forget_old(self) -> None:
        """Forget what was found before another process wrote to the journal."""
        version = self.journal.version
        if version != self._version:
            self._version, self._statuses, self._outcomes = version, None, None
            self._found.clear()

    def _not_sent(self) -> Outcome:
        info = self.journal.info
        return NOT_SENT_BY_CHECK if info.run_id == CHECK_ID else not_sent_outcome(info.operation, info.run_id)


def _drop_oldest(cached: dict[Any, Sequence[int]]) -> None:
    """Drop the oldest entry if the cache is full."""
    if len(cached) >= _MAX_CACHED:
        cached.pop(next(iter(cached)))
