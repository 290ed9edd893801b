"""Runs one import, from file to report."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

from importer.config import Reading, Settings
from importer.errors import ConfirmationError
from importer.journal import Account, Journal, remove_journal
from importer.model import Operation
from importer.reporter import Summary
from importer.runner import find_runs, output_paths
from importer.runner.command_lock import hold_command, identify
from importer.runner.confirmation import UNCONFIRMED, Confirmation
from importer.runner.events import EventHandler, ignore
from importer.runner.execute import execute
from importer.runner.find_runs import RunKey
from importer.runner.finish import report_finished
from importer.runner.held_primaries import held_in_file
from importer.runner.label_resolution import resolve_labels_of_run
from importer.runner.new_run import NewRun, reading_values, target_name
from importer.runner.notify import notified
from importer.runner.os_errors import translate_os_errors
from importer.runner.previous_runs import finish_previous, is_blocked_by
from importer.runner.prune import prune_before_run
from importer.runner.source_file import SourceFile, source_file
from importer.runner.state_directory import journal_path, new_run_id, runs_directory
from importer.runner.target import Target, target_of_settings
from importer.temporary_directories import temporary_directory


@translate_os_errors()
@notified
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


@translate_os_errors()
@notified
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
        unfinished = None if request.fresh else find_runs.unfinished_run(key)
        is_new = unfinished is None or unfinished.has_other_source
        earlier = finish_previous(unfinished, key, target) if is_new else ()
        if is_blocked_by(earlier):
            return replace(earlier[-1], earlier_runs=earlier[:-1])
        if is_new:
            prune_before_run(target.context)
        path = unfinished.path if unfinished and not is_new else _create_run(source, request, target)
        command.note(path.stem)
        try:
            summary = execute(path, target, request.out, request.confirmation, request.first_rows)
            return replace(summary, earlier_runs=earlier)
        except ConfirmationError:
            if is_new:
                remove_journal(path)
            raise


def finished_meanwhile(run_id: str, sha256: str, target: Target, out: Path | str | None) -> Summary | None:
    """Return the summary of another process's run if it has finished and its source has this hash."""
    with Journal(journal_path(target.context.settings, run_id)) as journal:
        if journal.info.source_sha256 != sha256 or not target.owns(journal):
            return None
        return report_finished(journal, target.context, out)


def _create_run(source: SourceFile, request: ImportRequest, target: Target) -> Path:
    """Read the source into the journal of a new run, resolve its labels, and return its path."""
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
        held = partial(held_in_file, source, new_run, target.context, account, directory)
        resolve_labels_of_run(draft, target, held if request.reading.statuses is not None else tuple)
        return draft.replace(runs / draft.name)
