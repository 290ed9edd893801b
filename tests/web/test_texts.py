"""The sentences of the server."""

import pytest

from importer.model import Operation, Status, StopReason
from importer.reporter import RowCounts
from importer.web.texts import advice, headline, stop_sentence

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
            "1 of 3 rows are linked; 1 is blank; 1 needs you.",
        ),
        (
            Operation.UNLINK,
            RowCounts(rows=1500, unlinked=1499, failed=1),
            "1,499 of 1,500 rows are unlinked; 1 needs you.",
        ),
        (Operation.UNDO, RowCounts(rows=2, unlinked=2), "All 2 rows are as they were before."),
        (LINK, RowCounts(), "0 of 0 rows are linked."),
    ],
)
def test_a_headline_states_the_numbers(operation: Operation, counts: RowCounts, expected: str) -> None:
    assert headline(operation, counts) == expected


def test_every_bad_status_has_advice() -> None:
    for status in (Status.FAILED, Status.UNCONFIRMED, Status.INVALID, Status.NOT_SENT):
        assert len(advice(RowCounts(rows=1, **{str(status): 1}))) == 1
    assert advice(RowCounts(rows=1, linked=1)) == []


def test_every_reason_to_stop_has_a_sentence() -> None:
    assert all(stop_sentence(reason) for reason in StopReason)
    assert stop_sentence(None) is None
