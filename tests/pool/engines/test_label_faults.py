"""Labels and a HubSpot that fails or is late: no label is lost, and none is reported falsely."""

from pathlib import Path

import pytest

from importer.model import Status
from importer.pool.engines.read_back import NOT_READ
from tests.support.label_pool import BILLING, DECISION, PLAIN, batch, journal_with_goals, link, put, types
from tests.support.pool import Rig, hubspot, pairs

pytestmark = pytest.mark.simulated_time


@pytest.mark.parametrize("fault", ["scopes_missing=read", "http_404=read", "http_503=read", "silent_read=always"])
async def test_nothing_is_sent_for_a_pair_whose_labels_cannot_be_read(path: Path, fault: str) -> None:
    wanted = pairs(3)
    async with hubspot(fault) as sandbox:
        rig = Rig(journal_with_goals(path, [(pair, (DECISION,)) for pair in wanted]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.UNCONFIRMED) == set(wanted)
        assert {outcome.error_category for outcome in ran.outcomes.values()} == {NOT_READ}
        assert sandbox.state.calls["label_put"] == 0


async def test_a_label_that_is_not_listed_afterwards_is_unconfirmed(path: Path) -> None:
    first, second = pairs(2)
    async with hubspot("labels_only=calls:3-9") as sandbox:
        link(sandbox, first)
        ran = await Rig(journal_with_goals(path, [(first, (DECISION,))]), sandbox).run(put, in_order=True)
        assert ran.of(Status.UNCONFIRMED) == {first}
        assert ran.outcomes[first].error_category == "NOT_CONFIRMED"
        assert second not in ran.outcomes


@pytest.mark.parametrize(
    "fault",
    ["lost_answer=label_put,calls:3-4", "http_503=label_put*1", "too_fast_second=label_put*1", "pending=label_put*1"],
)
async def test_a_lost_or_refused_call_is_repeated(path: Path, fault: str) -> None:
    wanted = pairs(4)
    async with hubspot(fault) as sandbox:
        rig = Rig(journal_with_goals(path, [(pair, (BILLING,)) for pair in wanted]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.LINKED) == set(wanted)
        assert all(BILLING in types(sandbox, pair) for pair in wanted)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["put", "batch"])
@pytest.mark.parametrize(
    "faults",
    [
        ("lost_answer=pairs:0.3", "http_503=0.2"),
        ("unnamed_results=pairs:0.3", "half_later=0.3"),
        ("reset=0.2", "cut_answer=0.2"),
        ("num_errors=pairs:0.3", "endless_pages=0.2", "empty_object=0.2"),
        ("errors_alone=0.2", "truncated_json=0.2", "no_types=0.2"),
        ("foreign_results=0.4", "silent_errors=0.5"),
    ],
)
async def test_whatever_happens_no_label_is_lost_and_none_is_reported_falsely(
    path: Path, engine: str, faults: tuple[str, ...]
) -> None:
    wanted = pairs(30)
    async with hubspot(*faults) as sandbox:
        for pair in wanted[::2]:
            link(sandbox, pair, BILLING)
        rig = Rig(journal_with_goals(path, [(pair, (DECISION,)) for pair in wanted]), sandbox)
        ran = await rig.run(put if engine == "put" else batch, in_order=True)
        assert all(BILLING in types(sandbox, pair) for pair in wanted[::2])
        good = ran.of(Status.LINKED) | ran.of(Status.ALREADY_LINKED)
        assert all(types(sandbox, pair) >= {DECISION, PLAIN} for pair in good)
        assert all(DECISION not in types(sandbox, pair) for pair in ran.of(Status.FAILED) | ran.of(Status.NOT_SENT))


async def test_pairs_without_labels_are_sent_although_labels_cannot_be_read(path: Path) -> None:
    first, second = pairs(2)
    async with hubspot("scopes_missing=read") as sandbox:
        rig = Rig(journal_with_goals(path, [(first, (DECISION,)), (second, ())]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.UNCONFIRMED) == {first}
        assert ran.of(Status.LINKED) == {second}


async def test_labels_that_are_listed_late_are_waited_for(path: Path) -> None:
    wanted = pairs(3)
    async with hubspot(read_lag=6.0) as sandbox:
        rig = Rig(journal_with_goals(path, [(pair, (DECISION,)) for pair in wanted]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.LINKED) == set(wanted)
