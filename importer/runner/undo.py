"""Undoes a run: restores each pair that it changed and that nobody has changed since."""

from pathlib import Path

from importer.config import Settings
from importer.errors import BusyError, JournalError
from importer.journal import SUFFIX, Journal, is_held, open_for_run, write_journal
from importer.model import Operation
from importer.reporter import Summary
from importer.runner import find_runs, output_paths
from importer.runner.command_lock import hold_command, identify
from importer.runner.events import EventHandler, ignore
from importer.runner.execute import execute
from importer.runner.notify import notified
from importer.runner.state_directory import journal_path, new_run_id, runs_directory
from importer.runner.target import target_of_run
from importer.runner.undo_states import UndoStates
from importer.temporary_directories import temporary_directory


@notified()
def undo_run(
    run_id: str,
    settings: Settings,
    *,
    out: Path | str | None = None,
    on_event: EventHandler = ignore,
    fresh: bool = False,
) -> Summary:
    """Restore the earlier state of the pairs that a run changed, as a separate run, and return its summary.

    A pair is left alone, with the reason in its row, if someone has changed it since, or if its state before or after
    the run is not known. Nothing that the run did not change is touched. An unfinished undo is resumed unless `fresh`.
    Raises the errors of `run_import`, and JournalError if a run of this operation cannot be undone.
    """
    path = journal_path(settings, run_id)
    if is_held(path):
        raise BusyError("RUN_BUSY", f"Run {run_id} is still running. Wait until it ends, or stop it; then undo it.")
    with Journal(path) as undone:
        undone.verify()
        info, target = undone.info, target_of_run(undone.info, settings, on_event)
        if info.operation not in {Operation.LINK, Operation.UNLINK}:
            raise JournalError("RUN_NOT_UNDOABLE", f"Run {run_id} is an {info.operation}, which cannot be undone.")
        target.require_owner(undone)
    command_id = identify(info.source, info.source_sha256, info.reading, info.target, run_id, Operation.UNDO)
    with hold_command(target.context, command_id) as command:
        own = target.context.settings
        path_of_undo = None if fresh else find_runs.unfinished_retry(own, run_id, Operation.UNDO)
        if path_of_undo is None:
            path_of_undo = _create_undo(path, own, out)
        command.note(path_of_undo.stem)
        return execute(path_of_undo, target, out)


def _create_undo(path: Path, settings: Settings, out: Path | str | None) -> Path:
    """Create the journal of a new undo, close the run at `path` that it undoes, and return the journal's path."""
    with open_for_run(path) as undone:
        results = output_paths.undo_results_path(undone.info, out, sandbox=settings.sandbox)
        output_paths.check_outputs(results, settings, undone.info.source)
        info = undone.info.child(new_run_id(), results, settings, Operation.UNDO)
        runs = runs_directory(settings)
        with temporary_directory(runs) as directory:
            draft = directory / f"{info.run_id}{SUFFIX}"
            states = UndoStates(undone)
            write_journal(draft, info, states.blocks(), undone.account)
            with open_for_run(draft) as journal:
                journal.set_states_to_restore(states.states())
            undone.set_undone_by(info.run_id)  # first, so that the run is closed before its undo exists
            return draft.replace(runs / draft.name)
