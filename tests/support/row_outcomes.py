"""Rows and outcomes for tests of reports."""

from importer.model import ObjectType, Outcome, Pair, PairOutcome, Problem, RecordId, RowOutcome, Status

LINKED = Outcome(
    Status.LINKED,
    200,
    "COMPLETE",
    association_types="HUBSPOT_DEFINED:279",
    attempts=1,
    completed_at="2026-05-04T03:02:01Z",
)
ALREADY_LINKED = Outcome(Status.ALREADY_LINKED, association_types="HUBSPOT_DEFINED:279")
NOT_SENT = Outcome(Status.NOT_SENT, advice="Run the same command again.")
UNCONFIRMED = Outcome(Status.UNCONFIRMED, None, attempts=6, advice="Run the failures file again.")
FAILED = Outcome(
    Status.FAILED,
    404,
    "error",
    1,
    "OBJECT_NOT_FOUND",
    "No contact with this id exists.",
    '{"context":{"id":["1"]}}',
    "c0ffee",
    "",
    1,
    "",
    "Correct the contact's id.",
)
MISSING_ID = Problem("MISSING_ID", "to_object_id", "the cell is empty.", "Fill in the id.")
EXTRA_CELL = Problem("EXTRA_CELL", "", "it has 3 cells, the header has 2.", "Quote the cell with the comma.")


def pair_outcome(outcome: Outcome, first_row: int, from_id: str = "1", to_id: str = "2") -> PairOutcome:
    """Return the outcome of the pair contacts `from_id` → companies `to_id`."""
    pair = Pair(ObjectType("contacts"), RecordId(from_id), ObjectType("companies"), RecordId(to_id))
    return PairOutcome(pair, outcome, first_row)


def row_of(number: int, cells: tuple[str, ...], outcome: Outcome = LINKED) -> RowOutcome:
    """Return a row of one pair, which is the first with this pair."""
    return RowOutcome(number, cells, (), (pair_outcome(outcome, number),))


def invalid_row(number: int, cells: tuple[str, ...], *problems: Problem) -> RowOutcome:
    """Return a row without pairs; by default because an id is missing."""
    return RowOutcome(number, cells, problems or (MISSING_ID,), ())


def blank_row(number: int, cells: tuple[str, ...]) -> RowOutcome:
    """Return a row with nothing to link."""
    return RowOutcome(number, cells, (), ())
