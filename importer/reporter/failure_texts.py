"""Explains the failures of a run's pairs, all of one kind together."""

from collections.abc import Mapping

from importer.journal import FailureKind
from importer.model import Operation, Status
from importer.reporter.problem_kinds import FAILURES, Kind
from importer.reporter.status_meanings import meaning

_ADVICE: Mapping[Status, str] = {
    Status.FAILED: "Read the reason of each row, correct the rows and import them again.",
    Status.UNCONFIRMED: "Run importer retry: repeating the call is harmless if the pair is linked already.",
    Status.NOT_SENT: "Resume the run.",
}


def failure_code(kind: FailureKind) -> str:
    """Return the error category, else the HTTP status, of pairs that are not good; "" if there was no response."""
    return kind.category or (f"HTTP {kind.http_status}" if kind.http_status else "")


def explained_failure(kind: FailureKind, operation: Operation) -> Kind:
    """Return what a failure means and what to do about it.

    A failure that only HubSpot defines has HubSpot's sentence if all of its pairs have the same one.
    """
    return FAILURES.get(kind.category) or Kind(
        kind.message or meaning(kind.status, operation), kind.advice or _ADVICE[kind.status]
    )
