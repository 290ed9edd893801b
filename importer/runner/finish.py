"""The end of a run: its results file, failures file and summary."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from importer.config import Settings
from importer.errors import JournalError, OutputError, RunAbortedError
from importer.journal import Journal
from importer.model import Operation, Status, Stop, StopReason
from importer.reporter import WORST_FIRST, RowCounts, RunStatus, Summary, write_results
from importer.runner import output_paths
from importer.runner.context import RunContext
from importer.runner.events import EventHandler, ignore
from importer.runner.open_pairs import result_rows
from importer.runner.os_errors import translate_os_errors
from importer.runner.output_paths import Output
from importer.runner.result_layout import result_layout
from importer.runner.run_status import run_status
from importer.runner.send import Sent
from importer.runner.source_workbook import workbook_context
from importer.runner.state_directory import open_journal


@translate_os_errors()
def report_run(
    run_id: str, settings: Settings, *, out: Path | str | None = None, on_event: EventHandler = ignore
) -> Summary:
    """Write the current results of a run to `out` (default: the path that the run used).

    If `out` ends in `.html`, the report of the run is written there instead.
    """
    context = RunContext(settings, on_event=on_event)
    with open_journal(settings, run_id) as journal:
        if out is None or Path(out).suffix.lower() not in output_paths.HTML_EXTENSIONS:
            return _write_again(journal, context, out)
        journal.verify()
        path = output_paths.checked_results(out, journal.info.source)
        summary = replace(last_summary(journal), report=str(path))
        _write_html(journal, summary, path, context)
        return summary


def report_finished(journal: Journal, context: RunContext, out: Path | str | None) -> Summary | None:
    """Write the results of a run that another process has finished; return None if it has not finished.

    The summary's counts for this process are 0, because it has sent nothing.
    """
    if last_summary(journal).status is not RunStatus.FINISHED:
        return None
    context.notify(f"Run {journal.info.run_id} has finished this import meanwhile; nothing is sent again.")
    started = time.monotonic()
    summary = _write_again(journal, context, out)
    seconds = round(time.monotonic() - started, 3)
    return replace(summary, calls=0, reads=0, retries=0, rate_limited=0, seconds=seconds)


def _write_again(journal: Journal, context: RunContext, out: Path | str | None) -> Summary:
    journal.verify()
    results = output_paths.checked_results(out or Path(journal.info.results), journal.info.source)
    output = output_paths.output_of(journal, command_name(journal), results, context)
    summary = last_summary(journal)
    totals = _write(journal, output, context, is_running=summary.status is RunStatus.RUNNING)
    return _with_files(summary, totals, output)


def command_name(journal: Journal) -> str:
    """Return the name of the command whose results may be replaced by those of a run."""
    operation = journal.info.operation
    return "run" if operation is Operation.LINK else str(operation)


def last_summary(journal: Journal) -> Summary:
    """Return the summary of the last process on this run: the one that it left, or what the journal knows of it."""
    status, found = run_status(journal), journal.summary
    if found is not None:
        has_ended = status is not RunStatus.RUNNING
        stopped_by = StopReason(found["stopped_by"]) if found["stopped_by"] and has_ended else None
        current = {"status": status, "stopped_by": stopped_by, "operation": Operation(found["operation"])}
        return Summary(**{"file": journal.info.source, **found, **current})  # older journals lack the file
    journal.verify()
    processes, live = journal.processes(), journal.live
    seconds = processes[-1].seconds_until(time.time()) if processes else 0.0
    sent = Sent() if live is None else Sent(None, live.calls, live.reads, live.retries, live.rate_limited)
    return replace(summarise(journal, sent, _count_rows(journal), seconds), status=status)


def conclude(journal: Journal, sent: Sent, output: Output, started: float, context: RunContext) -> Summary:
    """Write the results, record the end of the process in the journal, and return the summary.

    A run that stops after its first rows writes no files yet: a million rows take long, and most would be `not_sent`.
    `started` is a monotonic time. Raises OutputError if the results can be written neither to their path nor beside the
    journal.
    """
    if sent.stop is not None and sent.stop.reason is StopReason.FIRST_ROWS:
        return conclude_without_files(journal, sent, started)
    output, totals = _write_with_fallback(journal, output, context)
    summary = summarise(journal, sent, totals, time.monotonic() - started)
    summary = _with_files(summary, totals, output)
    report = context.settings.report
    if report is None:
        journal.end(summary.values())
        return summary
    summary = replace(summary, report=str(Path(report).resolve()))
    journal.end(summary.values())  # so that the report shows the end of this process
    try:
        _write_html(journal, summary, Path(report), context)
    except OutputError as error:
        context.warn(f"{error} To write the report: importer report {summary.run_id} --out PATH.html")
        return replace(summary, report=None)
    return summary


def conclude_without_files(journal: Journal, sent: Sent, started: float) -> Summary:
    """Record the end of the process in the journal and return the summary, as `conclude` does, but write no files."""
    summary = summarise(journal, sent, _count_rows(journal), time.monotonic() - started)
    journal.end(summary.values())
    return summary


def _count_rows(journal: Journal) -> RowCounts:
    """Count the rows by status without reading their cells."""
    statuses = tuple(Status)
    numbers = Counter(journal.row_statuses(WORST_FIRST))
    return RowCounts.of({statuses[code]: number for code, number in numbers.items()}, journal.counts().duplicates)


@contextmanager
def describe_abort(journal: Journal, started: float) -> Iterator[None]:
    """Add the current counts of a run, and the seconds since `started`, to a RunAbortedError.

    They are read from the open journal, because a full disk may prevent it from being opened again.
    """
    try:
        yield
    except RunAbortedError as error:
        with suppress(JournalError):
            counts = {name: error.run[name] for name in ("calls", "reads", "retries", "rate_limited")}
            summary = summarise(journal, Sent(**counts), _count_rows(journal), time.monotonic() - started)
            error.run.update(summary.values())
        error.run.update(status=str(RunStatus.STOPPED), stopped_by="error")
        raise


def _write_html(journal: Journal, summary: Summary, path: Path, context: RunContext) -> None:
    from importer.runner.html_report import write_html_report  # noqa: PLC0415 - jinja2 takes long to import

    output = output_paths.output_of(journal, "report", path, context)
    write_html_report(journal, summary, path, output.written)


def summarise(journal: Journal, sent: Sent, totals: RowCounts, seconds: float) -> Summary:
    """Return the summary of a process. Raises RuntimeError if a row is not accounted for, which is a bug."""
    counts = journal.counts()
    if totals.rows != counts.rows:
        raise RuntimeError(f"{counts.rows} rows were read, but {totals.rows} are accounted for")
    stop = sent.stop
    if stop is not None and stop.reason.is_signal and not journal.pending_by_types():
        stop = None  # the signal came after everything was sent
    return Summary(
        run_id=journal.info.run_id,
        operation=journal.info.operation,
        file=journal.info.source,
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
    return RunStatus.INTERRUPTED if stop.reason.is_signal else RunStatus.STOPPED


def _with_files(summary: Summary, totals: RowCounts, output: Output) -> Summary:
    failures = str(output.failures) if totals.bad else None
    return replace(summary, results=str(output.results), failures=failures)


def _write(journal: Journal, output: Output, context: RunContext, *, is_running: bool = False) -> RowCounts:
    layout = result_layout(journal, journal.info.run_id)
    rows = result_rows(journal, output.operation, is_running=is_running)
    workbook = workbook_context(journal, context)
    return write_results(output.results, layout, rows, output.failures, output.written, workbook)


def _write_with_fallback(journal: Journal, output: Output, context: RunContext) -> tuple[Output, RowCounts]:
    """Write the results, or write them beside the journal if their path became unwritable during the run.

    There is no fallback for a verification, because its journal is temporary.
    """
    try:
        return output, _write(journal, output, context)
    except OutputError as error:
        if output.operation == Operation.VERIFY:
            raise
        elsewhere = replace(output, results=journal.path.with_name(f"{journal.info.run_id}.results.csv"))
        totals = _write(journal, elsewhere, context)
        context.warn(
            f"{error} The results are in {elsewhere.results} instead. To write them to another path: "
            f"importer report {journal.info.run_id} --out PATH"
        )
        return elsewhere, totals


def report_stop(sent: Sent, summary: Summary, alternative: str, context: RunContext) -> None:
    """Warn if the run stopped early: why, how far it got, and how to resume it."""
    if sent.stop is not None and summary.status is not RunStatus.FINISHED:
        context.warn(f"{sent.stop.message} {_done(summary)}. To continue, run the same command again{alternative}")


def _done(summary: Summary) -> str:
    """Return how many rows are as the operation is to leave them."""
    linked, unlinked = summary.linked + summary.already_linked, summary.unlinked + summary.not_linked
    match summary.operation:
        case Operation.LINK | Operation.VERIFY:
            return f"{linked:,} of {summary.rows:,} rows are linked"
        case Operation.UNLINK:
            return f"{unlinked:,} of {summary.rows:,} rows are unlinked"
        case Operation.UNDO:
            done = f"{linked + unlinked:,} of {summary.rows:,} rows are as they were before the run"
            return f"{done} ({linked:,} linked, {unlinked:,} unlinked)"
