"""`python -m importer.web.worker`: carries out one job after the other, which it reads from standard input.

It reports on standard output. The end of its input ends the process, and stops a job as Ctrl-C stops a run: it awaits
the calls in flight and writes the results, and the run can be continued.
"""

import json
import logging
import os
import queue
import signal
import threading
from collections.abc import Mapping
from io import RawIOBase
from pathlib import Path
from typing import Any

from importer.errors import ImporterError
from importer.runner.os_errors import translate_os_errors
from importer.web.crashes import save_traceback
from importer.web.jobs import Reporter, carry_out
from importer.web.protocol import EventKind, Job, JobKind

_STANDARD_INPUT, _STANDARD_OUTPUT = 0, 1


def main() -> None:
    """Carry out jobs and report their results until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # between two jobs nothing has to be stopped
    with open(_STANDARD_INPUT, "rb", buffering=0, closefd=False) as lines:
        # Not sys.stdin: a thread that waits for its buffer would abort the interpreter at exit.
        received = _Lines(lines)
        reporter = Reporter(_write, received.typed)
        logging.getLogger("importer").addHandler(_NoticeHandler(reporter))
        while (line := received.next()) is not None:
            if "kind" in line:  # otherwise it was typed too late for the job before
                _write(_until_interrupted(line, received, reporter))


def _until_interrupted(job: dict[str, Any], received: "_Lines", reporter: Reporter) -> dict[str, Any]:
    """Carry out a job, stopping it when the input ends, and return the last event."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if received.has_ended:  # before the handler was there
            raise KeyboardInterrupt
        last = _carry_out(job, reporter)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server may close the input now
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        last = _error("INTERRUPTED", "This was stopped before it finished.")
    return last


def _carry_out(values: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Carry out a job and return the last event."""
    crash_directory = Path(values.pop("crash_directory"))
    try:
        with translate_os_errors():
            result = carry_out(Job(**{**values, "kind": JobKind(values["kind"])}), reporter)
    except ImporterError as error:
        return _error(error.code, str(error))
    except Exception:  # noqa: BLE001 - reported to the person at the page, with the file that has the details
        return _error("INTERNAL_ERROR", save_traceback(crash_directory))
    return {"event": EventKind.RESULT, "value": result}


def _error(code: str, message: str) -> dict[str, Any]:
    return {"event": EventKind.ERROR, "code": code, "message": message}


def _write(event: Mapping[str, Any]) -> None:
    """Write one line. If the server has ended, the line is lost but the work continues."""
    data = json.dumps(event).encode() + b"\n"
    try:
        while data:
            data = data[os.write(_STANDARD_OUTPUT, data) :]
    except OSError:
        return


class _Lines:
    """The lines from the server: jobs, and what a person types; their end interrupts the main thread."""

    def __init__(self, lines: RawIOBase) -> None:
        self.has_ended = False
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def next(self) -> dict[str, Any] | None:
        """Wait for the next line; None, and again None, if there are no more."""
        line = self._lines.get()
        if line is None:
            self._lines.put(None)
        return line

    def typed(self) -> str:
        """Wait for the next line that a person types."""
        line = self.next()
        if line is None:
            raise KeyboardInterrupt
        return str(line["typed"])

    def _read(self, lines: RawIOBase) -> None:
        while line := lines.readline():
            self._lines.put(json.loads(line))
        self.has_ended = True
        self._lines.put(None)
        signal.raise_signal(signal.SIGINT)


class _NoticeHandler(logging.Handler):
    """Reports log records of the importer as notices."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.WARNING)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        self._reporter.notice(record.getMessage(), is_warning=True)


if __name__ == "__main__":
    main()
