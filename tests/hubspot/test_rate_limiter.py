"""The guarantee: whatever the network and the event loop do, no rolling window has more calls than the rate allows."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from importer.config import Rate
from importer.hubspot.rate_limiter import Pause, RateLimiter
from tests.support.rate_load import Server, load, times_of, worst_window
from tests.support.simulated_time import now, simulate, stall

PROFESSIONAL = Rate(190, 10.0)


async def stalls(jitter: random.Random, longest: float) -> None:
    """Block the event loop repeatedly."""
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


@pytest.mark.slow
def test_nearly_all_of_the_limit_is_used() -> None:
    server = Server(lambda: (0.075, 0.075))
    simulate(load(RateLimiter(PROFESSIONAL), server, 600.0))
    assert worst_window(server.arrivals, 10.0) <= 190
    assert len(server.arrivals) >= 0.97 * 19 * 600


@pytest.mark.slow
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


def test_cancelled_waiters_leave_every_slot_to_the_others() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(5, 1.0))
        for _ in range(5):
            await limiter.acquire()
        waiters = [asyncio.create_task(times_of(limiter, 1)) for _ in range(50)]
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
        return await times_of(limiter, 3)

    moments = simulate(main())
    assert min(moments) >= 10.0
    assert max(moments) < 12.0


def test_a_waiter_whose_turn_comes_during_a_pause_waits_for_its_end() -> None:
    async def main() -> float:
        limiter = RateLimiter(Rate(1, 1.0))
        await times_of(limiter, 1)
        waiting = asyncio.create_task(times_of(limiter, 1))
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


def test_slots_of_an_earlier_run_are_waited_for() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(10, 10.0))
        for _ in range(10):
            limiter.reserve(8.0)
        assert limiter.slots_in_use() == pytest.approx([8.0] * 10)
        return await times_of(limiter, 10)

    moments = simulate(main())
    assert min(moments) >= 8.0


def test_more_reserved_slots_than_the_rate_has_are_waited_for() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(2, 1.0))
        for number in range(6):
            limiter.reserve(3.0 + number)
        return await times_of(limiter, 2)

    moments = simulate(main())
    assert moments[0] >= 7.0  # then the fifth of six slots expires, and one is free
    assert moments[1] >= 8.0


def test_slots_in_use_are_the_seconds_the_next_run_must_wait() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(Rate(10, 10.0))
        await times_of(limiter, 1)
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
