"""The sentences of the server."""

from typing import Any

import pytest

from importer.model import Operation, Status, StopReason
from importer.reporter import RowCounts
from importer.runner.undone import Undone
from importer.web.texts import advice, headline, stop_sentence, undone_headline

LINK = Operation.LINK


@pytest.mark.parametrize(
    ("operation", "counts", "expected"),
    [
        (
            LINK,
            RowCounts(rows=41, linked=20, already_linked=9, failed=12),
            "29 of 41 rows are linked; 12 need you.",
        ),
        (
            LINK,
            RowCounts(rows=41, linked=7, failed=1, not_sent=33),
            "7 of 41 rows are linked; 1 needs you; 33 are not sent yet.",
        ),
        (LINK, RowCounts(rows=2, linked=2), "All 2 rows are linked."),
        (LINK, RowCounts(rows=1, linked=1), "The row is linked."),
        (
            LINK,
            RowCounts(rows=3, linked=1, blank=1, invalid=1),
            "1 of 3 rows is linked; 1 is blank; 1 needs you.",
        ),
        (
            Operation.UNLINK,
            RowCounts(rows=1500, unlinked=1499, failed=1),
            "1,499 of 1,500 rows are unlinked; 1 needs you.",
        ),
        (
            Operation.UNLINK,
            RowCounts(rows=22, unlinked=6, not_linked=1, failed=15),
            "6 of 22 rows are unlinked, 1 had nothing to remove; 15 need you.",
        ),
        (
            Operation.UNLINK,
            RowCounts(rows=22, not_linked=1, invalid=21),
            "0 of 22 rows are unlinked, 1 had nothing to remove; 21 need you.",
        ),
        (Operation.UNLINK, RowCounts(rows=22, unlinked=1, failed=21), "1 of 22 rows is unlinked; 21 need you."),
        (Operation.UNLINK, RowCounts(rows=1, failed=1), "0 of 1 rows are unlinked; 1 needs you."),
        (Operation.UNDO, RowCounts(rows=2, unlinked=1, not_linked=1), "All 2 rows are as they were before."),
        (Operation.UNDO, RowCounts(rows=2, unlinked=2), "All 2 rows are as they were before."),
        (LINK, RowCounts(), "0 of 0 rows are linked."),
    ],
)
def test_a_headline_states_the_numbers(operation: Operation, counts: RowCounts, expected: str) -> None:
    assert headline(operation, counts) == expected


@pytest.mark.parametrize(
    ("operation", "counts", "undo", "expected"),
    [
        (
            LINK,
            RowCounts(rows=41, linked=20, already_linked=9, failed=12),
            {"state": "finished", "bad": 0},
            "This run was undone: 29 of 41 rows had been linked.",
        ),
        (
            Operation.UNLINK,
            RowCounts(rows=1, unlinked=1),
            {"state": "finished", "bad": 1},
            "This run was undone, but not all of it: 1 of 1 row had been unlinked.",
        ),
        (
            Operation.UNLINK,
            RowCounts(rows=3, unlinked=1, not_linked=2),
            {"state": "finished", "bad": 0},
            "This run was undone: 1 of 3 rows had been unlinked.",
        ),
        (
            LINK,
            RowCounts(rows=2, linked=2),
            {"state": "unfinished", "bad": None},
            "The undo of this run is not finished: 2 of 2 rows had been linked.",
        ),
        (
            LINK,
            RowCounts(rows=2, linked=2),
            {"state": "running", "bad": None},
            "This run is being undone: 2 of 2 rows had been linked.",
        ),
        (
            LINK,
            RowCounts(rows=2, linked=2),
            None,
            "This run was undone, at least in part: 2 of 2 rows had been linked.",
        ),
    ],
)
def test_the_headline_of_an_undone_run_says_that_first(
    operation: Operation, counts: RowCounts, undo: dict[str, Any] | None, expected: str
) -> None:
    assert undone_headline(operation, counts, Undone.by(undo)) == expected


def test_every_bad_status_has_advice() -> None:
    for status in (Status.FAILED, Status.UNCONFIRMED, Status.INVALID, Status.NOT_SENT):
        assert len(advice(RowCounts(rows=1, **{str(status): 1}))) == 1
    assert advice(RowCounts(rows=1, linked=1)) == []


def test_every_reason_to_stop_has_a_sentence() -> None:
    assert all(stop_sentence(reason) for reason in StopReason)
    assert stop_sentence(None) is None
