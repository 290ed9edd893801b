"""The kinds of problems and failures of a run: general sentences, the numbers of rows or pairs, the first rows."""

from collections.abc import Sequence

from importer.journal import FailureKind, ProblemGroup
from importer.model import Operation, RowNames, Status
from importer.reporter.failure_texts import explained_failure, failure_code
from importer.reporter.html_report.data import Finding
from importer.reporter.problem_kinds import PROBLEMS, Kind


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
    """Return the finding for pairs that are not good."""
    explained = explained_failure(kind, operation)
    return Finding(
        status=kind.status,
        code=failure_code(kind),
        number=_count(kind.pairs, "pair"),
        message=explained.meaning,
        advice=explained.advice,
        first_rows=_names(first_rows, names),
    )


def _names(rows: Sequence[int], names: RowNames) -> str:
    return ", ".join(map(names.of, dict.fromkeys(rows)))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
