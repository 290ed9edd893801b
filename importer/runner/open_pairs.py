"""The outcomes that results show for pairs without a final one: not reached, or cut off; or the run still works."""

from collections.abc import Iterator
from dataclasses import replace

from importer.journal import CUT_OFF, Journal
from importer.model import Operation, Outcome, RowOutcome, Status
from importer.runner.merged_rows import with_merged

_WAIT = "Wait until the run ends, then write its results again."


def not_sent_outcome(operation: str, run_id: str, *, is_running: bool = False) -> Outcome:
    """Return the outcome of a pair that was not reached. A verification cannot be resumed."""
    if operation == Operation.VERIFY:
        message = "The verification ended before this row was read back."
        return Outcome(Status.NOT_SENT, error_message=message, advice="Run importer verify again.")
    if is_running:
        message = "Not decided yet: the run is working and has not reached this pair."
        return Outcome(Status.NOT_SENT, error_message=message, advice=_WAIT)
    advice = f"The run ended before this row was sent. To continue: importer resume {run_id}"
    return Outcome(Status.NOT_SENT, advice=advice)


def result_rows(journal: Journal, operation: str, *, is_running: bool) -> Iterator[RowOutcome]:
    """Yield every row of a run with the outcomes that its results show."""
    not_sent = not_sent_outcome(operation, journal.info.run_id, is_running=is_running)
    rows = with_merged(journal.rows(not_sent), journal.merged)
    return map(_while_running, rows) if is_running else rows


def _while_running(row: RowOutcome) -> RowOutcome:
    """Return a row whose pairs in flight are not decided yet: nothing has cut them off."""
    if all(one.outcome.error_category != CUT_OFF.error_category for one in row.pairs):
        return row
    pairs = (
        replace(one, outcome=replace(_IN_FLIGHT, attempts=one.outcome.attempts))
        if one.outcome.error_category == CUT_OFF.error_category
        else one
        for one in row.pairs
    )
    return replace(row, pairs=tuple(pairs))


_IN_FLIGHT = Outcome(
    Status.UNCONFIRMED,
    error_message="Not decided yet: the run is working on this pair, which may have been sent.",
    advice=_WAIT,
)
