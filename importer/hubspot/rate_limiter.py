"""The pace of calls: never more than a rate allows in any rolling window, as the server counts them."""

import asyncio
from collections import deque
from heapq import heappop, heappush

from aiolimiter import AsyncLimiter

from importer.config import Rate
from importer.hubspot.response import RateHeaders

CAUTIOUS_RATE = Rate(100, 10.0)
"""What `auto` begins with: the least limit that a private app has. Source: HubSpot, usage guidelines."""

MARGIN = 0.05
"""Seconds that a place is held beyond the window, for timers and clocks that disagree a little."""

_BURST_SHARE = 0.05
"""The part of a window's calls that may go at once; it keeps coarse timers from wasting the limit."""


class Pause:
    """A time during which no call may go; all paces of a pool share one."""

    def __init__(self) -> None:
        """Begin without a pause."""
        self._until = 0.0

    def begin(self, seconds: float) -> bool:
        """Let no call go for so many seconds from now. Return whether a pause begins, rather than goes on."""
        begins = not self.left()
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)
        return begins

    def left(self) -> float:
        """The seconds until calls may go."""
        if not self._until:
            return 0.0
        return max(0.0, self._until - asyncio.get_running_loop().time())

    async def wait_until_over(self) -> None:
        """Wait until calls may go."""
        while seconds := self.left():  # noqa: ASYNC110 - it waits for a time; another pause may begin meanwhile
            await asyncio.sleep(seconds)


class RateLimiter:
    """Hands out places in a rolling window; a call needs one from its sending until the window after its response.

    The server sees a call at some moment between its sending and its response, so a place that is held from before the
    one until `rate.seconds` after the other covers every window in which the server can count it: at most `rate.calls`
    calls arrive in any window of `rate.seconds`, whatever the network and the event loop do in between. A leaky bucket
    on top (aiolimiter) spreads the calls over the window; alone it would not keep the limit.

    With latency L the places allow `rate.calls` in every `rate.seconds` + L. Belongs to one event loop.
    """

    def __init__(self, rate: Rate, *, follow: bool = False, pause: Pause | None = None) -> None:
        """Keep `rate`; with `follow`, change to what HubSpot's headers say."""
        self.pause = pause or Pause()
        self._follows = follow
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ends: list[float] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._set(rate)

    @property
    def rate(self) -> Rate:
        """The rate that is kept now."""
        return self._rate

    def _set(self, rate: Rate) -> None:
        self._rate = rate
        burst = max(1.0, rate.calls * _BURST_SHARE)
        self._spacing = AsyncLimiter(burst, burst * rate.seconds / rate.calls)

    async def acquire(self) -> None:
        """Wait for a place in the window and for the end of a pause. Every call needs its own, a repeated one too."""
        while True:
            if self.pause.left():
                await self.pause.wait_until_over()
            await self._spacing.acquire()
            if not self._has_taken_place():
                await self._wait_for_place()
            if not self.pause.left():
                return
            self._free_place()

    def release(self) -> None:
        """Say that the call's response has come, or that none will: its place is free after the window."""
        self._free_after(self._rate.seconds + MARGIN)

    def reserve(self, seconds: float) -> None:
        """Take a place for `seconds` on behalf of a call that an earlier process sent."""
        self._taken += 1
        self._free_after(seconds)

    def slots_in_use(self) -> list[float]:
        """For how many seconds each taken place will be held yet; for a call in flight, as if answered now."""
        self._hand_out()
        now = asyncio.get_running_loop().time()
        in_flight = [self._rate.seconds + MARGIN] * (self._taken - len(self._ends))
        return [max(0.0, end - now) for end in self._ends] + in_flight

    def sharing_pause(self, rate: Rate) -> "RateLimiter":
        """A pace of its own for other calls of the same account: the same pauses hold for both."""
        return RateLimiter(rate, pause=self.pause)

    def follow(self, headers: RateHeaders) -> None:
        """Take the rate from an response's headers, if that is how this pace was made and they name one."""
        if not self._follows or headers.limit is None or headers.interval is None or headers.limit < 1:
            return
        translate_errors = Rate(headers.limit, headers.interval)
        if translate_errors != self._rate:
            self._set(translate_errors)
            self._hand_out()

    def _has_taken_place(self) -> bool:
        """Take a place if one is free and nobody waits for it."""
        if self._taken >= self._rate.calls:
            self._hand_out()
        if self._waiting or self._taken >= self._rate.calls:
            return False
        self._taken += 1
        return True

    async def _wait_for_place(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place came together with the cancellation
                self._free_place()
            raise

    def _free_after(self, seconds: float) -> None:
        heappush(self._ends, asyncio.get_running_loop().time() + seconds)
        if self._waiting:
            self._hand_out()

    def _free_place(self) -> None:
        self._taken -= 1
        self._hand_out()

    def _hand_out(self) -> None:
        """Free the places whose time is over and give them to those who wait; while somebody does, see to the next."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._ends and self._ends[0] <= now:
            heappop(self._ends)
            self._taken -= 1
        while self._waiting and self._taken < self._rate.calls:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(self._ends[0], self._hand_out) if self._waiting and self._ends else None
