"""The speed of a run and the time left: pauses do not count, and the rate limit counts until the speed is known."""

import asyncio
from collections.abc import Iterator

import pytest

from importer.config import EngineName, Rate, Settings
from importer.journal import PauseReason
from importer.model import Operation
from importer.pool.call_meter import CallMeter
from importer.pool.speed import Speed
from tests.support.simulated_time import SimulatedLoop

LIMIT = Rate(100, 10.0)


class Work:
    """A run on simulated time: `seconds` of work with a number of calls and pairs per second."""

    def __init__(self, engine: EngineName = EngineName.PUT) -> None:
        self.meter = CallMeter(clock=asyncio.get_running_loop().time)
        self.speed = Speed(self.meter, Settings(engine=engine), Operation.LINK)
        self.calls = self.done = 0

    async def go(self, seconds: int, calls: int, done: int) -> None:
        for _ in range(seconds):
            self.speed.measure(self.calls, self.done)
            self.meter.begin(LIMIT)
            await asyncio.sleep(1)
            self.calls, self.done = self.calls + calls, self.done + done
        self.speed.measure(self.calls, self.done)

    async def wait(self, seconds: int, reason: PauseReason = PauseReason.RATE_LIMITED) -> None:
        self.meter.pause(seconds, reason)
        await self.go_idle(seconds)

    async def go_idle(self, seconds: int) -> None:
        for _ in range(seconds):
            self.speed.measure(self.calls, self.done)
            await asyncio.sleep(1)
        self.speed.measure(self.calls, self.done)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        yield runner


@pytest.mark.parametrize("wait", [0, 60, 3_600])
def test_a_pause_changes_neither_the_speed_nor_the_time_left(loop: asyncio.Runner, wait: int) -> None:
    async def run() -> None:
        work = Work()
        await work.wait(wait, PauseReason.EARLIER_RUN)
        await work.go(10, calls=8, done=8)
        await work.wait(wait)
        await work.go(10, calls=8, done=8)
        await work.wait(wait)
        assert work.speed.calls_per_second == pytest.approx(8, rel=0.05)
        assert work.speed.seconds_left(800, LIMIT) == pytest.approx(100, rel=0.05)

    loop.run(run())


def test_a_wait_of_all_workers_that_is_noticed_late_does_not_count(loop: asyncio.Runner) -> None:
    async def run() -> None:
        work = Work()
        await work.go(20, calls=8, done=8)
        end = work.meter.begin_wait(120)
        for _ in range(120):
            work.meter.check_backoff(in_flight=0)
            await work.go_idle(1)
        work.meter.end_wait(end)
        await work.go(5, calls=8, done=8)
        assert work.speed.calls_per_second == pytest.approx(8, rel=0.1)

    loop.run(run())


def test_overlapping_pauses_count_once(loop: asyncio.Runner) -> None:
    async def run() -> None:
        meter = CallMeter(clock=asyncio.get_running_loop().time)
        await asyncio.sleep(5)
        start = meter.worked()
        meter.pause(20, PauseReason.EARLIER_RUN)
        await asyncio.sleep(10)
        meter.pause(30, PauseReason.RATE_LIMITED)
        await asyncio.sleep(35)
        assert meter.worked() - start == pytest.approx(5, abs=0.01)

    loop.run(run())


def test_the_rate_limit_counts_until_the_speed_is_known(loop: asyncio.Runner) -> None:
    async def run() -> None:
        work = Work()
        assert work.speed.seconds_left(800, LIMIT) == pytest.approx(80)
        await work.go(1, calls=50, done=50)
        assert work.speed.calls_per_second is None
        assert work.speed.seconds_left(800, LIMIT) == pytest.approx(80)

    loop.run(run())


def test_pairs_that_were_linked_already_do_not_shorten_the_time_for_the_calls_that_follow(
    loop: asyncio.Runner,
) -> None:
    async def run() -> None:
        work = Work()
        await work.go(10, calls=10, done=10_000)
        assert work.speed.seconds_left(1_000, LIMIT) == pytest.approx(100, rel=0.01)

    loop.run(run())


def test_the_speed_of_pairs_counts_if_a_call_is_about_many(loop: asyncio.Runner) -> None:
    async def run() -> None:
        work = Work(EngineName.BATCH)
        assert work.speed.seconds_left(40_000, LIMIT) == pytest.approx(4)
        await work.go(10, calls=2, done=4_000)
        assert work.speed.seconds_left(40_000, LIMIT) == pytest.approx(10, rel=0.01)

    loop.run(run())


def test_only_the_last_half_minute_and_the_current_engine_count(loop: asyncio.Runner) -> None:
    async def run() -> None:
        work = Work()
        await work.go(60, calls=10, done=10)
        await work.go(30, calls=2, done=2)
        assert work.speed.calls_per_second == pytest.approx(2, rel=0.01)
        work.speed.restart()
        await work.go(5, calls=9, done=9)
        assert work.speed.calls_per_second == pytest.approx(9, rel=0.01)

    loop.run(run())
