"""The summary of a run: the JSON object for scripts, the text for people, the exit code, the results as a frame."""

import json
import textwrap
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
    """How a run ended."""

    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


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
    def exit_code(self) -> ExitCode:
        """0 every row good · 1 finished, some rows are bad · 3 stopped early · 130 Ctrl-C · 143 SIGTERM or SIGHUP.

        The worst code of this run and the earlier runs.
        """
        return max([self._own_exit_code, *(run.exit_code for run in self.earlier_runs)])

    @property
    def _own_exit_code(self) -> ExitCode:
        if self.status is RunStatus.FINISHED:
            return ExitCode.SOME_ROWS_BAD if self.row_counts.bad else ExitCode.OK
        # Without a reason, its process was killed or is still running.
        return ExitCode.INTERRUPTED if self.stopped_by is None else self.stopped_by.exit_code

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
        *((f"  {status}", number) for status, number in summary.row_counts.by_status.items()),
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
    counted = summary.row_counts
    steps = next_steps(summary.run_id, counted, summary.operation) if counted.bad else ()
    wrapped = [f"  {line}" for step in steps for line in textwrap.wrap(step, 76, break_on_hyphens=False)]
    return "\n".join([_headline(summary), *lines, *files, *(["", "What to do next", *wrapped] if steps else [])])


def _headline(summary: Summary) -> str:
    reason = f" by {summary.stopped_by}" if summary.stopped_by else ""
    name = "Verification" if summary.operation is Operation.VERIFY else f"Run {summary.run_id}"
    return f"{name} {summary.status}{reason} after {duration_text(summary.seconds)}"
