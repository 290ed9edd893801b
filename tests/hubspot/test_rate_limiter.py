"""The guarantee: whatever the network and the event loop do, no rolling window carries more than the rate allows."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from importer.config import Rate
from importer.hubspot.rate_limiter import Pause, RateLimiter
from importer.hubspot.response import RateHeaders
from tests.support.simulated_time import now, simulate, stall

PROFESSIONAL = Rate(190, 10.0)


def worst_window(arrivals: list[float], seconds: float) -> int:
    """The most arrivals in any half-open window, found by itself and not by the code under test."""
    moments = sorted(arrivals)
    worst = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        worst = max(worst, last - first + 1)
    return worst


@dataclass
class Server:
    """When calls arrive; `way` gives the seconds of one call there and back."""

    way: Callable[[], tuple[float, float]]
    arrivals: list[float] = field(default_factory=list)

    async def call(self, limiter: RateLimiter) -> None:
        """One call at the limiter. Cancelled on its way there, it does not arrive."""
        await limiter.acquire()
        there, back = self.way()
        arrival = now() + there
        try:
            await asyncio.sleep(there + back)
        finally:
            if now() >= arrival:
                self.arrivals.append(arrival)
            limiter.release()


async def load(limiter: RateLimiter, server: Server, seconds: float, workers: int = 64) -> None:
    """Call as fast as the pace allows for so many simulated seconds."""

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


@pytest.mark.slow
def test_an_hour_of_jitter_and_stalls_never_passes_the_limit() -> None:
    jitter = random.Random(1)
    server = Server(lambda: (0.075 + jitter.uniform(0, 0.3), 0.075))
    simulate(with_stalls(load(RateLimiter(PROFESSIONAL), server, 3600.0), jitter, 0.5))
    assert worst_window(server.arrivals, 10.0) <= 190
    assert len(server.arrivals) >= 0.95 * 19 * 3600


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


def test_calls_are_spread_and_do_not_all_go_at_once() -> None:
    server = Server(lambda: (0.0, 0.1))
    simulate(load(RateLimiter(PROFESSIONAL), server, 9.0))
    assert worst_window(server.arrivals, 1.0) <= 10 + 19 + 1
    assert worst_window(server.arrivals, 0.001) <= 10


STEPS = st.lists(
    st.tuples(st.sampled_from(["call", "call", "call", "cancel", "pause", "stall", "sleep"]), st.floats(0, 3)),
    max_size=120,
)


@given(st.integers(1, 12), st.floats(0.2, 10), STEPS, st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=300)
@pytest.mark.slow
def test_no_order_of_calls_cancellations_pauses_and_stalls_breaks_the_limit_or_loses_a_place(
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
    await asyncio.gather(*tasks, return_exceptions=True)  # no waiter is forgotten: the loop would have nothing to do
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


def test_cancelled_waiters_leave_every_place_to_the_others() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(5, 1.0))
        for _ in range(5):
            await limiter.acquire()
        waiters = [asyncio.create_task(_went(limiter, 1)) for _ in range(50)]
        await asyncio.sleep(20.0)  # by now each of them waits for a place
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


def test_a_place_that_comes_together_with_the_cancellation_is_not_lost() -> None:
    async def main() -> None:
        limiter = RateLimiter(Rate(1, 1.0))
        await limiter.acquire()
        waiter = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(2.0)
        limiter.release()
        # In the same round of the loop, right after the place was given and before the waiter could notice.
        asyncio.get_running_loop().call_at(now() + 1.05 + 1e-7, waiter.cancel)
        await asyncio.gather(waiter, return_exceptions=True)
        assert waiter.cancelled()
        assert limiter.slots_in_use() == []

    simulate(main())


def test_a_place_is_held_from_the_sending_until_the_window_after_the_answer() -> None:
    async def main() -> float:
        limiter = RateLimiter(Rate(1, 10.0))
        await limiter.acquire()
        asyncio.get_running_loop().call_later(25.0, limiter.release)
        await limiter.acquire()
        return now()

    assert simulate(main()) == pytest.approx(35.05)


def test_during_a_pause_nothing_goes_and_afterwards_all_does() -> None:
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


def test_siblings_share_pauses_and_nothing_else() -> None:
    async def main() -> None:
        limiter = RateLimiter(Rate(1, 100.0))
        sibling = limiter.sharing_pause(Rate(2, 1.0))
        await limiter.acquire()
        await sibling.acquire()
        assert now() < 0.001
        limiter.pause.begin(7.0)
        await sibling.acquire()
        assert now() == pytest.approx(7.0, abs=0.001)

    simulate(main())


async def _follow(first: Rate, then: Rate, server: Server) -> None:
    limiter = RateLimiter(first, follow=True)
    loading = asyncio.create_task(load(limiter, server, 60.0))
    await asyncio.sleep(30.0)
    limiter.follow(RateHeaders(then.calls, then.seconds))
    assert limiter.rate == then
    await loading


@pytest.mark.parametrize("then", [Rate(190, 10.0), Rate(40, 10.0), Rate(30, 2.0), Rate(20, 15.0)])
def test_a_rate_that_hubspot_raises_or_lowers_is_kept_from_then_on(then: Rate) -> None:
    first = Rate(100, 10.0)
    server = Server(lambda: (0.05, 0.05))
    simulate(_follow(first, then, server))
    before = [moment for moment in server.arrivals if moment <= 30.0]
    after = [moment for moment in server.arrivals if moment > 30.0]
    assert worst_window(before, first.seconds) <= first.calls
    assert worst_window(after, then.seconds) <= then.calls
    lately = [moment for moment in after if moment >= 45.0]
    assert len(lately) >= 0.9 * 15 * then.calls / then.seconds - then.calls / 2


def test_a_raised_rate_lets_those_go_who_wait() -> None:
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
def test_headers_that_say_no_rate_change_none(headers: RateHeaders) -> None:
    limiter = RateLimiter(Rate(100, 10.0), follow=True)
    limiter.follow(headers)
    assert limiter.rate == Rate(100, 10.0)


def test_a_rate_that_was_given_is_not_changed_by_headers() -> None:
    limiter = RateLimiter(Rate(100, 10.0))
    limiter.follow(RateHeaders(190, 10.0))
    assert limiter.rate == Rate(100, 10.0)


def test_places_of_an_earlier_run_are_waited_for() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(10, 10.0))
        for _ in range(10):
            limiter.reserve(8.0)
        assert limiter.slots_in_use() == pytest.approx([8.0] * 10)
        return await _went(limiter, 10)

    moments = simulate(main())
    assert min(moments) >= 8.0


def test_more_places_than_the_rate_has_are_waited_for_too() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(2, 1.0))
        for number in range(6):
            limiter.reserve(3.0 + number)
        return await _went(limiter, 2)

    moments = simulate(main())
    assert moments[0] >= 7.0  # of six places the fifth ends then, and one is free
    assert moments[1] >= 8.0


def test_what_is_held_tells_the_next_run_how_long_to_wait() -> None:
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
