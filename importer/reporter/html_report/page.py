"""Renders the report: one HTML text with its styles and charts inside."""

from functools import partial
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from importer.journal import TypeChange
from importer.model import Status
from importer.printable import without_controls
from importer.reporter.html_report import charts
from importer.reporter.html_report.data import ReportData, share_statuses
from importer.timestamps import duration_text

MAX_ROWS = 500
"""The number of rows that need work in a report; all of them are in the results file."""

_MAX_TABLE_ROWS = 60
_MAX_CELL = 200
_GOOD_FIRST = (
    Status.LINKED,
    Status.UNLINKED,
    Status.ALREADY_LINKED,
    Status.NOT_LINKED,
    Status.BLANK,
    Status.UNCONFIRMED,
    Status.NOT_SENT,
    Status.FAILED,
    Status.INVALID,
)


def render(data: ReportData) -> str:
    """Return the report as an HTML document of less than 1 MB, whatever the size of the run."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["cut"] = _cut
    here = files(__package__)
    template = environment.from_string((here / "report.html").read_text(encoding="utf-8"))
    axis = charts.TimeAxis(data.processes, data.now) if data.processes else None
    return template.render(
        data=data,
        style=(here / "report.css").read_text(encoding="utf-8"),
        headline=_headline(data),
        shares=share_statuses(data.counts),
        axis=axis and (charts.local_text(axis.start), charts.local_text(axis.end)),
        bands=axis.bands(data.pauses, data.processes) if axis else (),
        outcomes=charts.outcomes_over_time(data.completed, axis, _GOOD_FIRST) if axis and data.completed else None,
        calls=charts.calls_over_time(data.seconds, axis) if axis and data.seconds else None,
        latency=charts.latency_over_time(data.seconds, axis) if axis and data.seconds else None,
        retries=charts.retries_over_time(data.seconds, axis) if axis and data.seconds else None,
        fullest=_fullest_window(data),
        changes=[change for change in data.changes if _is_shown(change)][:_MAX_TABLE_ROWS],
        duration=duration_text(data.summary.seconds),
        max_rows=MAX_ROWS,
        width=charts.WIDTH,
        height=charts.HEIGHT,
        table_rows=partial(_evenly, most=_MAX_TABLE_ROWS),
    )


def _headline(data: ReportData) -> str:
    """Return the outcome in one sentence: numbers before adjectives."""
    counts = data.counts
    good = f"{counts.good:,} of {counts.rows:,} rows are "
    word = {"link": "linked", "unlink": "removed", "undo": "restored", "verify": "linked"}[data.summary.operation]
    if counts.blank or counts.not_linked or (counts.already_linked and data.summary.operation != "link"):
        word = "good"
    rest = f" {counts.bad:,} need you." if counts.bad else ""
    return f"{good}{word}.{rest}"


def _fullest_window(data: ReportData) -> str:
    """Return the sentence about the ten seconds in which most calls were begun, against the limit at that time."""
    if not data.seconds:
        return ""
    second = max(data.seconds, key=lambda one: one.busiest)
    limit = charts.per_ten_seconds(second.rate)
    return (
        f"The fullest 10 seconds ended at {charts.local_text(second.at + 1)}, with {second.busiest:,} calls begun; "
        f"the limit then was {limit:,.0f}."
    )


def _is_shown(change: TypeChange) -> bool:
    return bool(change.before or change.after)


def _cut(text: str) -> str:
    """Return a text for a cell of the report: no control characters, at most `_MAX_CELL` characters."""
    text = without_controls(text)
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 1]}…"


def _evenly(rows: tuple[tuple[str, ...], ...], most: int) -> list[tuple[str, ...]]:
    """Return at most `most` rows, evenly spread, with the first and the last one."""
    if len(rows) <= most:
        return list(rows)
    return [rows[round(index * (len(rows) - 1) / (most - 1))] for index in range(most)]
