"""Retries of the few calls that a command makes one at a time: for the account of a token and for labels."""

import asyncio
from collections.abc import Awaitable, Callable

from importer.config import Settings
from importer.hubspot.backoff import backoff
from importer.hubspot.response import NoResponse, Reply, Response

_MAX_WAIT = 15.0
"""Longest wait between two attempts, in seconds; if HubSpot requires a longer one, there is no further attempt."""


def is_transient(reply: Reply) -> bool:
    """Return True if a retry may succeed soon; False if the daily limit is used up."""
    if isinstance(reply, NoResponse):
        return not reply.is_token_refused
    return (
        reply.has_new_token or (reply.http_status == 429 and reply.policy_name != "DAILY") or reply.http_status >= 500
    )


async def with_retries(
    send: Callable[[], Awaitable[Reply]],
    settings: Settings,
    max_attempts: int,
    may_retry: Callable[[Reply], bool] = is_transient,
) -> Reply:
    """Call `send` until its reply is not transient, at most `max_attempts` times; return the last reply."""
    for attempt in range(1, max_attempts + 1):
        reply = await send()
        wait = _seconds_before_retry(reply, attempt, settings)
        if attempt == max_attempts or not may_retry(reply) or wait > _MAX_WAIT:
            break
        await asyncio.sleep(wait)
    return reply


def _seconds_before_retry(reply: Reply, attempt: int, settings: Settings) -> float:
    minimum = 0.0
    if isinstance(reply, Response):
        interval = (reply.rate.interval or 10.0) if reply.http_status == 429 else 0.0
        minimum = max(reply.retry_after or 0.0, interval)
    return max(minimum, backoff(attempt, settings.backoff_base, settings.backoff_cap, 1.0))
