import dataclasses

import pytest

from importer.model import RowOutcome
from importer.reporter import RowCounts, count
from tests.support.row_outcomes import (
    ALREADY_LINKED,
    FAILED,
    LINKED,
    NOT_SENT,
    UNCONFIRMED,
    invalid_row,
    pair_outcome,
    row_of,
)


def test_rows_are_counted_by_their_status_and_duplicates_apart() -> None:
    outcomes = [LINKED] * 6 + [ALREADY_LINKED] * 5 + [FAILED] * 4 + [UNCONFIRMED] * 3 + [NOT_SENT] * 2
    rows = [row_of(number, ("a",), outcome) for number, outcome in enumerate(outcomes, 2)]
    rows += [invalid_row(90, ("=1", "-1")), RowOutcome(91, ("=1",), (), (pair_outcome(LINKED, 2),))]
    rows += [RowOutcome(92, ("1", ""), (), ())]
    assert count(iter(rows)) == RowCounts(
        rows=23,
        linked=7,
        already_linked=5,
        blank=1,
        failed=4,
        unconfirmed=3,
        invalid=1,
        not_sent=2,
        duplicates=1,
    )


def test_without_rows_every_count_is_zero() -> None:
    assert count([]) == RowCounts()


def test_counts_that_do_not_add_up_are_refused() -> None:
    counts = count([row_of(2, ("a",))])
    with pytest.raises(ValueError, match="there are 2 rows, but the statuses add up to 1"):
        dataclasses.replace(counts, rows=2)
