"""When to try again: arithmetic only. The clock and the jitter are the caller's."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER = 24 * 60 * 60.0
"""Seconds; what HubSpot says of an account that is being migrated. Source: HubSpot, error page (477)."""


def backoff(attempt: int, base: float, cap: float, jitter: float) -> float:
    """Seconds to wait after attempt number `attempt` (from 1): full jitter, `jitter`·min(cap, base·2^(attempt−1)).

    `jitter` is uniform in [0, 1). The jitter is drawn after the cap, so that workers at the cap do not return in step.
    """
    return jitter * min(cap, base * 2.0 ** min(attempt - 1, 63))


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for, given as a number or as a date; None when it says nothing.

    Never below 0 and never above `MAX_RETRY_AFTER`.
    """
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text) if text[:1].isdigit() else _seconds_until(text, now)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def server_time(date: str | None, ours: datetime) -> datetime:
    """The time of a response by its `Date` header; `ours` where that is missing or unreadable.

    A date in `Retry-After` is of the server's clock, which need not agree with ours.
    """
    try:
        moment = parsedate_to_datetime(date or "")
        moment.timestamp()
    except (ValueError, OverflowError):
        return ours
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds_until(date: str, now: datetime) -> float:
    moment = parsedate_to_datetime(date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
