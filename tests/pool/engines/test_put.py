"""The pool with the engine `put`: every pair is accounted for, whatever HubSpot responds."""

from pathlib import Path
from typing import Any

import pytest

from importer.model import Pair, Status, StopReason
from importer.sandbox import Sandbox
from tests.support.pool import Ran, Rig, assert_sound, hubspot, journal_of, pairs
from tests.support.stopping import attempts, stopping_at

pytestmark = pytest.mark.simulated_time


async def run(path: Path, sandbox: Sandbox, wanted: list[Pair], **changes: Any) -> Ran:
    return await Rig(journal_of(path, wanted), sandbox).run(**changes)


# ---- responses


async def test_every_pair_is_sent_once_and_linked(path: Path) -> None:
    async with hubspot() as sandbox:
        ran = await run(path, sandbox, pairs(60))
        assert ran.stop is None
        assert len(ran.of(Status.LINKED)) == 60
        assert ran.pending == set()
        assert set(sandbox.state.asked.values()) == {1}
        assert (ran.pool.calls, ran.pool.retries, ran.pool.rate_limited) == (60, 0, 0)
        assert attempts(ran) == {1}
        assert ran.progress[-1].statuses[Status.LINKED] == 60
        assert (ran.progress[-1].pairs, ran.progress[-1].rate) == (60, "1000/1")


async def test_a_journal_without_pairs_sends_nothing(path: Path) -> None:
    async with hubspot() as sandbox:
        ran = await run(path, sandbox, [])
        assert (ran.stop, ran.pool.calls) == (None, 0)


@pytest.mark.parametrize("fault", ["lost_answer", "cut_answer", "lost_504", "empty_body", "truncated_json"])
async def test_a_lost_response_is_retried_and_linked(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=always*1") as sandbox:
        ran = await run(path, sandbox, pairs(10))
        assert len(ran.of(Status.LINKED)) == 10
        assert attempts(ran) == {2}
        assert (ran.pool.calls, ran.pool.retries) == (20, 10)
        assert sandbox.state.calls["put"] == 20


@pytest.mark.parametrize("fault", ["lost_answer", "lost_504", "http_503", "html_521", "pending", "reset"])
async def test_a_pair_that_never_gets_a_clear_response_is_unconfirmed(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=always") as sandbox:
        ran = await run(path, sandbox, pairs(10))
        assert len(ran.of(Status.UNCONFIRMED)) == 10
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
        ran = await run(path, sandbox, pairs(25))
        failed = ran.of(Status.FAILED)
        assert 0 < len(failed) < 25
        assert len(ran.of(Status.LINKED)) == 25 - len(failed)
        assert ran.pool.calls == 25
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
        ran = await run(path, sandbox, pairs(40))
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.UNREACHABLE
        assert "not HubSpot" in ran.stop.message
        assert ran.pending == set(ran.outcomes) == ran.of(Status.UNCONFIRMED) | ran.of(Status.NOT_SENT)
        assert sandbox.state.calls["put"] <= 3 * 8
        sandbox.use_faults()
        again = await Rig(path, sandbox).run()
        assert len(again.of(Status.LINKED)) == 40


async def test_html_in_response_to_one_pair_leaves_only_that_one_unconfirmed(path: Path) -> None:
    async with hubspot("html_403=contacts:1003>companies:5003") as sandbox:
        ran = await run(path, sandbox, pairs(30), backoff_base=0.2, backoff_cap=0.2, workers=2, max_attempts=4)
        assert ran.stop is None
        assert len(ran.of(Status.LINKED)) == 29
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
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
