"""Advice for an operations person about a pair that is not linked: one plain sentence."""

import re
from collections.abc import Iterator

from importer.hubspot.intermediaries import REDIRECT_ADVICE
from importer.hubspot.not_found import mentions_unknown_record, named_side
from importer.hubspot.permissions import Denial, classify_denial, missing_scopes
from importer.hubspot.response import Response
from importer.model import Pair

RETRY_ADVICE = "Run importer retry: repeating the call is harmless if the pair is linked already."

_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+"


def refusal_advice(response: Response, pair: Pair) -> str:
    """Return the advice about a pair that HubSpot rejected with `response`."""
    text = " ".join(f"{error.category} {error.sub_category} {error.message}" for error in response.error.flattened())
    if response.http_status == 403 or "MISSING_SCOPES" in text:
        return _advise_permission(response, pair)
    if "INVALID_ASSOCIATION_TYPE" in text:
        return (
            f"HubSpot has no such label from {pair.from_type} to {pair.to_type}, or no longer has it: start a new run "
            "to read the labels again, and swap the columns if the label exists only in the other direction."
        )
    if response.http_status == 404 or mentions_unknown_record(response):
        return _advise_unknown(response, pair)
    if re.search(r"(?<![a-z])limits?(?![a-z])", text, re.IGNORECASE):
        return _advise_limit(response, pair)
    if 300 <= response.http_status < 400:
        return REDIRECT_ADVICE
    if re.search(r"object ?type", text, re.IGNORECASE):
        return f"Check that the object types {pair.from_type!r} and {pair.to_type!r} exist in this account."
    if response.http_status == 400 or "VALIDATION" in text:
        named = named_side(response, pair)
        values = f"these values of {named}" if named else "these values"
        return f"HubSpot does not accept {values}: read import_error_message, correct the row and import it again."
    return "Read import_error_message; if it does not help, give HubSpot support the import_correlation_id."


def _advise_permission(response: Response, pair: Pair) -> str:
    if classify_denial(response) is Denial.RECORDS:
        named = named_side(response, pair) or _both(pair)
        return f"In HubSpot, give the user who owns the token permission to edit {named}, then run importer retry."
    scopes = missing_scopes(response)
    named = f"the scopes {', '.join(scopes)}" if scopes else "the scopes for both object types"
    return f"In HubSpot, give the service key or private app {named}, then run importer retry."


def _advise_unknown(response: Response, pair: Pair) -> str:
    named = named_side(response, pair)
    if named:
        return f"Check {named} in HubSpot: it may have been deleted or merged, or belong to another account."
    return (
        f"Check {_both(pair)} in HubSpot: one may have been deleted or merged, or belong to another account. "
        "If every row has this advice, check base_url and api_version."
    )


def _both(pair: Pair) -> str:
    return f"both records ({pair.from_type} {pair.from_id} and {pair.to_type} {pair.to_id})"


def _advise_limit(response: Response, pair: Pair) -> str:
    number = next((number for number in _possible_limits(response) if number not in {pair.from_id, pair.to_id}), None)
    limit = f" of {number}" if number else ""
    return (
        f"A record has reached its limit{limit} for links of this kind: remove a link it no longer needs, or raise the "
        "limit in HubSpot's association settings."
    )


def _possible_limits(response: Response) -> Iterator[str]:
    """Yield numbers that may be the limit, most likely first; record ids may be among them."""
    errors = list(response.error.flattened())
    for error in errors:
        for name, values in error.context.items():
            if "limit" in name.lower():
                yield from filter(re.compile(_NUMBER).fullmatch, values)
    text = " ".join(error.message for error in errors)
    for pattern in (rf"\blimit\D{{0,40}}?({_NUMBER})", rf"({_NUMBER})(?:[\s-]+[a-z]+)?[\s-]+limit\b"):
        yield from re.findall(pattern, text, re.IGNORECASE)
