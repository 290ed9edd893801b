"""Calls through a rate limiter on simulated time, and what a server sees of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from importer.hubspot.rate_limiter import RateLimiter
from tests.support.simulated_time import now


def worst_window(arrivals: list[float], seconds: float) -> int:
    """Return the maximum number of arrivals in any half-open window, computed independently of the code under test."""
    moments = sorted(arrivals)
    worst = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


@dataclass
class Server:
    """Records when calls arrive; `way` returns the latencies of one call to the server and back, in seconds."""

    way: Callable[[], tuple[float, float]]
    arrivals: list[float] = field(default_factory=list)

    async def call(self, limiter: RateLimiter) -> None:
        """Make one rate-limited call; if it is cancelled before its arrival, it does not count."""
        await limiter.acquire()
        outward, back = self.way()
        arrival = now() + outward
        try:
            await asyncio.sleep(outward + back)
        finally:
            if now() >= arrival:
                self.arrivals.append(arrival)
            limiter.release()


async def load(limiter: RateLimiter, server: Server, seconds: float, workers: int = 64) -> None:
    """Call as fast as the limiter allows for `seconds` of simulated time."""

    async def work() -> None:
        while now() < seconds:
            await server.call(limiter)

    await asyncio.gather(*(work() for _ in range(workers)))


async def times_of(limiter: RateLimiter, number: int) -> list[float]:
    """Acquire `number` slots at once; return when each was granted, in seconds."""
    moments: list[float] = []

    async def one() -> None:
        await limiter.acquire()
        moments.append(now())
        limiter.release()

    await asyncio.gather(*(one() for _ in range(number)))
    return moments
