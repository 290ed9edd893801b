"""Worker processes: one for each job at a time, and spare ones, already started, for the next jobs.

Loading its modules takes a worker about a second, so one whose job succeeded is kept for another job.
"""

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

_MAX_SPARES = 2
"""Spare workers that are kept: one for the next job, and one for a job beside it."""

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
    """A job in a worker process.

    `result` is done when the job has ended, and the process too, unless it `is_free` for another job.
    """

    def __init__(self, process: Process, on_event: OnEvent) -> None:
        """Start reading the events of a worker that has received its job."""
        self.process = process
        self.is_free = False
        self._on_event = on_event
        self.result: asyncio.Task[Any] = asyncio.create_task(self._read())

    def stop(self) -> None:
        """Stop the job as Ctrl-C does; what it has done so far stays in its journal."""
        if not self.is_free:
            _close_input(self.process)

    def type(self, text: str) -> None:
        """Pass on what a person has typed."""
        if self.process.stdin is not None and self._has_input and not self.is_free:
            self.process.stdin.write(json.dumps({"typed": text}).encode() + b"\n")

    def kill(self) -> None:
        """End the process at once."""
        if not self.is_free:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def _read(self) -> Any:
        """Pass the events on and return the result. Raises JobError."""
        last: Event | None = None
        if self.process.stdout is None:
            raise RuntimeError("the worker has no output")
        async for line in self.process.stdout:
            event = json.loads(line)
            kind = EventKind(event["event"])
            if kind in {EventKind.RESULT, EventKind.ERROR}:
                last = event
                break
            self._on_event(kind, event)
        if last is not None and last["event"] == EventKind.RESULT and self._has_input:
            self.is_free = True
            return last["value"]
        self.stop()
        code = await self.process.wait()
        if last is None:
            raise JobError("WORKER_ENDED", f"The worker process ended unexpectedly (exit code {code}). Try again.")
        if last["event"] == EventKind.ERROR:
            raise JobError(last["code"], last["message"])
        return last["value"]

    @property
    def _has_input(self) -> bool:
        """True unless the job was stopped."""
        return self.process.stdin is not None and not self.process.stdin.is_closing()


class Workers:
    """Starts the workers of a server and stops them when it ends.

    `on_error` is called with the code of every error that ends a job.
    """

    def __init__(self, crash_directory: Path) -> None:
        """Start nothing yet; `crash_directory` is for the details of internal errors."""
        self._crash_directory = crash_directory
        self._spares: list[asyncio.Future[Process]] = []
        self._running: set[RunningJob] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self.closing = False
        self.on_error: Callable[[str], None] = lambda code: None

    def prepare(self) -> None:
        """Start a worker for the next job early, unless there is one."""
        if not self._spares and not self.closing:
            self._spares.append(asyncio.ensure_future(_start()))

    async def begin(self, job: Job, on_event: OnEvent = lambda kind, event: None) -> RunningJob:
        """Give a job to a worker. Raises JobError if the server is closing."""
        if self.closing:
            raise JobError("CLOSING", "importer web is closing. Start it again.")
        self.prepare()
        process = await self._spares.pop()
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
        await asyncio.gather(*(running.result for running in self._running), return_exceptions=True)
        for spare in self._spares:
            await _end(await spare)
        await asyncio.gather(*self._ending)

    def kill(self) -> None:
        """End every job at once."""
        for running in self._running:
            running.kill()

    @property
    def is_busy(self) -> bool:
        """True while a job is running."""
        return bool(self._running)

    def _keep(self, process: Process) -> None:
        """Keep a worker for another job if there are too few; otherwise end it."""
        if len(self._spares) >= _MAX_SPARES:
            ending = asyncio.create_task(_end(process))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            return
        spare: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        spare.set_result(process)
        self._spares.append(spare)

    def _forget(self, running: RunningJob) -> None:
        self._running.discard(running)
        if running.is_free:
            self._keep(running.process)
        if running.result.cancelled():
            return
        error = running.result.exception()  # retrieved, so that asyncio does not log it; callers await the result
        if isinstance(error, JobError):
            self.on_error(error.code)


def _close_input(process: Process) -> None:
    """Close the input of a worker, which ends it."""
    if process.stdin is not None:
        process.stdin.close()


async def _end(process: Process) -> None:
    """End a worker that has no job, and wait until it has ended."""
    _close_input(process)
    await process.wait()


async def _start() -> Process:
    """Start a worker in a separate session, so that Ctrl-C in the terminal reaches it only through the server."""
    return await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=PIPE, stdout=PIPE, limit=_MAX_LINE, start_new_session=True
    )
