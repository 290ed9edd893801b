"""What people see on standard error while a run goes on: lines, and a progress bar where there is a terminal."""

import json
import logging
import sys
import time
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from importer.config import EngineName, Settings
from importer.errors import ImporterError
from importer.journal import Counts
from importer.model import Status
from importer.pool import Progress
from importer.printable import printable
from importer.reader import SourceInfo
from importer.redaction import redact
from importer.runner.estimate import Costs
from importer.runner.events import Event, Notice, Plan
from importer.timestamps import duration_text, utc_text

_SECONDS_BETWEEN_LINES = 5.0

_MARKS = {logging.WARNING: "Warning: ", logging.ERROR: "Error: "}

logger = logging.getLogger("importer")


class Display:
    """Tells a run's events; a context manager. `quiet` leaves warnings only."""

    def __init__(self, settings: Settings) -> None:
        """Write lines in the `log_format` of `settings`."""
        self._quiet = settings.quiet
        self._lines = _LineHandler(settings.log_format == "json")
        self._has_bar = sys.stderr.isatty() and not settings.quiet and settings.log_format == "text"
        self._bar: tqdm[Any] | None = None
        self._begun = time.monotonic()
        self._last_line = 0.0

    def __enter__(self) -> Self:
        """Take the importer's log lines."""
        logger.addHandler(self._lines)
        logger.setLevel(self._level())
        logger.propagate = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the bar and leave the log."""
        if self._bar is not None:
            self._bar.close()
        logger.removeHandler(self._lines)

    def _level(self) -> int:
        """Warnings only when quiet; in JSON also the line of each row that fails, which would bury people."""
        if self._quiet:
            return logging.WARNING
        return logging.DEBUG if self._lines.as_json else logging.INFO

    def __call__(self, event: Event) -> None:
        """Tell one event."""
        match event:
            case SourceInfo():
                self._tell_lines(source_info_lines(event))
            case Plan():
                self._tell_plan(event)
            case Progress():
                self._tell_progress(event)
            case Notice():
                logger.log(logging.WARNING if event.is_warning else logging.INFO, "%s", event.text)

    def tell_error(self, error: ImporterError) -> None:
        """Tell what ended the run."""
        logger.error("%s", error)

    def _tell_lines(self, lines: list[str]) -> None:
        """Tell several lines: as so many records in text, where a record is a line, and as one in JSON."""
        for text in ["\n".join(lines)] if self._lines.as_json else lines:
            logger.info("%s", text)

    def _tell_plan(self, plan: Plan) -> None:
        self._lines.run_id = plan.run_id
        goes_on = "goes on: what is settled is not sent again" if plan.resumed else f"sends to {plan.target}"
        logger.info("Run %s %s.", plan.run_id, goes_on)
        logger.info(counts_text(plan.counts))
        logger.info(costs_text(plan.costs))
        if self._has_bar and plan.pending:
            pairs = plan.counts.pairs
            self._bar = tqdm(total=pairs, initial=pairs - plan.pending, unit="pair", file=sys.stderr)

    def _tell_progress(self, progress: Progress) -> None:
        linked = progress.statuses[Status.LINKED] + progress.statuses[Status.ALREADY_LINKED]
        failed, unconfirmed = progress.statuses[Status.FAILED], progress.statuses[Status.UNCONFIRMED]
        done = linked + failed + unconfirmed
        if self._bar is not None:
            shown = {"linked": linked, "failed": failed, "unconfirmed": unconfirmed, "limit": progress.rate}
            if not unconfirmed:
                del shown["unconfirmed"]
            self._bar.set_postfix(shown, refresh=False)
            self._bar.update(done - self._bar.n)
            return
        seconds = time.monotonic() - self._begun
        if seconds - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = seconds
            actual_rate = (progress.calls + progress.reads) / seconds
            left = duration_text((progress.pairs - done) / actual_rate) if actual_rate else "unknown"
            logger.info(
                "%s of %s pairs: %s linked, %s failed, %s unconfirmed; %.1f calls/s (limit %s), %s left.",
                f"{done:,}",
                f"{progress.pairs:,}",
                f"{linked:,}",
                f"{failed:,}",
                f"{unconfirmed:,}",
                actual_rate,
                progress.rate,
                left,
            )


class _LineHandler(logging.Handler):
    """Log records as lines on standard error, above the progress bar if there is one."""

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self.run_id: str | None = None
        self.as_json = as_json

    def emit(self, record: logging.LogRecord) -> None:
        try:
            tqdm.write(self._json(record) if self.as_json else self._text(record), file=sys.stderr)
        except Exception:  # noqa: BLE001 - the logging library's own way: a line that cannot be written ends no run
            self.handleError(record)

    def _text(self, record: logging.LogRecord) -> str:
        return _MARKS.get(record.levelno, "") + printable(redact(record.getMessage()))

    def _json(self, record: logging.LogRecord) -> str:
        values = {
            "time": utc_text(record.created, "milliseconds"),
            "level": record.levelname.lower(),
            "run_id": self.run_id,
            "message": redact(record.getMessage()),
        }
        row = getattr(record, "row", None)
        return json.dumps(values if row is None else {**values, "row": row})


def source_info_lines(understood: SourceInfo) -> list[str]:
    """What was understood of a source, as lines for people."""
    what = [understood.format, understood.encoding, understood.delimiter and f"delimiter {understood.delimiter!r}"]
    if understood.sheet:
        what.append(f"sheet '{understood.sheet}' (of {understood.sheets})")
    roles = [f"{role} = '{header}'" for role, header in understood.columns.items()]
    types = [
        f"{role} = {object_type} (whole file)"
        for role, object_type in (
            ("from_object_type", understood.from_object_type),
            ("to_object_type", understood.to_object_type),
        )
        if object_type is not None
    ]
    return ["Read as " + ", ".join(part for part in what if part), *understood.notes, *roles, *types]


def counts_text(counts: Counts) -> str:
    """What a source's rows come to, as one line."""
    blank = f", {counts.blank:,} blank rows" if counts.blank else ""
    return (
        f"{counts.rows:,} rows: {counts.pairs:,} pairs, {counts.duplicates:,} duplicate rows, "
        f"{counts.invalid:,} invalid rows{blank}."
    )


def costs_text(costs: Costs) -> str:
    """What sending takes, as one line, and what the other ways would take."""
    put = f"{_calls(costs.put_calls)} at {costs.rate} s, about {duration_text(costs.put_minutes * 60)}"
    batch = f"{_calls(costs.batch_calls)} at {costs.batch_rate} s, about {duration_text(costs.batch_minutes * 60)}"
    reads = _calls(costs.read_calls)
    if costs.engine is EngineName.PUT:
        way, other = f"One pair a call: {put}", f"with --engine batch {batch}"
    else:
        way, other = f"Up to 2,000 pairs a call: {batch}", f"with --engine put {put}"
    if costs.only_missing:
        return f"{way}, less what {reads} find to be linked already ({other})."
    return f"{way} ({other}; with --only-missing {reads} first, then only what is missing)."


def _calls(number: int) -> str:
    return f"{number:,} call" + ("" if number == 1 else "s")
