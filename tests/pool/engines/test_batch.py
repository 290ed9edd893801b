"""The engine `batch`: clear responses are final, unclear pairs are left for single calls."""

from pathlib import Path

import pytest

from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.model import Status, StopReason
from importer.pool import MAX_PAIRS, BatchEngine
from importer.sandbox.state import Pair as SandboxPair
from tests.support.pool import FAST, Rig, hubspot, journal_of, key, pairs

pytestmark = pytest.mark.simulated_time


def batch(client: HubSpotClient) -> BatchEngine:
    return BatchEngine(client, RateLimiter(FAST))


@pytest.mark.slow
async def test_thousands_of_pairs_are_linked_by_a_few_calls(path: Path) -> None:
    async with hubspot() as sandbox:
        ran = await Rig(journal_of(path, pairs(2 * MAX_PAIRS + 1)), sandbox).run(batch, answer_timeout=20)
        assert len(ran.of(Status.LINKED)) == 2 * MAX_PAIRS + 1
        assert (sandbox.state.calls["batch"], sandbox.state.calls["put"]) == (3, 0)
        assert ran.pending == set()
        assert set(sandbox.state.asked.values()) == {1}


async def test_a_batch_has_pairs_of_the_same_types_only(path: Path) -> None:
    mixed = [pair for both in zip(pairs(50), pairs(50, "deals", "tickets"), strict=True) for pair in both]
    async with hubspot() as sandbox:
        ran = await Rig(journal_of(path, mixed), sandbox).run(batch)
        assert len(ran.of(Status.LINKED)) == 100
        assert sandbox.state.calls["batch"] == 2


async def test_a_rejected_pair_is_sent_singly_and_gets_its_own_error(path: Path) -> None:
    async with hubspot("unknown_record=contacts:1007>companies:5007") as sandbox:
        wanted = pairs(100)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        assert first.pending == {wanted[7]}
        assert len(first.of(Status.LINKED)) == 99
        second = await rig.run()
        assert second.of(Status.FAILED) == {wanted[7]}
        assert second.outcomes[wanted[7]].error_category == "OBJECT_NOT_FOUND"
        assert sandbox.state.calls["put"] == 1


async def test_a_batch_rejected_as_a_whole_is_halved_until_the_bad_pair_is_alone(path: Path) -> None:
    async with hubspot("http_400=contacts:1007>companies:5007") as sandbox:
        wanted = pairs(100)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        assert first.pending == {wanted[7]}
        assert len(first.of(Status.LINKED)) == 99
        assert sandbox.state.calls["batch"] <= 2 * 7 + 1
        second = await rig.run()
        assert second.of(Status.FAILED) == {wanted[7]}


@pytest.mark.parametrize("number", [0, 7, 99])
async def test_html_in_response_to_one_pair_costs_the_others_nothing(path: Path, number: int) -> None:
    async with hubspot(f"html_403=contacts:{1000 + number}>companies:{5000 + number}") as sandbox:
        wanted = pairs(100)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch, workers=1)
        assert first.stop is None
        assert first.of(Status.LINKED) == set(wanted) - {wanted[number]}
        assert first.pending == first.of(Status.UNCONFIRMED) == {wanted[number]}
        assert sandbox.state.calls["batch"] <= 3 * 2 * 7 + 1


async def test_a_run_of_batches_that_only_reaches_another_server_stops(path: Path) -> None:
    async with hubspot("html_403=always") as sandbox:
        ran = await Rig(journal_of(path, pairs(100)), sandbox).run(batch, workers=1)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.UNREACHABLE
        assert ran.pending == set(ran.outcomes)
        assert sandbox.state.calls["batch"] <= 3 * 14


@pytest.mark.slow
async def test_batches_that_are_always_rejected_are_soon_abandoned(path: Path) -> None:
    async with hubspot("http_400=batch") as sandbox:
        rig = Rig(journal_of(path, pairs(200)), sandbox)
        first = await rig.run(batch)
        assert sandbox.state.calls["batch"] <= 33
        assert first.of(Status.NOT_SENT) == first.pending == set(first.outcomes)
        second = await rig.run()
        assert len(second.of(Status.LINKED)) == 200


@pytest.mark.slow
async def test_a_server_that_allows_fewer_pairs_is_sent_as_many_as_it_allows(path: Path) -> None:
    async with hubspot(batch_inputs=120) as sandbox:
        ran = await Rig(journal_of(path, pairs(3_000)), sandbox).run(batch, answer_timeout=20)
        assert len(ran.of(Status.LINKED)) == 3_000
        assert sandbox.state.calls["batch"] <= 35, "25 full ones, and a few until the limit was known"


@pytest.mark.slow
async def test_a_gateway_that_rejects_large_calls_with_html_is_sent_smaller_ones(path: Path) -> None:
    async with hubspot("html_413=batch,above:120") as sandbox:
        ran = await Rig(journal_of(path, pairs(3_000)), sandbox).run(batch, answer_timeout=20)
        assert ran.stop is None
        assert len(ran.of(Status.LINKED)) == 3_000
        assert sandbox.state.calls["batch"] <= 80, "the first chunk finds the size, then they are nearly full"


@pytest.mark.slow
async def test_a_bad_pair_in_each_batch_costs_the_others_nothing(path: Path) -> None:
    poison = [f"http_400=contacts:{1000 + number}>companies:{5000 + number}" for number in (7, 2_500, 4_999)]
    async with hubspot(*poison) as sandbox:
        wanted = pairs(6_000)
        ran = await Rig(journal_of(path, wanted), sandbox).run(batch, answer_timeout=20)
        assert ran.pending == {wanted[7], wanted[2_500], wanted[4_999]}
        assert len(ran.of(Status.LINKED)) == 5_997
        assert sandbox.state.calls["batch"] <= 3 * 23


async def test_batches_rejected_for_some_types_continue_for_others_with_one_warning(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mixed = [*pairs(200), *pairs(200, "deals", "tickets")]
    async with hubspot("http_400=batch,contacts>companies") as sandbox:
        ran = await Rig(journal_of(path, mixed), sandbox).run(batch)
        assert ran.of(Status.LINKED) == set(mixed[200:])
        assert ran.pending == set(mixed[:200])
        warnings = [record.getMessage() for record in caplog.records if record.name.startswith("importer.")]
        assert len(warnings) == 1
        assert "contacts to companies" in warnings[0]


UNATTRIBUTED = ["uncounted_error", "index_errors"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNATTRIBUTED)
async def test_errors_that_may_apply_to_any_pair_link_none_and_single_calls_decide(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=batch") as sandbox:
        wanted = pairs(100)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        assert first.of(Status.LINKED) == set()
        assert first.pending == set(wanted)
        assert sandbox.state.calls["batch"] <= 33
        second = await rig.run()
        assert second.of(Status.LINKED) == set(wanted)


async def test_pairs_beside_one_with_an_unattributed_error_are_linked_by_smaller_batches(path: Path) -> None:
    async with hubspot("num_errors=contacts:1007>companies:5007") as sandbox:
        wanted = pairs(300)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        assert first.of(Status.LINKED) == set(wanted) - {wanted[7]}
        assert sandbox.state.calls["batch"] <= 2 * 9 + 1
        second = await rig.run()
        assert second.of(Status.FAILED) == {wanted[7]}
        assert sandbox.state.calls["put"] == 1


async def test_pairs_of_a_lost_batch_stay_unconfirmed_when_its_halves_are_rejected(path: Path) -> None:
    async with hubspot("lost_answer=batch,calls:1-3", "http_400=batch") as sandbox:
        wanted = pairs(40)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        assert first.of(Status.UNCONFIRMED) == first.pending == set(wanted)
        second = await rig.run()
        assert second.of(Status.LINKED) == set(wanted)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["lost_answer", "lost_504", "cut_answer", "empty_body", "unnamed_results"])
async def test_a_lost_batch_leaves_its_pairs_unconfirmed_for_single_calls(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=batch") as sandbox:
        rig = Rig(journal_of(path, pairs(50)), sandbox)
        first = await rig.run(batch)
        assert first.of(Status.UNCONFIRMED) == first.pending == set(first.outcomes)
        second = await rig.run()
        assert len(second.of(Status.LINKED)) == 50


@pytest.mark.slow
async def test_a_rejection_after_a_lost_batch_is_not_failed(path: Path) -> None:
    async with hubspot("lost_answer=batch", "http_400=put") as sandbox:
        rig = Rig(journal_of(path, pairs(20)), sandbox)
        await rig.run(batch)
        ran = await rig.run()
        assert len(ran.of(Status.UNCONFIRMED)) == 20
        assert len(sandbox.state.associations) == 20


async def test_pairs_of_a_batch_that_names_only_its_error_stay_unconfirmed_when_the_run_stops(
    path: Path,
) -> None:
    unknown = "unknown_record=contacts:1007>companies:5007"
    async with hubspot("unnamed_results=batch", unknown) as sandbox:
        wanted = pairs(40)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        assert first.of(Status.UNCONFIRMED) >= set(wanted) - {wanted[7]}
        sandbox.use_faults("token_expired=always")
        stopped = await rig.run()
        assert stopped.stop is not None
        assert stopped.of(Status.UNCONFIRMED) >= set(wanted) - {wanted[7]}
        sandbox.use_faults(unknown)
        last = await rig.run()
        assert last.of(Status.LINKED) == set(wanted) - {wanted[7]}
        assert last.of(Status.FAILED) == {wanted[7]}


async def test_missing_scopes_stop_the_batches_of_these_types(path: Path) -> None:
    mixed = [*pairs(30), *pairs(30, "contacts", "deals")]
    async with hubspot("scopes_missing=contacts>companies") as sandbox:
        ran = await Rig(journal_of(path, mixed), sandbox).run(batch)
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.SCOPES_MISSING
        assert ran.of(Status.LINKED) == {pair for pair in mixed if pair.to_type == "deals"}
        assert ran.of(Status.NOT_SENT) == ran.pending


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("token_invalid", StopReason.TOKEN_REFUSED), ("daily_limit", StopReason.DAILY_LIMIT)],
)
async def test_responses_that_stop_single_calls_stop_batches(path: Path, fault: str, reason: StopReason) -> None:
    async with hubspot(f"{fault}=always") as sandbox:
        ran = await Rig(journal_of(path, pairs(MAX_PAIRS + 1)), sandbox).run(batch, workers=1)
        assert ran.stop is not None
        assert ran.stop.reason is reason
        assert sandbox.state.calls["batch"] == 1
        assert ran.of(Status.NOT_SENT) == ran.pending == set(ran.outcomes)


FAULTS = [
    "lost_answer=batch,0.1", "lost_504=batch,0.1", "http_400=batch,0.1", "truncated_json=batch,0.1",
    "uncounted_error=batch,0.1", "index_errors=batch,0.1",
    "first_error_only=batch,0.2", "errors_as_200=batch,0.2", "silent_errors=batch,0.1",
    "pending=batch,0.1", "canceled=batch,0.1", "unknown_record=pairs:0.1", "foreign_results=pairs:0.05",
    "empty_results=pairs:0.05", "num_errors=pairs:0.05", "num_errors_alone=pairs:0.05",
    "half_foreign_results=pairs:0.05",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_with_all_faults_at_once_batches_report_the_truth(path: Path, seed: int) -> None:
    async with hubspot(*FAULTS, seed=seed) as sandbox:
        wanted = pairs(600)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        linked = {SandboxPair(*key(pair)) for pair in first.of(Status.LINKED)}
        asked = {pair: sandbox.state.asked[pair] for pair in linked}
        second = await rig.run()
        assert second.of(Status.NOT_SENT) == second.pending == set()
        assert {pair: sandbox.state.asked[pair] for pair in linked} == asked  # linked pairs are not sent again
        assert len(second.of(Status.LINKED)) > 400
