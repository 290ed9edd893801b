"""The engine `batch`: fast where HubSpot is clear, and what it is not clear about goes on singly."""

from pathlib import Path

import pytest

from importer.hubspot.client import HubSpotClient
from importer.hubspot.pace import Pace
from importer.model import Status, StopReason
from importer.pool import MOST_PAIRS, BatchEngine
from importer.sandbox.state import Pair as SandboxPair
from tests.pool.rig import FAST, Rig, hubspot, journal_of, key, pairs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.sqlite"


def batch(client: HubSpotClient) -> BatchEngine:
    return BatchEngine(client, Pace(FAST))


async def test_thousands_of_pairs_are_linked_by_a_few_calls(path: Path) -> None:
    async with hubspot() as sandbox:
        ran = await Rig(journal_of(path, pairs(2 * MOST_PAIRS + 500)), sandbox).run(batch)
        assert len(ran.of(Status.LINKED)) == 2 * MOST_PAIRS + 500
        assert (sandbox.state.calls["batch"], sandbox.state.calls["put"]) == (3, 0)
        assert ran.pending == set()
        assert set(sandbox.state.asked.values()) == {1}


async def test_a_batch_has_one_pair_of_types(path: Path) -> None:
    mixed = [pair for both in zip(pairs(50), pairs(50, "deals", "tickets"), strict=True) for pair in both]
    async with hubspot() as sandbox:
        ran = await Rig(journal_of(path, mixed), sandbox).run(batch)
        assert len(ran.of(Status.LINKED)) == 100
        assert sandbox.state.calls["batch"] == 2


async def test_a_pair_that_is_refused_goes_on_singly_and_gets_its_own_error(path: Path) -> None:
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


async def test_a_batch_refused_as_a_whole_is_halved_until_the_bad_pair_is_alone(path: Path) -> None:
    async with hubspot("http_400=contacts:1007>companies:5007") as sandbox:
        wanted = pairs(100)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        assert first.pending == {wanted[7]}
        assert len(first.of(Status.LINKED)) == 99
        assert sandbox.state.calls["batch"] <= 2 * 7 + 1
        second = await rig.run()
        assert second.of(Status.FAILED) == {wanted[7]}


async def test_batches_that_are_always_refused_are_given_up_soon(path: Path) -> None:
    async with hubspot("http_400=batch") as sandbox:
        rig = Rig(journal_of(path, pairs(500)), sandbox)
        first = await rig.run(batch)
        assert sandbox.state.calls["batch"] <= 25
        assert first.of(Status.NOT_SENT) == first.pending == set(first.outcomes)
        second = await rig.run()
        assert len(second.of(Status.LINKED)) == 500


@pytest.mark.parametrize("fault", ["lost_answer", "lost_504", "cut_answer", "empty_body", "unnamed_results"])
async def test_a_batch_whose_answer_is_lost_leaves_its_pairs_in_doubt_for_single_calls(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=batch") as sandbox:
        rig = Rig(journal_of(path, pairs(50)), sandbox)
        first = await rig.run(batch)
        assert first.of(Status.UNCONFIRMED) == first.pending == set(first.outcomes)
        second = await rig.run()
        assert len(second.of(Status.LINKED)) == 50


async def test_a_refusal_after_a_lost_batch_is_not_called_failed(path: Path) -> None:
    async with hubspot("lost_answer=batch", "http_400=put") as sandbox:
        rig = Rig(journal_of(path, pairs(20)), sandbox)
        await rig.run(batch)
        ran = await rig.run()
        assert len(ran.of(Status.UNCONFIRMED)) == 20
        assert len(sandbox.state.associations) == 20


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
async def test_what_stops_single_calls_stops_batches(path: Path, fault: str, reason: StopReason) -> None:
    async with hubspot(f"{fault}=always") as sandbox:
        ran = await Rig(journal_of(path, pairs(3 * MOST_PAIRS)), sandbox).run(batch, workers=1)
        assert ran.stop is not None
        assert ran.stop.reason is reason
        assert sandbox.state.calls["batch"] == 1
        assert ran.of(Status.NOT_SENT) == ran.pending == set(ran.outcomes)


FAULTS = [
    "lost_answer=batch,0.1", "lost_504=batch,0.1", "http_400=batch,0.1", "truncated_json=batch,0.1",
    "first_error_only=batch,0.2", "errors_as_200=batch,0.2", "silent_errors=batch,0.1",
    "pending=batch,0.1", "canceled=batch,0.1", "unknown_record=pairs:0.1", "foreign_results=pairs:0.05",
    "empty_results=pairs:0.05", "num_errors=pairs:0.05", "num_errors_alone=pairs:0.05",
    "half_foreign_results=pairs:0.05",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_with_all_faults_at_once_batches_tell_the_truth(path: Path, seed: int) -> None:
    async with hubspot(*FAULTS, seed=seed) as sandbox:
        wanted = pairs(600)
        rig = Rig(journal_of(path, wanted), sandbox)
        first = await rig.run(batch)
        linked = {SandboxPair(*key(pair)) for pair in first.of(Status.LINKED)}
        asked = {pair: sandbox.state.asked[pair] for pair in linked}
        second = await rig.run()
        assert second.of(Status.NOT_SENT) == second.pending == set()
        assert {pair: sandbox.state.asked[pair] for pair in linked} == asked  # what is linked is not sent again
        assert len(second.of(Status.LINKED)) > 400
