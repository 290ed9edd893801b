"""The summary of a run: the JSON object for scripts, the text for people, the exit code, the results as a frame."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from importer.errors import OutputError
from importer.exit_codes import ExitCode
from importer.model import Operation, Status, StopReason
from importer.printable import printable
from importer.reporter.row_counts import RowCounts
from importer.reporter.summary_sheet import next_steps
from importer.timestamps import duration_text

if TYPE_CHECKING:
    import pandas


class RunStatus(StrEnum):
    """How the last process on a run ended, or that one is working on it.

    Without a summary a process was killed (`interrupted`), or an error ended it: before anything was sent (`refused`),
    or later (`aborted`).
    """

    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    RUNNING = "running"
    REFUSED = "refused"
    ABORTED = "aborted"


_EXIT_CODES = {RunStatus.REFUSED: ExitCode.WRONG_INPUT, RunStatus.ABORTED: ExitCode.STOPPED}


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in numbers, in the order of the JSON object.

    `file` is the path of the source; `results`, `failures` and `report` are those of what was written. Row counts cover
    the whole run; `calls` (writes), `reads`, `retries`, `rate_limited` and `seconds` cover this process. `earlier_runs`
    are those that the same command finished before this one. `not_started` is the path of the command's own source, if
    this run prevented its own and the source could not even be journalled. Raises ValueError unless the statuses add up
    to the rows.
    """

    run_id: str
    operation: Operation
    file: str
    status: RunStatus
    stopped_by: StopReason | None
    rows: int
    pairs: int
    linked: int
    already_linked: int
    unlinked: int
    not_linked: int
    blank: int
    failed: int
    unconfirmed: int
    invalid: int
    not_sent: int
    duplicates: int
    calls: int
    reads: int
    retries: int
    rate_limited: int
    seconds: float
    results: str | None
    failures: str | None
    report: str | None = None
    earlier_runs: tuple["Summary", ...] = ()
    not_started: str | None = None

    def __post_init__(self) -> None:
        _ = self.row_counts  # which checks that they add up

    @property
    def row_counts(self) -> RowCounts:
        """The counts of the rows."""
        by_status = {str(status): getattr(self, status) for status in Status}
        return RowCounts(rows=self.rows, duplicates=self.duplicates, **by_status)

    @property
    def undecided(self) -> int:
        """The number of rows that a running run has not decided yet; 0 once it has ended."""
        return self.not_sent + self.unconfirmed if self.status is RunStatus.RUNNING else 0

    @property
    def exit_code(self) -> ExitCode:
        """0 every row good · 1 finished, some rows are bad · 3 stopped early · 130 Ctrl-C · 143 SIGTERM or SIGHUP.

        The worst code of this run and the earlier runs.
        """
        return max([self._own_exit_code, *(run.exit_code for run in self.earlier_runs)])

    @property
    def _own_exit_code(self) -> ExitCode:
        if self.status is RunStatus.FINISHED:
            return ExitCode.SOME_ROWS_BAD if self.row_counts.bad else ExitCode.OK
        if self.stopped_by is not None:
            return self.stopped_by.exit_code
        return _EXIT_CODES.get(self.status, ExitCode.INTERRUPTED)

    def values(self) -> dict[str, Any]:
        """Return the run without the earlier ones as JSON values; seconds to the millisecond."""
        values = asdict(self)
        del values["earlier_runs"], values["not_started"]
        return {**values, "seconds": round(self.seconds, 3)}

    def as_json(self) -> str:
        """Return one line of ASCII, with the keys `earlier_runs`, a list of such objects, and `not_started` if any."""
        optional = {"earlier_runs": [run.values() for run in self.earlier_runs], "not_started": self.not_started}
        return json.dumps({**self.values(), **{key: value for key, value in optional.items() if value}})

    def to_frame(self) -> "pandas.DataFrame":
        """Return the results file as a data frame with typed result columns (`reporter.frame`).

        Raises OutputError (`RESULTS_MISSING`, `RESULTS_CHANGED`) if the file is gone or another run wrote it.
        """
        from importer.reporter.frame import read_results  # noqa: PLC0415 - pandas takes long to import

        if self.results is None:
            raise OutputError("RESULTS_MISSING", f"Run {self.run_id} has not written a results file.")
        return read_results(self.results, self.run_id)


def summary_table(summary: Summary) -> str:
    """Return the summary for a terminal: what happened and what to do next, without a trailing newline.

    Counts that are zero are left out. Only a long path can make a line longer than 80 characters.
    """
    counts = [
        ("rows", summary.rows),
        *((f"  {status}", number) for status, number in _decided(summary).items()),
        ("  not decided yet", summary.undecided),
        ("duplicates", summary.duplicates),
        ("pairs", summary.pairs),
        ("calls", summary.calls),
        ("reads", summary.reads),
        ("  retries", summary.retries),
        ("  rate limited", summary.rate_limited),
    ]
    shown = [(name, number) for name, number in counts if number or name == "rows"]
    digits = max(len(f"{number:,}") for _, number in shown)
    lines = [f"{name:<18}{number:>{digits},}" for name, number in shown]
    files = [
        f"{name:<18}{printable(path)}"
        for name, path in (("results", summary.results), ("failures", summary.failures), ("report", summary.report))
        if path
    ]
    steps = _next_steps(summary)
    wrapped = [f"  {line}" for step in steps for line in textwrap.wrap(step, 76, break_on_hyphens=False)]
    return "\n".join([_headline(summary), *lines, *files, *(["", "What to do next", *wrapped] if steps else [])])


def _decided(summary: Summary) -> dict[Status, int]:
    """Return the rows by status without those that are not decided yet."""
    found = summary.row_counts.by_status
    return {**found, Status.UNCONFIRMED: 0, Status.NOT_SENT: 0} if summary.undecided else found


def _next_steps(summary: Summary) -> Sequence[str]:
    if summary.status is RunStatus.RUNNING:
        return ("Wait until the run ends: a process is still working on it.",)
    counts, is_unfinished = summary.row_counts, summary.status is not RunStatus.FINISHED
    return next_steps(summary.run_id, counts, summary.operation, is_unfinished=is_unfinished) if counts.bad else ()


def _headline(summary: Summary) -> str:
    reason = f" by {summary.stopped_by}" if summary.stopped_by else ""
    name = "Verification" if summary.operation is Operation.VERIFY else f"Run {summary.run_id}"
    since = "for" if summary.status is RunStatus.RUNNING else "after"
    return f"{name} {summary.status}{reason} {since} {duration_text(summary.seconds)}"
