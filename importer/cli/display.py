"""Progress of a run on standard error: log lines, and a progress bar in a terminal."""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from importer.cli.output import color_mark, fit
from importer.cli.texts import cost_lines, count_text, counts_text, lookup_text, source_info_lines
from importer.config import Settings
from importer.errors import ImporterError
from importer.model import Operation, Status
from importer.pool import Progress
from importer.printable import printable
from importer.reader import SourceInfo
from importer.redaction import redact
from importer.runner.events import Event, LookupProgress, Notice, Plan
from importer.timestamps import duration_text, utc_text

_SECONDS_BETWEEN_LINES = 5.0

_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"
"""The progress bar; its own rate and time left would count pauses."""

_HEADLINES = {
    Operation.LINK: "Run {run_id} sends to {target}.",
    Operation.UNLINK: "Run {run_id} removes links in {target}.",
    Operation.UNDO: "Run {run_id} restores the earlier links in {target}.",
    Operation.VERIFY: "Reading the pairs back from {target}; nothing is sent.",
}

_MARKS = {logging.WARNING: ("Warning:", "yellow"), logging.ERROR: ("Error:", "red")}

logger = logging.getLogger("importer")


class Display:
    """An event handler that logs the events of a run; a context manager. `quiet` shows only warnings and errors.

    While it is open, the importer's log records go to it alone; on exit the logger is as it was before.
    """

    def __init__(self, settings: Settings) -> None:
        """Log in the `log_format` of `settings`."""
        self._quiet = settings.quiet
        self._lines = _LineHandler(settings.log_format == "json")
        self._has_bar = sys.stderr.isatty() and not settings.quiet and settings.log_format == "text"
        self._bar: tqdm[Any] | None = None
        self._operation = Operation.LINK
        self._started = time.monotonic()
        self._last_line = 0.0
        self._previous = logger.level, logger.propagate

    def __enter__(self) -> Self:
        """Redirect the importer's log records to this display."""
        self._previous = logger.level, logger.propagate
        logger.addHandler(self._lines)
        logger.setLevel(self._level())
        logger.propagate = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the progress bar and restore the logger's level, handlers and propagation."""
        self._close_bar()
        if self._has_bar:
            self._end_group()
        logger.removeHandler(self._lines)
        level, logger.propagate = self._previous
        logger.setLevel(level)

    def _level(self) -> int:
        """Return the level to log at; one line per failed row would bury other lines, so only JSON has them."""
        if self._quiet:
            return logging.WARNING
        return logging.DEBUG if self._lines.as_json else logging.INFO

    def __call__(self, event: Event) -> None:
        """Log one event."""
        match event:
            case SourceInfo():
                self._log_lines(source_info_lines(event))
            case Plan():
                self._log_plan(event)
            case Progress():
                self._log_progress(event)
            case LookupProgress():
                self._log_lookup(event)
            case Notice():
                logger.log(logging.WARNING if event.is_warning else logging.INFO, "%s", event.text)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def log_error(self, error: ImporterError) -> None:
        """Log the error that ended the run."""
        logger.error("%s", error, extra={"code": error.code})

    def _log_lines(self, lines: list[str]) -> None:
        """Log several lines: as one record for each line in text, as a single record in JSON."""
        for text in ["\n".join(lines)] if self._lines.as_json else lines:
            logger.info("%s", text)

    def _end_group(self) -> None:
        """Log an empty line after a group of lines; JSON needs none."""
        if self._lines.is_in_group and not self._lines.as_json:
            logger.info("")

    def _log_plan(self, plan: Plan) -> None:
        self._lines.run_id = plan.run_id
        logger.info("  %s", counts_text(plan.counts))
        self._end_group()
        self._operation = plan.operation
        if plan.resumed:
            logger.info("Run %s: resuming; finished pairs are not sent again.", plan.run_id)
        else:
            logger.info(_HEADLINES[plan.operation].format(run_id=plan.run_id, target=plan.target))
        if plan.operation is Operation.UNLINK:
            logger.info("Links are read first; those that cannot be read are not removed.")
        elif plan.operation is Operation.UNDO:
            logger.info("Links are read first; only those that nobody has changed since are restored.")
        elif plan.operation is Operation.LINK:
            self._log_lines(cost_lines(plan.costs) if plan.pending else ["No pairs are left to send."])
        self._end_group()
        if self._has_bar and plan.pending:
            self._lines.is_in_group = True
            pairs = plan.counts.pairs
            self._bar = tqdm(
                total=pairs, initial=pairs - plan.pending, file=sys.stderr, dynamic_ncols=True, bar_format=_BAR
            )

    def _counted(self) -> Iterator[tuple[str, tuple[Status, ...]]]:
        """Yield the name of each progress count and its statuses; the first one is always shown."""
        linked = ("linked", (Status.LINKED, Status.ALREADY_LINKED))
        is_verification = self._operation is Operation.VERIFY
        absent = ("not linked", (Status.NOT_SENT,) if is_verification else (Status.UNLINKED, Status.NOT_LINKED))
        yield from (absent, linked) if self._operation in {Operation.UNLINK, Operation.UNDO} else (linked, absent)
        yield "failed", (Status.FAILED,)
        yield "unconfirmed", (Status.UNCONFIRMED,)

    def _log_lookup(self, event: LookupProgress) -> None:
        """Log the progress of a lookup: a bar without an end, because the source is still being read."""
        if event.is_done:
            self._close_bar()
            logger.info("  Looked up %s", lookup_text(event.counts))
            return
        if self._has_bar and self._bar is None:
            self._bar = tqdm(desc="Looking up", unit=" values", file=sys.stderr, dynamic_ncols=True)
        if self._bar is not None:
            self._bar.set_postfix({"found": event.counts.found}, refresh=False)
            self._bar.update(event.counts.values - self._bar.n)
        elif (seconds := time.monotonic() - self._started) - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = seconds
            logger.info("  Looking up: %s so far", lookup_text(event.counts))

    def _log_progress(self, progress: Progress) -> None:
        counts = {name: sum(progress.statuses[status] for status in statuses) for name, statuses in self._counted()}
        shown = {name: number for name, number in counts.items() if number or name == next(iter(counts))}
        if self._bar is not None:
            self._bar.set_postfix_str(f"{_counts(shown)}; {_speed_text(progress)}", refresh=False)
            self._bar.update(progress.done - self._bar.n)
            return
        seconds = time.monotonic() - self._started
        if seconds - self._last_line < _SECONDS_BETWEEN_LINES:
            return
        self._last_line = seconds
        pairs = count_text(progress.pairs, "pair")
        logger.info("%s of %s: %s; %s", f"{progress.done:,}", pairs, _counts(shown), _speed_text(progress))


def _counts(shown: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in shown.items())


def _speed_text(progress: Progress) -> str:
    """Return the speed of a run and the time left as text."""
    speed, limit = progress.calls_per_second, f"limit {progress.rate}"
    left = f"{duration_text(round(progress.seconds_left))} left"
    return f"{limit}, {left}" if speed is None else f"{speed:.1f} calls/s ({limit}), {left}"


class _LineHandler(logging.Handler):
    """Log records as lines on standard error, above the progress bar if there is one."""

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self.run_id: str | None = None
        self.is_in_group = False
        self.as_json = as_json

    def emit(self, record: logging.LogRecord) -> None:
        self.is_in_group = bool(record.getMessage())
        try:
            tqdm.write(self._json(record) if self.as_json else self._text(record), file=sys.stderr)
        except Exception:  # noqa: BLE001 - as logging itself does: a line that cannot be written must not end the run
            self.handleError(record)

    def _text(self, record: logging.LogRecord) -> str:
        text = printable(redact(record.getMessage()))
        if hasattr(record, "code"):
            text += f" [{record.code}]"
        if record.levelno not in _MARKS:
            return fit(text, sys.stderr)
        mark, color = _MARKS[record.levelno]
        return color_mark(fit(f"{mark} {text}", sys.stderr), mark, color, sys.stderr)

    def _json(self, record: logging.LogRecord) -> str:
        values = {
            "time": utc_text(record.created, "milliseconds"),
            "level": record.levelname.lower(),
            "run_id": self.run_id,
            "message": redact(record.getMessage()).strip(),
        }
        extra = {name: getattr(record, name) for name in ("row", "code") if hasattr(record, name)}
        return json.dumps(values | extra)
