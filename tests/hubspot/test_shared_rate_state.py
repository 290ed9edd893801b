"""The rate limit that earlier runs have used: exact where their calls are remembered, else as if they used it all."""

import asyncio
import json
from pathlib import Path

import pytest

from importer.config import Rate
from importer.hubspot.rate_limiter import REMEMBERED_CALLS, RateLimiter
from importer.hubspot.response import RateHeaders
from importer.hubspot.shared_rate_state import FullWindow, SharedRateState
from tests.support.simulated_time import SimulatedLoop

SHORT, LONG, LONGER = Rate(15, 1.0), Rate(100, 10.0), Rate(500, 60.0)


@pytest.fixture
def state(tmp_path: Path) -> SharedRateState:
    return SharedRateState((tmp_path / "token.json",))


def run(state: SharedRateState, rate: Rate, calls: int = 0, then: Rate | None = None) -> tuple[int, list[FullWindow]]:
    """Make calls, the last ones at another rate if one is given; return the slots occupied before, and the reports."""
    reports: list[FullWindow] = []

    async def work() -> int:
        limiter = RateLimiter(rate, follow=True)
        async with state.keep(limiter, reports.append):
            before = len(limiter.slots_in_use())
            for _ in range(calls):
                await limiter.acquire()
                limiter.release()
                if then is not None:
                    limiter.follow(RateHeaders(limit=then.calls, interval=then.seconds))
        return before

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work()), reports


def test_a_run_that_followed_a_shorter_window_has_used_only_its_own_calls(state: SharedRateState) -> None:
    run(state, LONG, calls=3, then=SHORT)
    assert run(state, LONG) == (3, [])


def test_the_calls_of_several_earlier_runs_add_up_in_a_longer_window(state: SharedRateState) -> None:
    for _ in range(3):
        run(state, SHORT, calls=4)
    assert run(state, LONG) == (12, [])


def test_a_used_up_limit_is_reported_with_its_seconds(state: SharedRateState) -> None:
    run(state, Rate(100, 1.0), calls=120)
    slots, (report,) = run(state, LONG)
    assert slots == 100 + 20
    assert (report.rate, report.is_certain, 8 < report.seconds < 11) == (LONG, True, True)


def test_a_killed_run_may_have_used_up_the_limit(state: SharedRateState) -> None:
    run(state, LONG, calls=3)
    (path,) = state.paths
    path.write_text(json.dumps({**json.loads(path.read_text()), "is_end": False}))
    slots, (report,) = run(state, LONG)
    assert (slots, report.is_certain, 12 < report.seconds < 14) == (100, False, True)


def test_a_window_longer_than_what_is_remembered_may_be_used_up(state: SharedRateState) -> None:
    run(state, LONG, calls=3)
    slots, (report,) = run(state, LONGER)
    assert (slots, report.is_certain) == (500, False)


def test_more_calls_than_are_remembered_may_have_used_up_a_higher_limit(state: SharedRateState) -> None:
    run(state, Rate(REMEMBERED_CALLS * 10, 1.0), calls=REMEMBERED_CALLS + 1)
    slots, reports = run(state, Rate(20_000, 10.0))
    assert (slots, [report.is_certain for report in reports]) == (20_000, [False])


def test_a_state_without_the_last_calls_may_have_used_up_a_longer_window(state: SharedRateState) -> None:
    run(state, SHORT, calls=3)
    (path,) = state.paths
    left = json.loads(path.read_text())
    del left["last"]
    path.write_text(json.dumps(left))
    assert run(state, LONG)[0] == 100
