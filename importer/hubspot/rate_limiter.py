"""The rate limiter: never more calls than the rate allows in any rolling window, as the server counts them."""

import asyncio
from collections import deque
from heapq import heappop, heappush
from math import ceil

from aiolimiter import AsyncLimiter

from importer.config import Rate
from importer.hubspot.response import RateHeaders

CAUTIOUS_RATE = Rate(100, 10.0)
"""The initial rate of `auto`: the lowest limit of a private app. Source: HubSpot, usage guidelines."""

ASSOCIATION_RATE = Rate(150, 10.0)
"""The highest rate of `auto`, even if the headers allow more for other calls. Source: HubSpot, associations guide."""

MIN_LOWERED_CALLS = 10
"""A lowered rate keeps at least this many calls per window."""

MARGIN = 0.05
"""Seconds that a slot is held beyond the window, to allow for inaccurate timers and clocks."""

REMEMBERED_SECONDS = 10.0
REMEMBERED_CALLS = 1_000
"""A limiter remembers this many of its last calls for this time, for a next run whose window may be longer."""

_BURST_SHARE = 0.05
"""The share of a window's calls that may be sent in a burst, so that coarse timers do not waste the limit."""


def within(rate: Rate, ceiling: Rate) -> Rate:
    """Return a rate that exceeds neither `rate` nor `ceiling` in any window, and is close to the lower one."""
    if rate.seconds < ceiling.seconds:
        windows = ceil(ceiling.seconds / rate.seconds)
        if ceiling.calls < windows:
            return Rate(1, ceiling.seconds / ceiling.calls)
        return Rate(min(rate.calls, ceiling.calls // windows), rate.seconds)
    if rate.calls <= ceiling.calls:
        return rate
    calls = min(ceiling.calls, rate.calls // ceil(rate.seconds / ceiling.seconds))
    if not calls:
        return Rate(1, rate.seconds / rate.calls)
    if calls * rate.seconds >= ceiling.calls * ceiling.seconds:
        return Rate(calls, ceiling.seconds)
    return Rate(ceiling.calls, rate.seconds)


class Pause:
    """A period in which no call may be sent; all rate limiters of a pool share one."""

    def __init__(self) -> None:
        """Start without a pause."""
        self._until = 0.0

    def begin(self, seconds: float) -> bool:
        """Block calls for `seconds`. Return True if this starts a new pause."""
        is_new = not self.left()
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)
        return is_new

    def left(self) -> float:
        """Return the seconds until calls may be sent."""
        if not self._until:
            return 0.0
        return max(0.0, self._until - asyncio.get_running_loop().time())

    async def wait_until_over(self) -> None:
        """Wait until calls may be sent."""
        while seconds := self.left():  # noqa: ASYNC110 - not polling: the pause may have been extended
            await asyncio.sleep(seconds)


class RateLimiter:
    """Slots in a rolling window; a call holds one from before it is sent until one window after its response.

    The server receives a call at some moment between sending and response, so the slot covers every window in which the
    server can count the call: at most `rate.calls` calls arrive in any window of `rate.seconds`, whatever delays the
    network and the event loop add. A leaky bucket on top (aiolimiter) spreads the calls over the window; on its own it
    would not guarantee the limit.

    With latency L the throughput is `rate.calls` per `rate.seconds` + L. Belongs to one event loop.
    """

    def __init__(self, rate: Rate, *, follow: bool = False, pause: Pause | None = None) -> None:
        """Limit calls to `rate`; with `follow`, adopt the rate in HubSpot's headers, up to `ASSOCIATION_RATE`."""
        self.pause = pause or Pause()
        self._follows = follow
        self._ceiling = ASSOCIATION_RATE
        self._occupied = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ends: list[float] = []
        self._released: deque[float] = deque(maxlen=REMEMBERED_CALLS)
        self._timer: asyncio.TimerHandle | None = None
        self._set(rate)

    @property
    def rate(self) -> Rate:
        """The current rate."""
        return self._rate

    def _set(self, rate: Rate) -> None:
        self._rate = rate
        burst = max(1.0, rate.calls * _BURST_SHARE)
        self._spacing = AsyncLimiter(burst, burst * rate.seconds / rate.calls)

    async def acquire(self) -> None:
        """Wait for a slot and for the end of a pause. Every attempt of a call needs its own slot."""
        while True:
            if self.pause.left():
                await self.pause.wait_until_over()
            await self._spacing.acquire()
            if not self._try_occupy():
                await self._wait_for_slot()
            if not self.pause.left():
                return
            self._free_slot()

    def release(self) -> None:
        """Free the slot of a call one window from now: its response has arrived or never will."""
        self._released.append(asyncio.get_running_loop().time())
        self._free_slot_after(self._rate.seconds + MARGIN)

    def reserve(self, seconds: float) -> None:
        """Occupy a slot for `seconds` on behalf of a call that an earlier process sent."""
        self._occupied += 1
        self._free_slot_after(seconds)

    def slots_in_use(self) -> list[float]:
        """Return the seconds for which each slot is still occupied; a call in flight counts as if it ended now."""
        self._grant_slots()
        now = asyncio.get_running_loop().time()
        in_flight = [self._rate.seconds + MARGIN] * (self._occupied - len(self._ends))
        return [max(0.0, end - now) for end in self._ends] + in_flight

    def last_calls(self) -> list[float]:
        """Return how many seconds ago each of the last calls ended, as far as remembered; those in flight end now."""
        now = asyncio.get_running_loop().time()
        ago = [now - released for released in self._released if now - released < REMEMBERED_SECONDS]
        return ago + [0.0] * (self._occupied - len(self._ends))

    def sharing_pause(self, rate: Rate) -> "RateLimiter":
        """Return a separate rate limiter for other calls of the same account, with the same pauses."""
        return RateLimiter(rate, pause=self.pause)

    def follow(self, headers: RateHeaders) -> None:
        """Adopt the rate in a response's headers, if this limiter follows them and they contain one."""
        if not self._follows or headers.limit is None or headers.interval is None or headers.limit < 1:
            return
        rate = within(Rate(headers.limit, headers.interval), self._ceiling)
        if rate != self._rate:
            self._set(rate)
            if self._waiting:
                self._grant_slots()

    def lower(self) -> bool:
        """Lower the rate by a tenth permanently; return False if it is already at its minimum.

        Call this if HubSpot refused a call although this limiter kept to its rate: another client shares the limit.
        Headers cannot raise the rate above the lowered one.
        """
        calls = max(MIN_LOWERED_CALLS, self._rate.calls * 9 // 10)
        if calls >= self._rate.calls:
            return False
        self._ceiling = Rate(calls, self._rate.seconds)
        self._set(self._ceiling)
        return True

    def _try_occupy(self) -> bool:
        """Occupy a slot if one is free and no call waits for it."""
        if self._occupied >= self._rate.calls:
            self._grant_slots()
        if self._waiting or self._occupied >= self._rate.calls:
            return False
        self._occupied += 1
        return True

    async def _wait_for_slot(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._grant_slots()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot was granted just before the cancellation
                self._free_slot()
            raise

    def _free_slot_after(self, seconds: float) -> None:
        heappush(self._ends, asyncio.get_running_loop().time() + seconds)
        if self._waiting:
            self._grant_slots()

    def _free_slot(self) -> None:
        self._occupied -= 1
        self._grant_slots()

    def _grant_slots(self) -> None:
        """Free expired slots and grant them to waiting calls; schedule the next round while calls are waiting."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._ends and self._ends[0] <= now:
            heappop(self._ends)
            self._occupied -= 1
        while self._waiting and self._occupied < self._rate.calls:
            turn = self._waiting.popleft()
            if not turn.done():
                self._occupied += 1
                turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._ends[0], self._grant_slots) if self._waiting and self._ends else None
