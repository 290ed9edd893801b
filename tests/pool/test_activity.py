"""The activity of a run as its journal records it, on simulated time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from importer.config import Rate
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Response
from importer.journal import Journal, LiveState, PauseReason, open_for_run
from importer.journal.activity import LIVE_SECONDS
from importer.model import Pair, Status, Stop, StopReason
from importer.pool import Pool
from tests.support.pool import START, SimulatedRun, journal_of, pairs, settings
from tests.support.responses import complete, error, parsed, result
from tests.support.simulated_time import now

LATENCY = 0.1
TOO_FAST = parsed(429, {"policyName": "TEN_SECONDLY_ROLLING", "status": "error"})


def responding(*first: Response, slow: float = LATENCY) -> Callable[[Pair, int], Awaitable[Response | NoResponse]]:
    """Give the responses in order to the first calls and link by the others; every tenth takes `slow` seconds."""

    async def respond(pair: Pair, number: int) -> Response | NoResponse:
        await asyncio.sleep(slow if number % 10 == 0 else LATENCY)
        if number <= len(first):
            return first[number - 1]
        return parsed(200, complete(results=[result(pair.from_id, pair.to_id)]))

    return respond


@pytest.mark.slow
def test_every_call_and_response_is_counted_in_its_second(path: Path) -> None:
    ran = SimulatedRun(journal_of(path, pairs(500)), responding(), rate=Rate(100, 10.0)).run(workers=64)
    with Journal(path) as journal:
        seconds, totals, latencies = journal.activity(), journal.activity_totals(), journal.latencies()
    expected = [sum(int(START + sent) == second.at for sent in ran.sent_at) for second in seconds]
    assert [second.begun for second in seconds] == expected
    assert (totals.begun, totals.responses, totals.retries, totals.rate_limited) == (500, 500, 0, 0)
    assert {second.rate for second in seconds if second.begun} == {"100/10"}
    assert latencies == (100, 100)


def test_the_fullest_ten_seconds_are_exact_although_the_seconds_are_not(path: Path) -> None:
    ran = SimulatedRun(journal_of(path, pairs(400)), responding(), rate=Rate(70, 10.0)).run(workers=64)
    fullest = max(sum(sent - 10 < other <= sent for other in ran.sent_at) for sent in ran.sent_at)
    with Journal(path) as journal:
        assert journal.activity_totals().busiest == fullest <= 70


def test_the_latency_of_the_slow_responses_is_in_the_95th_percentile(path: Path) -> None:
    SimulatedRun(journal_of(path, pairs(300)), responding(slow=2.0), rate=Rate(50, 1.0)).run(workers=64)
    with Journal(path) as journal:
        p50, p95 = journal.latencies()
    assert p50 == 100
    assert p95 == pytest.approx(2000, abs=2)


def test_a_429_is_a_pause_with_its_reason_in_the_journal_and_visible_while_it_lasts(path: Path) -> None:
    seen: list[LiveState | None] = []

    async def look(pool: Pool) -> None:
        del pool
        await asyncio.sleep(5)
        with Journal(path) as journal:
            seen.append(journal.live)

    SimulatedRun(journal_of(path, pairs(200)), responding(TOO_FAST)).run(look)
    with Journal(path) as journal:
        (pause,) = journal.pauses()
        totals = journal.activity_totals()
    assert pause.reason is PauseReason.RATE_LIMITED
    assert pause.end - pause.start == pytest.approx(10, abs=0.1)
    assert (totals.rate_limited, totals.retries) == (1, 1)
    assert seen[0] is not None
    assert seen[0].pause == pause
    assert (seen[0].total, seen[0].rate_limited, seen[0].rate) == (200, 1, "900/1")


def test_the_live_state_is_written_during_a_pause(path: Path) -> None:
    ages: list[float] = []

    async def look(pool: Pool) -> None:
        del pool
        for _ in range(5):
            await asyncio.sleep(8)
            with Journal(path) as journal:
                assert journal.live is not None
                ages.append(START + now() - journal.live.at)

    SimulatedRun(journal_of(path, pairs(5)), responding(*[parsed(503, b"", retry_after=60.0)] * 5)).run(look)
    assert max(ages) <= LIVE_SECONDS + 1


def test_a_pause_before_the_first_engine_is_recorded_when_it_begins(path: Path) -> None:
    async def note() -> None:
        with open_for_run(journal_of(path, pairs(1))) as journal:
            Pool(journal, RateLimiter(Rate(1, 1.0)), settings(), lambda progress: None).note_full_window(7.0)
            with Journal(path) as other:
                (pause,) = other.pauses()
        assert pause.reason is PauseReason.EARLIER_RUN
        assert pause.end - pause.start == pytest.approx(7, abs=0.01)

    asyncio.run(note())


def test_a_pause_is_recorded_while_all_workers_wait_to_retry(path: Path) -> None:
    busy = [parsed(503, error("SERVER_ERROR"), retry_after=30.0)] * 5
    SimulatedRun(journal_of(path, pairs(5)), responding(*busy)).run()
    with Journal(path) as journal:
        (pause,) = journal.pauses()
    assert pause.reason is PauseReason.BACKOFF
    assert pause.start == pytest.approx(START + LATENCY, abs=0.1)
    assert pause.end == pytest.approx(START + LATENCY + 30, abs=0.5)


def test_a_single_waiting_pair_is_not_a_pause(path: Path) -> None:
    busy = parsed(503, error("SERVER_ERROR"), retry_after=30.0)
    SimulatedRun(journal_of(path, pairs(300)), responding(busy), rate=Rate(10, 1.0)).run()
    with Journal(path) as journal:
        assert journal.pauses() == []


def test_a_stop_ends_the_pause(path: Path) -> None:
    async def stop_later(pool: Pool) -> None:
        await asyncio.sleep(4)
        pool.stop(Stop(StopReason.SIGINT, "The run was interrupted (SIGINT)."))

    SimulatedRun(journal_of(path, pairs(50)), responding(TOO_FAST)).run(stop_later)
    with Journal(path) as journal:
        (pause,) = journal.pauses()
    assert pause.end == pytest.approx(START + 4, abs=0.1)


@pytest.mark.slow
def test_the_live_state_shows_what_is_done_and_how_long_the_rest_will_take(path: Path) -> None:
    seen: list[tuple[float, LiveState]] = []

    async def look(pool: Pool) -> None:
        for _ in range(8):
            await asyncio.sleep(5)
            with Journal(path) as journal:
                assert journal.live is not None
                seen.append((now(), journal.live))
        del pool

    ran = SimulatedRun(journal_of(path, pairs(500)), responding(), rate=Rate(100, 10.0)).run(look, workers=64)
    assert [live.done for _, live in seen] == sorted(live.done for _, live in seen)
    assert all(live.statuses[Status.LINKED] == live.done for _, live in seen)
    for at, live in seen[2:]:
        assert live.seconds_left == pytest.approx(ran.ended_at - at, abs=6)


def test_a_pair_that_the_next_process_sends_again_is_counted_once(path: Path) -> None:
    journal_of(path, pairs(9))

    async def stop_later(pool: Pool) -> None:
        await asyncio.sleep(3)
        pool.stop(Stop(StopReason.SIGINT, "The run was interrupted (SIGINT)."))

    lost = [parsed(502, b"")] * 3
    first = SimulatedRun(path, responding(*lost)).run(stop_later, backoff_base=86_400, backoff_cap=86_400)
    assert len(first.of(Status.UNCONFIRMED)) == 3
    SimulatedRun(path, responding()).run()
    with Journal(path) as journal:
        assert journal.live is not None
        assert {status: number for status, number in journal.live.statuses.items() if number} == {Status.LINKED: 9}
        assert (journal.live.done, journal.live.total) == (9, 9)
