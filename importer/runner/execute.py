"""Executes a run from its journal: sends what is pending and writes the results."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from importer.config import ApiVersion, LabelMode, Settings, exposed_files
from importer.errors import JournalError
from importer.hubspot.paths import V4_ENDS
from importer.journal import Journal, open_for_run
from importer.model import Operation, Status, Stop, StopReason
from importer.reporter import Summary
from importer.runner import output_paths
from importer.runner.account_work import work_in_account
from importer.runner.confirmation import UNCONFIRMED, Confirmation
from importer.runner.estimate import costs
from importer.runner.events import Plan, RunEnded
from importer.runner.finish import (
    command_name,
    conclude,
    conclude_without_files,
    describe_abort,
    report_stop,
)
from importer.runner.new_primary import report_new_primary
from importer.runner.remove import change_links
from importer.runner.send import Sent, Work, abort_after_requests, link_pending
from importer.runner.target import Target


def execute(
    path: Path,
    target: Target,
    out: Path | str | None,
    confirmation: Confirmation = UNCONFIRMED,
    first_rows: int | None = None,
) -> Summary:
    """Send the pending pairs of the journal at `path`, write its results, and return the summary.

    With `first_rows` only the pairs of that number of rows are sent; then the run stops if more are pending.
    Raises JournalError if the run was undone, and ConfirmationError if it would remove links and their number is not
    confirmed.
    """
    started = time.monotonic()
    with open_for_run(path) as journal:
        _require_not_undone(journal)
        results = output_paths.checked_results(out or Path(journal.info.results), journal.info.source)
        output_paths.check_outputs(results, target.context.settings, journal.info.source)
        with describe_abort(journal, started), journal.recording_error():
            with journal.only_first_rows(first_rows):
                sent = _send(journal, target, confirmation).plus(target.context.requests)
            if first_rows is not None and sent.stop is None and journal.pending_by_types():
                message = f"The first {first_rows:,} rows with pairs to send were sent, as requested."
                sent = replace(sent, stop=Stop(StopReason.FIRST_ROWS, message))
            with abort_after_requests(journal, lambda: sent):
                output = output_paths.output_of(journal, command_name(journal), results, target.context)
                summary = conclude(journal, sent, output, started, target.context)
    report_stop(sent, summary, f", or: importer resume {summary.run_id}", target.context)
    target.context.on_event(RunEnded(summary))
    return summary


def postpone(path: Path, blocked_by: Summary, target: Target, out: Path | str | None) -> Summary:
    """End the run of the journal at `path` before it sends anything, and return its summary.

    The reason is that of the run before it. After a signal there is no time to write results; the journal has all rows.
    """
    started = time.monotonic()
    reason = blocked_by.stopped_by or StopReason.SIGTERM
    message = f"The run was not started, because run {blocked_by.run_id}, which precedes it, ended early ({reason})."
    with open_for_run(path) as journal:
        journal.begin()
        target.record_account(journal)
        sent = Sent(Stop(reason, message)).plus(target.context.requests)
        if reason.is_signal:
            summary = conclude_without_files(journal, sent, started)
        else:
            results = output_paths.checked_results(out or Path(journal.info.results), journal.info.source)
            output_paths.check_outputs(results, target.context.settings, journal.info.source)
            output = output_paths.output_of(journal, command_name(journal), results, target.context)
            summary = conclude(journal, sent, output, started, target.context)
    report_stop(sent, summary, f", or: importer resume {summary.run_id}", target.context)
    if not reason.is_signal:
        target.context.on_event(RunEnded(summary))
    return summary


def _require_not_undone(journal: Journal) -> None:
    """Raise JournalError for a run that was undone: its outcomes no longer match HubSpot."""
    if journal.undone_by is not None:
        run_id, source = journal.info.run_id, journal.info.source
        raise JournalError(
            "RUN_UNDONE",
            f"Run {run_id} over {source} was undone by run {journal.undone_by}, so it cannot be resumed. Start a new "
            f"run over that file; if the undo itself was interrupted, finish it with: importer undo {run_id}",
        )


def plan(journal: Journal, settings: Settings, *, resumed: bool) -> Plan:
    """Return the plan for the pending pairs of a journal."""
    pending = journal.pending_by_types()
    info = journal.info
    return Plan(
        run_id=info.run_id,
        resumed=resumed,
        target=info.target,
        counts=journal.counts(),
        pending=sum(pending),
        costs=costs(pending, settings, min(journal.labelled, sum(pending))),
        operation=info.operation,
    )


def label_mode(journal: Journal, settings: Settings) -> LabelMode:
    """Return the label mode that is given now, else the one that the run was started with."""
    if "label_mode" in settings.model_fields_set:
        return settings.label_mode
    return LabelMode(journal.info.settings.get("label_mode", LabelMode.ADD))


def _send(journal: Journal, target: Target, confirmation: Confirmation) -> Sent:
    context, settings = target.context, target.context.settings
    planned = plan(journal, settings, resumed=journal.begin())
    context.on_event(planned)
    # Unconfirmed pairs are not pending, but they are still to be read back.
    if planned.pending == 0 and not journal.outcome_counts().get(Status.UNCONFIRMED):
        return Sent()
    if settings.api_version is ApiVersion.V4:
        context.notify(f"HubSpot retires API v4 on {V4_ENDS}. Use --api-version 2026-09 instead.")
    for file in () if settings.sandbox else exposed_files(settings):
        context.warn(f"Other users of this machine can read {file}. Run: chmod 600 {file}")

    def in_account(work: Work) -> Sent:
        return work_in_account(journal, context, target.account, work)

    if journal.info.operation is Operation.LINK:
        sent = in_account(partial(link_pending, label_mode=label_mode(journal, settings)))
        report_new_primary(journal, context)
        return sent
    return change_links(journal, confirmation, in_account, context.warn)
