"""The outcome of a row as texts: the result columns, and the sentences about its problems."""

import json
import re
from collections.abc import Iterable, Sequence

from importer.model import (
    GOOD_STATUSES,
    NUMBERED,
    TYPES_SEPARATOR,
    Outcome,
    PairOutcome,
    Problem,
    RowNames,
    RowOutcome,
    Status,
)

WORST_FIRST = (
    Status.FAILED,
    Status.UNCONFIRMED,
    Status.NOT_SENT,
    Status.UNLINKED,
    Status.NOT_LINKED,
    Status.LINKED,
    Status.ALREADY_LINKED,
)
"""A row of several pairs has the outcome of the first pair with the first of these statuses.

Only an undo has linked and unlinked pairs in the same row, because it gives the Primary label back to the company that
had it before. Such a row is not linked if any of its pairs is not.
"""

_LINKED = frozenset({Status.LINKED, Status.ALREADY_LINKED})
_BLANK = Outcome(Status.BLANK)
_FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")

_TYPES_BEFORE = re.compile(r"-(\|(-|[A-Za-z_]+:[0-9]+(;[A-Za-z_]+:[0-9]+)*)?)*")
"""What `types_before` returns for a row whose first pair had no types."""


def row_result(row: RowOutcome, names: RowNames = NUMBERED) -> tuple[Status, tuple[str, ...]]:
    """Return the status of a row and its texts for `model.ROW_RESULT_COLUMNS`, in that order.

    HubSpot's texts are not escaped. A row that has neither pairs nor problems is blank.
    """
    if row.problems:
        return Status.INVALID, _invalid_texts(row, names.of(row.number))
    if len(row.pairs) == 1:
        worst = row.pairs[0].outcome
        details = worst.error_details
    elif row.pairs:
        worst = min(row.pairs, key=_severity).outcome
        details = _details_of_pairs(row.pairs, worst.status)
    else:
        worst, details = _BLANK, ""
    return worst.status, (
        names.of(row.number),
        str(worst.status),
        "" if worst.http_status is None else str(worst.http_status),
        worst.api_status,
        str(worst.num_errors),
        worst.error_category,
        worst.error_message,
        details,
        worst.correlation_id,
        worst.association_types,
        str(worst.attempts),
        _duplicate_of(row, names),
        worst.completed_at,
        worst.advice,
    )


def types_before(row: RowOutcome) -> str:
    """Return the types that the row's pairs had before sending, "" if they were not read.

    There is one entry for each pair, in the order of the ids, unless all pairs had the same types.
    """
    if row.problems or not row.pairs:
        return ""
    if len(row.pairs) == 1:
        return row.pairs[0].before or ""
    types = [pair.before or "" for pair in row.pairs]
    return types[0] if len(set(types)) == 1 else TYPES_SEPARATOR.join(types)


def found_ids(row: RowOutcome) -> tuple[str, str]:
    """Return the ids of a row's records on each side, joined by `;`."""
    pairs = [pair.pair for pair in row.pairs]
    return ";".join(dict.fromkeys(pair.from_id for pair in pairs)), ";".join(
        dict.fromkeys(pair.to_id for pair in pairs)
    )


def problem_sentence(row: int | str, problem: Problem) -> str:
    """Return the sentence for people: `row 17, column 'company_id': 'ACME Ltd' is not a HubSpot record id …`."""
    where = f", column '{problem.column}'" if problem.column else ""
    return f"row {row}{where}: {problem.message}"


def escape_formula(text: str) -> str:
    """Return the text, with `'` before it if a spreadsheet program would take it for a formula.

    Association types before sending are not formulas, even if they begin with `-` for a pair that had none.
    Source: OWASP, CSV Injection (in some locales the full-width signs count as well).
    """
    return "'" + text if text and text[0] in _FORMULA_STARTS and not _TYPES_BEFORE.fullmatch(text) else text


def escape_formulas(texts: Iterable[str]) -> list[str]:
    """Return the texts, each as `escape_formula` returns it."""
    return [escape_formula(text) if text[:1] in _FORMULA_STARTS else text for text in texts]


def _severity(pair: PairOutcome) -> int:
    return WORST_FIRST.index(pair.outcome.status)


def _duplicate_of(row: RowOutcome, names: RowNames) -> str:
    for pair in row.pairs:
        if pair.first_row != row.number:
            return names.of(pair.first_row)
    return ""


def _details_of_pairs(pairs: Sequence[PairOutcome], worst: Status) -> str:
    """Return the bad pairs as JSON; for a row that is not linked, also those that are."""
    also_listed = _LINKED if worst in {Status.UNLINKED, Status.NOT_LINKED} else frozenset()
    named = [pair for pair in pairs if pair.outcome.status not in GOOD_STATUSES - also_listed]
    return _compact([_pair_details(pair) for pair in named]) if named else ""


def _pair_details(pair: PairOutcome) -> dict[str, object]:
    """Return a pair as JSON values, named like the columns; empty values are left out."""
    outcome = pair.outcome
    values = {
        "http_status": outcome.http_status,
        "error_category": outcome.error_category,
        "error_message": outcome.error_message,
        "error_details": _parsed(outcome.error_details),
        "correlation_id": outcome.correlation_id,
        "advice": outcome.advice,
    }
    return {
        "pair": {
            "from_object_type": pair.pair.from_type,
            "from_object_id": pair.pair.from_id,
            "to_object_type": pair.pair.to_type,
            "to_object_id": pair.pair.to_id,
        },
        "status": outcome.status,
        **{name: value for name, value in values.items() if value not in (None, "")},
    }


def _parsed(details: str) -> object:
    """Return the details as JSON values, to avoid JSON inside a JSON string; the text itself if it is not JSON."""
    try:
        return json.loads(details)
    except (ValueError, RecursionError):
        return details


def _invalid_texts(row: RowOutcome, name: str) -> tuple[str, ...]:
    problems = [
        {"column": problem.column, "code": problem.code, "message": problem.message, "advice": problem.advice}
        for problem in row.problems
    ]
    return (
        name,
        str(Status.INVALID),
        "",
        "",
        "0",
        row.problems[0].code,
        " ".join(problem_sentence(name, problem) for problem in row.problems),
        _compact(problems),
        "",
        "",
        "0",
        "",
        "",
        " ".join(dict.fromkeys(problem.advice for problem in row.problems if problem.advice)),
    )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
