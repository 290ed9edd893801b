"""Reasons why a run stops early."""

from dataclasses import dataclass
from enum import StrEnum


class StopReason(StrEnum):
    """Reason why a run stopped early (the JSON key `stopped_by`)."""

    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a reason, not a token
    SCOPES_MISSING = "scopes_missing"
    ACCOUNT_INACTIVE = "account_inactive"
    PERMISSIONS_LOST = "permissions_lost"
    FORBIDDEN = "forbidden"
    DAILY_LIMIT = "daily_limit"
    DAILY_RESERVE = "daily_reserve"
    ACCOUNT_MIGRATING = "account_migrating"
    TOO_MANY_FAILURES = "too_many_failures"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    FIRST_ROWS = "first_rows"
    SIGINT = "SIGINT"
    SIGTERM = "SIGTERM"
    SIGHUP = "SIGHUP"


@dataclass(frozen=True, slots=True)
class Stop:
    """Reason why a run stopped early, with a sentence for people."""

    reason: StopReason
    message: str
