"""The directory of the journals, and the names of runs in it."""

import os
from datetime import UTC, datetime
from pathlib import Path

from importer.config import Settings
from importer.errors import JournalError
from importer.journal import SUFFIX, Journal, list_journals


def runs_directory(settings: Settings) -> Path:
    """Return the directory of the journals."""
    return settings.state_path / "runs"


def commands_directory(settings: Settings) -> Path:
    """Return the directory of the locks of commands."""
    return settings.state_path / "commands"


def records_directory(settings: Settings) -> Path:
    """Return the directory of the records of the files that runs wrote."""
    return settings.state_path / "outputs"


def new_run_id() -> str:
    """Return a run id that sorts by time, to the microsecond (in hexadecimal): `20261123-194533-3f9a0`."""
    started = datetime.now(UTC)
    return f"{started:%Y%m%d-%H%M%S}-{started.microsecond:05x}"


def journal_path(settings: Settings, run_id: str) -> Path:
    """Return the path of a run's journal. Raises JournalError, naming the newest runs, if there is none."""
    path = runs_directory(settings) / f"{run_id}{SUFFIX}"
    if "/" in run_id or os.sep in run_id or not path.is_file():
        newest = ", ".join(map(_label, list_journals(path.parent)[-3:])) or "none"
        raise JournalError("RUN_NOT_FOUND", f"There is no run {run_id!r} in {path.parent}. Newest runs: {newest}.")
    return path


def open_journal(settings: Settings, run_id: str) -> Journal:
    """Open the journal of a run for reading. Raises JournalError if there is none."""
    return Journal(journal_path(settings, run_id))


def run_size(path: Path) -> int:
    """Return the size in bytes of a journal and of the files beside it that belong to it."""
    return sum(file.stat().st_size for file in files_of_run(path) if file.is_file())


def files_of_run(path: Path) -> list[Path]:
    """Return the files of a run: the journal, its log, and results that could be written nowhere else."""
    return sorted(path.parent.glob(f"{path.stem}.*"))


def _label(path: Path) -> str:
    """Return the id of a run, with a remark if its journal cannot be read."""
    try:
        with Journal(path):
            return path.stem
    except JournalError:
        return f"{path.stem} (unreadable)"
