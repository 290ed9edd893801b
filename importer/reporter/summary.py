"""What a run came to: the JSON object for scripts, the table for people, the exit code for both."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from importer.exit_codes import ExitCode
from importer.model import GOOD_STATUSES, Status, StopReason
from importer.printable import printable
from importer.timestamps import duration_text


class RunStatus(StrEnum):
    """How a run ended."""

    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in numbers, in the order of the JSON object.

    Row counts are the whole run's; `calls` (writes), `reads`, `retries`, `rate_limited` and `seconds` are this
    process's; `results` and `failures` are paths. Raises ValueError when the rows are not the sum of all statuses.
    """

    run_id: str
    status: RunStatus
    stopped_by: StopReason | None
    rows: int
    pairs: int
    linked: int
    already_linked: int
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

    def __post_init__(self) -> None:
        accounted = sum(self.by_status.values())
        if self.rows != accounted:
            raise ValueError(f"{self.rows} rows went in, but {accounted} are accounted for: {self}")

    @property
    def by_status(self) -> dict[Status, int]:
        """The number of rows of each status."""
        return {status: getattr(self, status) for status in Status}

    @property
    def exit_code(self) -> ExitCode:
        """0 every row good · 1 finished, some rows are bad · 3 stopped early · 130 Ctrl-C · 143 SIGTERM or SIGHUP."""
        if self.status is RunStatus.INTERRUPTED:
            is_terminated = self.stopped_by in {StopReason.SIGTERM, StopReason.SIGHUP}
            return ExitCode.TERMINATED if is_terminated else ExitCode.INTERRUPTED
        if self.status is RunStatus.STOPPED:
            return ExitCode.STOPPED
        is_good = sum(self.by_status[status] for status in GOOD_STATUSES) == self.rows
        return ExitCode.OK if is_good else ExitCode.SOME_ROWS_BAD

    def as_json(self) -> str:
        """One line of ASCII; seconds to the millisecond."""
        return json.dumps({**asdict(self), "seconds": round(self.seconds, 3)})


def summary_table(summary: Summary) -> str:
    """The summary as aligned text of several lines for a terminal, without a line end after the last."""
    counts = [
        ("rows", summary.rows),
        *((f"  {status}", number) for status, number in summary.by_status.items()),
        ("duplicates", summary.duplicates),
        ("pairs", summary.pairs),
        ("calls", summary.calls),
        ("reads", summary.reads),
        ("  retries", summary.retries),
        ("  rate limited", summary.rate_limited),
    ]
    digits = max(len(f"{number:,}") for _, number in counts)
    lines = [f"{name:<18}{number:>{digits},}" for name, number in counts]
    files = [
        f"{name:<18}{printable(path)}"
        for name, path in (("results", summary.results), ("failures", summary.failures))
        if path
    ]
    return "\n".join([_headline(summary), *lines, *files])


def _headline(summary: Summary) -> str:
    reason = f" by {summary.stopped_by}" if summary.stopped_by else ""
    return f"Run {summary.run_id} {summary.status}{reason} after {duration_text(summary.seconds)}"
