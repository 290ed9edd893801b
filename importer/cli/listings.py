"""Runs as lines for people and as JSON: `importer runs` and the first lines of `importer show`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from importer.journal import Journal, RunError
from importer.model import Operation, StopReason
from importer.runner.find_runs import ListedRun
from importer.runner.undone import Undone
from importer.timestamps import size_text

_UNDONE: Mapping[Undone, str] = {
    Undone.FULLY: "undone by {}",
    Undone.PARTLY: "partly undone by {}",
    Undone.RUNNING: "being undone by {}",
    Undone.UNFINISHED: "undo {} is unfinished",
    Undone.UNKNOWN: "undone, at least in part, by {}, which cannot be read any more",
}
"""How far a run was undone, with the run id of its undo."""


def run_line(run: ListedRun) -> str:
    """Return a run as one line of a list."""
    rows = "?" if run.rows is None else f"{run.rows:,}"
    size = size_text(run.bytes)
    command = run.command or "?"
    undone = f" ({_UNDONE[run.undone].format(run.undone_by)})" if run.undone else ""
    figures = f"{rows:>9} rows  {size:>8}  {_age(run)}"
    ended = f" ({_error_text(run.last_error)})" if run.last_error else ""
    return f"{run.run_id}  {run.status:<11}  {command:<6}  {figures}  {run.error or run.source}{undone}{ended}"


def _error_text(error: RunError) -> str:
    return f"{error.message} [{error.code}]"


def _age(run: ListedRun) -> str:
    """Return how many days ago a run was last written."""
    days = (datetime.now(UTC) - datetime.fromisoformat(run.modified_at)).days
    return f"{days:>3} d" if days > 0 else "today"


def run_json(runs: Sequence[ListedRun]) -> str:
    """Return runs as a JSON list; `error`, `undone_by`, `undone` and `last_error` only where there is one."""
    optional = {"error", "undone_by", "undone", "last_error"}
    return json.dumps([{k: v for k, v in asdict(run).items() if k not in optional or v is not None} for run in runs])


def run_lines(journal: Journal, undone: Undone | None) -> list[str]:
    """Return lines about a run: source, target, start, parent, undo, why it ended, and who was notified about it."""
    info, account = journal.info, journal.account
    stopped_by = (journal.summary or {}).get("stopped_by")
    origin = "Undo of" if info.operation is Operation.UNDO else "Retry of"
    portal = f", account {account.portal_id}" if account is not None and account.portal_id is not None else ""
    return [
        f"Source    {info.source}",
        f"Target    {info.target}{portal}, API {info.api_version}",
        f"Started   {info.created_at}",
        *([f"{origin:<10}{info.parent}"] if info.parent else []),
        *([f"Undo      {_UNDONE[undone].format(journal.undone_by)}"] if undone else []),
        *([f"Stopped   {StopReason(stopped_by).sentence}"] if stopped_by else []),
        *([f"Error     {_error_text(journal.last_error)}"] if journal.last_error else []),
        *(
            f"Notified  {one['target']} at {one['at']}" + (f": failed, {one['error']}" if one["error"] else "")
            for one in journal.notifications
        ),
    ]
