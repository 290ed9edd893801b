"""Renders the report: one HTML text with its styles and charts inside."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from importer.journal import TypeChange
from importer.model import Status
from importer.printable import without_controls
from importer.reporter.html_report import charts
from importer.reporter.html_report.data import ReportData, ReportRow, share_statuses
from importer.reporter.html_report.time_axis import HEIGHT, WIDTH, local_text
from importer.reporter.summary import RunStatus

MAX_ROWS = 500
"""Maximum number of rows that need work in a report; the results file has all of them."""

_MAX_BYTES_OF_ROWS = 600_000
_BYTES_OF_MARKUP = 500
_MAX_BANDS = 60
_MAX_TEXT = 300
"""Maximum length of a reason, an advice or a fact, in characters."""

_MAX_CELL = 60
"""Maximum length of a cell of the source, in characters: the reason beside it must stay readable, also on paper."""

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
    axis = data.axis
    return template.render(
        data=data,
        style=(here / "report.css").read_text(encoding="utf-8"),
        headline=_headline(data),
        shares=share_statuses(data.summary),
        axis=axis and (local_text(axis.start), local_text(axis.end)),
        left_out=axis.left_out if axis else "",
        bands=axis.bands(data.pauses, data.processes) if axis else (),
        outcomes=charts.outcomes_over_time(data.completed, data.interval, axis, _GOOD_FIRST)
        if axis and data.completed
        else None,
        calls=charts.calls_over_time(data.calls, axis) if axis and data.calls else None,
        latency=charts.latency_over_time(data.calls, axis) if axis and data.calls else None,
        retries=charts.retries_over_time(data.calls, axis) if axis and data.calls else None,
        fullest=_fullest_window(data),
        changes=[change for change in data.changes if _is_shown(change)],
        rows=list(_fitting(data.rows, data.header)),
        to_work_on=data.counts.bad - data.summary.undecided,
        max_bands=_MAX_BANDS,
        max_cell=_MAX_CELL,
        width=WIDTH,
        height=HEIGHT,
    )


def _headline(data: ReportData) -> str:
    """Return the outcome for people: numbers, no adjectives."""
    counts, undecided = data.counts, data.summary.undecided
    bad = counts.bad - undecided
    good = f"{counts.good:,} of {counts.rows:,} rows are "
    word = {"link": "linked", "unlink": "removed", "undo": "restored", "verify": "linked"}[data.summary.operation]
    if counts.blank or counts.not_linked or (counts.already_linked and data.summary.operation != "link"):
        word = "good"
    rest = f" {bad:,} need{'s' * (bad == 1)} you." if bad else ""
    if data.summary.status is RunStatus.RUNNING:
        return f"{good}{word} so far; {undecided:,} {'is' if undecided == 1 else 'are'} not decided yet.{rest}"
    return f"{good}{word}.{rest}"


def _fullest_window(data: ReportData) -> str:
    """Return a sentence about the ten seconds in which most calls were begun, and the limit at that time."""
    window = data.fullest
    if window is None:
        return ""
    return (
        f"The busiest 10 seconds ended at {local_text(window.at + 1)}, with {window.calls:,} calls begun; "
        f"the limit at that time was {window.limit:,.0f}."
    )


def _is_shown(change: TypeChange) -> bool:
    return bool(change.before or change.after)


def _cut(text: str, length: int = _MAX_TEXT) -> str:
    """Return a text for the report: no control characters, at most `length` characters."""
    text = without_controls(text)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _fitting(rows: Iterable[ReportRow], header: Sequence[str]) -> Iterator[ReportRow]:
    """Yield as many of the first rows as fit into the report."""
    size = 0
    for row in rows:
        cells = (_cut(text, _MAX_CELL) for named in row.named_cells(header) for text in named)
        texts = (*cells, *map(_cut, (row.message, row.advice, row.original)))
        size += _BYTES_OF_MARKUP + sum(len(escape(text).encode("utf-8", "replace")) for text in texts)
        if size > _MAX_BYTES_OF_ROWS:
            return
        yield row
