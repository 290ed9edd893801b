"""The jobs that workers carry out: one call of `runner` each."""

from collections.abc import Callable, Mapping
from typing import Any

from importer.reader import SourceInfo
from importer.runner.events import Event, Notice, Plan
from importer.runner.token_account import token_account
from importer.web.protocol import EventKind, Job, JobKind


class Reporter:
    """Reports the events of a job to the server; `ask` waits for the next text that a person types."""

    def __init__(self, write: Callable[[Mapping[str, Any]], None], ask: Callable[[], str]) -> None:
        """Report by `write`, which gets one JSON object."""
        self._write = write
        self._ask = ask

    def emit(self, kind: EventKind, **values: Any) -> None:
        """Report an event."""
        self._write({"event": kind, **values})

    def notice(self, text: str, *, is_warning: bool = False) -> None:
        """Report a sentence for people."""
        self.emit(EventKind.NOTICE, text=text, is_warning=is_warning)

    def on_event(self, event: Event) -> None:
        """Report an event of a run; its progress is in its journal."""
        match event:
            case SourceInfo():
                self.emit(EventKind.READING)
            case Plan():
                self.emit(EventKind.PLAN, run_id=event.run_id)
            case Notice():
                self.notice(event.text, is_warning=event.is_warning)

    def confirm(self, number: int) -> str:
        """Ask a person for the number of links to remove, and return what was typed."""
        self.emit(EventKind.CONFIRM, number=number)
        return self._ask()


def carry_out(job: Job, reporter: Reporter) -> Any:
    """Carry out a job and return its result as JSON values. Raises ImporterError."""
    return _JOBS[job.kind](job, reporter)


def _account(job: Job, reporter: Reporter) -> dict[str, Any]:
    found = token_account(job.settings(), reporter.on_event)
    return {
        "id": found.portal_id,
        "type": found.account_type,
        "domain": found.ui_domain,
        "time_zone": found.time_zone,
    }


_JOBS: Mapping[JobKind, Callable[[Job, Reporter], Any]] = {
    JobKind.ACCOUNT: _account,
}
