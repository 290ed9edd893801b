"""A pool that is stopped or cancelled, or ends by a bug: what was sent is never reported as not sent."""

import asyncio
from pathlib import Path

import pytest

from importer.config import Rate
from importer.errors import JournalError
from importer.journal import CUT_OFF, Journal, PendingPair
from importer.model import Status
from importer.pool import Pool, PutEngine
from importer.pool.outcomes import Recorder
from importer.pool.sender import Sender
from tests.support.pool import Rig, assert_sound, hubspot, journal_of, key, outcomes, pairs, pending
from tests.support.simulated_time import now
from tests.support.stopping import INTERRUPTED, attempts, stopping_at

pytestmark = pytest.mark.simulated_time


@pytest.mark.slow
async def test_at_a_stop_calls_in_flight_are_awaited_and_nothing_more_is_sent(path: Path) -> None:
    async with hubspot(latency=0.2) as sandbox:
        started = now()
        ran = await Rig(journal_of(path, pairs(50)), sandbox).run(meanwhile=stopping_at(sandbox, 15), workers=10)
        assert now() - started < 1.0
        assert ran.stop is INTERRUPTED
        assert 15 <= sandbox.state.calls["put"] == ran.pool.calls == len(ran.of(Status.LINKED)) <= 25
        assert len(ran.of(Status.NOT_SENT)) == 50 - ran.pool.calls


@pytest.mark.slow
async def test_workers_that_wait_for_a_slot_or_in_a_pause_end_at_a_stop(path: Path) -> None:
    async with hubspot("too_fast=calls:3") as sandbox:
        rig = Rig(journal_of(path, pairs(50)), sandbox, rate=Rate(20, 1.0))
        started = now()
        ran = await rig.run(meanwhile=stopping_at(sandbox, 3))
        assert now() - started < 2
        assert len(ran.of(Status.LINKED)) + len(ran.of(Status.NOT_SENT)) == 50
        assert ran.pool.rate_limited == 1


@pytest.mark.slow
async def test_a_failing_call_in_flight_at_a_stop_is_not_retried(path: Path) -> None:
    async with hubspot("http_503=always", latency=0.3) as sandbox:
        ran = await Rig(journal_of(path, pairs(50)), sandbox).run(meanwhile=stopping_at(sandbox, 8), max_attempts=9)
        assert sandbox.state.calls["put"] == 8
        assert len(ran.of(Status.UNCONFIRMED)) == 8
        assert ran.pending == set(ran.outcomes)


@pytest.mark.slow
async def test_the_first_reason_to_stop_wins(path: Path) -> None:
    async with hubspot("token_invalid=always", latency=0.2) as sandbox:
        ran = await Rig(journal_of(path, pairs(50)), sandbox).run(meanwhile=stopping_at(sandbox, 8))
        assert ran.stop is INTERRUPTED


async def test_unconfirmed_outcomes_and_attempts_survive_the_process(path: Path) -> None:
    async with hubspot("lost_answer=always") as sandbox:
        rig = Rig(journal_of(path, pairs(5)), sandbox)
        first = await rig.run(meanwhile=stopping_at(sandbox, 5), backoff_base=3600, backoff_cap=3600)
        assert first.pending == first.of(Status.UNCONFIRMED) == set(first.outcomes)
        sandbox.use_faults("http_400=always")
        second = await rig.run()
        assert len(second.of(Status.UNCONFIRMED)) == 5
        assert attempts(second) == {2}


# ---- giving up


@pytest.mark.parametrize("first", ["", "http_503=always*1", "too_fast=always*1"])
async def test_calls_given_up_after_a_stop_are_unconfirmed_whatever_came_before(path: Path, first: str) -> None:
    """Also for a pair that HubSpot did not accept at the first attempt: the second may have reached it."""
    faults = [fault for fault in (first, "lost_hang=always") if fault]
    async with hubspot(*faults) as sandbox:

        def stop_and_give_up(pool: Pool, journal: Journal) -> None:
            async def later() -> None:
                while len(sandbox.state.links) < 4:  # noqa: ASYNC110 - the sandbox has no event for it
                    await asyncio.sleep(0.01)
                pool.stop(INTERRUPTED)
                await asyncio.sleep(0.05)
                pool.give_up()

            tasks.append(asyncio.ensure_future(later()))

        tasks: list[asyncio.Task[None]] = []
        start = now()
        rig = Rig(journal_of(path, pairs(20)), sandbox)
        ran = await rig.run(meanwhile=stop_and_give_up, workers=4, answer_timeout=60)
        await asyncio.gather(*tasks)
        assert now() - start < 30
        assert ran.stop == INTERRUPTED
        assert len(ran.of(Status.UNCONFIRMED)) == 4
        assert len(ran.of(Status.NOT_SENT)) == 16
        assert ran.pending == set(pairs(20))


# ---- bugs and crashes


class Broken(PutEngine):
    """An engine with a bug that the tenth pair triggers."""

    async def process_pair(self, pending: PendingPair, sender: Sender, outcomes: Recorder) -> None:
        """Process the pair, or raise."""
        if pending.id == 10:
            await asyncio.sleep(0.05)
            raise ZeroDivisionError("a bug")
        await super().process_pair(pending, sender, outcomes)


async def test_a_bug_in_an_engine_ends_the_run_loudly_and_loses_nothing(path: Path) -> None:
    async with hubspot(latency=0.04) as sandbox:
        rig = Rig(journal_of(path, pairs(40)), sandbox)
        with pytest.raises(ZeroDivisionError, match="a bug"):
            await rig.run(Broken)
        assert_sound(path)
        found = outcomes(path)
        asked = {pair for pair in found if key(pair) in sandbox.state.asked}
        recorded = {pair for pair, outcome in found.items() if outcome.status is not Status.NOT_SENT}
        assert len(asked) >= 8
        assert asked <= recorded  # pairs in flight are unconfirmed, not not_sent
        assert {found[pair].status for pair in recorded} <= {Status.LINKED, Status.UNCONFIRMED}
        assert pending(path) >= {pair for pair in found if found[pair].status is not Status.LINKED}
        again = await rig.run()
        assert len(again.of(Status.LINKED)) == 40


class BrokenAfterwards(PutEngine):
    """An engine with a bug that shows right after the tenth pair's response."""

    async def process_pair(self, pending: PendingPair, sender: Sender, outcomes: Recorder) -> None:
        """Process the pair, then raise."""
        await super().process_pair(pending, sender, outcomes)
        if pending.id == 10:
            raise ZeroDivisionError("a bug")


async def test_a_response_received_before_a_bug_is_kept(path: Path) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(100)
        with pytest.raises(ZeroDivisionError):
            await Rig(journal_of(path, wanted), sandbox).run(BrokenAfterwards)
        assert outcomes(path)[wanted[9]].status is Status.LINKED
        assert wanted[9] not in pending(path)


@pytest.mark.slow
async def test_a_full_disk_ends_the_run_loudly_and_loses_nothing(path: Path) -> None:
    async with hubspot() as sandbox:
        rig = Rig(journal_of(path, pairs(400)), sandbox)

        def fill(pool: Pool, journal: Journal) -> None:
            del pool
            (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
            journal._db.execute(f"PRAGMA max_page_count = {pages + 1}")

        with pytest.raises(JournalError):
            await rig.run(meanwhile=fill)
        assert_sound(path)
        found = outcomes(path)
        asked = {pair for pair in found if key(pair) in sandbox.state.asked}
        assert asked <= {pair for pair, outcome in found.items() if outcome.status is not Status.NOT_SENT}
        again = await rig.run()
        assert len(again.of(Status.LINKED)) == 400


async def test_a_bug_in_the_progress_handler_ends_the_run_loudly(path: Path) -> None:
    async with hubspot() as sandbox:
        rig = Rig(journal_of(path, pairs(50)), sandbox)

        def break_progress(pool: Pool, journal: Journal) -> None:
            del journal

            def fail(progress: object) -> None:
                del progress
                raise ZeroDivisionError("a bug")

            pool._on_progress = fail

        with pytest.raises(ZeroDivisionError):
            await rig.run(meanwhile=break_progress)
        assert_sound(path)
        again = await rig.run()
        assert len(again.of(Status.LINKED)) == 50


async def test_a_cancelled_run_leaves_calls_in_flight_unconfirmed(path: Path) -> None:
    async with hubspot(latency=1.0) as sandbox:
        rig = Rig(journal_of(path, pairs(30)), sandbox)
        running = asyncio.create_task(rig.run())
        while sandbox.state.calls["put"] < 8:  # noqa: ASYNC110 - the server has no event to await
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        found = outcomes(path)
        assert {outcome for outcome in found.values() if outcome.status is Status.UNCONFIRMED} == {CUT_OFF}
        assert sum(outcome == CUT_OFF for outcome in found.values()) == sandbox.state.calls["put"] == 8
        assert pending(path) == set(found)


async def test_a_cancelled_run_keeps_the_responses_of_workers_that_wait_for_a_retry(path: Path) -> None:
    async with hubspot("http_503=always") as sandbox:
        rig = Rig(journal_of(path, pairs(30)), sandbox)
        pools: list[Pool] = []

        def keep(pool: Pool, journal: Journal) -> None:
            del journal
            pools.append(pool)

        running = asyncio.create_task(rig.run(meanwhile=keep, backoff_base=3600, backoff_cap=3600))
        while sandbox.state.responses["503"] < 8 or pools[0].in_flight:  # noqa: ASYNC110 - neither has an event to await
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        recorded = [outcome for outcome in outcomes(path).values() if outcome.status is Status.UNCONFIRMED]
        assert [(outcome.http_status, outcome.attempts) for outcome in recorded] == [(503, 1)] * 8
        assert len(pending(path)) == 30
