"""Backoff times: arithmetic only. The caller provides the clock and the jitter."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER = 24 * 60 * 60.0
"""Seconds; the wait for an account that is being migrated. Source: HubSpot, error page (477)."""


def backoff(attempt: int, base: float, cap: float, jitter: float) -> float:
    """Return the seconds to wait after attempt `attempt` (from 1): `jitter`·min(cap, base·2^(attempt−1)), full jitter.

    `jitter` is a random fraction in [0, 1). It is applied after the cap, so that workers do not retry in step.
    """
    return jitter * min(cap, base * 2.0 ** min(attempt - 1, 63))


def parse_retry_after(header: str | None, now: datetime) -> float | None:
    """Return the seconds of a `Retry-After` header, a number or a date; None if it is missing or invalid.

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
    """Return the time in the `Date` header of a response, or `ours` if it is missing or invalid.

    A date in `Retry-After` is by the server's clock, which may differ from ours.
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
