"""Deletes a run."""

from importer.config import Settings
from importer.errors import BusyError
from importer.journal import is_held, remove_journal
from importer.runner.os_errors import translate_os_errors
from importer.runner.state_directory import journal_path


@translate_os_errors()
def remove_run(run_id: str, settings: Settings) -> None:
    """Delete the journal of a run; its source and its results belong to the user and are kept.

    Raises JournalError if there is no such run, and BusyError while a process works on it.
    """
    path = journal_path(settings, run_id)
    if is_held(path):
        raise BusyError("RUN_BUSY", f"Run {run_id} is still running. Wait until it ends, or stop it; then delete it.")
    remove_journal(path)
