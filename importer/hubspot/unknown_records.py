"""Which of a pair's two records an error of HubSpot speaks of."""

import re

from importer.hubspot.non_hubspot import is_hubspots
from importer.hubspot.response import Response
from importer.model import Pair


def proves_unlinked(answer: Response, pair: Pair) -> bool:
    """Whether a 404 proves that `pair` is not linked: HubSpot itself says that one of these very records is unknown.

    The 404 of a gateway, or of a path that does not exist, proves nothing: it may repeat the URL with its ids.
    """
    if answer.http_status != 404 or not is_hubspots(answer):
        return False
    codes = " ".join(f"{error.category} {error.sub_category} {error.code}" for error in answer.error.flattened())
    return "OBJECT_NOT_FOUND" in codes and any(_named_by_id(answer, pair))


def named_side(answer: Response, pair: Pair) -> str:
    """The record that the errors name, as `the record to link from (contacts 1)`; "" when it is not exactly one."""
    codes = _codes(answer)
    from_is_named, to_is_named = (bool(re.search(rf"\b{side}_?object", codes, re.I)) for side in ("from", "to"))
    if from_is_named is to_is_named:  # the codes do not tell: do the ids?
        from_is_named, to_is_named = _named_by_id(answer, pair)
    if not from_is_named and not to_is_named:
        from_is_named, to_is_named = _named_by_type(answer, pair)
    if from_is_named and not to_is_named:
        return f"the record to link from ({pair.from_type} {pair.from_id})"
    if to_is_named and not from_is_named:
        return f"the record to link to ({pair.to_type} {pair.to_id})"
    return ""


def speaks_of_unknown_record(answer: Response) -> bool:
    """Whether the errors say that a record does not exist, whatever the status they came with."""
    said = " ".join(f"{error.category} {error.message}" for error in answer.error.flattened())
    return bool(re.search(r"NOT_FOUND|INVALID_OBJECT_ID", f"{said} {_codes(answer)}"))


def _codes(answer: Response) -> str:
    return " ".join(f"{error.sub_category} {' '.join(error.context)}" for error in answer.error.flattened())


def _named_by_id(answer: Response, pair: Pair) -> tuple[bool, bool]:
    """Whether an error names each of the records by its id; a part of a path or URL names none."""
    errors = list(answer.error.flattened())
    values = (value for error in errors for values in error.context.values() for value in values)
    said = " ".join([*(f"{error.message} {error.id}" for error in errors), *values])
    from_is_named, to_is_named = (
        bool(re.search(rf"(?<![\d/]){re.escape(record)}(?![\d/])", said)) for record in (pair.from_id, pair.to_id)
    )
    return from_is_named, to_is_named


def _named_by_type(answer: Response, pair: Pair) -> tuple[bool, bool]:
    """Whether a message speaks of a record of either type, as in `You may not edit this contact`."""
    said = " ".join(error.message for error in answer.error.flattened())
    stems = (re.sub(r"(ies|s)$", "", object_type) for object_type in (pair.from_type, pair.to_type))
    from_is_named, to_is_named = (bool(re.search(rf"\b{re.escape(stem)}", said, re.I)) for stem in stems)
    return from_is_named, to_is_named
