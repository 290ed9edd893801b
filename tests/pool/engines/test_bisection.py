"""Bisection: bad inputs are isolated, and good ones are accepted in few calls."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.pool.engines.bisection import Bisection, CallResult

MOST = 2_000


class Server:
    """Takes calls of at most `limit` inputs without any bad one; names its limit only if `names_limit`."""

    def __init__(self, limit: int = MOST, bad: Callable[[int], bool] = lambda number: False, names_limit: bool = False):
        self.limit, self.bad, self.names_limit = limit, bad, names_limit
        self.sizes: list[int] = []
        self.passed: list[int] = []

    async def take(self, part: Sequence[int]) -> CallResult[int]:
        """Respond to one call."""
        self.sizes.append(len(part))
        await asyncio.sleep(0)
        if len(part) > self.limit:
            return CallResult(False, self.limit if self.names_limit else None, "too many")
        if any(map(self.bad, part)):
            return CallResult(False, None, "bad input")
        self.passed += part
        return CallResult(True)


async def run(server: Server, inputs: int, workers: int = 20) -> Bisection:
    """Send all inputs with several workers, each taking chunks of the current size."""
    bisection = Bisection("Calls", MOST, "The rest is left.")
    waiting = iter(range(inputs))

    def chunks() -> Sequence[int]:
        return [number for _, number in zip(range(bisection.size), waiting, strict=False)]

    async def work() -> None:
        while chunk := chunks():
            await bisection.process(chunk, server.take)

    await asyncio.gather(*(work() for _ in range(workers)))
    return bisection


LIMITS = [(2_000, False, 60), (1_999, True, 85), (1_999, False, 110), (1_000, True, 150), (1_000, False, 170),
          (100, True, 1_260), (100, False, 1_400), (16, False, 8_500)]  # fmt: skip


@pytest.mark.parametrize(("limit", "names_limit", "most_calls"), LIMITS)
async def test_a_smaller_limit_is_learned_in_few_calls(limit: int, names_limit: bool, most_calls: int) -> None:
    server = Server(limit, names_limit=names_limit)
    await run(server, 120_000)
    assert sorted(server.passed) == list(range(120_000))
    assert len(server.sizes) <= most_calls


async def test_a_bad_input_in_each_chunk_costs_some_calls_and_nothing_else() -> None:
    server = Server(bad=lambda number: number % MOST == 777)
    bisection = await run(server, 60 * MOST)
    assert len(server.passed) == 60 * (MOST - 1)
    assert len(server.sizes) <= 60 * 24
    assert not bisection.is_closed


async def test_inputs_that_are_always_rejected_are_soon_abandoned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(bad=lambda number: True)
    bisection = await run(server, 60 * MOST)
    assert len(server.sizes) <= 5 * 33
    assert bisection.is_closed
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.WARNING]
    assert "bad input" in caplog.text


async def test_many_bad_inputs_cost_fewer_calls_than_single_calls_would() -> None:
    server = Server(bad=lambda number: number % 3 == 0)
    bisection = await run(server, 60 * MOST)
    assert bisection.is_closed
    assert len(server.sizes) <= 60 * MOST // 4


async def test_a_block_of_bad_inputs_does_not_end_the_batches() -> None:
    server = Server(bad=lambda number: 3_000 <= number < 9_000)
    bisection = await run(server, 60 * MOST, workers=1)
    assert not bisection.is_closed
    assert len(server.passed) >= 55 * MOST
    assert len(server.sizes) <= 1_000


async def test_a_problem_that_all_workers_meet_at_once_counts_once() -> None:
    server = Server()
    started = asyncio.Event()

    async def take(part: Sequence[int]) -> CallResult[int]:
        await started.wait()
        return await server.take(part)

    bisection = Bisection("Calls", MOST, "The rest is left.")
    await bisection.process(range(MOST), server.take)
    server.bad = lambda number: True
    workers = [asyncio.create_task(bisection.process(range(MOST), take)) for _ in range(20)]
    started.set()
    await asyncio.gather(*workers)
    assert not bisection.is_closed
    server.bad = lambda number: False
    server.passed.clear()
    await bisection.process(range(MOST), server.take)
    assert len(server.passed) == MOST


async def test_a_sender_that_ends_is_not_called_again() -> None:
    calls: list[int] = []

    async def take(part: Sequence[int]) -> CallResult[int] | None:
        calls.append(len(part))
        return None

    await Bisection("Calls", MOST, "").process(range(MOST), take)
    assert calls == [MOST]


async def test_the_rest_of_an_accepted_call_is_sent_again() -> None:
    calls: list[Sequence[int]] = []

    async def take(part: Sequence[int]) -> CallResult[int]:
        calls.append(part)
        return CallResult(True, 1, rest=part[1:3]) if len(part) > 3 else CallResult(True)

    await Bisection("Calls", MOST, "").process(range(10), take)
    assert [list(part) for part in calls] == [list(range(10)), [1], [2]]


@given(
    st.integers(1, 3_000),
    st.sampled_from([1, 2, 3, 7, 64, 100, 999, 1_000, 1_999, 2_000]),
    st.sets(st.integers(0, 2_999), max_size=6),
    st.booleans(),
)
def test_every_good_input_is_accepted_within_a_bounded_number_of_calls(
    inputs: int, limit: int, bad: set[int], names_limit: bool
) -> None:
    server = Server(limit, bad.__contains__, names_limit)
    asyncio.run(run(server, inputs, workers=3))
    assert len(server.passed) == len(set(server.passed))
    assert not bad & set(server.passed)
    budget = 60 + inputs // 4 + inputs // limit
    if len(bad & set(range(inputs))) <= 2 and limit >= 64:
        assert set(server.passed) == set(range(inputs)) - bad
    assert len(server.sizes) <= 4 * budget
