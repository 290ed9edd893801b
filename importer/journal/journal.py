"""The journal of a run: run state, work queue and report queries on one open file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importer.journal.activity import Activity
from importer.journal.goals import Goals
from importer.journal.locking import hold
from importer.journal.row_queries import RowQueries
from importer.journal.run_figures import RunFigures
from importer.journal.run_state import RunState
from importer.journal.work_queue import WorkQueue


class Journal(RunState, WorkQueue, RowQueries, RunFigures, Goals, Activity):
    """An existing journal. One process may write to it (`open_for_run`); any process may read it.

    Opening checks the description of the run and the bounds of its blocks. `verify` checks everything; call it before
    using rows, pairs or outcomes. Every method raises JournalError if the file is damaged, missing, or cannot be
    written.
    """

    def __init__(self, path: Path, *, is_mine: bool = False) -> None:
        """Open the journal at `path`; `is_mine` means that this process holds its lock.

        Raises JournalError if it is missing, not a journal, damaged, or written by another version.
        """
        super().__init__(path, is_mine=is_mine)
        if self._has_lost_transactions:
            try:
                self._mark_all_pending_in_flight()
            except BaseException:
                self._db.close()
                raise


@contextmanager
def open_for_run(path: Path) -> Iterator[Journal]:
    """Open the journal at `path` as its only writer. Raises BusyError if another process holds its lock."""
    with hold(path), Journal(path, is_mine=True) as journal:
        yield journal
