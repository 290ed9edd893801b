"""Runs one import, from file to report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

from importer.config import Reading, Settings
from importer.errors import ConfirmationError, ImporterError
from importer.journal import Account, Journal, open_for_run, remove_journal
from importer.model import Operation
from importer.reporter import Summary
from importer.runner import output_paths
from importer.runner.command_lock import Command, hold_command, identify
from importer.runner.confirmation import UNCONFIRMED, Confirmation
from importer.runner.events import EventHandler, NotStarted, ignore
from importer.runner.execute import execute, postpone
from importer.runner.find_runs import RunKey
from importer.runner.finish import report_finished
from importer.runner.held_primaries import held_in_file
from importer.runner.label_resolution import resolve_labels_of_run
from importer.runner.new_run import NewRun, reading_values, target_name
from importer.runner.notify import notified
from importer.runner.previous_runs import Turn, find_turn, finish_previous, is_blocked_by
from importer.runner.prune import prune_before_run
from importer.runner.source_file import SourceFile, source_file
from importer.runner.state_directory import journal_path, new_run_id, runs_directory
from importer.runner.target import Target, target_of_settings
from importer.temporary_directories import temporary_directory


@notified()
def run_import(
    file: "Path | str | pandas.DataFrame",
    settings: Settings,
    *,
    out: Path | str | None = None,
    on_event: EventHandler = ignore,
    fresh: bool = False,
    corrections: Mapping[tuple[int, int], str] | None = None,
    first_rows: int | None = None,
) -> Summary:
    """Link the pairs of `file`, write the results, and return the summary.

    An unfinished run of the same command is resumed unless `fresh`. `file` is a path, "-" for standard input, or a data
    frame whose column names are the header. `out` is the path of the results file (default: `NAME.results.EXT` beside
    the file); `on_event` is called with every event. The token comes from HUBSPOT_ACCESS_TOKEN or
    `settings.token_file`.

    `corrections` has the texts to read in place of those of single cells, by row number and by the index of the column
    from 0. With `first_rows` the run stops after that number of rows with pairs to send (`stopped_by` is `first_rows`)
    and can be resumed; its results are written when it ends, or earlier by `report_run`.

    Call it from a thread in which no event loop is running. In the main thread SIGINT and SIGTERM end the run early.
    The summary shows whatever HubSpot or a signal does to the run. Raises an ImporterError if nothing could be sent:
    SettingsError, SourceError, JournalError, BusyError or OutputError.
    """
    target = target_of_settings(settings, on_event)
    reading = replace(settings.reading, corrections=corrections or {})
    with source_file(file, settings) as source:
        return import_source(source, ImportRequest(reading, out, fresh, first_rows=first_rows), target)


@notified()
def unlink_file(
    file: "Path | str | pandas.DataFrame",
    settings: Settings,
    *,
    confirmation: Confirmation = UNCONFIRMED,
    out: Path | str | None = None,
    on_event: EventHandler = ignore,
    fresh: bool = False,
    corrections: Mapping[tuple[int, int], str] | None = None,
    first_rows: int | None = None,
) -> Summary:
    """Remove the links of `file` (with labels, only these), write the results, and return the summary.

    The pairs are read first, and `confirmation` must match the number of links or labels; otherwise ConfirmationError
    is raised and nothing is removed. The results have the earlier types of each pair, which `run_import` restores.
    Other arguments and errors are those of `run_import`.
    """
    target = target_of_settings(settings, on_event)
    reading = replace(settings.reading, corrections=corrections or {}, restores_types=False)
    with source_file(file, settings) as source:
        request = ImportRequest(reading, out, fresh, operation=Operation.UNLINK, confirmation=confirmation)
        request = replace(request, first_rows=first_rows)
        return import_source(source, request, target)


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """How to import a source: its reading, the path of the results, and whether to start a new run in any case.

    `account` is the one that the source's ids belong to, if known. `operation` is what the run does to every pair, and
    `confirmation` how the number of links to remove is confirmed. With `first_rows` only the first rows are sent.
    """

    reading: Reading
    out: Path | str | None
    fresh: bool
    account: Account | None = None
    operation: Operation = Operation.LINK
    confirmation: Confirmation = UNCONFIRMED
    first_rows: int | None = None


def import_source(source: SourceFile, request: ImportRequest, target: Target) -> Summary:
    """Import a source, or resume the unfinished run over it."""
    context, settings = target.context, target.context.settings
    reading = reading_values(request.reading)
    command_id = identify(source.path, source.sha256, reading, target_name(settings), operation=request.operation)
    with hold_command(context, command_id) as command:
        if command.waited_for is not None:
            source = source.reread()
            if not request.fresh:
                summary = finished_meanwhile(command.waited_for, source.sha256, target, request.out)
                if summary is not None:
                    return summary
        key = RunKey(settings, source, request.reading, target.owns, request.operation)
        turn = find_turn(key, target, fresh=request.fresh)
        if turn.own is None:
            prune_before_run(context)
        return _take_turn(turn, source, request, target, command)


def _take_turn(turn: Turn, source: SourceFile, request: ImportRequest, target: Target, command: Command) -> Summary:
    """Journal the source, finish the previous runs, and execute the command's own run.

    In this order, so that the rows of the source are not lost if a previous run stops, or the process is killed.
    """
    earlier: tuple[Summary, ...] = ()
    try:
        path = turn.own.path if turn.own is not None else _create_run(source, request, target, turn.follows)
    except ImporterError as error:
        earlier = finish_previous(turn.previous, command.identity, target)
        if is_blocked_by(earlier):
            return _not_started(earlier, source, error, target)
        if not earlier:
            raise
        path = _create_run(source, request, target, turn.follows)
        turn = replace(turn, previous=())
    command.note(path.stem)
    try:
        earlier += finish_previous(turn.previous, command.identity, target)
        if is_blocked_by(earlier):
            return replace(postpone(path, earlier[-1], target, request.out), earlier_runs=earlier)
        summary = execute(path, target, request.out, request.confirmation, request.first_rows)
        return replace(summary, earlier_runs=earlier)
    except ConfirmationError:
        if turn.own is None:
            remove_journal(path)
        raise


def _not_started(earlier: Sequence[Summary], source: SourceFile, error: ImporterError, target: Target) -> Summary:
    """Return the summary of the run that prevents the command's own, whose source could not be journalled."""
    target.context.warn(f"{source.path} was not started, and no run remembers it: {error} Import it again.")
    target.context.on_event(NotStarted(source.path, error, earlier[-1].exit_code))
    return replace(earlier[-1], earlier_runs=tuple(earlier[:-1]), not_started=source.path)


def finished_meanwhile(run_id: str, sha256: str, target: Target, out: Path | str | None) -> Summary | None:
    """Return the summary of another process's run if it has finished and its source has this hash."""
    with Journal(journal_path(target.context.settings, run_id)) as journal:
        if journal.info.source_sha256 != sha256 or not target.owns(journal):
            return None
        return report_finished(journal, target.context, out)


def _create_run(source: SourceFile, request: ImportRequest, target: Target, follows: str | None) -> Path:
    """Read the source into the journal of a new run, resolve its labels, and return its path.

    The run `follows` is to be finished before it.
    """
    settings = target.context.settings
    mark = ".retry" if request.reading.statuses is not None else ""
    mark = f".{request.operation}{mark}" if request.operation is not Operation.LINK else mark
    results = output_paths.results_path(source, request.out, sandbox=settings.sandbox, mark=mark)
    output_paths.check_outputs(results, settings, source.path)
    runs = runs_directory(settings)
    with temporary_directory(runs) as directory:
        new_run = NewRun(new_run_id(), settings, request.reading, results, request.operation)
        account = request.account or target.account_of_lookup(request.reading)
        draft = new_run.read(source, directory, target.context, account)
        if follows is not None:
            with open_for_run(draft) as journal:
                journal.set_follows(follows)
        held = partial(held_in_file, source, new_run, target.context, account, directory)
        resolve_labels_of_run(draft, target, held if request.reading.statuses is not None else tuple)
        return draft.replace(runs / draft.name)
