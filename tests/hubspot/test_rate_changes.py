"""Changes of the rate: by what HubSpot announces, and after a 429 although the rate was kept."""

import asyncio
from math import ceil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.config import Rate
from importer.hubspot.rate_limiter import ASSOCIATION_RATE, RateLimiter, within
from importer.hubspot.response import RateHeaders
from tests.support.rate_load import Server, load, times_of, worst_window
from tests.support.simulated_time import simulate


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
@example(Rate(4, 0.7), Rate(1, 0.03))
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
def test_a_rate_is_never_lowered_below_ten_calls(rate: Rate, lowest: int) -> None:
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
        waiting = asyncio.create_task(times_of(limiter, 1))
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
