"""Lists of the runs in a state directory. The page requests all runs repeatedly, and few of them change."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importer.config import Settings
from importer.errors import JournalError
from importer.journal import SANDBOX, SUFFIX, Journal, is_held, list_journals
from importer.model import Status, StopReason
from importer.reporter import RowCounts
from importer.runner.state_directory import runs_directory
from importer.runner.undone import Undone
from importer.web.store import ImportStore
from importer.web.texts import REFUSALS

_FILES = ("", "-wal")
"""Suffixes of a journal's path: the files that show whether the journal has changed."""

Version = tuple[tuple[int, int, int], ...]


class ListedRuns:
    """Lists runs. A journal that has not changed since it was last read is not opened again."""

    def __init__(self, settings: Settings, store: ImportStore) -> None:
        """List the runs in the state directory of `settings`."""
        self._directory = runs_directory(settings)
        self._store = store
        self._known: dict[Path, tuple[Version, _Run]] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return all runs as JSON values, newest first, including those that cannot be read."""
        paths = list_journals(self._directory)
        for path in self._known.keys() - set(paths):
            self._known.pop(path, None)
        return [self._complete(self._read(path)) for path in reversed(paths)]

    def children(self, run_id: str) -> list[dict[str, Any]]:
        """Return the retries and undos of a run as JSON values, newest first."""
        keys = ("run_id", "operation", "state")
        return [{key: run[key] for key in keys} for run in self.all() if run["parent"] == run_id]

    def values(self, journal: Journal, *, is_running: bool) -> dict[str, Any]:
        """Return the entry of a run in a list as JSON values."""
        return self._complete(_run(journal, is_running=is_running))

    def _read(self, path: Path) -> "_Run":
        version = _version(path)
        known_version, known = self._known.get(path, ((), None))
        if known is not None and known.values["state"] == "running":  # its entry does not change while it runs
            if _is_same_file(known_version, version) and is_held(path):
                return known
        elif known is not None and known_version == version:
            return known
        try:
            with Journal(path) as journal:
                run = _run(journal, is_running=is_held(path))
        except JournalError as error:
            run = _Run(None, None, {**_UNREADABLE, "run_id": path.stem, "error": str(error)})
        self._known[path] = version, run
        return run

    def _complete(self, run: "_Run") -> dict[str, Any]:
        """Return the values of a run with those that depend on more than its own journal."""
        import_id = None if run.source is None else self._store.of_source(run.source)
        return {**run.values, "import_id": import_id, "undone": self._undone(run.undone_by)}

    def _undone(self, undone_by: str | None) -> Undone | None:
        """Return how far the undo `undone_by` has got, None if the run was not undone."""
        if undone_by is None:
            return None
        path = self._directory / f"{undone_by}{SUFFIX}"
        return Undone.by(self._read(path).values if path.is_file() else None)


@dataclass(frozen=True, slots=True)
class _Run:
    """The entry of a run in a list, its newest undo, and the path of its source, which is not sent to the page."""

    source: str | None
    undone_by: str | None
    values: Mapping[str, Any]


def _run(journal: Journal, *, is_running: bool) -> _Run:
    info, summary = journal.info, journal.summary
    counts = None if summary is None else counts_of(summary)
    return _Run(
        info.source,
        journal.undone_by,
        {
            "run_id": info.run_id,
            "operation": info.operation,
            "source_name": Path(info.source).name,
            "state": "running" if is_running else "finished" if journal.is_finished else "unfinished",
            "created_at": info.created_at,
            "rows": journal.row_count,
            "pairs": journal.pair_count,
            "counts": counts and {str(status): rows for status, rows in counts.by_status.items() if rows},
            "bad": counts and counts.bad,
            "parent": info.parent,
            "sandbox": info.target == SANDBOX,
            "error": None,
            "refused": None if is_running else _refusal(journal),
        },
    )


def _refusal(journal: Journal) -> str | None:
    """Return why a run was refused before anything was sent, None if it was not."""
    if not journal.has_sent_nothing:
        return None
    if journal.last_error is not None:
        return journal.last_error.message
    reason = stopped_by(journal)
    return reason.sentence if reason is not None and reason in REFUSALS else None


def stopped_by(journal: Journal) -> StopReason | None:
    """Return why the last process on a run stopped, None if it did not or did not say."""
    summary = journal.summary
    return StopReason(summary["stopped_by"]) if summary and summary["stopped_by"] else None


def counts_of(summary: Mapping[str, Any]) -> RowCounts:
    """Return the rows by status, as counted by the last process of a run."""
    return RowCounts(rows=summary["rows"], **{str(status): summary[status] for status in Status})


def _version(path: Path) -> Version:
    found = []
    for suffix in _FILES:
        with suppress(OSError):
            state = Path(f"{path}{suffix}").stat()
            found.append((state.st_ino, state.st_mtime_ns, state.st_size))
    return tuple(found)


def _is_same_file(one: Version, other: Version) -> bool:
    return bool(one and other) and one[0][0] == other[0][0]


_UNREADABLE: Mapping[str, Any] = {
    "operation": None,
    "source_name": None,
    "state": "unreadable",
    "created_at": None,
    "rows": None,
    "pairs": None,
    "counts": None,
    "bad": None,
    "parent": None,
    "sandbox": False,
    "refused": None,
}
