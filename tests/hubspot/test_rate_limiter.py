"""The guarantee: whatever the network and the event loop do, no rolling window has more calls than the rate allows."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from importer.config import Rate
from importer.hubspot.rate_limiter import ASSOCIATION_RATE, Pause, RateLimiter, within
from importer.hubspot.response import RateHeaders
from tests.support.simulated_time import now, simulate, stall

PROFESSIONAL = Rate(190, 10.0)


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


async def stalls(jitter: random.Random, longest: float) -> None:
    """Block the event loop again and again."""
    while True:
        await asyncio.sleep(jitter.uniform(0.1, 3))
        stall(jitter.uniform(0, longest))


async def with_stalls(main: Coroutine[Any, Any, None], jitter: random.Random, longest: float) -> None:
    stalling = asyncio.create_task(stalls(jitter, longest))
    await main
    stalling.cancel()


@pytest.mark.parametrize("seconds", [300.0, pytest.param(3600.0, marks=pytest.mark.slow)])
def test_jitter_and_stalls_never_exceed_the_limit(seconds: float) -> None:
    jitter = random.Random(1)
    server = Server(lambda: (0.075 + jitter.uniform(0, 0.3), 0.075))
    simulate(with_stalls(load(RateLimiter(PROFESSIONAL), server, seconds), jitter, 0.5))
    assert worst_window(server.arrivals, 10.0) <= 190
    assert len(server.arrivals) >= 0.95 * 19 * seconds


def test_nearly_all_of_the_limit_is_used() -> None:
    server = Server(lambda: (0.075, 0.075))
    simulate(load(RateLimiter(PROFESSIONAL), server, 600.0))
    assert worst_window(server.arrivals, 10.0) <= 190
    assert len(server.arrivals) >= 0.97 * 19 * 600


@pytest.mark.parametrize(
    "rate",
    [Rate(1, 10.0), Rate(1, 0.01), Rate(3, 0.1), Rate(100, 10.0), Rate(1000, 1.0), Rate(7, 0.5), Rate(250, 10.0)],
)
def test_every_rate_is_kept_from_the_first_second_on(rate: Rate) -> None:
    jitter = random.Random(2)
    server = Server(lambda: (jitter.uniform(0, rate.seconds), jitter.uniform(0, rate.seconds / 50)))
    seconds = 12 * rate.seconds
    simulate(load(RateLimiter(rate), server, seconds, workers=4 * min(rate.calls, 300)))
    assert worst_window(server.arrivals, rate.seconds) <= rate.calls
    assert len(server.arrivals) >= rate.calls


def test_calls_are_spread_over_the_window() -> None:
    server = Server(lambda: (0.0, 0.1))
    simulate(load(RateLimiter(PROFESSIONAL), server, 9.0))
    assert worst_window(server.arrivals, 1.0) <= 10 + 19 + 1
    assert worst_window(server.arrivals, 0.001) <= 10


STEPS = st.lists(
    st.tuples(st.sampled_from(["call", "call", "call", "cancel", "pause", "stall", "sleep"]), st.floats(0, 3)),
    max_size=120,
)


@pytest.mark.slow
@given(st.integers(1, 12), st.floats(0.2, 10), STEPS, st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=300)
def test_no_order_of_calls_cancellations_pauses_and_stalls_exceeds_the_limit_or_loses_a_slot(
    calls: int, seconds: float, steps: list[tuple[str, float]], jitter: random.Random
) -> None:
    server = Server(lambda: (jitter.uniform(0, 2), jitter.uniform(0, 2)))
    simulate(_play(RateLimiter(Rate(calls, seconds)), server, steps, jitter))
    assert worst_window(server.arrivals, seconds) <= calls


async def _play(limiter: RateLimiter, server: Server, steps: list[tuple[str, float]], jitter: random.Random) -> None:
    tasks: list[asyncio.Task[None]] = []
    for step, amount in steps:
        if step == "call":
            tasks.append(asyncio.create_task(server.call(limiter)))
        elif step == "cancel" and tasks:
            tasks[jitter.randrange(len(tasks))].cancel()
        elif step == "pause":
            limiter.pause.begin(amount)
        elif step == "stall":
            stall(amount)
        else:
            await asyncio.sleep(amount)
    await asyncio.gather(*tasks, return_exceptions=True)  # a forgotten waiter would leave the loop without a timer
    await asyncio.sleep(limiter.rate.seconds + 1)
    assert limiter.slots_in_use() == []


async def _went(limiter: RateLimiter, number: int) -> list[float]:
    moments: list[float] = []

    async def one() -> None:
        await limiter.acquire()
        moments.append(now())
        limiter.release()

    await asyncio.gather(*(one() for _ in range(number)))
    return moments


def test_cancelled_waiters_leave_every_slot_to_the_others() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(5, 1.0))
        for _ in range(5):
            await limiter.acquire()
        waiters = [asyncio.create_task(_went(limiter, 1)) for _ in range(50)]
        await asyncio.sleep(20.0)  # now each of them waits for a slot
        for waiter in waiters[::2]:
            waiter.cancel()
        for _ in range(5):
            limiter.release()
        began = now()
        found = await asyncio.gather(*waiters, return_exceptions=True)
        await asyncio.sleep(5.0)
        assert limiter.slots_in_use() == []
        return [moment - began for went in found if isinstance(went, list) for moment in went]

    moments = simulate(main())
    assert len(moments) == 25
    assert max(moments) == pytest.approx(5 * 1.05, abs=0.01)


def test_a_slot_granted_together_with_a_cancellation_is_not_lost() -> None:
    async def main() -> None:
        limiter = RateLimiter(Rate(1, 1.0))
        await limiter.acquire()
        waiter = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(2.0)
        limiter.release()
        # In the same round of the loop, right after the slot was granted and before the waiter runs.
        asyncio.get_running_loop().call_at(now() + 1.05 + 1e-7, waiter.cancel)
        await asyncio.gather(waiter, return_exceptions=True)
        assert waiter.cancelled()
        assert limiter.slots_in_use() == []

    simulate(main())


def test_a_slot_is_held_from_sending_until_one_window_after_the_response() -> None:
    async def main() -> float:
        limiter = RateLimiter(Rate(1, 10.0))
        await limiter.acquire()
        asyncio.get_running_loop().call_later(25.0, limiter.release)
        await limiter.acquire()
        return now()

    assert simulate(main()) == pytest.approx(35.05)


def test_during_a_pause_nothing_is_sent_and_afterwards_everything_is() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(10, 1.0))
        assert limiter.pause.begin(5.0)
        assert not limiter.pause.begin(2.0)
        asyncio.get_running_loop().call_later(4.0, limiter.pause.begin, 6.0)
        return await _went(limiter, 3)

    moments = simulate(main())
    assert min(moments) >= 10.0
    assert max(moments) < 12.0


def test_a_waiter_whose_turn_comes_during_a_pause_waits_for_its_end() -> None:
    async def main() -> float:
        limiter = RateLimiter(Rate(1, 1.0))
        await _went(limiter, 1)
        waiting = asyncio.create_task(_went(limiter, 1))
        await asyncio.sleep(0.5)
        limiter.pause.begin(10.0)
        return (await waiting)[0]

    assert 10.5 <= simulate(main()) < 13


def test_limiters_that_share_a_pause_share_nothing_else() -> None:
    async def main() -> None:
        limiter = RateLimiter(Rate(1, 100.0))
        other = limiter.sharing_pause(Rate(2, 1.0))
        await limiter.acquire()
        await other.acquire()
        assert now() < 0.001
        limiter.pause.begin(7.0)
        await other.acquire()
        assert now() == pytest.approx(7.0, abs=0.001)

    simulate(main())


async def _follow(first: Rate, then: Rate, server: Server) -> None:
    limiter = RateLimiter(first, follow=True)
    loading = asyncio.create_task(load(limiter, server, 60.0))
    await asyncio.sleep(30.0)
    limiter.follow(RateHeaders(then.calls, then.seconds))
    assert limiter.rate == then
    await loading


@pytest.mark.parametrize("then", [Rate(150, 10.0), Rate(40, 10.0), Rate(30, 2.0), Rate(20, 15.0)])
def test_a_rate_that_hubspot_raises_or_lowers_is_followed(then: Rate) -> None:
    first = Rate(100, 10.0)
    server = Server(lambda: (0.05, 0.05))
    simulate(_follow(first, then, server))
    before = [moment for moment in server.arrivals if moment <= 30.0]
    after = [moment for moment in server.arrivals if moment > 30.0]
    assert worst_window(before, first.seconds) <= first.calls
    assert worst_window(after, then.seconds) <= then.calls
    lately = [moment for moment in after if moment >= 45.0]
    assert len(lately) >= 0.9 * 15 * then.calls / then.seconds - then.calls / 2


@pytest.mark.parametrize(
    ("announced", "adopted"),
    [
        (Rate(190, 10.0), Rate(150, 10.0)),
        (Rate(250, 10.0), Rate(150, 10.0)),
        (Rate(110, 10.0), Rate(110, 10.0)),
        (Rate(19, 1.0), Rate(15, 1.0)),
        (Rate(12, 1.0), Rate(12, 1.0)),
        (Rate(1000, 60.0), Rate(150, 10.0)),
        (Rate(600, 60.0), Rate(100, 10.0)),
        (Rate(120, 60.0), Rate(120, 60.0)),
        (Rate(5, 0.01), Rate(1, 10.0 / 150)),
    ],
)
def test_headers_raise_the_rate_at_most_to_that_of_association_calls(announced: Rate, adopted: Rate) -> None:
    limiter = RateLimiter(Rate(100, 10.0), follow=True)
    limiter.follow(RateHeaders(announced.calls, announced.seconds))
    assert limiter.rate == adopted


RATES = st.builds(Rate, st.integers(1, 400), st.sampled_from([0.03, 0.1, 0.7, 1.0, 2.5, 10.0, 15.0, 60.0]))


@given(RATES, RATES)
def test_a_rate_within_another_keeps_both_and_uses_at_least_a_third_of_the_lower(rate: Rate, ceiling: Rate) -> None:
    found = within(rate, ceiling)
    for limit in (rate, ceiling):
        windows = ceil(limit.seconds / found.seconds * (1 - 1e-9))
        assert windows * found.calls <= limit.calls
    lower = min(rate.calls / rate.seconds, ceiling.calls / ceiling.seconds)
    assert found.calls / found.seconds >= lower / 3


def test_a_lowered_rate_is_never_raised_again() -> None:
    limiter = RateLimiter(Rate(100, 10.0), follow=True)
    assert limiter.lower()
    assert limiter.rate == Rate(90, 10.0)
    limiter.follow(RateHeaders(190, 10.0))
    assert limiter.rate == Rate(90, 10.0)
    limiter.follow(RateHeaders(19, 1.0))
    assert limiter.rate == Rate(9, 1.0)
    limiter.follow(RateHeaders(50, 10.0))
    assert limiter.rate == Rate(50, 10.0)
    assert limiter.lower()
    limiter.follow(RateHeaders(150, 10.0))
    assert limiter.rate == Rate(45, 10.0)


@pytest.mark.parametrize(("rate", "lowest"), [(Rate(100, 10.0), 10), (Rate(15, 1.0), 10), (Rate(5, 1.0), 5)])
def test_a_rate_is_lowered_to_ten_calls_at_most(rate: Rate, lowest: int) -> None:
    limiter = RateLimiter(rate)
    for _ in range(100):
        limiter.lower()
    assert limiter.rate == Rate(lowest, rate.seconds)
    assert not limiter.lower()


def test_calls_keep_a_lowered_rate() -> None:
    server = Server(lambda: (0.05, 0.05))

    async def main() -> None:
        limiter = RateLimiter(ASSOCIATION_RATE)
        loading = asyncio.create_task(load(limiter, server, 120.0))
        await asyncio.sleep(30.0)
        limiter.pause.begin(10.0)
        limiter.lower()
        await loading

    simulate(main())
    assert worst_window(server.arrivals, 10.0) <= 150
    assert worst_window([moment for moment in server.arrivals if moment >= 40.0], 10.0) <= 135


def test_a_raised_rate_releases_waiting_calls() -> None:
    async def main() -> float:
        limiter = RateLimiter(Rate(1, 10.0), follow=True)
        await limiter.acquire()
        waiting = asyncio.create_task(_went(limiter, 1))
        await asyncio.sleep(15.0)
        limiter.follow(RateHeaders(190, 10.0))
        return (await waiting)[0]

    assert simulate(main()) == pytest.approx(15.0, abs=0.01)


@pytest.mark.parametrize(
    "headers", [RateHeaders(), RateHeaders(190), RateHeaders(None, 10.0), RateHeaders(0, 10.0), RateHeaders(-3, 10.0)]
)
def test_headers_without_a_rate_change_nothing(headers: RateHeaders) -> None:
    limiter = RateLimiter(Rate(100, 10.0), follow=True)
    limiter.follow(headers)
    assert limiter.rate == Rate(100, 10.0)


def test_a_rate_that_was_given_is_not_changed_by_headers() -> None:
    limiter = RateLimiter(Rate(100, 10.0))
    limiter.follow(RateHeaders(190, 10.0))
    assert limiter.rate == Rate(100, 10.0)


def test_slots_of_an_earlier_run_are_waited_for() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(10, 10.0))
        for _ in range(10):
            limiter.reserve(8.0)
        assert limiter.slots_in_use() == pytest.approx([8.0] * 10)
        return await _went(limiter, 10)

    moments = simulate(main())
    assert min(moments) >= 8.0


def test_more_reserved_slots_than_the_rate_has_are_waited_for() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(2, 1.0))
        for number in range(6):
            limiter.reserve(3.0 + number)
        return await _went(limiter, 2)

    moments = simulate(main())
    assert moments[0] >= 7.0  # then the fifth of six slots expires, and one is free
    assert moments[1] >= 8.0


def test_slots_in_use_are_the_seconds_the_next_run_must_wait() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(10, 10.0))
        await _went(limiter, 1)
        await asyncio.sleep(4.0)
        await limiter.acquire()
        return sorted(limiter.slots_in_use())

    assert simulate(main()) == pytest.approx([6.05, 10.05])


def test_a_pause_is_over_when_its_time_has_passed() -> None:
    async def main() -> None:
        pause = Pause()
        assert pause.left() == 0
        await pause.wait_until_over()
        pause.begin(3.0)
        await pause.wait_until_over()
        assert now() == pytest.approx(3.0, abs=0.001)
        assert pause.left() == 0
        assert pause.begin(1.0)

    simulate(main())
