"""A run as JSON values for the page, from its journal."""

from time import time
from typing import Any

from importer.journal import Journal, RunInfo
from importer.model import Operation, Status
from importer.reporter import RowCounts
from importer.runner.progress import RunProgress, run_progress
from importer.runner.row_pages import RowPages
from importer.runner.undone import Undone
from importer.timestamps import utc_text
from importer.web import texts
from importer.web.edits import RunEdits
from importer.web.listed_runs import ListedRuns, counts_of, stopped_by
from importer.web.protocol import error_values

_TO_RETRY = (Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT)
_CHANGED = (Status.LINKED, Status.UNLINKED)


def run_values(pages: RowPages, runs: ListedRuns, edits: RunEdits) -> dict[str, Any]:
    """Return a run as JSON values, except for what only its process knows. Raises JournalError."""
    journal = pages.journal
    info = journal.info
    progress = run_progress(journal, pages.outcome_counts)
    counts = None if progress.is_running else row_counts(journal, pages)
    reason, error = stopped_by(journal), journal.last_error
    is_first_rows = counts is not None and reason == "first_rows"
    listed = runs.values(journal, is_running=progress.is_running)
    return {
        **listed,
        "target": info.target,
        "account": _account(journal),
        "children": [] if progress.is_running else runs.children(info.run_id),
        "counts": counts and counts.by_status,
        "good": counts and counts.good,
        "bad": counts and counts.bad,
        "need_you": counts and counts.bad - counts.not_sent,
        "progress": _progress_values(progress),
        "headline": "" if counts is None else _headline(info, counts, listed),
        "error": error and error_values(error.code, error.message),
        "stopped_by": reason,
        "stop_sentence": texts.stop_sentence(reason),
        "advice": [] if counts is None else texts.advice(counts),
        "first_rows": _rows_with_outcome(counts) if is_first_rows and counts is not None else None,
        "results_ready": not progress.is_running,
        **_possible(journal, progress, edits, listed["undone"]),
    }


def _account(journal: Journal) -> dict[str, int] | None:
    """Return the account of a run or, if it has sent nothing, the one that its settings require; None if unknown."""
    account, required = journal.account, journal.info.reading.get("portal_id")
    portal_id = account.portal_id if account is not None else required
    return None if portal_id is None else {"id": portal_id}


def _headline(info: RunInfo, counts: RowCounts, listed: dict[str, Any]) -> str:
    if listed["undone"] is not None:
        return texts.undone_headline(info.operation, counts, listed["undone"])
    return texts.headline(info.operation, counts) if listed["refused"] is None else texts.REFUSED


def row_counts(journal: Journal, pages: RowPages) -> RowCounts:
    """Return the rows by status, as counted by the last process or, without its summary, counted now."""
    summary = journal.summary
    if summary is not None:
        return counts_of(summary)
    by_status = pages.counts()
    return RowCounts(rows=sum(by_status.values()), **{str(status): number for status, number in by_status.items()})


def _rows_with_outcome(counts: RowCounts) -> int:
    return counts.rows - counts.not_sent - counts.invalid - counts.blank


def _possible(journal: Journal, progress: RunProgress, edits: RunEdits, undone: Undone | None) -> dict[str, Any]:
    """Return what can be done with a run, how many rows are corrected, and how many pairs an undo may change.

    `undo_pairs` is the largest number that it may change, `undo_unconfirmed` how many of them the run may not have
    changed: those without a reliable response, and those in flight when its process was killed.
    """
    outcomes, operation = progress.statuses, journal.info.operation
    is_idle, is_finished = not progress.is_running, journal.is_finished
    unconfirmed = outcomes.get(Status.UNCONFIRMED, 0) + (journal.count_in_flight_to_undo() if is_idle else 0)
    undo_pairs = sum(outcomes.get(status, 0) for status in _CHANGED) + unconfirmed
    is_undoable = operation in {Operation.LINK, Operation.UNLINK} and undo_pairs > 0 and undone is not Undone.FULLY
    has_failures = any(outcomes.get(status) for status in _TO_RETRY)
    has_rows = has_failures or bool(edits.ready)
    is_retryable = is_finished and has_rows and operation is not Operation.UNDO
    return {
        "can": {
            "stop": progress.is_running,
            "continue": is_idle and journal.is_resumable,
            "retry": is_idle and is_retryable,
            "undo": is_idle and is_undoable,
            "delete": is_idle,
        },
        "undo_pairs": undo_pairs if is_undoable else 0,
        "undo_unconfirmed": unconfirmed if is_undoable else 0,
        "corrected": len(edits.ready - edits.sent),
    }


def _progress_values(progress: RunProgress) -> dict[str, Any]:
    pause = progress.pause
    return {
        "total": progress.total,
        "done": progress.done,
        "statuses": {str(status): number for status, number in progress.statuses.items() if number},
        "calls": progress.totals.begun,
        "retries": progress.totals.retries,
        "rate_limited": progress.totals.rate_limited,
        "rate": round(progress.per_second, 1),
        "limit": progress.rate,
        "seconds_left": progress.seconds_left,
        "pause": None
        if pause is None
        else {
            "until": utc_text(pause.end),
            "seconds": max(0, round(pause.end - time())),
            "reason": texts.PAUSES[pause.reason],
        },
        "p50": progress.p50,
        "p95": progress.p95,
    }
