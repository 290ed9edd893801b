"""How far a run was undone, by the latest undo of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from importer.config import Settings
from importer.errors import JournalError
from importer.journal import SUFFIX, Journal
from importer.model import GOOD_STATUSES, Status
from importer.reporter import RunStatus
from importer.runner.run_status import run_status
from importer.runner.state_directory import runs_directory


class Undone(StrEnum):
    """How far a run was undone. It is UNKNOWN once the undo was deleted or cannot be read."""

    FULLY = "fully"
    PARTLY = "partly"
    RUNNING = "running"
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"

    @classmethod
    def by(cls, undo: Mapping[str, Any] | None) -> "Undone":
        """Return how far the undo with these listed values, None if it is missing, has got."""
        match undo:
            case {"state": "finished", "bad": bad}:
                return cls.PARTLY if bad else cls.FULLY
            case {"state": "running" | "unfinished" as state}:
                return cls(state)
            case _:
                return cls.UNKNOWN


def undone(settings: Settings, undone_by: str | None) -> Undone | None:
    """Return how far the undo `undone_by` has got, None if the run was not undone."""
    if undone_by is None:
        return None
    try:
        with Journal(runs_directory(settings) / f"{undone_by}{SUFFIX}") as journal:
            status, summary = run_status(journal), journal.summary or {}
    except JournalError:  # it was deleted, or it cannot be read
        return Undone.UNKNOWN
    bad = sum(summary.get(name, 0) for name in frozenset(Status) - GOOD_STATUSES)
    is_ended = status not in {RunStatus.FINISHED, RunStatus.RUNNING}
    return Undone.by({"state": "unfinished" if is_ended else str(status), "bad": bad})
