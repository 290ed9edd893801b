"""Causes of a 403: the token's scopes, the account, the user behind the token, or only the records of a pair."""

import re
from enum import StrEnum

from importer.hubspot.response import Response


class Denial(StrEnum):
    """The cause of a 403 from HubSpot itself."""

    SCOPES = "scopes"  # linking these two object types, with this token
    ACCOUNT = "account"  # everything: the account is deactivated
    CREATOR = "creator"  # everything: the user who created the app or the key has lost permissions
    RECORDS = "records"  # this pair only


_ACCOUNT_CODE = re.compile(
    r"(ACCOUNT|PORTAL|HUB)_(IS_)?(INACTIVE|NOT_ACTIVE|DEACTIVATED|DISABLED|SUSPENDED|CLOSED|DELETED|EXPIRED)"
)
_ACCOUNT_SENTENCE = re.compile(
    r"\b(account|portal|hub)\b\W*(\d+\W*)?(is|was|has been)( currently| temporarily)?"
    r" (inactive|not active|deactivated|disabled|suspended|closed|deleted)\b",
    re.IGNORECASE,
)
_SCOPES_SENTENCE = re.compile(
    r"\b(required|requires|missing|granted|lacks)\b[^.]{0,40}\bscopes\b"
    r"|\bscopes\b[^.]{0,20}\b(required|missing|not granted)\b|requires (any|all) of \[",
    re.IGNORECASE,
)
_SCOPES_KEY = re.compile(r"(missing|required)?(granular)?scopes", re.IGNORECASE)
_CREATOR_CODE = "USER_DOES_NOT_HAVE_PERMISSIONS"


def classify_denial(response: Response) -> Denial:
    """Return the cause of a 403 from its codes or a whole phrase: single words also occur in refusals of one record.

    Source: HubSpot, error page and guides; bodies as reported by its users.
    """
    errors = list(response.error.flattened())
    codes = " ".join(f"{error.category} {error.sub_category} {error.code}" for error in errors)
    text = ". ".join(error.message for error in errors)
    if missing_scopes(response) or re.search(r"SCOPES?\b", codes) or _SCOPES_SENTENCE.search(text):
        return Denial.SCOPES
    if _ACCOUNT_CODE.search(codes) or _ACCOUNT_SENTENCE.search(text):
        return Denial.ACCOUNT
    if _CREATOR_CODE in codes or any(error.message.strip(" .") == _CREATOR_CODE for error in errors):
        return Denial.CREATOR
    return Denial.RECORDS


def missing_scopes(response: Response) -> tuple[str, ...]:
    """Return the scopes that the response names as missing, or else as required; in order, without duplicates."""
    contexts = [item for error in response.error.flattened() for item in error.context.items()]
    named = [(name.lower(), scope) for name, values in contexts if _SCOPES_KEY.fullmatch(name) for scope in values]
    missing = [scope for name, scope in named if scope and name.startswith("missing")]
    return tuple(dict.fromkeys(missing or [scope for _, scope in named if scope]))
