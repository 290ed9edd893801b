"""Journals of long runs, written directly: many rows, failures of several kinds, hours of calls, pauses, a kill."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from importer.journal import NOT_RECORDED, Journal, PauseReason, PauseSpan, Second, open_for_run, write_journal
from importer.model import Outcome, Problem, SourceRow, Status
from importer.runner.finish import _count_rows, summarise
from importer.runner.send import Sent
from importer.timestamps import utc_text
from tests.support.blocks import blocks_of
from tests.support.journals import INFO, pair

RUN_ID = "20261124T010000Z-abcdef"
START = 1_795_482_000
_BLOCK = 2_000
_PROBLEMS = (
    Problem("SCIENTIFIC_NOTATION", "Contact ID", "'1.2E+11' is a number.", "Format the column as text."),
    Problem("NOT_FOUND", "Contact ID", "no record has the email 'ada@example.com'.", "Correct the value."),
)
_FAILURES = (
    Outcome(Status.FAILED, 404, "", 1, "OBJECT_NOT_FOUND", attempts=1, advice="Check the record."),
    Outcome(Status.FAILED, 400, "", 1, "VALIDATION_ERROR", "Limit reached.", attempts=1, advice="Remove a link."),
    Outcome(Status.UNCONFIRMED, 502, error_message="HubSpot returned 502.", attempts=5, advice="Run importer retry."),
)
_LINKED = Outcome(Status.LINKED, 200, "COMPLETE", association_types="HUBSPOT_DEFINED:279", attempts=1)


def long_run(state: Path, rows: int, seconds: int) -> Path:
    """Write the journal of a finished run; every 100th row is invalid, the row after it repeats an earlier one."""
    path = state / "runs" / f"{RUN_ID}.sqlite"
    info = replace(
        INFO,
        run_id=RUN_ID,
        header=("Contact ID", "Company ID", "Note"),
        delimiter=",",
        reading={"statuses": None},
        source=str(state / "pairs.csv"),
        results=str(state / "pairs.results.csv"),
    )
    write_journal(path, info, blocks_of(_rows(rows), _BLOCK))
    with open_for_run(path) as journal:
        journal.begin()
        _write_outcomes(journal, seconds)
        pauses = [PauseSpan(at, at + 12.0, PauseReason.RATE_LIMITED) for at in range(START, START + seconds, 600)]
        journal.record_activity(list(_seconds(seconds)), pauses, None)
        sent = Sent(calls=journal.pair_count)
        journal.end(asdict(summarise(journal, sent, _count_rows(journal), float(seconds))))
        _write_processes(journal, seconds)
    return path


def _rows(rows: int) -> Iterator[SourceRow]:
    for number in range(2, rows + 2):
        cells = (str(1_000 + number), "1", f"note {number} about Größe")
        if number % 100 == 0:
            yield SourceRow(number, cells, (), (_PROBLEMS[number // 100 % 2],))
        else:
            yield SourceRow(number, cells, (pair(1_000 + number - (50 if number % 100 == 51 else 0)),), ())


def _write_outcomes(journal: Journal, seconds: int) -> None:
    total, after = journal._totals.pairs, 0
    while pending := journal.pending(after, 10_000):
        after = pending[-1].id
        outcomes, before = [], []
        for one in pending:
            at = utc_text(START + seconds * one.id / (total + 1), "milliseconds")
            found = _FAILURES[one.id % 3] if one.id % 40 == 0 else _LINKED
            message = found.error_message or (f"{one.id} not found" if found.status is Status.FAILED else "")
            outcomes.append((one.id, replace(found, completed_at=at, error_message=message)))
            before.append((one.id, "-"))
        journal.record(outcomes, (), before)


def _seconds(seconds: int) -> Iterator[Second]:
    for number in range(seconds):
        if not seconds * 4 < number * 10 < seconds * 5:  # the run was killed, and resumed later
            busiest = 188 if number == seconds * 7 // 10 else 150
            yield Second(START + number, 15, 15, number % 2, int(number % 600 == 0), busiest, "190/10", 120, 400)


def _write_processes(journal: Journal, seconds: int) -> None:
    """Replace the process of this test with two other processes."""
    from importer.journal.activity import _insert  # noqa: PLC0415 - only this needs times of another process

    with journal._transaction() as db:
        db.execute("DELETE FROM processes")
        end, start = START + seconds * 4 // 10, START + seconds // 2
        _insert(db, "processes", (1, START * 1000, end * 1000, NOT_RECORDED))
        _insert(db, "processes", (2, start * 1000, (START + seconds) * 1000, "finished"))
