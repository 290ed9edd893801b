"""Finishes unfinished runs before a nightly command starts its own: over a changed file, or over earlier files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from importer.config import ChangedSource
from importer.errors import BusyError
from importer.model import Operation
from importer.reporter import RunStatus, Summary
from importer.runner import find_runs, output_paths
from importer.runner.command_lock import command_of, hold_command
from importer.runner.context import RequestCounts
from importer.runner.execute import execute
from importer.runner.find_runs import RunKey, UnfinishedRun
from importer.runner.target import Target
from importer.stops import StopReason


def finish_previous(changed: UnfinishedRun | None, key: RunKey, target: Target) -> tuple[Summary, ...]:
    """Finish the runs that precede a new one, until one of them prevents it, and return their summaries in order.

    `changed` is the unfinished run over an earlier version of the source. Raises JournalError unless the settings
    request that it be finished.
    """
    finished: tuple[Summary, ...] = () if changed is None else (_finish_changed(changed, key, target),)
    is_retry = key.reading.statuses is not None  # a results file belongs to no series
    for run in () if is_retry or is_blocked_by(finished) else _unfinished_in_series(key, target):
        summary = _finish_earlier(run, target)
        finished += () if summary is None else (summary,)
        if is_blocked_by(finished):
            break
    return finished


def is_blocked_by(finished: Sequence[Summary]) -> bool:
    """Return whether the last of the runs stopped for a reason that would stop the next one too."""
    last = finished[-1] if finished else None
    return (
        last is not None
        and last.status is not RunStatus.FINISHED
        and last.stopped_by is not StopReason.TOO_MANY_FAILURES
    )


def _finish_changed(run: UnfinishedRun, key: RunKey, target: Target) -> Summary:
    """Finish the run over an earlier version of the source; its results get a separate name.

    Raises ConfirmationError for a removal, unless the number of links to remove was confirmed before.
    """
    settings = key.settings
    if settings.on_changed_source is ChangedSource.REFUSE:
        raise find_runs.source_changed(run.info, key.source)
    target.context.notify(
        f"{run.info.source} has changed since run {run.info.run_id} started: finishing that run first."
    )
    return _execute(run, target, output_paths.superseded_results_path(run.info, sandbox=settings.sandbox))


def _unfinished_in_series(key: RunKey, target: Target) -> list[UnfinishedRun]:
    """Return the unfinished runs over earlier files of the series, or only report them if that is not requested."""
    runs = find_runs.unfinished_in_series(key)
    if key.settings.finish_unfinished and key.operation is Operation.LINK:
        return runs
    for run in runs:
        target.context.warn(
            f"Run {run.info.run_id} over {run.info.source} is unfinished. To finish it: importer resume "
            f"{run.info.run_id} (the setting finish_unfinished does that before each run)."
        )
    return []


def _finish_earlier(run: UnfinishedRun, target: Target) -> Summary | None:
    """Finish a run; return None, without waiting, if another process works on it."""
    target.context.notify(f"Finishing run {run.info.run_id} over {run.info.source} first.")
    settings = target.context.settings.model_copy(update={"no_wait": True})
    try:
        with hold_command(replace(target.context, settings=settings), command_of(run.info)) as held:
            held.note(run.info.run_id)
            return _execute(run, target, None)
    except BusyError:
        target.context.notify(f"Another process is working on run {run.info.run_id}.")
        return None


def _execute(run: UnfinishedRun, target: Target, out: Path | None) -> Summary:
    """Execute a run with separate request counts and no report, whose path is for the command's own run."""
    settings = target.context.settings.model_copy(update={"report": None})
    context = replace(target.context, settings=settings, requests=RequestCounts())
    return execute(run.path, replace(target, context=context), out)
