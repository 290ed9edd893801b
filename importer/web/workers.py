"""Worker processes: one for each job, and a spare one, already started, for the next job."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from importer.web.protocol import EventKind, Job

_MAX_LINE = 1 << 26
"""Maximum bytes of a line that a worker writes."""

_COMMAND = (sys.executable, "-m", "importer.web.worker")

Event = Mapping[str, Any]
OnEvent = Callable[[EventKind, Event], None]


class JobError(Exception):
    """The failure of a job, with the code and the text of the worker's error."""

    def __init__(self, code: str, message: str) -> None:
        """Store the code and the message."""
        self.code = code
        super().__init__(message)


class RunningJob:
    """A job in a worker process. `result` is done when the process has ended."""

    def __init__(self, process: Process, on_event: OnEvent) -> None:
        """Start reading the events of a worker that has received its job."""
        self._process = process
        self._on_event = on_event
        self.result: asyncio.Task[Any] = asyncio.create_task(self._read())

    def stop(self) -> None:
        """Stop the job as Ctrl-C does; what it has done so far stays in its journal."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def type(self, text: str) -> None:
        """Pass on what a person has typed."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps({"typed": text}).encode() + b"\n")

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _read(self) -> Any:
        """Pass the events on and return the result. Raises JobError."""
        last: Event | None = None
        if self._process.stdout is None:
            raise RuntimeError("the worker has no output")
        async for line in self._process.stdout:
            event = json.loads(line)
            kind = EventKind(event["event"])
            if kind in {EventKind.RESULT, EventKind.ERROR}:
                last = event
            else:
                self._on_event(kind, event)
        self.stop()
        code = await self._process.wait()
        if last is None:
            raise JobError("WORKER_ENDED", f"The worker process ended unexpectedly (exit code {code}). Try again.")
        if last["event"] == EventKind.ERROR:
            raise JobError(last["code"], last["message"])
        return last["value"]


class Workers:
    """Starts the workers of a server and stops them when it ends.

    `on_error` is called with the code of every error that ends a job.
    """

    def __init__(self, crash_directory: Path) -> None:
        """Start nothing yet; `crash_directory` is for the details of internal errors."""
        self._crash_directory = crash_directory
        self._spare: asyncio.Task[Process] | None = None
        self._running: set[RunningJob] = set()
        self.closing = False
        self.on_error: Callable[[str], None] = lambda code: None

    def prepare(self) -> None:
        """Start the worker for the next job early, because loading its modules takes about a second."""
        if self._spare is None and not self.closing:
            self._spare = asyncio.create_task(_start())

    async def begin(self, job: Job, on_event: OnEvent = lambda kind, event: None) -> RunningJob:
        """Give a job to a worker. Raises JobError if the server is closing."""
        if self.closing:
            raise JobError("CLOSING", "importer web is closing. Start it again.")
        self.prepare()
        spare, self._spare = self._spare, None
        process = await spare if spare is not None else await _start()
        if process.returncode is not None:  # the spare process was killed
            process = await _start()
        line = json.dumps({**asdict(job), "crash_directory": str(self._crash_directory)})
        if process.stdin is not None:
            process.stdin.write(line.encode() + b"\n")
        running = RunningJob(process, on_event)
        self._running.add(running)
        running.result.add_done_callback(lambda _: self._forget(running))
        self.prepare()
        return running

    async def run(self, job: Job, on_event: OnEvent = lambda kind, event: None) -> Any:
        """Carry out a job and return its result; stop it if the caller is cancelled. Raises JobError."""
        running = await self.begin(job, on_event)
        try:
            return await asyncio.shield(running.result)
        except asyncio.CancelledError:
            running.stop()
            raise

    async def close(self) -> None:
        """Stop every job as Ctrl-C does, and wait until their results are written."""
        self.closing = True
        for running in self._running:
            running.stop()
        if self._spare is not None:
            process = await self._spare
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()
        await asyncio.gather(*(running.result for running in self._running), return_exceptions=True)

    def kill(self) -> None:
        """End every job at once."""
        for running in self._running:
            running.kill()

    @property
    def is_busy(self) -> bool:
        """True while a job is running."""
        return bool(self._running)

    def _forget(self, running: RunningJob) -> None:
        self._running.discard(running)
        if running.result.cancelled():
            return
        error = running.result.exception()  # retrieved, so that asyncio does not log it; callers await the result
        if isinstance(error, JobError):
            self.on_error(error.code)


async def _start() -> Process:
    """Start a worker in a separate session, so that Ctrl-C in the terminal reaches it only through the server."""
    return await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=PIPE, stdout=PIPE, limit=_MAX_LINE, start_new_session=True
    )
