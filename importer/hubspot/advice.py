"""One plain sentence for an ops person: what to do about a row that is not linked."""

import re
from collections.abc import Iterator

from importer.hubspot.answers import Answer
from importer.model import Pair

RETRY = "Run importer retry: asking again does no harm if the pair is linked already."

_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+"


def advise_refusal(answer: Answer, pair: Pair) -> str:
    """What to do about a pair that HubSpot refused with `answer`."""
    errors = list(answer.error.flattened())
    said = " ".join(f"{error.category} {error.sub_category} {error.message}" for error in errors)
    if answer.http_status == 403 or "MISSING_SCOPES" in said:
        return _advise_scopes(missing_scopes(answer))
    if answer.http_status == 404 or "NOT_FOUND" in said:
        return f"Check {_unknown_side(answer, pair)} in HubSpot: it may be deleted, merged or in another account."
    if re.search(r"(?<![a-z])limits?(?![a-z])", said, re.IGNORECASE):
        return _advise_limit(answer, pair)
    if 300 <= answer.http_status < 400:
        return "The server points elsewhere: check base_url; the importer follows no redirects."
    if re.search(r"object ?type", said, re.IGNORECASE):
        return f"Check that the object types {pair.from_type!r} and {pair.to_type!r} exist in this account."
    if answer.http_status == 400 or "VALIDATION" in said:
        return "HubSpot does not accept these values: read import_error_message, correct the row and run it again."
    return "Read import_error_message; if it does not help, give HubSpot's support the import_correlation_id."


def missing_scopes(answer: Answer) -> tuple[str, ...]:
    """The scopes that the answer names as missing, or else as required; in order, each once."""
    contexts = [item for error in answer.error.flattened() for item in error.context.items()]
    missing, required = (
        [scope for name, values in contexts if re.search(pattern, name, re.IGNORECASE) for scope in values if scope]
        for pattern in ("missing.*scope", "scope")
    )
    return tuple(dict.fromkeys(missing or required))


def _advise_scopes(scopes: tuple[str, ...]) -> str:
    named = f"the scopes {', '.join(scopes)}" if scopes else "the scopes for both object types"
    return f"Give the private app {named} in HubSpot, then run importer retry."


def _advise_limit(answer: Answer, pair: Pair) -> str:
    number = next((found for found in _limits_named(answer) if found not in {pair.from_id, pair.to_id}), None)
    limit = f" of {number}" if number else ""
    return (
        f"A record has reached its limit{limit} for links of this kind: remove a link it no longer needs, or raise the "
        "limit in HubSpot's association settings."
    )


def _limits_named(answer: Answer) -> Iterator[str]:
    """What may be the limit, the surest first; ids of records, which stand nearby, may be among it."""
    errors = list(answer.error.flattened())
    for error in errors:
        for name, values in error.context.items():
            if "limit" in name.lower():
                yield from filter(re.compile(_NUMBER).fullmatch, values)
    said = " ".join(error.message for error in errors)
    for pattern in (rf"\blimit\D{{0,40}}?({_NUMBER})", rf"({_NUMBER})(?:[\s-]+[a-z]+)?[\s-]+limit\b"):
        yield from re.findall(pattern, said, re.IGNORECASE)


def _unknown_side(answer: Answer, pair: Pair) -> str:
    errors = list(answer.error.flattened())
    codes = " ".join(f"{error.sub_category} {' '.join(error.context)}" for error in errors)
    values = (value for error in errors for values in error.context.values() for value in values)
    said = " ".join([*(f"{error.message} {error.id}" for error in errors), *values])
    names_from, names_to = (re.search(rf"\b{side}_?object", codes, re.IGNORECASE) for side in ("from", "to"))
    if bool(names_from) is bool(names_to):  # the codes do not tell: do the ids?
        names_from, names_to = (
            re.search(rf"(?<!\d){re.escape(record)}(?!\d)", said) for record in (pair.from_id, pair.to_id)
        )
    if names_from and not names_to:
        return f"the record to link from ({pair.from_type} {pair.from_id})"
    if names_to and not names_from:
        return f"the record to link to ({pair.to_type} {pair.to_id})"
    return f"both records ({pair.from_type} {pair.from_id} and {pair.to_type} {pair.to_id})"
