"""Finishes the unfinished runs that a nightly command finds before its own: of a changed file, or of earlier files."""

from dataclasses import replace

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


def finish_changed(run: UnfinishedRun, key: RunKey, target: Target) -> Summary | None:
    """Finish the run over an earlier content of the source; its results get a name of their own.

    Return its summary if it stopped for a reason that would stop the next run as well. Raises JournalError unless the
    settings ask for it. A removal, whose number of links somebody has to confirm, is never finished on the way.
    """
    settings = key.settings
    if settings.on_changed_source is ChangedSource.REFUSE:
        raise find_runs.source_changed(run.info, key.source)
    target.context.notify(
        f"{run.info.source} has changed since run {run.info.run_id} started: finishing that run first."
    )
    out = output_paths.superseded_results_path(run.info, sandbox=settings.sandbox)
    summary = execute(run.path, _with_own_counts(target), out)
    return summary if _blocking(summary) else None


def finish_earlier(key: RunKey, target: Target) -> Summary | None:
    """Finish the unfinished runs over earlier files of the series, or report them if that is not requested.

    Return the summary of the first one that stopped for a reason that would stop the next run as well.
    """
    for run in find_runs.unfinished_in_series(key):
        if not key.settings.finish_unfinished or key.operation is not Operation.LINK:
            target.context.warn(
                f"Run {run.info.run_id} over {run.info.source} is unfinished. To finish it: importer resume "
                f"{run.info.run_id} (the setting finish_unfinished does that before each run)."
            )
            continue
        target.context.notify(f"Finishing run {run.info.run_id} over {run.info.source} first.")
        summary = _finish_unless_busy(run, target)
        if summary is not None and _blocking(summary):
            return summary
    return None


def _finish_unless_busy(run: UnfinishedRun, target: Target) -> Summary | None:
    """Finish a run; return None if another process works on it, for which this one must not wait."""
    settings = target.context.settings.model_copy(update={"no_wait": True})
    try:
        with hold_command(replace(target.context, settings=settings), command_of(run.info)) as held:
            held.note(run.info.run_id)
            return execute(run.path, _with_own_counts(target), None)
    except BusyError:
        target.context.notify(f"Another process is working on run {run.info.run_id}.")
        return None


def _with_own_counts(target: Target) -> Target:
    """Return the target with separate counts of requests: each run reports its own."""
    return replace(target, context=replace(target.context, requests=RequestCounts()))


def _blocking(summary: Summary) -> bool:
    """Return whether a run stopped for a reason that would stop the next one too."""
    return summary.status is not RunStatus.FINISHED and summary.stopped_by is not StopReason.TOO_MANY_FAILURES
