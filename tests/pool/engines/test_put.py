"""The pool with the engine `put`: every pair is accounted for, whatever HubSpot responds."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from importer.config import Rate, load_settings
from importer.errors import JournalError
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.journal import CUT_OFF, Journal, PendingPair, open_for_run
from importer.model import Pair, Status, Stop, StopReason
from importer.pool import Pool, PutEngine
from importer.pool.failure_limits import MAX_FORBIDDEN_IN_A_ROW
from importer.pool.outcomes import Recorder
from importer.pool.sender import Sender
from importer.sandbox import Sandbox
from tests.support.pool import FAST, Ran, Rig, assert_sound, hubspot, journal_of, key, outcomes, pairs, pending
from tests.support.simulated_time import now

pytestmark = pytest.mark.simulated_time

INTERRUPTED = Stop(StopReason.SIGINT, "The run was interrupted (SIGINT).")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.sqlite"


async def run(path: Path, sandbox: Sandbox, wanted: list[Pair], **changes: Any) -> Ran:
    return await Rig(journal_of(path, wanted), sandbox).run(**changes)


def attempts(ran: Ran) -> set[int]:
    return {outcome.attempts for outcome in ran.outcomes.values()}


# ---- responses


async def test_every_pair_is_sent_once_and_linked(path: Path) -> None:
    async with hubspot() as sandbox:
        ran = await run(path, sandbox, pairs(300))
        assert ran.stop is None
        assert len(ran.of(Status.LINKED)) == 300
        assert ran.pending == set()
        assert set(sandbox.state.asked.values()) == {1}
        assert (ran.pool.calls, ran.pool.retries, ran.pool.rate_limited) == (300, 0, 0)
        assert attempts(ran) == {1}
        assert ran.progress[-1].statuses[Status.LINKED] == 300
        assert (ran.progress[-1].pairs, ran.progress[-1].rate) == (300, "1000/1")


async def test_a_journal_without_pairs_sends_nothing(path: Path) -> None:
    async with hubspot() as sandbox:
        ran = await run(path, sandbox, [])
        assert (ran.stop, ran.pool.calls) == (None, 0)


@pytest.mark.parametrize("fault", ["lost_answer", "cut_answer", "lost_504", "empty_body", "truncated_json"])
async def test_a_lost_response_is_retried_and_linked(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=always*1") as sandbox:
        ran = await run(path, sandbox, pairs(40))
        assert len(ran.of(Status.LINKED)) == 40
        assert attempts(ran) == {2}
        assert (ran.pool.calls, ran.pool.retries) == (80, 40)
        assert sandbox.state.calls["put"] == 80


@pytest.mark.parametrize("fault", ["lost_answer", "lost_504", "http_503", "html_521", "pending", "reset"])
async def test_a_pair_that_never_gets_a_clear_response_is_unconfirmed(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=always") as sandbox:
        ran = await run(path, sandbox, pairs(20))
        assert len(ran.of(Status.UNCONFIRMED)) == 20
        assert attempts(ran) == {3}
        assert (ran.stop, ran.pending) == (None, set())


@pytest.mark.parametrize("fault", ["http_503", "http_500", "http_409", "html_403", "pending", "processing", "hang"])
async def test_a_transient_failure_is_retried(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=always*2") as sandbox:
        ran = await run(path, sandbox, pairs(8), connect_timeout=0.1, answer_timeout=0.1)
        assert len(ran.of(Status.LINKED)) == 8
        assert attempts(ran) == {3}


async def test_a_rejection_is_final_and_costs_one_call(path: Path) -> None:
    async with hubspot("unknown_record=pairs:0.4") as sandbox:
        ran = await run(path, sandbox, pairs(50))
        failed = ran.of(Status.FAILED)
        assert 0 < len(failed) < 50
        assert len(ran.of(Status.LINKED)) == 50 - len(failed)
        assert ran.pool.calls == 50
        assert all("link to" in ran.outcomes[pair].advice for pair in failed)


async def test_a_rejection_after_an_unclear_response_is_not_failed(path: Path) -> None:
    async with hubspot("lost_answer=always*1", "http_400=always") as sandbox:
        ran = await run(path, sandbox, pairs(10))
        assert len(ran.of(Status.UNCONFIRMED)) == 10
        assert len(sandbox.state.associations) == 10


@pytest.mark.parametrize("fault", ["html_404", "http_404", "html_403", "scopes_missing", "http_400"])
async def test_only_proof_makes_an_unconfirmed_pair_failed(path: Path, fault: str) -> None:
    async with hubspot("lost_answer=always*1", f"{fault}=always") as sandbox:
        ran = await run(path, sandbox, pairs(5))
        assert len(ran.of(Status.UNCONFIRMED)) == len(sandbox.state.associations) == 5


async def test_a_404_of_hubspot_about_a_record_is_proof(path: Path) -> None:
    async with hubspot("reset=always*1", "unknown_record=always") as sandbox:
        ran = await run(path, sandbox, pairs(5))
        assert len(ran.of(Status.FAILED)) == 5
        assert attempts(ran) == {2}


# ---- other servers than HubSpot


@pytest.mark.parametrize("fault", ["html_200", "html_401", "html_403", "html_404", "redirect"])
async def test_a_run_that_only_reaches_another_server_stops_and_fails_no_pair(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=always") as sandbox:
        ran = await run(path, sandbox, pairs(100))
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.UNREACHABLE
        assert "not HubSpot" in ran.stop.message
        assert ran.pending == set(ran.outcomes) == ran.of(Status.UNCONFIRMED) | ran.of(Status.NOT_SENT)
        assert sandbox.state.calls["put"] <= 3 * 8
        sandbox.use_faults()
        again = await Rig(path, sandbox).run()
        assert len(again.of(Status.LINKED)) == 100


async def test_html_in_response_to_one_pair_leaves_only_that_one_unconfirmed(path: Path) -> None:
    async with hubspot("html_403=contacts:1003>companies:5003") as sandbox:
        ran = await run(path, sandbox, pairs(60), backoff_base=0.2, backoff_cap=0.2, workers=2, max_attempts=4)
        assert ran.stop is None
        assert len(ran.of(Status.LINKED)) == 59
        assert {pair.from_id for pair in ran.of(Status.UNCONFIRMED)} == {"1003"}


async def test_html_in_response_to_the_last_pair_does_not_stop_the_run(path: Path) -> None:
    async with hubspot("html_403=contacts:1003>companies:5003") as sandbox:
        ran = await run(path, sandbox, pairs(4), workers=1)
        assert ran.stop is None
        assert len(ran.of(Status.LINKED)) == 3
        assert {pair.from_id for pair in ran.of(Status.UNCONFIRMED)} == {"1003"}


async def test_a_firewall_that_starts_to_block_half_way_stops_the_run(path: Path) -> None:
    async with hubspot("html_403=after:20") as sandbox:
        ran = await run(path, sandbox, pairs(60), workers=1)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.UNREACHABLE
        assert len(ran.of(Status.LINKED)) == 20
        assert sandbox.state.calls["put"] == 20 + 3 * 3


async def test_html_after_other_failures_does_not_stop_the_run(path: Path) -> None:
    async with hubspot("http_503=always*2", "html_200=always") as sandbox:
        ran = await run(path, sandbox, pairs(5))
        assert ran.stop is None
        assert len(ran.of(Status.UNCONFIRMED)) == 5


# ---- limits


async def test_a_rate_that_others_use_up_stops_the_run(path: Path) -> None:
    async with hubspot("too_fast_second=always") as sandbox:
        ran = await run(path, sandbox, pairs(20), max_attempts=2, workers=2)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.RATE_LIMITED
        assert ran.of(Status.NOT_SENT) == ran.pending == set(ran.outcomes)


async def test_the_daily_limit_stops_the_run_and_the_next_day_finishes_it(path: Path) -> None:
    async with hubspot(daily_limit=20) as sandbox:
        rig = Rig(journal_of(path, pairs(60)), sandbox)
        ran = await rig.run()
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.DAILY_LIMIT
        assert len(ran.of(Status.LINKED)) == 20
        assert len(ran.of(Status.NOT_SENT)) == 40
        assert sandbox.state.calls["put"] <= 20 + 8
        sandbox.state.daily_used = -1000
        asked = dict(sandbox.state.asked)
        again = await rig.run()
        assert len(again.of(Status.LINKED)) == 60
        assert again.stop is None
        linked_before = {key(pair) for pair in ran.of(Status.LINKED)}
        assert all(sandbox.state.asked[pair] == asked[pair] for pair in asked if pair in linked_before)


async def test_the_daily_reserve_is_left_to_others(path: Path) -> None:
    async with hubspot(daily_limit=100, jitter=0.1) as sandbox:
        ran = await run(path, sandbox, pairs(100), daily_reserve=60)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.DAILY_RESERVE
        left, reserve = map(int, re.findall(r"\d+", ran.stop.message))
        assert left <= reserve == 60
        assert 25 <= sandbox.state.daily_used <= 40
        assert len(ran.of(Status.LINKED)) == sandbox.state.daily_used
        assert len(ran.of(Status.NOT_SENT)) == 100 - sandbox.state.daily_used


async def test_a_daily_reserve_that_is_already_reached_costs_one_call(path: Path) -> None:
    async with hubspot(daily_limit=100, latency=0.05) as sandbox:
        sandbox.state.daily_used = 50
        ran = await run(path, sandbox, pairs(100), daily_reserve=60, workers=64)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.DAILY_RESERVE
        assert ran.pool.calls == 1


async def test_calls_run_concurrently_once_the_daily_remaining_number_is_known(path: Path) -> None:
    async with hubspot(daily_limit=1000, latency=0.1) as sandbox:
        start = now()
        ran = await run(path, sandbox, pairs(128), daily_reserve=60, workers=64)
        assert len(ran.of(Status.LINKED)) == 128
        assert now() - start < 5  # one by one they would take 12.8 s


async def test_an_account_without_a_daily_limit_needs_no_reserve(path: Path) -> None:
    async with hubspot(daily_limit=None) as sandbox:
        assert (await run(path, sandbox, pairs(20), daily_reserve=60)).stop is None


async def test_a_rejected_token_stops_the_run_after_the_first_calls(path: Path) -> None:
    async with hubspot("token_invalid=always", latency=0.02) as sandbox:
        ran = await run(path, sandbox, pairs(300))
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.TOKEN_REFUSED
        assert sandbox.state.calls["put"] <= 8
        assert ran.of(Status.NOT_SENT) == ran.pending == set(ran.outcomes)


async def test_a_token_that_expires_stops_half_way(path: Path) -> None:
    async with hubspot("token_expired=after:50") as sandbox:
        ran = await run(path, sandbox, pairs(300))
        assert len(ran.of(Status.LINKED)) == 50
        assert len(ran.of(Status.NOT_SENT)) == 250
        assert sandbox.state.calls["put"] <= 58


async def test_a_single_401_among_successes_is_retried(path: Path) -> None:
    async with hubspot("token_invalid=calls:20") as sandbox:
        ran = await run(path, sandbox, pairs(100))
        assert (ran.stop, ran.pool.retries) == (None, 1)
        assert len(ran.of(Status.LINKED)) == 100


async def test_a_token_that_is_revoked_half_way_stops_the_run_at_its_second_401(path: Path) -> None:
    async with hubspot("token_invalid=after:50") as sandbox:
        ran = await run(path, sandbox, pairs(300))
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.TOKEN_REFUSED
        assert len(ran.of(Status.LINKED)) == 50
        assert len(ran.of(Status.NOT_SENT)) == 250
        assert sandbox.state.calls["put"] <= 50 + 2 * 8


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("account_inactive", StopReason.ACCOUNT_INACTIVE),
        ("user_lost_permissions", StopReason.PERMISSIONS_LOST),
    ],
)
async def test_a_403_about_all_pairs_stops_the_run_and_fails_none(path: Path, fault: str, reason: StopReason) -> None:
    async with hubspot(f"{fault}=always") as sandbox:
        ran = await run(path, sandbox, pairs(100))
        assert ran.stop is not None
        assert ran.stop.reason is reason
        assert sandbox.state.calls["put"] <= 8
        assert ran.of(Status.NOT_SENT) == ran.pending == set(ran.outcomes)


async def test_a_record_that_may_not_be_edited_fails_its_own_pair_only(path: Path) -> None:
    async with hubspot("record_403=pairs:0.3") as sandbox:
        ran = await run(path, sandbox, pairs(200), max_failure_share=0.9)
        assert ran.stop is None
        assert len(ran.of(Status.FAILED)) + len(ran.of(Status.LINKED)) == ran.pool.calls == 200
        assert 30 <= len(ran.of(Status.FAILED)) <= 90


async def test_many_consecutive_403s_block_these_types_and_no_others(path: Path) -> None:
    mixed = [*pairs(200), *pairs(20, "contacts", "deals")]
    async with hubspot("record_403=contacts>companies") as sandbox:
        rig = Rig(journal_of(path, mixed), sandbox)
        ran = await rig.run(max_failure_share=0.9)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.FORBIDDEN
        assert MAX_FORBIDDEN_IN_A_ROW <= len(ran.of(Status.FAILED)) <= MAX_FORBIDDEN_IN_A_ROW + 8
        assert ran.of(Status.LINKED) == {pair for pair in mixed if pair.to_type == "deals"}
        again = await rig.run(max_failure_share=1)
        assert again.stop is None
        assert len(again.of(Status.FAILED)) == 200


async def test_missing_scopes_block_these_types_and_no_others(path: Path) -> None:
    mixed = [pair for both in zip(pairs(100), pairs(100, "contacts", "deals"), strict=True) for pair in both]
    async with hubspot("scopes_missing=contacts>companies") as sandbox:
        ran = await run(path, sandbox, mixed)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.SCOPES_MISSING
        assert "crm.objects.companies.write" in ran.stop.message
        assert ran.of(Status.LINKED) == {pair for pair in mixed if pair.to_type == "deals"}
        assert len(ran.of(Status.FAILED)) + len(ran.of(Status.NOT_SENT)) == 100
        assert sandbox.state.calls["put"] <= 100 + 8


async def test_workers_that_wait_for_a_slot_do_not_send_types_blocked_meanwhile(path: Path) -> None:
    async with hubspot("scopes_missing=always") as sandbox:
        rig = Rig(journal_of(path, pairs(60)), sandbox, rate=Rate(20, 1.0))
        ran = await rig.run(workers=20)
        assert ran.stop is not None
        assert sandbox.state.calls["put"] <= 2
        assert len(ran.of(Status.NOT_SENT)) >= 58


async def test_an_account_migration_stops_the_run(path: Path) -> None:
    async with hubspot("migrating=after:10") as sandbox:
        ran = await run(path, sandbox, pairs(100))
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.ACCOUNT_MIGRATING
        assert "1:00:00" in ran.stop.message
        assert len(ran.of(Status.LINKED)) == 10
        assert ran.of(Status.NOT_SENT) == ran.pending


async def test_too_many_failures_stop_the_run_early(path: Path) -> None:
    async with hubspot("http_400=always") as sandbox:
        ran = await run(path, sandbox, pairs(400), max_failure_share=0.5)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.TOO_MANY_FAILURES
        assert 100 <= sandbox.state.calls["put"] <= 108
        assert len(ran.of(Status.NOT_SENT)) == 400 - len(ran.of(Status.FAILED))


@pytest.mark.parametrize("origin", ["the default", "IMPORTER_MAX_FAILURE_SHARE"])
async def test_the_message_about_too_many_failures_names_the_origin_of_the_setting(
    path: Path, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPORTER_MAX_FAILURE_SHARE", "" if origin == "the default" else "0.4")
    async with hubspot("http_400=always") as sandbox:
        with open_for_run(journal_of(path, pairs(120))) as journal:
            pool = Pool(journal, RateLimiter(FAST), load_settings())
            async with HubSpotClient(sandbox.url, SecretStr(sandbox.options.token), pool.settings) as client:
                stop = await pool.run(PutEngine(client))
    assert stop is not None
    assert f"max_failure_share ({pool.settings.max_failure_share:g}, {origin}" in stop.message


async def test_a_share_of_failures_below_the_limit_does_not_stop_the_run(path: Path) -> None:
    async with hubspot("http_400=pairs:0.3") as sandbox:
        ran = await run(path, sandbox, pairs(300), max_failure_share=0.5)
        assert ran.stop is None
        assert ran.pending == set()


async def test_the_share_is_not_checked_before_a_hundred_outcomes(path: Path) -> None:
    async with hubspot("http_400=always") as sandbox:
        ran = await run(path, sandbox, pairs(99), max_failure_share=0.5)
        assert ran.stop is None
        assert len(ran.of(Status.FAILED)) == 99


async def test_a_server_that_cannot_be_reached_stops_the_run(path: Path) -> None:
    async with hubspot() as sandbox:
        pass
    rig = Rig(journal_of(path, pairs(100)), sandbox)
    ran = await rig.run()
    assert ran.stop is not None
    assert ran.stop.reason is StopReason.UNREACHABLE
    assert "could not be reached" in ran.stop.message
    assert ran.pool.calls <= 3 * 8
    assert ran.of(Status.NOT_SENT) == ran.pending == set(ran.outcomes)


async def test_the_limit_of_the_account_is_followed_and_never_exceeded(path: Path) -> None:
    async with hubspot(limit=6, window=1.0) as sandbox:
        rig = Rig(journal_of(path, pairs(16)), sandbox, rate=Rate(5, 0.2), follow=True)
        ran = await rig.run()
        assert len(ran.of(Status.LINKED)) == 16
        assert ran.pool.rate_limited == 0
        assert str(rig.rate) != ran.progress[-1].rate == "6/1"


async def test_the_limit_of_association_calls_is_kept_whatever_the_headers_allow(path: Path) -> None:
    async with hubspot(limit=190, window=0.5, association_limit=150) as sandbox:
        ran = await Rig(journal_of(path, pairs(20)), sandbox, rate=Rate(2, 0.1), follow=True).run()
        assert len(ran.of(Status.LINKED)) == 20
        assert ran.progress[-1].rate == "7/0.5"


async def test_without_rate_headers_the_initial_rate_is_kept(path: Path) -> None:
    async with hubspot("no_rate_headers=always", limit=100, window=1.0) as sandbox:
        ran = await Rig(journal_of(path, pairs(20)), sandbox, rate=Rate(10, 0.2), follow=True).run()
        assert len(ran.of(Status.LINKED)) == 20
        assert ran.progress[-1].rate == "10/0.2"


async def test_a_limit_that_others_use_too_is_kept_after_a_429(path: Path) -> None:
    async with hubspot(limit=100, window=0.5, association_limit=16) as sandbox:
        rig = Rig(journal_of(path, pairs(100)), sandbox, rate=Rate(20, 0.5))
        ran = await rig.run(max_attempts=10, workers=4)
        assert len(ran.of(Status.LINKED)) == 100
        assert 1 <= ran.pool.rate_limited <= 10
        assert ran.pool.limiter.rate.calls in {18, 16, 14}
        assert sandbox.state.association_window.worst <= 20


async def test_the_limit_holds_with_retries_jitter_and_latency(path: Path) -> None:
    faults = ("http_503=0.2", "lost_answer=0.1")
    async with hubspot(*faults, limit=60, window=0.5, latency=0.02, jitter=0.1) as sandbox:
        rig = Rig(journal_of(path, pairs(150)), sandbox, rate=Rate(60, 0.5))
        ran = await rig.run(max_attempts=10, workers=64)
        assert len(ran.of(Status.LINKED)) == 150
        assert ran.pool.rate_limited == 0
        assert 40 <= sandbox.state.worst_window <= 60


# ---- stopping


def stopping_at(sandbox: Sandbox, calls: int) -> Callable[[Pool, Journal], None]:
    """Stop the pool as soon as `calls` calls have arrived."""

    async def stop(pool: Pool) -> None:
        while sandbox.state.calls["put"] < calls:  # noqa: ASYNC110 - the server has no event to await
            await asyncio.sleep(0.0005)
        pool.stop(INTERRUPTED)

    def meanwhile(pool: Pool, journal: Journal) -> None:
        del journal
        watching.append(asyncio.create_task(stop(pool)))

    watching: list[asyncio.Task[None]] = []
    return meanwhile


async def test_at_a_stop_calls_in_flight_are_awaited_and_nothing_more_is_sent(path: Path) -> None:
    async with hubspot(latency=0.2) as sandbox:
        started = now()
        ran = await Rig(journal_of(path, pairs(200)), sandbox).run(meanwhile=stopping_at(sandbox, 15), workers=10)
        assert now() - started < 1.0
        assert ran.stop is INTERRUPTED
        assert 15 <= sandbox.state.calls["put"] == ran.pool.calls == len(ran.of(Status.LINKED)) <= 25
        assert len(ran.of(Status.NOT_SENT)) == 200 - ran.pool.calls


async def test_workers_that_wait_for_a_slot_or_in_a_pause_leave_at_a_stop(path: Path) -> None:
    async with hubspot("too_fast=calls:3") as sandbox:
        rig = Rig(journal_of(path, pairs(50)), sandbox, rate=Rate(20, 1.0))
        started = now()
        ran = await rig.run(meanwhile=stopping_at(sandbox, 3))
        assert now() - started < 2
        assert len(ran.of(Status.LINKED)) + len(ran.of(Status.NOT_SENT)) == 50
        assert ran.pool.rate_limited == 1


async def test_a_failing_call_in_flight_at_a_stop_is_not_retried(path: Path) -> None:
    async with hubspot("http_503=always", latency=0.3) as sandbox:
        ran = await Rig(journal_of(path, pairs(50)), sandbox).run(meanwhile=stopping_at(sandbox, 8), max_attempts=9)
        assert sandbox.state.calls["put"] == 8
        assert len(ran.of(Status.UNCONFIRMED)) == 8
        assert ran.pending == set(ran.outcomes)


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
        rig = Rig(journal_of(path, pairs(100)), sandbox)
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
        assert len(again.of(Status.LINKED)) == 100


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


# ---- everything at once

EVERYTHING = [
    "reset=0.03", "lost_answer=0.03", "cut_answer=0.03", "http_503=0.05", "lost_504=0.03", "html_502=0.02",
    "empty_results=pairs:0.03", "foreign_results=pairs:0.03", "half_foreign_results=pairs:0.02",
    "num_errors=pairs:0.03", "num_errors_named=pairs:0.02", "errors_alone=pairs:0.02", "nested_errors=pairs:0.02",
    "pending=0.03", "pending_linked=0.02", "canceled=0.02", "unknown_status=0.02", "unnamed_results=0.02",
    "status_207=0.05", "numeric_ids=0.05", "gzip=0.05", "no_content_type=0.03", "truncated_json=0.02",
    "empty_object=0.02", "json_list=0.02", "html_200=0.02", "unknown_record=pairs:0.05", "big_message=pairs:0.01",
    "nasty_message=pairs:0.02", "odd_fields=pairs:0.02", "association_limit=pairs:0.02", "html_403=0.02",
    "html_404=0.02", "http_404=0.01", "http_409=0.02", "token_invalid=0.003", "record_403=pairs:0.02",
    "invalid_record_ids=pairs:0.02",
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
async def test_with_all_faults_at_once_every_pair_is_accounted_for(path: Path, seed: int) -> None:
    stops = ["token_expired=calls:300", "daily_limit=calls:500", "migrating=calls:700"]
    async with hubspot(*stops, *EVERYTHING, seed=seed) as sandbox:
        rig = Rig(journal_of(path, pairs(500)), sandbox)
        for calls in (100, 250, 400, 550):
            ran = await rig.run(workers=16, meanwhile=stopping_at(sandbox, calls))
            assert len(ran.outcomes) == 500
            assert_sound(path)
            if not ran.pending:
                break
        for _ in range(4):  # each fault that stops a run occurs once
            ran = await rig.run(workers=16)
            if ran.stop is None:
                break
        assert ran.stop is None
        assert ran.of(Status.NOT_SENT) == set()
        assert len(ran.of(Status.LINKED)) > 250
        assert len(ran.of(Status.FAILED)) > 10


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
