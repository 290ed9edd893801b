"""The jobs that workers carry out: one call of `runner` each."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from importer.errors import ImporterError
from importer.model import Operation
from importer.reader import preview_source
from importer.reporter import Summary
from importer.runner.check import check_file
from importer.runner.confirmation import Confirmation, Removed
from importer.runner.events import Event, Notice, Plan, RowsRead
from importer.runner.finish import report_run
from importer.runner.resume import resume_run
from importer.runner.retry import retry_corrected
from importer.runner.run import run_import, unlink_file
from importer.runner.token_account import token_account
from importer.runner.undo import undo_run
from importer.runner.uploads import use_upload
from importer.web.check_values import check_values
from importer.web.edits import from_list
from importer.web.protocol import EventKind, Job, JobKind, error_values


class Reporter:
    """Reports the events of a job to the server; `ask` waits for the next text that a person types."""

    def __init__(self, write: Callable[[Mapping[str, Any]], None], ask: Callable[[], str]) -> None:
        """Report through `write`, which is called with one JSON object for each event."""
        self._write = write
        self._ask = ask

    def emit(self, kind: EventKind, **values: Any) -> None:
        """Report an event."""
        self._write({"event": kind, **values})

    def notice(self, text: str, *, is_warning: bool = False) -> None:
        """Report a sentence for people."""
        self.emit(EventKind.NOTICE, text=text, is_warning=is_warning)

    def on_event(self, event: Event) -> None:
        """Report an event of a run, except its progress, which the server reads from the journal."""
        match event:
            case RowsRead():
                self.emit(EventKind.ROWS_READ, rows=event.rows)
            case Plan():
                self.emit(EventKind.PLAN, run_id=event.run_id)
            case Notice():
                self.notice(event.text, is_warning=event.is_warning)

    def confirm(self, number: int, removed: Removed) -> str:
        """Ask a person for the number of links, or labels, to remove, and return what was typed."""
        self.emit(EventKind.CONFIRM, number=number, removed=removed)
        return self._ask()


def carry_out(job: Job, reporter: Reporter) -> Any:
    """Carry out a job and return its result as JSON values. Raises ImporterError."""
    file = job.values.get("file")
    with use_upload(Path(file).parents[1]) if file else nullcontext():
        return _JOBS[job.kind](job, reporter)


def _account(job: Job, reporter: Reporter) -> dict[str, Any]:
    found = token_account(job.settings(), reporter.on_event)
    return {
        "id": found.portal_id,
        "type": found.account_type,
        "domain": found.ui_domain,
        "time_zone": found.time_zone,
    }


def _preview(job: Job, reporter: Reporter) -> dict[str, Any]:
    """Return what is known about a file without reading all of it; an error is part of the result."""
    path = Path(job.values["file"])
    try:
        values = asdict(preview_source(path, job.settings().reading))
    except ImporterError as error:
        return {"error": error_values(error.code, str(error))}
    found = values["error"]
    return {**values, "error": found and error_values(*found)}


def _check(job: Job, reporter: Reporter) -> dict[str, Any]:
    values, settings = job.values, job.settings()
    path = Path(values["journal"])
    report = check_file(
        values["file"],
        settings,
        on_event=reporter.on_event,
        online=values["online"],
        corrections=_corrections(job),
        journal_path=path,
    )
    return check_values(report, path)


def _run(job: Job, reporter: Reporter) -> dict[str, Any]:
    values, settings = job.values, job.settings()
    corrections, first_rows = _corrections(job), values["first_rows"]
    if values["operation"] == Operation.UNLINK:
        return _summary(
            unlink_file(
                values["file"],
                settings,
                confirmation=Confirmation(ask=reporter.confirm),
                on_event=reporter.on_event,
                corrections=corrections,
                first_rows=first_rows,
            )
        )
    return _summary(
        run_import(values["file"], settings, on_event=reporter.on_event, corrections=corrections, first_rows=first_rows)
    )


def _continue(job: Job, reporter: Reporter) -> dict[str, Any]:
    confirmation = Confirmation(ask=reporter.confirm)
    return _summary(
        resume_run(job.values["run_id"], job.settings(), confirmation=confirmation, on_event=reporter.on_event)
    )


def _retry(job: Job, reporter: Reporter) -> dict[str, Any]:
    run_id, corrections, confirmation = job.values["run_id"], _corrections(job), Confirmation(ask=reporter.confirm)
    on_event = reporter.on_event
    return _summary(retry_corrected(run_id, job.settings(), corrections, confirmation=confirmation, on_event=on_event))


def _undo(job: Job, reporter: Reporter) -> dict[str, Any]:
    return _summary(undo_run(job.values["run_id"], job.settings(), on_event=reporter.on_event))


def _report(job: Job, reporter: Reporter) -> dict[str, Any]:
    return _summary(report_run(job.values["run_id"], job.settings(), out=job.values["out"]))


def _corrections(job: Job) -> dict[tuple[int, int], str]:
    return from_list(job.values["edits"])


def _summary(summary: Summary) -> dict[str, Any]:
    return asdict(summary)


_JOBS: Mapping[JobKind, Callable[[Job, Reporter], Any]] = {
    JobKind.ACCOUNT: _account,
    JobKind.PREVIEW: _preview,
    JobKind.CHECK: _check,
    JobKind.RUN: _run,
    JobKind.CONTINUE: _continue,
    JobKind.RETRY: _retry,
    JobKind.UNDO: _undo,
    JobKind.REPORT: _report,
}
