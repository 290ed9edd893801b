"""Limits of an account, a token, or a type: the run stops or slows down, and no pair is lost."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from importer.config import Rate, load_settings
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.journal import open_for_run
from importer.model import Pair, Status, StopReason
from importer.pool import Pool, PutEngine
from importer.pool.failure_limits import MAX_FORBIDDEN_IN_A_ROW
from importer.sandbox import Sandbox
from tests.support.pool import FAST, Ran, Rig, hubspot, journal_of, key, pairs
from tests.support.simulated_time import now

pytestmark = pytest.mark.simulated_time


async def run(path: Path, sandbox: Sandbox, wanted: list[Pair], **changes: Any) -> Ran:
    return await Rig(journal_of(path, wanted), sandbox).run(**changes)


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
        ran = await run(path, sandbox, pairs(100))
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.TOKEN_REFUSED
        assert sandbox.state.calls["put"] <= 8
        assert ran.of(Status.NOT_SENT) == ran.pending == set(ran.outcomes)


async def test_a_token_that_expires_stops_half_way(path: Path) -> None:
    async with hubspot("token_expired=after:20") as sandbox:
        ran = await run(path, sandbox, pairs(80))
        assert len(ran.of(Status.LINKED)) == 20
        assert len(ran.of(Status.NOT_SENT)) == 60
        assert sandbox.state.calls["put"] <= 28


async def test_a_single_401_among_successes_is_retried(path: Path) -> None:
    async with hubspot("token_invalid=calls:20") as sandbox:
        ran = await run(path, sandbox, pairs(40))
        assert (ran.stop, ran.pool.retries) == (None, 1)
        assert len(ran.of(Status.LINKED)) == 40


async def test_a_token_that_is_revoked_half_way_stops_the_run_at_its_second_401(path: Path) -> None:
    async with hubspot("token_invalid=after:20") as sandbox:
        ran = await run(path, sandbox, pairs(80))
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.TOKEN_REFUSED
        assert len(ran.of(Status.LINKED)) == 20
        assert len(ran.of(Status.NOT_SENT)) == 60
        assert sandbox.state.calls["put"] <= 20 + 2 * 8


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
        ran = await run(path, sandbox, pairs(100), max_failure_share=0.9)
        assert ran.stop is None
        assert len(ran.of(Status.FAILED)) + len(ran.of(Status.LINKED)) == ran.pool.calls == 100
        assert 15 <= len(ran.of(Status.FAILED)) <= 45


@pytest.mark.slow
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
    mixed = [pair for both in zip(pairs(40), pairs(40, "contacts", "deals"), strict=True) for pair in both]
    async with hubspot("scopes_missing=contacts>companies") as sandbox:
        ran = await run(path, sandbox, mixed)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.SCOPES_MISSING
        assert "crm.objects.companies.write" in ran.stop.message
        assert ran.of(Status.LINKED) == {pair for pair in mixed if pair.to_type == "deals"}
        assert len(ran.of(Status.FAILED)) + len(ran.of(Status.NOT_SENT)) == 40
        assert sandbox.state.calls["put"] <= 40 + 8


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


@pytest.mark.slow
async def test_too_many_failures_stop_the_run_early(path: Path) -> None:
    async with hubspot("http_400=always") as sandbox:
        ran = await run(path, sandbox, pairs(150), max_failure_share=0.5)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.TOO_MANY_FAILURES
        assert 100 <= sandbox.state.calls["put"] <= 108
        assert len(ran.of(Status.NOT_SENT)) == 150 - len(ran.of(Status.FAILED))


@pytest.mark.slow
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
        ran = await run(path, sandbox, pairs(120), max_failure_share=0.5)
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
        rig = Rig(journal_of(path, pairs(60)), sandbox, rate=Rate(20, 0.5))
        ran = await rig.run(max_attempts=10, workers=4)
        assert len(ran.of(Status.LINKED)) == 60
        assert 1 <= ran.pool.rate_limited <= 10
        assert ran.pool.limiter.rate.calls in {18, 16, 14}
        assert sandbox.state.association_window.worst <= 20


@pytest.mark.slow
async def test_the_limit_holds_with_retries_jitter_and_latency(path: Path) -> None:
    faults = ("http_503=0.2", "lost_answer=0.1")
    async with hubspot(*faults, limit=60, window=0.5, latency=0.02, jitter=0.1) as sandbox:
        rig = Rig(journal_of(path, pairs(150)), sandbox, rate=Rate(60, 0.5))
        ran = await rig.run(max_attempts=10, workers=64)
        assert len(ran.of(Status.LINKED)) == 150
        assert ran.pool.rate_limited == 0
        assert 40 <= sandbox.state.worst_window <= 60
