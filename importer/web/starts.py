"""Runs that this server starts: their workers, and what they report before and in addition to the journal."""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from typing import Any

from importer.web.protocol import EventKind, Job, error_values
from importer.web.responses import RequestError
from importer.web.workers import Event, JobError, RunningJob, Workers

OnRun = Callable[[str], None]

_MAX_NOTICES = 20
_MAX_STARTS = 1_000


@dataclass(slots=True)
class Start:
    """A run that was started here.

    `subject`: the id of the import or run that it was started for. `run_id`: known once the journal exists.
    `confirmation`: the number of links or labels to remove, and which of the two, while a person has to confirm it.
    `ended_at`: the Unix time at which its worker ended, None while it works.
    """

    id: str
    subject: str
    run_id: str | None = None
    confirmation: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    ended_at: float | None = None
    notices: deque[str] = field(default_factory=lambda: deque(maxlen=_MAX_NOTICES))
    job: RunningJob | None = None

    @property
    def has_ended(self) -> bool:
        """True once the worker has ended."""
        return self.ended_at is not None

    @property
    def values(self) -> dict[str, Any]:
        """The start as JSON values."""
        state = "started" if self.run_id else "failed" if self.has_ended else "starting"
        error = self.error if state == "failed" else None
        return {
            "state": state,
            "run_id": self.run_id,
            "message": self.notices[-1] if self.notices else None,
            "error": error,
        }


class Starts:
    """The runs that this server has started."""

    def __init__(self, workers: Workers) -> None:
        """Begin without runs."""
        self._workers = workers
        self._by_id: dict[str, Start] = {}

    async def begin(
        self, job: Job, subject: str, run_id: str | None = None, on_run: OnRun = lambda run_id: None
    ) -> Start:
        """Start a run; `on_run` is called with its id once it is known.

        Raises RequestError if one is being started for the same subject.
        """
        if self.starting(subject) is not None:
            raise RequestError(409, "ALREADY_STARTING", "This is already being started.")
        start = Start(secrets.token_urlsafe(12), subject, run_id)
        self._by_id[start.id] = start
        self._limit()

        def on_event(kind: EventKind, event: Event) -> None:
            if kind is EventKind.PLAN:
                on_run(str(event["run_id"]))
            self._apply(start, kind, event)

        try:
            start.job = await self._workers.begin(job, on_event)
        except BaseException:
            del self._by_id[start.id]
            raise
        start.job.result.add_done_callback(lambda _: self._end(start))
        return start

    def get(self, start_id: str) -> Start:
        """Return a start. Raises RequestError if there is no such start."""
        if start_id not in self._by_id:
            raise RequestError(404, "START_NOT_FOUND", "The server was restarted in the meantime. Reload the page.")
        return self._by_id[start_id]

    def starting(self, subject: str) -> Start | None:
        """Return the start in progress for an import or a run, None if there is none."""
        found = (one for one in self._by_id.values() if one.subject == subject)
        return next((one for one in found if one.run_id is None and not one.has_ended), None)

    def of_run(self, run_id: str) -> Start | None:
        """Return the last start of a run, None if this server has not started it."""
        return next((one for one in reversed(self._by_id.values()) if one.run_id == run_id), None)

    def is_running(self, run_id: str) -> bool:
        """Return whether a run is in progress on this server."""
        start = self.of_run(run_id)
        return start is not None and not start.has_ended

    def running(self, run_id: str) -> Start:
        """Return the start of a run in progress. Raises RequestError if it is not in progress on this server."""
        start = self.of_run(run_id)
        if start is None or start.has_ended or start.job is None:
            raise RequestError(
                409, "RUN_NOT_HERE", "This run is not in progress here. It may have ended, or be running elsewhere."
            )
        return start

    def confirm(self, run_id: str, text: str | None) -> None:
        """Pass on the number of links or labels to remove that a person typed, None if they declined."""
        start = self.running(run_id)
        if start.confirmation is None or start.job is None:
            raise RequestError(409, "NOTHING_TO_CONFIRM", "There is nothing to confirm any more.")
        start.confirmation = None
        start.job.type(text or "")

    def _apply(self, start: Start, kind: EventKind, event: Event) -> None:
        match kind:
            case EventKind.NOTICE:
                start.notices.append(str(event["text"]))
            case EventKind.PLAN:
                start.run_id = str(event["run_id"])
            case EventKind.CONFIRM:
                start.confirmation = {"number": event["number"], "removed": event["removed"]}

    def _end(self, start: Start) -> None:
        start.ended_at, start.confirmation = time(), None
        if start.job is None or start.job.result.cancelled():
            return
        error = start.job.result.exception()
        if isinstance(error, JobError):
            start.error = error_values(error.code, str(error))
        elif error is None:
            start.run_id = start.run_id or str(start.job.result.result()["run_id"])

    def _limit(self) -> None:
        """Forget the oldest starts that have ended."""
        ended = [one.id for one in self._by_id.values() if one.has_ended]
        for start_id in ended[: max(0, len(self._by_id) - _MAX_STARTS)]:
            del self._by_id[start_id]
