"""Problems of rows and cells that are not about the form of a single id (for those see `ids`)."""

from importer.model import Problem
from importer.reader.messages import quoted

MAX_PAIRS = 10_000
"""Maximum number of pairs per row."""

_SPREAD = "Spread the ids over several rows."
_TYPE_ADVICE = "Enter the name of a HubSpot object, such as contacts or companies, or an object type id such as 2-123."


def extra_cell(cells: int, width: int) -> Problem:
    """Return the problem of a row with more cells than the header."""
    message = (
        f"the row has {cells} cells, but the header has {width}; it is not certain which cell belongs to which column."
    )
    advice = "Put a cell that contains the delimiter in quotation marks, or remove the cells beyond the header."
    return Problem("EXTRA_CELL", "", message, advice)


def too_many_pairs(pairs: int) -> Problem:
    """Return the problem of a row with more than `MAX_PAIRS` pairs."""
    message = f"the row contains {pairs:,} pairs; the maximum per row is {MAX_PAIRS:,}."
    return Problem("TOO_MANY_PAIRS", "", message, _SPREAD)


def too_many_ids(cell: str, column: str) -> Problem | None:
    """Return the problem of a cell that may hold more than `MAX_PAIRS` ids, else None."""
    if cell.count(";") + cell.count("；") < MAX_PAIRS:
        return None
    message = f"the cell holds more than {MAX_PAIRS:,} ids; the maximum per row is {MAX_PAIRS:,} pairs."
    return Problem("TOO_MANY_PAIRS", column, message, _SPREAD)


def self_association(record_id: str, column: str) -> Problem:
    """Return the problem of a row that would link a record to itself."""
    message = f"the record {record_id} would be linked to itself, which HubSpot does not allow."
    return Problem("SELF_ASSOCIATION", column, message, "Correct one of the two ids.")


def unlisted_id(text: str, column: str, list_column: str) -> Problem:
    """Return the problem of an id in a labelled column that is missing from the list beside it."""
    message = f"{quoted(text.strip())} is not among the ids of '{list_column}'."
    return Problem(
        "NOT_IN_LIST", column, message, f"Add it to the column '{list_column}', or remove it from this cell."
    )


def further_ids(column: str, ids: int) -> Problem:
    """Return the problem for the remaining ids of a cell, which are not checked after many problems."""
    message = f"{ids:,} more ids in this cell were not checked."
    return Problem("FURTHER_IDS", column, message, "Correct the ids before them and check again.")


def url_type_mismatch(text: str, column: str, url_type: str, expected: str) -> Problem:
    """Return the problem of a record URL whose type is not the one expected in its column."""
    message = f"{quoted(text)} is the page of a record of type '{url_type}', but '{expected}' is expected here."
    return Problem("URL_TYPE_MISMATCH", column, message, "Check the URL, or give the type that it names.")


def other_portal(text: str, column: str, portal: str, expected: int) -> Problem:
    """Return the problem of a record URL that belongs to another account than `expected`."""
    message = f"{quoted(text)} is a record of HubSpot account {portal}, not of account {expected}."
    return Problem("OTHER_PORTAL", column, message, f"Enter the record of account {expected}, or remove the row.")


def missing_type(column: str) -> Problem:
    """Return the problem of a blank cell in a type column."""
    message = "the cell is empty; the type of the record is required."
    return Problem("MISSING_OBJECT_TYPE", column, message, _TYPE_ADVICE)


def unknown_type(text: str, column: str) -> Problem:
    """Return the problem of a type cell that does not contain an object type."""
    return Problem("UNKNOWN_OBJECT_TYPE", column, f"{quoted(text)} is not an object type.", _TYPE_ADVICE)


def type_mismatch(text: str, column: str, expected: str) -> Problem:
    """Return the problem of a type cell that contradicts the type given for the whole file."""
    message = f"{quoted(text)} differs from '{expected}', the type given for the whole file."
    advice = "Correct the cell, or remove the type from the flag or the header."
    return Problem("OBJECT_TYPE_MISMATCH", column, message, advice)
