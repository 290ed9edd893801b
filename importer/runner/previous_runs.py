"""Finishes unfinished runs before a nightly command starts its own: over a changed file, or over earlier files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from importer.config import ChangedSource
from importer.errors import BusyError
from importer.journal import Journal
from importer.model import Operation
from importer.reporter import RunStatus, Summary
from importer.runner import find_runs, output_paths
from importer.runner.command_lock import command_of, hold_command
from importer.runner.context import RequestCounts
from importer.runner.execute import execute
from importer.runner.find_runs import RunKey, UnfinishedRun
from importer.runner.target import Target
from importer.stops import StopReason


@dataclass(frozen=True, slots=True)
class Turn:
    """What a command has to do, oldest run first: finish `previous`, then resume `own`, or start a run if it is None.

    `follows` is the newest of `previous` that is over an earlier version of the command's own source.
    """

    own: UnfinishedRun | None
    previous: tuple[UnfinishedRun, ...]
    follows: str | None


def find_turn(key: RunKey, target: Target, *, fresh: bool) -> Turn:
    """Find the unfinished runs that a command finishes first, and its own; with `fresh` it starts a new one.

    Raises JournalError if the source has changed since its run started, unless the settings request to finish that
    run.
    """
    versions = [] if fresh else find_runs.unfinished_versions(key)
    own = versions.pop() if versions and not versions[-1].is_superseded else None
    if versions and own is None and key.settings.on_changed_source is ChangedSource.REFUSE:
        raise find_runs.source_changed(versions[-1].info, key.source)
    is_retry = key.reading.statuses is not None  # a results file belongs to no series
    series = [] if is_retry else _unfinished_in_series(key, own, target)
    previous = sorted([*versions, *series], key=lambda run: run.info.run_id)
    return Turn(own, tuple(previous), versions[-1].info.run_id if versions else None)


def finish_previous(runs: Sequence[UnfinishedRun], held: list[Any], target: Target) -> tuple[Summary, ...]:
    """Finish runs in order until one of them prevents the next, and return their summaries.

    The caller holds the lock of the command `held`, as `identify` returns it. Raises ConfirmationError for a removal,
    unless the number of links to remove was confirmed before.
    """
    finished: tuple[Summary, ...] = ()
    for run in runs:
        summary = _finish(run, target) if command_of(run.info) == held else _finish_if_free(run, target)
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


def _unfinished_in_series(key: RunKey, own: UnfinishedRun | None, target: Target) -> list[UnfinishedRun]:
    """Return the unfinished runs over files before `own`, or only report them unless they are to be finished."""
    runs = find_runs.unfinished_in_series(key)
    if own is not None:
        runs = [run for run in runs if run.info.run_id < own.info.run_id]
    if key.settings.finish_unfinished and key.operation is Operation.LINK:
        return runs
    for run in runs:
        target.context.warn(
            f"Run {run.info.run_id} over {run.info.source} is unfinished. To finish it: importer resume "
            f"{run.info.run_id} (the setting finish_unfinished does that before each run)."
        )
    return []


def _finish_if_free(run: UnfinishedRun, target: Target) -> Summary | None:
    """Finish a run; return None, without waiting, if another process works on it."""
    settings = target.context.settings.model_copy(update={"no_wait": True})
    try:
        with hold_command(replace(target.context, settings=settings), command_of(run.info)) as held:
            held.note(run.info.run_id)
            return _finish(run, target)
    except BusyError:
        target.context.notify(f"Another process is working on run {run.info.run_id}.")
        return None


def _finish(run: UnfinishedRun, target: Target) -> Summary:
    """Finish a run with separate request counts and no report, whose path is for the command's own run.

    The results of one that is superseded get a separate name.
    """
    info, settings = run.info, target.context.settings.model_copy(update={"report": None})
    context = replace(target.context, settings=settings, requests=RequestCounts())
    changed = ", which has changed since then," if run.is_superseded else ""
    context.notify(f"Finishing run {info.run_id} over {info.source}{changed} first.")
    out = output_paths.superseded_results_path(info, sandbox=settings.sandbox) if run.is_superseded else None
    with Journal(run.path) as journal:
        journal.verify()
    return execute(run.path, replace(target, context=context), out)
