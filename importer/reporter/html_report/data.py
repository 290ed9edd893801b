"""The content of a report as plain values; texts from people and from HubSpot are not escaped yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from importer.journal import (
    ActivityTotals,
    CallFigures,
    CompletedPairs,
    FullestWindow,
    PauseSpan,
    ProcessSpan,
    TypeChange,
)
from importer.model import GOOD_STATUSES, Status
from importer.reporter.html_report.time_axis import TimeAxis
from importer.reporter.row_counts import RowCounts
from importer.reporter.status_meanings import meaning
from importer.reporter.summary import RunStatus, Summary


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the run or its settings."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class StatusShare:
    """The rows with one status and their share of all rows, from 0 to 1, beginning at `start`."""

    status: Status
    rows: int
    start: float
    share: float
    meaning: str

    @property
    def is_good(self) -> bool:
        """True if these rows need no further action."""
        return self.status in GOOD_STATUSES


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind of problem: how many rows or pairs have it, what to do, and the names of the first rows."""

    status: Status
    code: str
    number: str
    message: str
    advice: str
    first_rows: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row that needs work: its name, its cells, and the texts of its result columns."""

    name: str
    status: Status
    cells: tuple[str, ...]
    message: str
    advice: str
    original: str = ""

    def named_cells(self, header: Sequence[str]) -> list[tuple[str, str]]:
        """Return the cells that are not empty, each with the name of its column."""
        return [(name, cell) for name, cell in zip(header, self.cells, strict=True) if cell]


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything that the report of a run shows.

    `notice` says why the run has not finished, "" if it has. `completed` has the pairs by intervals of `interval`
    seconds. `axis` is None if no process has worked on the run.
    """

    summary: Summary
    version: str
    notice: str
    facts: Sequence[Fact]
    settings: Sequence[Fact]
    header: Sequence[str]
    axis: TimeAxis | None
    processes: Sequence[ProcessSpan]
    pauses: Sequence[PauseSpan]
    completed: Sequence[CompletedPairs]
    interval: int
    calls: Sequence[CallFigures]
    totals: ActivityTotals
    latencies: tuple[int | None, int | None]
    fullest: FullestWindow | None
    findings: Sequence[Finding]
    changes: Sequence[TypeChange]
    rows: Sequence[ReportRow]

    @property
    def counts(self) -> RowCounts:
        """The rows of the run by status."""
        return self.summary.row_counts


def share_statuses(summary: Summary) -> list[StatusShare]:
    """Return the statuses that any row has, good ones first, with their positions in a bar of width 1."""
    counts, is_running = summary.row_counts, summary.status is RunStatus.RUNNING
    found = sorted(
        ((status, rows) for status, rows in counts.by_status.items() if rows),
        key=lambda entry: (entry[0] not in GOOD_STATUSES, list(Status).index(entry[0])),
    )
    shares: list[StatusShare] = []
    start = 0.0
    for status, rows in found:
        share = rows / counts.rows
        text = meaning(status, summary.operation, is_running=is_running)
        shares.append(StatusShare(status, rows, start, share, text))
        start += share
    return shares
