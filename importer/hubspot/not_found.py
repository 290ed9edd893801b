"""Errors about unknown records: which of a pair's two records an error from HubSpot refers to."""

import re

from importer.hubspot.intermediaries import is_from_hubspot
from importer.hubspot.response import Response
from importer.model import Pair


def proves_not_linked(response: Response, pair: Pair) -> bool:
    """Return whether a 404 proves that `pair` is not linked: HubSpot reports that one of these records does not exist.

    A 404 from a gateway, or for a path that does not exist, proves nothing: it may repeat the URL with its ids.
    """
    if response.http_status != 404 or not is_from_hubspot(response):
        return False
    codes = " ".join(f"{error.category} {error.sub_category} {error.code}" for error in response.error.flattened())
    return "OBJECT_NOT_FOUND" in codes and any(_named_by_id(response, pair))


def named_side(response: Response, pair: Pair) -> str:
    """Return the record that the errors name, as `the record to link from (contacts 1)`; "" unless exactly one."""
    codes = _codes(response)
    from_is_named, to_is_named = (bool(re.search(rf"\b{side}_?object", codes, re.I)) for side in ("from", "to"))
    if from_is_named is to_is_named:  # the codes do not distinguish them; the ids may
        from_is_named, to_is_named = _named_by_id(response, pair)
    if not from_is_named and not to_is_named:
        from_is_named, to_is_named = _named_by_type(response, pair)
    if from_is_named and not to_is_named:
        return f"the record to link from ({pair.from_type} {pair.from_id})"
    if to_is_named and not from_is_named:
        return f"the record to link to ({pair.to_type} {pair.to_id})"
    return ""


def mentions_unknown_record(response: Response) -> bool:
    """Return whether the errors report that a record does not exist, regardless of the HTTP status."""
    text = " ".join(f"{error.category} {error.message}" for error in response.error.flattened())
    return bool(re.search(r"NOT_FOUND|INVALID_OBJECT_ID", f"{text} {_codes(response)}"))


def _codes(response: Response) -> str:
    return " ".join(f"{error.sub_category} {' '.join(error.context)}" for error in response.error.flattened())


def _named_by_id(response: Response, pair: Pair) -> tuple[bool, bool]:
    """Return, for each of the two records, whether an error names its id; ids in a path or URL do not count."""
    errors = list(response.error.flattened())
    values = (value for error in errors for values in error.context.values() for value in values)
    text = " ".join([*(f"{error.message} {error.id}" for error in errors), *values])
    from_is_named, to_is_named = (
        bool(re.search(rf"(?<![\d/]){re.escape(record)}(?![\d/])", text)) for record in (pair.from_id, pair.to_id)
    )
    return from_is_named, to_is_named


def _named_by_type(response: Response, pair: Pair) -> tuple[bool, bool]:
    """Return, for each of the two records, whether a message mentions its type: `You may not edit this contact`."""
    text = " ".join(error.message for error in response.error.flattened())
    stems = (re.sub(r"(ies|s)$", "", object_type) for object_type in (pair.from_type, pair.to_type))
    from_is_named, to_is_named = (bool(re.search(rf"\b{re.escape(stem)}", text, re.I)) for stem in stems)
    return from_is_named, to_is_named
