"""The kinds of problems and failures of a run: general sentences, the numbers of rows or pairs, the first rows."""

from collections.abc import Mapping, Sequence

from importer.journal import FailureKind, ProblemGroup
from importer.model import Operation, RowNames, Status
from importer.reporter.html_report.data import Finding
from importer.reporter.problem_kinds import FAILURES, PROBLEMS, Kind
from importer.reporter.status_meanings import meaning

_ADVICE: Mapping[Status, str] = {
    Status.FAILED: "Read the reason of each row, correct the rows and import them again.",
    Status.UNCONFIRMED: "Run importer retry: repeating the call is harmless if the pair is linked already.",
    Status.NOT_SENT: "Resume the run; the top of this report says why it ended.",
}


def problem_finding(group: ProblemGroup, names: RowNames) -> Finding:
    """Return the finding for rows that yield no pair."""
    first = group.first[0][1]
    kind = PROBLEMS.get(group.code) or Kind(first.message, first.advice)
    return Finding(
        status=Status.INVALID,
        code=group.code,
        number=_count(group.rows, "row"),
        message=kind.meaning,
        advice=kind.advice,
        first_rows=_names([number for number, _ in group.first], names),
    )


def failure_finding(kind: FailureKind, first_rows: Sequence[int], names: RowNames, operation: Operation) -> Finding:
    """Return the finding for pairs that are not good.

    A failure that only HubSpot defines has HubSpot's sentence if all of its pairs have the same one.
    """
    known = FAILURES.get(kind.category)
    return Finding(
        status=kind.status,
        code=kind.category or (f"HTTP {kind.http_status}" if kind.http_status else ""),
        number=_count(kind.pairs, "pair"),
        message=known.meaning if known else kind.message or meaning(kind.status, operation),
        advice=known.advice if known else kind.advice or _ADVICE[kind.status],
        first_rows=_names(first_rows, names),
    )


def _names(rows: Sequence[int], names: RowNames) -> str:
    return ", ".join(map(names.of, dict.fromkeys(rows)))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
