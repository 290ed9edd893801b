"""A run as JSON values for the page, from its journal."""

from collections.abc import Mapping
from pathlib import Path
from time import time
from typing import Any

from importer.config import Settings
from importer.errors import JournalError
from importer.journal import SANDBOX, Journal, RunInfo, is_held, list_journals
from importer.model import Operation, Status, StopReason
from importer.reporter import RowCounts
from importer.runner.find_runs import journals
from importer.runner.progress import RunProgress, run_progress
from importer.runner.row_pages import RowPages
from importer.runner.state_directory import runs_directory
from importer.timestamps import utc_text
from importer.web import texts
from importer.web.edits import RunEdits
from importer.web.store import ImportStore

_TO_RETRY = (Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT)
_MAY_HAVE_CHANGED = (Status.LINKED, Status.UNLINKED, Status.UNCONFIRMED)


def run_values(pages: RowPages, settings: Settings, store: ImportStore) -> dict[str, Any]:
    """Return a run as JSON values, without what only its process knows. Raises JournalError."""
    journal = pages.journal
    info, account = journal.info, journal.account
    progress = run_progress(journal)
    counts = None if progress.is_running else row_counts(journal, pages)
    stopped_by = _stopped_by(journal)
    is_first_rows = counts is not None and stopped_by == "first_rows"
    return {
        **listed_values(journal, store, is_running=progress.is_running),
        "target": info.target,
        "account": {"id": account.portal_id} if account is not None and account.portal_id is not None else None,
        "children": [] if progress.is_running else _children(info.run_id, settings),
        "counts": counts and counts.by_status,
        "good": counts and counts.good,
        "bad": counts and counts.bad,
        "progress": _progress_values(progress),
        "headline": "" if counts is None else texts.headline(info.operation, counts),
        "stopped_by": stopped_by,
        "stop_sentence": texts.stop_sentence(stopped_by),
        "advice": [] if counts is None else texts.advice(counts),
        "first_rows": _rows_with_outcome(counts) if is_first_rows and counts is not None else None,
        "results_ready": not progress.is_running,
        **_possible(journal, info, progress, store.run_edits(info.run_id)),
    }


def listed_values(journal: Journal, store: ImportStore, *, is_running: bool) -> dict[str, Any]:
    """Return what a list says about a run as JSON values."""
    info, summary, counts = journal.info, journal.summary, journal.counts()
    is_finished = summary is not None and summary["status"] == "finished"
    by_status = {str(status): summary[status] for status in Status if summary[status]} if summary else None
    return {
        "run_id": info.run_id,
        "operation": info.operation,
        "source_name": Path(info.source).name,
        "state": "running" if is_running else "finished" if is_finished else "unfinished",
        "created_at": info.created_at,
        "rows": counts.rows,
        "pairs": counts.pairs,
        "counts": by_status,
        "bad": _counts_of(summary).bad if summary else None,
        "import_id": store.of_source(info.source),
        "parent": info.parent,
        "sandbox": info.target == SANDBOX,
        "error": None,
    }


def all_runs(settings: Settings, store: ImportStore) -> list[dict[str, Any]]:
    """Return all runs as JSON values, newest first, including those that cannot be read."""
    found = []
    for path in reversed(list_journals(runs_directory(settings))):
        try:
            with Journal(path) as journal:
                found.append(listed_values(journal, store, is_running=is_held(path)))
        except JournalError as error:
            found.append({**_UNREADABLE, "run_id": path.stem, "error": str(error)})
    return found


_UNREADABLE: Mapping[str, Any] = {
    "operation": None,
    "source_name": None,
    "state": "unreadable",
    "created_at": None,
    "rows": None,
    "pairs": None,
    "counts": None,
    "bad": None,
    "import_id": None,
    "parent": None,
    "sandbox": False,
}


def row_counts(journal: Journal, pages: RowPages) -> RowCounts:
    """Return the rows by status: as the last process has counted them, else counted now."""
    summary = journal.summary
    if summary is not None:
        return _counts_of(summary)
    by_status = pages.counts()
    return RowCounts(rows=sum(by_status.values()), **{str(status): number for status, number in by_status.items()})


def _counts_of(summary: Mapping[str, Any]) -> RowCounts:
    return RowCounts(rows=summary["rows"], **{str(status): summary[status] for status in Status})


def _stopped_by(journal: Journal) -> StopReason | None:
    summary = journal.summary
    return StopReason(summary["stopped_by"]) if summary and summary["stopped_by"] else None


def _rows_with_outcome(counts: RowCounts) -> int:
    return counts.rows - counts.not_sent - counts.invalid - counts.blank


def _children(run_id: str, settings: Settings) -> list[dict[str, Any]]:
    """Return the retries and undos of a run as JSON values, newest first."""
    return [
        {
            "run_id": journal.info.run_id,
            "operation": journal.info.operation,
            "state": "running" if is_held(journal.path) else "finished" if _is_finished(journal) else "unfinished",
        }
        for journal in journals(settings)
        if journal.info.parent == run_id
    ]


def _is_finished(journal: Journal) -> bool:
    return journal.summary is not None and journal.summary["status"] == "finished"


def _possible(journal: Journal, info: RunInfo, progress: RunProgress, edits: RunEdits) -> dict[str, Any]:
    """Return what can be done with a run, how many rows are corrected, and how many pairs an undo would look at."""
    outcomes = progress.statuses
    is_idle, is_finished = not progress.is_running, _is_finished(journal)
    changed = sum(outcomes.get(status, 0) for status in _MAY_HAVE_CHANGED)
    is_undoable = info.operation in {Operation.LINK, Operation.UNLINK} and changed > 0
    has_failures = any(outcomes.get(status) for status in _TO_RETRY)
    has_rows = has_failures or bool(edits.ready)
    is_retryable = is_finished and has_rows and info.operation is not Operation.UNDO
    return {
        "can": {
            "stop": progress.is_running,
            "continue": is_idle and not is_finished,
            "retry": is_idle and is_retryable,
            "undo": is_idle and is_undoable,
            "delete": is_idle,
        },
        "undo_pairs": changed if is_undoable else 0,
        "corrected": len(edits.ready),
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
