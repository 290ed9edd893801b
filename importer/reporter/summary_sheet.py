"""The content of the Summary sheet of a results workbook."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from importer.model import Operation, Status
from importer.reporter.row_counts import RowCounts

TITLE = "Summary"
ALTERNATIVE_TITLE = "Import summary"

HEADINGS = ("Import summary", "What to do next", "About this run")
"""The headings, by which the sheet of an earlier run is recognised."""

MEANINGS = {
    Status.LINKED: "HubSpot confirmed the link.",
    Status.ALREADY_LINKED: "The records were already linked; nothing was sent.",
    Status.UNLINKED: "The link was removed; reading it back confirmed that.",
    Status.NOT_LINKED: "The records were not linked; nothing was sent.",
    Status.BLANK: "The row has no id to link.",
    Status.FAILED: "HubSpot refused the link; sending it again unchanged would fail again.",
    Status.UNCONFIRMED: "Sent, but HubSpot did not confirm it; it is safe to retry.",
    Status.INVALID: "The row could not be read as a pair of records; nothing was sent for it.",
    Status.NOT_SENT: "The run ended before this row's turn.",
}
"""The meaning of each status, for people."""


@dataclass(frozen=True, slots=True)
class RunDescription:
    """The facts about a run that a results workbook names beside its counts; `account` is "" when unknown."""

    run_id: str
    source: str
    account: str = ""
    operation: Operation = Operation.LINK


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """A line of the Summary sheet: a label, a value (numbers are written as numbers), an explanation."""

    label: str
    value: str | int = ""
    text: str = ""
    status: Status | None = None
    is_heading: bool = False


def summary_lines(run: RunDescription, counts: RowCounts) -> list[SummaryLine]:
    """Return the lines of the Summary sheet: counts, next steps, facts about the run."""
    present = [(status, count) for status, count in counts.by_status.items() if count]
    return [
        SummaryLine(HEADINGS[0], is_heading=True),
        SummaryLine("rows", counts.rows),
        *(SummaryLine(str(status), count, _meaning(status, run.operation), status) for status, count in present),
        *([SummaryLine("duplicates", counts.duplicates, _DUPLICATES)] if counts.duplicates else []),
        SummaryLine(""),
        SummaryLine(HEADINGS[1], is_heading=True),
        *(SummaryLine(sentence) for sentence in next_steps(run.run_id, counts, run.operation)),
        SummaryLine(""),
        SummaryLine(HEADINGS[2], is_heading=True),
        SummaryLine("account", run.account or "unknown"),
        SummaryLine("run", run.run_id),
        SummaryLine("file", run.source),
        SummaryLine("finished", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"),
        SummaryLine("program", f"importer {program_version()}"),
    ]


_DUPLICATES = "Rows whose pair occurs in an earlier row; each pair is sent once."


def _meaning(status: Status, operation: Operation) -> str:
    if status is Status.NOT_SENT and operation is Operation.VERIFY:
        return "The records are not linked; nothing was sent."
    return MEANINGS[status]


def next_steps(run_id: str, counts: RowCounts, operation: Operation = Operation.LINK) -> Sequence[str]:
    """Return one or two sentences about what to do next."""
    if not counts.bad:
        return ("Nothing: every row is done.",)
    if operation is Operation.VERIFY:
        return _steps_after_verification(counts)
    if operation is Operation.UNDO:
        return _steps_after_undo(run_id, counts)
    steps = []
    if counts.not_sent:
        steps.append(f"To send the {_rows(counts.not_sent)} that were not sent: importer resume {run_id}.")
    to_correct = counts.failed + counts.invalid
    if to_correct:
        steps.append(
            f"Correct {_rows(to_correct)} in the results file (import_advice says how), save it, "
            "then run: importer retry RESULTS_FILE."
        )
    elif counts.unconfirmed:
        steps.append(f"To retry {_rows(counts.unconfirmed)}: importer retry {run_id}.")
    return steps


def _steps_after_verification(counts: RowCounts) -> Sequence[str]:
    missing = counts.bad - counts.invalid
    link = f"To link the {_rows(missing)} not linked yet: importer run FILE." if missing else ""
    correct = (
        f"Correct {_rows(counts.invalid)} of FILE (import_advice in the results says how)." if counts.invalid else ""
    )
    return tuple(filter(None, (link, correct)))


def _steps_after_undo(run_id: str, counts: RowCounts) -> Sequence[str]:
    not_reached = f"To restore the {_rows(counts.not_sent)} not reached yet: importer resume {run_id}."
    not_restored = "Rows that were not restored have the reason in the results file (import_advice)."
    return tuple(
        step for step, count in ((not_reached, counts.not_sent), (not_restored, counts.bad - counts.not_sent)) if count
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def program_version() -> str:
    """Return the version of the installed program, "" when it runs from a source tree."""
    try:
        return version("importer")
    except PackageNotFoundError:
        return ""
