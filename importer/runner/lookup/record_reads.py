"""Reads of records and properties: rate-limited, and retried after transient failures like all other calls."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from importer.config import Rate, Settings
from importer.hubspot.batch_read import classify_read_response
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import MARGIN, RateLimiter
from importer.hubspot.response import NoResponse, Reply, Response
from importer.model import ObjectType, Stop
from importer.pool import StoppedError
from importer.pool.retrying import Attempts
from importer.pool.sender import RetryPolicy, Sender
from importer.pool.stop_signal import StopSignal, pair_of_types
from importer.runner.context import RequestCounts

SEARCH_RATE = Rate(5, 1.0)
"""Searches per account. Source: HubSpot, search guide."""

Call = Callable[[], Awaitable[Reply]]


class RecordReads:
    """Reads records and properties of one object type at a time; returns the last response. Belongs to one event loop.

    `denial` is the first reply that refused the token or its scopes; no further read is made after it. `stopped` is
    why no further read is made, such as the daily limit.
    """

    def __init__(self, client: HubSpotClient, limiter: RateLimiter, settings: Settings) -> None:
        """Read through `client` at the rate of `limiter`."""
        self.denial: Reply | None = None
        self._client = client
        self._signal = StopSignal()
        policy = RetryPolicy.from_settings(settings)
        self._sender = Sender(limiter, self._signal, policy, settings.daily_reserve)
        self._searches = limiter.sharing_pause(SEARCH_RATE)
        for _ in range(SEARCH_RATE.calls):  # an earlier process may have searched just now
            self._searches.reserve(SEARCH_RATE.seconds + MARGIN)

    @property
    def stopped(self) -> Stop | None:
        """Why no further read is made; None while reads are made."""
        return self._signal.stopped

    @property
    def requests(self) -> RequestCounts:
        """The requests made so far."""
        return RequestCounts(self._sender.reads, self._sender.retries, self._sender.rate_limited)

    async def read(self, object_type: ObjectType, body: Mapping[str, Any], *, archived: bool = False) -> Reply:
        """Read records by a unique property, or deleted ones."""
        call = partial(self._client.read_records, object_type, body, archived=archived)
        return await self._repeat(object_type, partial(self._sender.send, call, []))

    async def search(self, object_type: ObjectType, body: Mapping[str, Any]) -> Reply:
        """Search records, never more often than HubSpot allows."""
        return await self._repeat(object_type, partial(self._search, partial(self._client.search, object_type, body)))

    async def properties(self, object_type: ObjectType) -> Reply:
        """Read the properties of an object type."""
        return await self._repeat(
            object_type, partial(self._sender.send, partial(self._client.properties, object_type), [])
        )

    async def _search(self, call: Call) -> Reply:
        await self._searches.acquire()
        try:
            return await self._sender.send(call, [])
        finally:
            self._searches.release()

    async def _repeat(self, object_type: ObjectType, send: Call) -> Reply:
        about = pair_of_types(object_type, object_type)
        attempts = Attempts(self._sender, about)
        repeat = True
        while repeat:
            if self.denial is not None:
                return self.denial
            try:
                reply = await send()
                repeat = await attempts.retry(classify_read_response(reply, about.pair))
            except StoppedError:
                return NoResponse("the lookup was stopped", reached=False)
        is_denied = reply.http_status in {401, 403} if isinstance(reply, Response) else reply.is_token_refused
        if is_denied:
            self.denial = reply
        return reply
