"""The problems of rows with a value that does not identify exactly one record."""

from importer.hubspot.lookup import Ambiguous, Key, NotFound, Unread
from importer.model import Problem
from importer.reader.messages import quoted

_MAX_IDS = 10
"""Maximum number of ids that a message names."""


def problem_of(result: NotFound | Ambiguous | Unread, key: Key, value: str, column: str) -> Problem:
    """Return the problem of a value; `column` is the column that holds it."""
    match result:
        case NotFound(deleted_on):
            return _not_found(key, value, column, deleted_on)
        case Ambiguous(record_ids, is_complete):
            number = f"{len(record_ids)}" if is_complete else f"at least {len(record_ids)}"
            named = ", ".join(record_ids[:_MAX_IDS]) + (", …" if len(record_ids) > _MAX_IDS else "")
            message = f"{number} {key.object_type} have the {key.name} {quoted(value)}: {named}."
            advice = "Merge the records in HubSpot, or link the right one by its id in a separate file."
            return Problem("AMBIGUOUS", column, message, advice)
        case Unread(reason):
            message = f"{quoted(value)} could not be looked up. {reason}"
            return Problem("NOT_READ", column, message, "Correct the value, or link the record by its id.")


def _not_found(key: Key, value: str, column: str, deleted_on: str) -> Problem:
    message = f"no record of {key.object_type} has the {key.name} {quoted(value)}"
    if deleted_on:
        advice = "Restore the record in HubSpot (possible for 90 days), or correct the value."
        return Problem("NOT_FOUND", column, f"{message}; the one that had it was deleted on {deleted_on}.", advice)
    return Problem("NOT_FOUND", column, f"{message}.", "Correct the value, or create the record in HubSpot.")
