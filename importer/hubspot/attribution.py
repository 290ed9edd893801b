"""Attribution of a response's errors to records.

A number counts as a record id only where an error labels it as one: a number in a message may also be a limit, an index
or the number of a rule. `ids_in_errors` returns every id that *may* be meant.
"""

import json
import re
from collections.abc import Collection, Iterator

from importer.hubspot.parse import errors_of
from importer.hubspot.response import ErrorItem, Response

_ID_KEY = re.compile(r"(?:invalid_?|missing_?|unknown_?)?(?:from_?|to_?)?(?:object_?|record_?)?ids?", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\d-])\d+(?![\d-])")  # not a part of a type id such as 0-1
_RECORD_NUMBER = re.compile(
    r"\b(?:records?|objects?|ids?|contacts?|compan(?:y|ies)|deals?|tickets?)[\s:#=]{1,3}(\d+)(?![\d-])", re.IGNORECASE
)
_MENTIONS_LIMIT = re.compile(
    r"\b(?:inputs?|batch(?:es)?|limits?|max(?:imum)?|at most|too many|exceeds?|allowed)\b", re.IGNORECASE
)
_COUNT = re.compile(r"(?<![\d,-])(?:\d{1,3}(?:,\d{3})+|\d{1,6})(?![\d-])")


def ids_in_errors(response: Response, ids: set[str]) -> set[str]:
    """Return the `ids` that occur as a number anywhere in a response's errors; all if these cannot be searched."""
    errors = response.content.get("errors")
    try:
        return ids.intersection(re.findall(r"\d+", json.dumps(errors))) if errors else set()
    except RecursionError:  # nested too deeply
        return ids


def records_by_error(response: Response, ids: Collection[str]) -> list[set[str]]:
    """Return, for each error of a response, the `ids` that it names.

    The set is empty if the error names no record, only an index, or a record that was not requested.
    """
    return [ids_named(error, ids) for error in errors_of(response)]


def ids_named(error: ErrorItem, ids: Collection[str]) -> set[str]:
    """Return the `ids` that an error, or an error nested in it, names."""
    return set().union(*_ids_by_place(error, ids))


def _ids_by_place(error: ErrorItem, ids: Collection[str]) -> Iterator[set[str]]:
    """Yield the ids that each context value list and each message names."""
    for one in error.flattened():
        for name, values in one.context.items():
            if _ID_KEY.fullmatch(name):
                yield {number for value in values for number in _NUMBER.findall(value) if number in ids}
        yield {number for number in _RECORD_NUMBER.findall(one.message) if number in ids}


def inputs_allowed(response: Response, sent: int) -> int | None:
    """Return how many inputs a call may have, if the rejection of a call with `sent` inputs names exactly one number.

    This is only a hint: the number may mean something else.
    """
    if not 400 <= response.http_status < 500:
        return None
    messages = [error.message for error in response.error.flattened() if _MENTIONS_LIMIT.search(error.message)]
    named = {int(number.replace(",", "")) for text in messages for number in _COUNT.findall(text)}
    fitting = [number for number in named if 1 < number < sent]
    return fitting[0] if len(fitting) == 1 else None
