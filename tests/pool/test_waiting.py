"""How long calls wait, on simulated time: backoff, Retry-After, pauses and stops."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from importer.config import Rate
from importer.hubspot.response import NoResponse, Response
from importer.model import Pair, Status, Stop, StopReason
from importer.pool import Pool
from tests.support.pool import FAST, SimulatedRun, journal_of, pairs, settings
from tests.support.responses import complete, error, parsed, result
from tests.support.simulated_time import now, simulate

INTERRUPTED = Stop(StopReason.SIGINT, "The run was interrupted (SIGINT).")
LATENCY = 0.1


def linked(pair: Pair) -> Response:
    return parsed(200, complete(results=[result(pair.from_id, pair.to_id)]))


def first(calls: int, response: Response) -> Callable[[Pair, int], Awaitable[Response | NoResponse]]:
    """Give `response` to the first calls and link by the others."""

    async def respond(pair: Pair, number: int) -> Response | NoResponse:
        await asyncio.sleep(LATENCY)
        return response if number <= calls else linked(pair)

    return respond


LOCKED = parsed(423, error("LOCKED"))
BUSY = parsed(503, b"", retry_after=30.0)
TOO_FAST = parsed(429, {"policyName": "TEN_SECONDLY_ROLLING", "status": "error"})


@pytest.mark.parametrize(("response", "seconds"), [(LOCKED, 2.0), (BUSY, 30.0)])
def test_a_call_is_repeated_only_after_the_wait_that_the_response_requires(
    path: Path, response: Response, seconds: float
) -> None:
    ran = SimulatedRun(journal_of(path, pairs(3)), first(3, response)).run()
    assert len(ran.of(Status.LINKED)) == 3
    assert all(
        seconds <= later - sent - LATENCY < seconds + 0.1
        for sent, later in zip(ran.sent_at[:3], ran.sent_at[3:], strict=True)
    )


def test_a_wait_longer_than_the_setting_stops_the_run_instead(path: Path) -> None:
    ran = SimulatedRun(journal_of(path, pairs(30)), first(1_000, BUSY)).run(longest_wait=20)
    assert ran.ended_at < 1
    assert ran.stop is not None
    assert ran.stop.reason is StopReason.UNREACHABLE
    assert ran.pending == set(ran.outcomes)


def test_one_429_pauses_all_workers_for_the_window(path: Path) -> None:
    ran = SimulatedRun(journal_of(path, pairs(200)), first(1, TOO_FAST)).run()
    assert len(ran.of(Status.LINKED)) == 200
    assert (ran.pool.rate_limited, ran.pool.retries) == (1, 1)
    gaps = [later - sent for sent, later in pairwise(ran.sent_at)]
    assert sum(gap > 0.5 for gap in gaps) == 1
    assert 10.0 - LATENCY <= max(gaps) < 10.2


def sharing(limit: int, seconds: float = 10.0) -> Callable[[Pair, int], Awaitable[Response | NoResponse]]:
    """Allow `limit` calls in any `seconds`, because another client uses the rest."""
    arrivals: list[float] = []

    async def respond(pair: Pair, number: int) -> Response | NoResponse:
        del number
        arrivals.append(now())
        recent = sum(moment > now() - seconds for moment in arrivals)
        await asyncio.sleep(LATENCY)
        return TOO_FAST if recent > limit else linked(pair)

    return respond


@pytest.mark.slow
def test_a_limit_that_another_client_shares_is_found_in_steps_of_a_tenth_and_reported_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = SimulatedRun(journal_of(path, pairs(800)), sharing(75), rate=Rate(100, 10.0))
    ran = rig.run(workers=64)
    assert len(ran.of(Status.LINKED)) == 800
    assert ran.pool.limiter.rate == Rate(72, 10.0)
    reports = [record.getMessage() for record in caplog.records if "another client" in record.getMessage()]
    assert len(reports) == 1
    assert "100/10" in reports[0]
    assert "90/10" in reports[0]


def test_a_429_of_another_policy_does_not_lower_the_rate(path: Path) -> None:
    for policy in ("SECONDLY", "DAILY"):
        response = parsed(429, {"policyName": policy, "status": "error"})
        ran = SimulatedRun(journal_of(path.with_name(policy), pairs(5)), first(1, response)).run()
        assert ran.pool.limiter.rate == FAST


def test_a_429_without_a_policy_lowers_the_rate(path: Path) -> None:
    ran = SimulatedRun(journal_of(path, pairs(20)), first(1, parsed(429, b""))).run()
    assert len(ran.of(Status.LINKED)) == 20
    assert ran.pool.limiter.rate == Rate(900, 1.0)


def test_workers_that_wait_for_a_retry_end_at_a_stop(path: Path) -> None:
    async def stop_later(pool: Pool) -> None:
        await asyncio.sleep(60)
        pool.stop(INTERRUPTED)

    random.seed(1)
    rig = SimulatedRun(journal_of(path, pairs(200)), first(1_000, parsed(503, b"")))
    ran = rig.run(stop_later, backoff_base=86_400, backoff_cap=86_400, max_attempts=50)
    assert ran.ended_at < 61
    assert ran.stop is INTERRUPTED
    assert len(ran.of(Status.UNCONFIRMED)) == len(ran.sent_at) >= 8
    assert ran.pending == set(ran.outcomes)  # the next process also sends the unconfirmed ones


def test_workers_that_wait_for_their_slot_end_at_a_stop(path: Path) -> None:
    async def stop_later(pool: Pool) -> None:
        await asyncio.sleep(5)
        pool.stop(INTERRUPTED)

    ran = SimulatedRun(journal_of(path, pairs(200)), first(1, TOO_FAST)).run(stop_later, workers=64)
    assert ran.ended_at < 5.1
    assert len(ran.of(Status.LINKED)) + len(ran.of(Status.NOT_SENT)) == 200


def test_a_stop_does_not_swallow_a_cancellation_from_elsewhere(path: Path) -> None:
    async def run(rig: SimulatedRun) -> None:
        task = asyncio.current_task()
        assert task is not None

        async def stop_and_cancel(pool: Pool) -> None:
            await asyncio.sleep(1)
            pool.stop(INTERRUPTED)
            task.cancel()

        await rig._run(stop_and_cancel, settings(backoff_base=86_400, backoff_cap=86_400))

    with pytest.raises(asyncio.CancelledError):
        simulate(run(SimulatedRun(journal_of(path, pairs(20)), first(1_000, parsed(503, b"")))))
