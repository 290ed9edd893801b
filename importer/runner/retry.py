"""Retries an old run, or the rows of a results file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from importer.config import Reading, Settings
from importer.errors import BusyError, ColumnsError, JournalError, SourceError
from importer.journal import SUFFIX, Journal, RunInfo, is_held, open_for_run, write_journal
from importer.model import Operation
from importer.reader import SourceInfo
from importer.reporter import Summary
from importer.runner import find_runs, output_paths, previous_results
from importer.runner.command_lock import hold_command, identify
from importer.runner.confirmation import UNCONFIRMED, Confirmation
from importer.runner.corrected_rows import corrected_rows
from importer.runner.edited_rows import count_edited_rows
from importer.runner.events import Event, EventHandler, Notice, ignore
from importer.runner.execute import execute
from importer.runner.held_primaries import held_in_runs
from importer.runner.label_resolution import resolve_labels_of_run
from importer.runner.new_run import with_corrections
from importer.runner.notify import notified
from importer.runner.run import ImportRequest, finished_meanwhile, import_source
from importer.runner.source_file import SourceFile, open_table, read_blocks, source_file
from importer.runner.state_directory import journal_path, new_run_id, runs_directory
from importer.runner.target import Target, target_of_run, target_of_settings
from importer.temporary_directories import temporary_directory


@notified()
def retry_run(
    run_or_results: str,
    settings: Settings,
    *,
    confirmation: Confirmation = UNCONFIRMED,
    out: Path | str | None = None,
    on_event: EventHandler = ignore,
    fresh: bool = False,
) -> Summary:
    """Start a new run over the failed, unconfirmed and not sent pairs of an old run or a results file.

    A run is retried from its journal, against its own base URL. A results file is read as it is now, so that its cells
    can be corrected first, and its invalid rows are retried too. The run named in its rows determines the columns and
    the target; if that run is not known here, or the file has other columns now, `settings` do. A file of an unknown
    run is refused unless its rows show that the run linked pairs. An unfinished retry is resumed unless `fresh`. Raises
    the errors of `run_import`.
    """
    if Path(run_or_results).is_file():
        request = ImportRequest(settings.reading, out, fresh, confirmation=confirmation)
        return _retry_file(Path(run_or_results), settings, on_event, request)
    request = ImportRequest(settings.reading, out, fresh, confirmation=confirmation)
    return _retry_journal(journal_path(settings, run_or_results), settings, on_event, request)


@notified()
def retry_corrected(
    run_id: str,
    settings: Settings,
    corrections: Mapping[tuple[int, int], str],
    *,
    confirmation: Confirmation = UNCONFIRMED,
    out: Path | str | None = None,
    on_event: EventHandler = ignore,
) -> Summary:
    """Retry a run from its journal with corrected cells, given by row number and by column from 0.

    The new run has all pairs of the corrected rows, including rows that were invalid. Other arguments and errors are
    those of `retry_run`.
    """
    reading = replace(settings.reading, corrections=corrections)
    request = ImportRequest(reading, out, fresh=False, confirmation=confirmation)
    return _retry_journal(journal_path(settings, run_id), settings, on_event, request)


@notified()
def retry_file(
    results: Path | str,
    settings: Settings,
    *,
    confirmation: Confirmation = UNCONFIRMED,
    out: Path | str | None = None,
    on_event: EventHandler = ignore,
    fresh: bool = False,
) -> Summary:
    """Start a new run over the bad rows of a results file as it is now, like `retry_run`."""
    request = ImportRequest(settings.reading, out, fresh, confirmation=confirmation)
    return _retry_file(Path(results), settings, on_event, request)


def _retry_file(file: Path, settings: Settings, on_event: EventHandler, request: ImportRequest) -> Summary:
    with source_file(file, settings) as source:
        origin = previous_results.find_origin(source, file, settings)
        if origin is None:
            return _retry_unknown_file(source, file, settings, on_event, request)
        with origin.journal:
            _require_not_undo(origin.journal.info)
            target = target_of_run(origin.journal.info, settings, on_event)
            target.require_owner(origin.journal)
            operation = origin.journal.info.operation
            account = origin.journal.account
            request = replace(request, reading=origin.reading, account=account, operation=operation)
            edited = count_edited_rows(file, origin)
        if origin.note:
            target.context.warn(origin.note)
        if edited:
            target.context.warn(_edited_note(edited, file, origin.journal.info))
        return import_source(source, request, target)


def _edited_note(edited: int, file: Path, info: RunInfo) -> str:
    command = "unlink" if info.operation is Operation.UNLINK else "run"
    rows = "1 row with a good status differs" if edited == 1 else f"{edited:,} rows with a good status differ"
    return (
        f"{rows} from what run {info.run_id} read. A retry does not send such rows. To send all rows as they are now: "
        f"importer {command} {file}"
    )


def _retry_unknown_file(
    source: SourceFile, file: Path, settings: Settings, on_event: EventHandler, request: ImportRequest
) -> Summary:
    """Retry a results file of an unknown run, if it shows that the run linked pairs."""
    reading = replace(request.reading, statuses=previous_results.TO_RETRY)

    def warn_about_columns(event: Event) -> None:
        on_event(event)
        if isinstance(event, SourceInfo) and not reading.columns:
            note = (
                f"{file} does not name a run that is known here (column import_run_id), so its columns are determined "
                "by its header. If the run that wrote it used --map, stop now and give the same --map."
            )
            on_event(Notice(note, is_warning=True))

    try:
        _require_linking(source, file, reading)
        return import_source(
            source, replace(request, reading=reading), target_of_settings(settings, warn_about_columns)
        )
    except ColumnsError as error:
        reason = f"No run that is known here wrote {file}, so its columns are determined by its header."
        raise ColumnsError(error.code, f"{error} {reason}") from None


def _require_linking(source: SourceFile, file: Path, reading: Reading) -> None:
    """Raise SourceError unless a results file shows that its run linked pairs: a retry must not link removed pairs."""
    with open_table(source, replace(reading, limit=None)) as table:
        for _ in read_blocks(source, table):
            pass
        if table.shows_linking:
            return
    raise SourceError(
        "RESULTS_OF_UNKNOWN_OPERATION",
        f"{file} does not name a run that is known here (column import_run_id), and it may be the result of an unlink "
        "or an undo. A file can be retried without its run only if some of its rows are linked or already_linked and "
        "none was unlinked or undone. Keep only the rows that you want to send; then link them with importer run "
        f"{file}, or remove their links with importer unlink {file}.",
    )


def _retry_journal(path: Path, settings: Settings, on_event: EventHandler, request: ImportRequest) -> Summary:
    if is_held(path):
        raise BusyError("RUN_BUSY", f"Run {path.stem} is still running. Wait until it ends, or stop it; then retry it.")
    with Journal(path) as parent:
        parent.verify()
        _require_not_undo(parent.info)
        info, target = parent.info, target_of_run(parent.info, settings, on_event)
        target.require_owner(parent)
        reading = with_corrections(info.reading, request.reading.corrections)
        command_id = identify(info.source, info.source_sha256, reading, info.target, info.run_id, info.operation)
        with hold_command(target.context, command_id) as command:
            if command.waited_for is not None and not request.fresh:
                summary = finished_meanwhile(command.waited_for, info.source_sha256, target, request.out)
                if summary is not None:
                    return summary
            unfinished = None if request.fresh else _unfinished_retry(info, reading, target)
            if unfinished is None:
                unfinished = _create_retry(parent, target, request, reading)
            command.note(unfinished.stem)
            return execute(unfinished, target, request.out, request.confirmation)


def _unfinished_retry(info: RunInfo, reading: dict[str, Any], target: Target) -> Path | None:
    """Return the journal of the newest retry if it is unfinished and, if this one has corrections, has the same."""
    found = find_runs.unfinished_retry(target.context.settings, info.run_id, info.operation)
    if found is None or reading == info.reading:
        return found
    with Journal(found) as journal:
        return found if journal.info.reading == reading else None


def _require_not_undo(info: RunInfo) -> None:
    """Raise JournalError for an undo: what it restores depends on the run that it undoes."""
    if info.operation is Operation.UNDO:
        raise JournalError(
            "UNDO_NOT_RETRYABLE",
            f"Run {info.run_id} is an undo, which cannot be retried. To undo again: importer undo {info.parent}",
        )


def _create_retry(parent: Journal, target: Target, request: ImportRequest, reading: dict[str, Any]) -> Path:
    """Create the journal of a new retry of `parent` and return its path."""
    settings = target.context.settings
    results = output_paths.retry_results_path(parent.info, request.out, sandbox=settings.sandbox)
    output_paths.check_outputs(results, settings, parent.info.source)
    info = replace(parent.info.child(new_run_id(), results, settings), reading=reading)
    runs = runs_directory(settings)
    with temporary_directory(runs) as directory:
        draft = directory / f"{info.run_id}{SUFFIX}"
        corrected = corrected_rows(parent, request.reading.corrections, target.context, directory)
        portals = sorted(corrected.portals.union(parent.url_portals))
        write_journal(draft, info, parent.blocks_to_retry(corrected.rows), parent.account, lambda: portals)
        if corrected.merged or parent.removal is not None:
            with open_for_run(draft) as journal:
                journal.set_merged(corrected.merged)
                if parent.removal is not None:
                    journal.set_removal(parent.removal)
        resolve_labels_of_run(draft, target, lambda: held_in_runs(parent, corrected.rows, settings))
        return draft.replace(runs / draft.name)
