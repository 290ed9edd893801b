"""What a run that stopped early reports about the rows that it has finished."""

from typing import Any

import pytest

from importer import Settings
from importer.model import Operation, Stop, StopReason
from importer.reporter import RunStatus, Summary
from importer.runner.context import RunContext
from importer.runner.events import Event, Notice
from importer.runner.finish import report_stop
from importer.runner.send import Sent

COUNTS: dict[str, Any] = {"linked": 3, "already_linked": 1, "unlinked": 5, "not_linked": 2, "not_sent": 289}


@pytest.mark.parametrize(
    ("operation", "done"),
    [
        (Operation.LINK, "4 of 300 rows are linked."),
        (Operation.VERIFY, "4 of 300 rows are linked."),
        (Operation.UNLINK, "7 of 300 rows are unlinked."),
        (Operation.UNDO, "11 of 300 rows are as they were before the run (4 linked, 7 unlinked)."),
    ],
)
def test_an_interrupted_run_says_how_many_rows_its_operation_has_finished(operation: Operation, done: str) -> None:
    events: list[Event] = []
    names = ("blank", "failed", "unconfirmed", "invalid", "duplicates", "calls", "reads", "retries")
    others: dict[str, Any] = dict.fromkeys(names, 0)
    summary = Summary(
        run_id="1",
        operation=operation,
        file="a.csv",
        status=RunStatus.INTERRUPTED,
        stopped_by=StopReason.SIGINT,
        rows=300,
        pairs=300,
        rate_limited=0,
        seconds=1.0,
        results=None,
        failures=None,
        **COUNTS,
        **others,
    )
    stopped = Sent(Stop(StopReason.SIGINT, "Interrupted."))
    report_stop(stopped, summary, ".", RunContext(Settings(), on_event=events.append))
    (notice,) = events
    assert isinstance(notice, Notice)
    assert notice.text.startswith(f"Interrupted. {done} ")
