"""Pairs that a run refuses before anything is sent, because they conflict with other rows of the same source."""

from collections.abc import Iterable, Sequence

from importer.journal import Journal
from importer.model import Outcome, RowNames

_PAIRS_PER_TRANSACTION = 1_000
LISTED_ROWS = 10
"""Maximum number of rows that a sentence lists."""


def record_refusals(journal: Journal, refusals: Iterable[tuple[Sequence[int], Outcome]]) -> None:
    """Record the outcome of each group of pairs, given by their numbers."""
    refused: list[tuple[int, Outcome]] = []
    for pairs, outcome in refusals:
        refused += [(number, outcome) for number in pairs]
        if len(refused) >= _PAIRS_PER_TRANSACTION:
            journal.record(refused)
            refused = []
    journal.record(refused)


def listed_rows(rows: Sequence[int], names: RowNames) -> str:
    """Return the first ten rows as text, such as `2, 5, 9`, followed by `, …` if there are more."""
    more = ", …" if len(rows) > LISTED_ROWS else ""
    return ", ".join(map(names.of, rows[:LISTED_ROWS])) + more
