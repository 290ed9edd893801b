"""Makes calls: waits for the rate limiter, counts them, and applies the limits that response headers report."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from importer.config import Settings
from importer.hubspot.classify import is_over_rate
from importer.hubspot.intermediaries import is_from_hubspot
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Reply, Response
from importer.journal import PauseReason, PendingPair
from importer.model import Stop, StopReason
from importer.pool.call_meter import CallMeter
from importer.pool.stop_signal import StoppedError, StopSignal

logger = logging.getLogger(__name__)


_MAX_BLOCKED_INPUTS = 3
"""The run stops after this many consecutive calls about one input that only another server responded to."""

_MAX_BLOCKED_CALLS = 14
"""The same for calls of any size: isolating the first of 2,000 inputs takes 12 calls that HubSpot never sees."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a call is made, and the waits between attempts; all times are in seconds."""

    max_attempts: int
    backoff_base: float
    backoff_cap: float
    longest_wait: float

    @classmethod
    def from_settings(cls, settings: Settings) -> "RetryPolicy":
        """Return the policy that the settings describe."""
        return cls(
            max_attempts=settings.max_attempts,
            backoff_base=settings.backoff_base,
            backoff_cap=settings.backoff_cap,
            longest_wait=settings.longest_wait,
        )


class Sender:
    """Makes rate-limited calls until the run stops.

    `calls` counts writes, `reads` the calls that are about no particular pair and so change nothing. `accepted` counts
    the responses from HubSpot itself that accepted the token.
    """

    def __init__(
        self,
        limiter: RateLimiter,
        signal: StopSignal,
        policy: RetryPolicy,
        daily_reserve: int = 0,
        on_send: Callable[[Sequence[PendingPair]], None] = lambda about: None,
        meter: CallMeter | None = None,
    ) -> None:
        """Send at the rate of `limiter`; `on_send` gets the pairs of each call just before it is made."""
        self.meter = meter or CallMeter()
        self.limiter = limiter
        self.signal = signal
        self.policy = policy
        self.calls = self.reads = self.retries = self.rate_limited = self.accepted = 0
        self._on_send = on_send
        self._blocked_calls = self._blocked_inputs = 0
        self._accepted_when_blocked = 0
        self._in_flight: set[asyncio.Task[object] | None] = set()
        self._has_given_up = False
        self._has_lowered = False
        self._daily_reserve = daily_reserve
        self._is_daily_remaining_known = not daily_reserve
        self._one_at_a_time = asyncio.Lock()

    async def send(
        self, call: Callable[[], Awaitable[Reply]], about: Sequence[PendingPair], limiter: RateLimiter | None = None
    ) -> Reply:
        """Make one call about some pairs, at the rate of `limiter` (default: the sender's own).

        A call in flight is not cancelled by a stop. With a daily reserve, calls are made one at a time until a
        response reports how many are left today. Raises StoppedError if the run has stopped, or if the pairs' object
        types are blocked before the call's turn.
        """
        if not self._is_daily_remaining_known:
            with self.signal.interruptible():
                await self._one_at_a_time.acquire()
            try:
                if not self._is_daily_remaining_known:
                    return await self._send(call, about, limiter or self.limiter)
            finally:
                self._one_at_a_time.release()
        return await self._send(call, about, limiter or self.limiter)

    async def _send(
        self, call: Callable[[], Awaitable[Reply]], about: Sequence[PendingPair], limiter: RateLimiter
    ) -> Reply:
        with self.signal.interruptible():
            await limiter.acquire()
        if about and self.signal.is_blocked(about[0]):
            limiter.release()
            raise StoppedError
        task = asyncio.current_task()
        self._in_flight.add(task)
        if about:
            self._on_send(about)
            self.calls += 1
        else:
            self.reads += 1
        begun = self.meter.begin(limiter.rate)
        try:
            response = await call()
            if isinstance(response, Response):  # before the slot is released: the window may be longer than assumed
                self.meter.respond(begun)
                self._apply_rate_headers(response, limiter)
            return response
        except asyncio.CancelledError:
            if not self._has_given_up or task is None or task.uncancel():
                raise
            return NoResponse("the run was stopped before HubSpot responded", reached=True)
        finally:
            self._in_flight.discard(task)
            limiter.release()

    @property
    def in_flight(self) -> int:
        """The number of calls that are waiting for their response."""
        return len(self._in_flight)

    async def wait(self, seconds: float) -> None:
        """Wait before a retry. Raises StoppedError if the run stops meanwhile."""
        end = self.meter.begin_wait(seconds)
        try:
            with self.signal.interruptible():
                await asyncio.sleep(seconds)
        finally:
            self.meter.end_wait(end)

    def count_retry(self) -> None:
        """Count a retry."""
        self.retries += 1
        self.meter.repeat()

    def pause(self, seconds: float) -> None:
        """Make all calls wait for `seconds`."""
        self.meter.pause(seconds, PauseReason.RATE_LIMITED)
        if self.limiter.pause.begin(seconds):
            logger.warning("HubSpot asked to slow down: all workers wait %.0f s.", seconds)

    def is_blocked_after(self, inputs: int) -> bool:
        """Count a call that only another server responded to; return whether every call seems to be blocked.

        A response from HubSpot to any other call resets the count: then only these inputs are blocked.
        """
        if self.accepted != self._accepted_when_blocked:
            self._accepted_when_blocked = self.accepted
            self._blocked_calls = self._blocked_inputs = 0
        self._blocked_calls += 1
        self._blocked_inputs += inputs == 1
        return self._blocked_inputs >= _MAX_BLOCKED_INPUTS or self._blocked_calls >= _MAX_BLOCKED_CALLS

    def give_up(self) -> None:
        """Stop waiting for the calls in flight, once the run has stopped: they end as if their responses were lost."""
        self._has_given_up = True
        for task in self._in_flight:
            if task is not None:
                task.cancel()

    def _lower_rate(self, response: Response, limiter: RateLimiter) -> None:
        """Lower the rate after a ten-second 429, unless a pause shows that it has just been lowered."""
        before = limiter.rate
        if not is_over_rate(response) or limiter.pause.left() or not limiter.lower():
            return
        if not self._has_lowered:
            logger.warning(
                "HubSpot refused a call although this run stays within %s s: another client shares the limit. The run "
                "continues with %s s, and with a tenth less whenever this happens again.",
                before,
                limiter.rate,
            )
        self._has_lowered = True

    def _apply_rate_headers(self, response: Response, limiter: RateLimiter) -> None:
        self.accepted += is_from_hubspot(response) and response.http_status != 401
        self.limiter.follow(response.rate)
        if response.http_status == 429:
            self.rate_limited += 1
            self.meter.refuse()
            self._lower_rate(response, limiter)
        remaining = response.rate.daily_remaining
        if remaining is not None or response.http_status < 400:  # HubSpot does not always report the number
            self._is_daily_remaining_known = True
        if not self._daily_reserve or remaining is None:
            return
        remaining = max(0, remaining - (len(self._in_flight) - 1))  # HubSpot may not have counted the others yet
        if remaining <= self._daily_reserve:
            sentence = (
                f"The account has {remaining:,} calls left today, including those in flight, and daily_reserve keeps "
                f"{self._daily_reserve:,} of them for other integrations."
            )
            self.signal.stop(Stop(StopReason.DAILY_RESERVE, sentence))
