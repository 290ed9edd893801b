"""The status of a run, by which `runs`, `show` and `report` name it."""

from importer.journal import Journal, is_held
from importer.reporter import RunStatus


def run_status(journal: Journal) -> RunStatus:
    """Return how the last process on a run ended, or that one is working on it.

    A process may hold a finished run for a moment, for example to record its notifications; the run stays finished.
    """
    is_running = is_held(journal.path)  # asked first: a process that ends after this leaves its summary
    summary = journal.summary
    if summary is not None and (not is_running or journal.is_finished):
        return RunStatus(summary["status"])
    if is_running:
        return RunStatus.RUNNING
    if journal.last_error is None:
        return RunStatus.INTERRUPTED
    return RunStatus.REFUSED if journal.has_sent_nothing else RunStatus.ABORTED
