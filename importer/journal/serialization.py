"""Converts rows of the journal's tables to records and back."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import groupby, repeat
from operator import itemgetter
from typing import Any

from importer.config import ApiVersion, parse_base_url
from importer.journal.integrity import require
from importer.journal.records import CUT_OFF, Account, PendingPair, RunInfo
from importer.journal.schema import unpack
from importer.model import Labels, ObjectType, Operation, Outcome, Pair, Problem, RecordId, Role, Status

SANDBOX = "sandbox"
"""The target of a run against the in-process sandbox."""

PairRecord = tuple[int, ObjectType, RecordId, ObjectType, RecordId]
"""A row number and the fields of a pair of that row."""

UNKNOWN_PAIR = (None, None, *(None for _ in fields(Outcome)))
"""The state of a pair that has no outcome, is not in flight and repeats no earlier pair."""

_STATUSES: dict[object, Status] = {status.value: status for status in Status}
_TEXT_FIELDS = (
    "run_id",
    "created_at",
    "source",
    "source_sha256",
    "source_modified_at",
    "delimiter",
    "target",
    "api_version",
    "results",
)


def run_info(values: Mapping[str, Any]) -> RunInfo:
    """Return the settings of a run, validated as strictly as a user's settings. Raises CorruptFileError."""
    require(values.keys() == {field.name for field in fields(RunInfo)}, "the settings of the run")
    header, places, parts = values["header"], values["places"], values["parts"]
    require(all(type(values[name]) is str for name in _TEXT_FIELDS), "the settings of the run")
    require(values["parent"] is None or type(values["parent"]) is str, "the run that it retries")
    for texts in (header, parts):
        require(type(texts) is list and all(type(text) is str for text in texts), "the header of its source")
    require(type(values["reading"]) is dict and type(values["settings"]) is dict, "its settings")
    is_place = {role in set(Role) and place in range(1, len(header) + 1) for role, place in places.items()}
    require(False not in is_place, "the columns of its source")
    require(values["api_version"] in set(ApiVersion), "its API version")
    require(_is_target(values["target"]), "its base URL")
    require(values["operation"] in set(Operation), "its operation")
    operation = Operation(values["operation"])
    return RunInfo(**{**values, "header": tuple(header), "parts": tuple(parts), "operation": operation})


def _is_target(text: str) -> bool:
    try:
        return text == SANDBOX or parse_base_url(text) == text
    except ValueError:
        return False


def account(values: Mapping[str, Any]) -> Account:
    """Return the account of a run. Raises CorruptFileError."""
    found = Account(**values)
    is_number = found.portal_id is None or type(found.portal_id) is int
    require(is_number and type(found.key) is type(found.fingerprint) is str, "its account")
    return found


def pair_records(data: bytes) -> list[PairRecord]:
    """Return the pairs of a block."""
    return list(zip(*unpack(data)[:5], strict=True))


def labelled_records(data: bytes) -> list[tuple[PairRecord, Labels]]:
    """Return the pairs of a block, each with its label texts."""
    columns = unpack(data)
    labels = map(tuple, columns[5]) if len(columns) > 5 else repeat(())
    return list(zip(zip(*columns[:5], strict=True), labels, strict=False))


def pending_pair(number: int, record: PairRecord, outcome: Outcome | None, goal: str = "") -> PendingPair:
    """Return a pair to send."""
    return PendingPair(number, record[0], Pair(*record[1:]), outcome, goal=goal)


def outcome_of(values: Sequence[Any]) -> Outcome | None:
    """Return the outcome in a row of `outcomes`, None if the pair has no such row."""
    if values[0] is None:  # true of most pairs when they are claimed
        return None
    status, *others = values
    return Outcome(status_of(status), *others)


def status_of(text: object) -> Status:
    """Return the status with this text. Raises sqlite3.DataError, which counts as damage, if it is unknown."""
    status = _STATUSES.get(text)
    if status is None:
        raise sqlite3.DataError(f"{text!r} is not a status")
    return status


def current_outcome(in_flight: int | None, *values: Any) -> Outcome | None:
    """Return the latest outcome of a pair, or `CUT_OFF` if it was in flight when its process died.

    `in_flight` is the number of the pair if it is in that table, else None.
    """
    outcome = outcome_of(values)
    if in_flight is None or not (outcome is None or outcome.status is Status.NOT_SENT):
        return outcome
    return CUT_OFF if outcome is None else replace(CUT_OFF, attempts=outcome.attempts)


def outcome_values(outcome: Outcome) -> tuple[object, ...]:
    """Return an outcome as the values of a row, in the order of its fields."""
    return (
        outcome.status,
        outcome.http_status,
        outcome.api_status,
        outcome.num_errors,
        outcome.error_category,
        outcome.error_message,
        outcome.error_details,
        outcome.correlation_id,
        outcome.association_types,
        outcome.attempts,
        outcome.completed_at,
        outcome.advice,
    )


class ProblemsByRow:
    """Problems in the order of their rows, available row by row."""

    def __init__(self, found: Iterable[tuple[Any, ...]]) -> None:
        """Iterate over rows of `problems` without their checksums."""
        self._groups: Iterator[tuple[int, Iterator[tuple[Any, ...]]]] = groupby(found, itemgetter(0))
        self._next = next(self._groups, None)

    def of(self, number: int) -> tuple[Problem, ...]:
        """Return the problems of a row. Call it with row numbers in ascending order."""
        if self._next is None or self._next[0] != number:
            return ()
        problems = tuple(Problem(*values) for _, *values in self._next[1])
        self._next = next(self._groups, None)
        return problems
