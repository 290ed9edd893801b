"""The content of the Summary sheet of a results workbook."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from importer.model import Operation, Status
from importer.reporter.row_counts import RowCounts
from importer.reporter.status_meanings import meaning

TITLE = "Summary"
ALTERNATIVE_TITLE = "Import summary"

HEADINGS = ("Import summary", "What to do next", "About this run")
"""The headings, by which the sheet of an earlier run is recognised."""


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
        *(SummaryLine(str(status), count, meaning(status, run.operation), status) for status, count in present),
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


def next_steps(
    run_id: str, counts: RowCounts, operation: Operation = Operation.LINK, *, is_unfinished: bool = False
) -> Sequence[str]:
    """Return one or two sentences about what to do next.

    Resuming an unfinished run also sends its unconfirmed rows again. A run with rows not sent is always unfinished.
    """
    if not counts.bad:
        return ("Nothing: every row is done.",)
    if operation is Operation.VERIFY:
        return _steps_after_verification(counts)
    if operation is Operation.UNDO:
        return _steps_after_undo(run_id, counts, is_unfinished=is_unfinished)
    steps = []
    resumed = counts.not_sent + counts.unconfirmed * is_unfinished
    if resumed:
        reason = "not sent or not confirmed" if resumed > counts.not_sent else "not sent"
        steps.append(f"To send the {_rows(resumed)} that were {reason}: importer resume {run_id}.")
    to_correct = counts.failed + counts.invalid
    if to_correct:
        steps.append(
            f"Correct {_rows(to_correct)} in the results file (import_advice says how), save it, "
            "then run: importer retry RESULTS_FILE."
        )
    elif counts.unconfirmed and not is_unfinished:
        steps.append(f"To retry {_rows(counts.unconfirmed)}: importer retry {run_id}.")
    return steps


def _steps_after_verification(counts: RowCounts) -> Sequence[str]:
    missing = counts.bad - counts.invalid
    link = f"To link the {_rows(missing)} not linked yet: importer run FILE." if missing else ""
    correct = (
        f"Correct {_rows(counts.invalid)} of FILE (import_advice in the results says how)." if counts.invalid else ""
    )
    return tuple(filter(None, (link, correct)))


def _steps_after_undo(run_id: str, counts: RowCounts, *, is_unfinished: bool) -> Sequence[str]:
    resumed = counts.not_sent + counts.unconfirmed * is_unfinished
    not_reached = f"To restore the {_rows(resumed)} not restored yet: importer resume {run_id}."
    not_restored = "Rows that were not restored have the reason in the results file (import_advice)."
    return tuple(step for step, count in ((not_reached, resumed), (not_restored, counts.bad - resumed)) if count)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def program_version() -> str:
    """Return the version of the installed program, "" when it runs from a source tree."""
    try:
        return version("importer")
    except PackageNotFoundError:
        return ""
