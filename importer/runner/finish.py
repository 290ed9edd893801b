"""The end of a run: its results file, its failures file, its summary."""

import time
from dataclasses import asdict, replace
from pathlib import Path

from importer.config import Settings
from importer.errors import OutputError
from importer.journal import Journal
from importer.model import Outcome, Status, Stop, StopReason
from importer.reporter import Layout, RowCounts, RunStatus, Summary, count, write_results
from importer.runner import output_paths, store
from importer.runner.events import EventHandler, Notice, ignore
from importer.runner.os_errors import translate_os_errors
from importer.runner.output_paths import Output
from importer.runner.send import Sent
from importer.runner.source_workbook import workbook_context

_VERIFY = "verify"

_INTERRUPTIONS = {StopReason.SIGINT, StopReason.SIGTERM, StopReason.SIGHUP}


@translate_os_errors()
def report_run(run_id: str, settings: Settings, out: Path | None = None, watch: EventHandler = ignore) -> Summary:
    """Write the results of a run as they are now to `out` (default: where the run put them)."""
    with Journal(store.journal_path(settings, run_id)) as journal:
        return _write_again(journal, settings, out, watch)


def report_finished(journal: Journal, settings: Settings, out: Path | None, watch: EventHandler) -> Summary | None:
    """The summary of a run that another process has finished, its results written again; None if it has not finished.

    What a summary counts for the process alone is 0: this one has sent nothing.
    """
    if last_summary(journal).status is not RunStatus.FINISHED:
        return None
    watch(Notice(f"Run {journal.info.run_id} has finished this import meanwhile: nothing is sent again."))
    started = time.monotonic()
    summary = _write_again(journal, settings, out, watch)
    seconds = round(time.monotonic() - started, 3)
    return replace(summary, calls=0, reads=0, retries=0, rate_limited=0, seconds=seconds)


def _write_again(journal: Journal, settings: Settings, out: Path | None, watch: EventHandler) -> Summary:
    journal.verify()
    results = output_paths.checked_results(out or Path(journal.info.results), journal.info.source)
    output = output_paths.output_of(journal, "run", results, settings, watch)
    return _with_files(last_summary(journal), _write(journal, output, watch), output)


def last_summary(journal: Journal) -> Summary:
    """The summary with which the last process on this run ended; `interrupted` when it was killed or goes on."""
    kept = journal.summary
    if kept is not None:
        stopped_by = StopReason(kept["stopped_by"]) if kept["stopped_by"] else None
        return Summary(**{**kept, "status": RunStatus(kept["status"]), "stopped_by": stopped_by})
    journal.verify()
    totals = count(journal.rows(_not_sent("run", journal.info.run_id)))
    return replace(summarise(journal, Sent(), totals, 0.0), status=RunStatus.INTERRUPTED)


def conclude(journal: Journal, sent: Sent, output: Output, started: float, watch: EventHandler) -> Summary:
    """Write the results and note in the journal how the process ended; its summary. `started` is a monotonic time.

    Raises OutputError when the results can be written neither to their place nor beside the journal.
    """
    output, totals = _write_somewhere(journal, output, watch)
    summary = summarise(journal, sent, totals, time.monotonic() - started)
    summary = _with_files(summary, totals, output)
    journal.end(asdict(summary))
    return summary


def summarise(journal: Journal, sent: Sent, totals: RowCounts, seconds: float) -> Summary:
    """The summary of what a process did on a run. Every row that was read is accounted for, or this is a bug."""
    counts = journal.counts()
    if totals.rows != counts.rows:
        raise RuntimeError(f"{counts.rows} rows were read, but {totals.rows} are accounted for")
    stop = sent.stop
    if stop is not None and stop.reason in _INTERRUPTIONS and not journal.pending_by_types():
        stop = None  # the interruption came when all was done
    return Summary(
        run_id=journal.info.run_id,
        status=_status(stop),
        stopped_by=stop.reason if stop else None,
        **asdict(totals),
        pairs=counts.pairs,
        calls=sent.calls,
        reads=sent.reads,
        retries=sent.retries,
        rate_limited=sent.rate_limited,
        seconds=round(seconds, 3),
        results=None,
        failures=None,
    )


def _status(stop: Stop | None) -> RunStatus:
    if stop is None:
        return RunStatus.FINISHED
    return RunStatus.INTERRUPTED if stop.reason in _INTERRUPTIONS else RunStatus.STOPPED


def _with_files(summary: Summary, totals: RowCounts, output: Output) -> Summary:
    failures = str(output.failures) if totals.bad else None
    return replace(summary, results=str(output.results), failures=failures)


def _write(journal: Journal, output: Output, watch: EventHandler) -> RowCounts:
    info = journal.info
    layout = Layout(info.header, info.delimiter, info.run_id, journal.has_extra_cells(), info.row_names)
    rows = journal.rows(_not_sent(output.operation, info.run_id))
    context = workbook_context(journal, watch, is_verification=output.operation == _VERIFY)
    return write_results(output.results, layout, rows, output.failures, output.written, context)


def _write_somewhere(journal: Journal, output: Output, watch: EventHandler) -> tuple[Output, RowCounts]:
    """Write the results, beside the journal when their own place has become unwritable during the run.

    A verification keeps no journal, so that its results have no other place.
    """
    try:
        return output, _write(journal, output, watch)
    except OutputError as error:
        if output.operation == _VERIFY:
            raise
        elsewhere = replace(output, results=journal.path.with_name(f"{journal.info.run_id}.results.csv"))
        totals = _write(journal, elsewhere, watch)
        again = f"importer report {journal.info.run_id} --out PATH"
        watch(
            Notice(
                f"{error} The results are in {elsewhere.results} instead; {again} writes them anew.", is_warning=True
            )
        )
        return elsewhere, totals


def _not_sent(operation: str, run_id: str) -> Outcome:
    """The outcome of a pair whose turn did not come. A verification keeps nothing to resume."""
    if operation == _VERIFY:
        message = "The verification ended before this row's turn: whether it is linked was not read."
        return Outcome(Status.NOT_SENT, error_message=message, advice="Run importer verify again.")
    advice = f"The run ended before this row's turn: importer resume {run_id} goes on with it."
    return Outcome(Status.NOT_SENT, advice=advice)


def report_stop(sent: Sent, summary: Summary, go_on: str, watch: EventHandler) -> None:
    """Tell why the run stopped early, if it did, how far it came, and how to `go_on`."""
    if sent.stop is not None and summary.status is not RunStatus.FINISHED:
        done = f"{summary.linked + summary.already_linked:,} of {summary.rows:,} rows are linked"
        watch(Notice(f"{sent.stop.message} {done}; run the same command again to go on{go_on}", is_warning=True))
