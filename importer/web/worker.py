"""`python -m importer.web.worker`: carries out one job, which it reads from standard input.

It reports on standard output. The end of its input stops the job as Ctrl-C stops a run: it awaits the calls in flight
and writes the results, and the run can be continued.
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
    """Wait for a job, carry it out and report its result; return at once if the input ends without a job."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore it
    with open(_STANDARD_INPUT, "rb", buffering=0, closefd=False) as lines:
        # Not sys.stdin: a thread that waits for its buffer would abort the interpreter at exit.
        line = lines.readline()
        if not line:
            return
        try:
            reporter = Reporter(_write, _TypedLines(lines).ask)
            logging.getLogger("importer").addHandler(_NoticeHandler(reporter))
            last = _carry_out(line, reporter)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server may close the input now
        except KeyboardInterrupt:
            last = _error("INTERRUPTED", "This was stopped before it finished.")
        _write(last)


def _carry_out(line: bytes, reporter: Reporter) -> dict[str, Any]:
    """Carry out the job in a line and return the last event."""
    values = json.loads(line)
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


class _TypedLines:
    """Lines that a person types at the page; the end of the input interrupts the main thread."""

    def __init__(self, lines: RawIOBase) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def ask(self) -> str:
        """Wait for the next line."""
        line = self._lines.get()
        if line is None:
            raise KeyboardInterrupt
        return line

    def _read(self, lines: RawIOBase) -> None:
        while line := lines.readline():
            self._lines.put(str(json.loads(line)["typed"]))
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
