"""Whom a 403 concerns: the token's scopes, the account, the user behind the token, or only the records of a pair."""

import re
from enum import StrEnum

from importer.hubspot.answers import Answer


class Denial(StrEnum):
    """What is denied by a 403 that comes from HubSpot itself."""

    SCOPES = "scopes"  # linking these two object types, with this token
    ACCOUNT = "account"  # everything: the account is deactivated
    CREATOR = "creator"  # everything: the user who made the app or the key has lost rights
    RECORDS = "records"  # this pair only


_ACCOUNT_CODE = re.compile(
    r"(ACCOUNT|PORTAL|HUB)_(IS_)?(INACTIVE|NOT_ACTIVE|DEACTIVATED|DISABLED|SUSPENDED|CLOSED|DELETED|EXPIRED)"
)
_ACCOUNT_SENTENCE = re.compile(
    r"\b(account|portal|hub)\b.{0,30}\b(inactive|deactivated|disabled|suspended|closed|deleted)\b", re.IGNORECASE
)


def denial_of(answer: Answer) -> Denial:
    """Read what a 403 denies. Source: HubSpot, error page and guides; bodies as reported by its users."""
    errors = list(answer.error.flattened())
    codes = " ".join(f"{error.category} {error.sub_category} {error.code}" for error in errors)
    said = " ".join(error.message for error in errors)
    if missing_scopes(answer) or re.search(r"scopes?\b|requires (any|all) of", f"{codes} {said}", re.IGNORECASE):
        return Denial.SCOPES
    if _ACCOUNT_CODE.search(codes) or _ACCOUNT_SENTENCE.search(said):
        return Denial.ACCOUNT
    if "USER_DOES_NOT_HAVE_PERMISSIONS" in f"{codes} {said}":
        return Denial.CREATOR
    return Denial.RECORDS


def missing_scopes(answer: Answer) -> tuple[str, ...]:
    """The scopes that the answer names as missing, or else as required; in order, each once."""
    contexts = [item for error in answer.error.flattened() for item in error.context.items()]
    missing, required = (
        [scope for name, values in contexts if re.search(pattern, name, re.IGNORECASE) for scope in values if scope]
        for pattern in ("missing.*scope", "scope")
    )
    return tuple(dict.fromkeys(missing or required))
