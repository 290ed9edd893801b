"""The engine for labels: those that a pair has are kept, and it is linked only if reading back shows its labels."""

from pathlib import Path

import pytest

from importer.journal import Journal, open_for_run
from importer.model import ObjectType, Pair, RecordId, Status
from importer.pool import ReadAfter
from importer.sandbox.association_types import AssociationType
from tests.support.label_pool import (
    BILLING,
    DECISION,
    PLAIN,
    PRIMARY,
    batch,
    journal_with_goals,
    link,
    put,
    put_replacing,
    types,
)
from tests.support.pool import NOT_SENT, Rig, hubspot, pairs

pytestmark = pytest.mark.simulated_time


async def test_labels_are_added_to_those_that_a_pair_has(path: Path) -> None:
    first, second, third = pairs(3)
    goals = [(first, (DECISION,)), (second, (DECISION, BILLING)), (third, (DECISION,))]
    async with hubspot() as sandbox:
        link(sandbox, first, BILLING)
        link(sandbox, third, DECISION, BILLING)
        ran = await Rig(journal_with_goals(path, goals), sandbox).run(put, in_order=True)
        assert ran.of(Status.LINKED) == {first, second}
        assert ran.of(Status.ALREADY_LINKED) == {third}
        assert types(sandbox, first) == {DECISION, BILLING, PLAIN}
        assert types(sandbox, second) == {DECISION, BILLING, PLAIN, PRIMARY}
        assert sandbox.state.calls["label_put"] == 2
        assert sandbox.state.calls["put"] == 0
        assert ran.outcomes[first].association_types == f"{PLAIN};{DECISION};{BILLING}"


async def test_replacing_labels_removes_the_others(path: Path) -> None:
    first, second = pairs(2)
    async with hubspot() as sandbox:
        link(sandbox, first, BILLING)
        link(sandbox, second, DECISION)
        journal = journal_with_goals(path, [(first, (DECISION,)), (second, (DECISION,))])
        ran = await Rig(journal, sandbox).run(put_replacing, in_order=True)
        assert ran.of(Status.LINKED) == {first}
        assert ran.of(Status.ALREADY_LINKED) == {second}
        assert types(sandbox, first) == {DECISION, PLAIN}


async def test_the_types_before_and_after_are_journalled(path: Path) -> None:
    first, second = pairs(2)
    async with hubspot() as sandbox:
        link(sandbox, first, BILLING)
        rig = Rig(journal_with_goals(path, [(first, (DECISION,)), (second, (DECISION,))]), sandbox)
        await rig.run(put, in_order=True)
        await rig.run(ReadAfter, source=lambda pool: pool.without_types_after)
        with Journal(path) as journal:
            made = {one.pair: one for row in journal.rows(NOT_SENT) for one in row.pairs}
        assert made[first].before == f"{PLAIN};{BILLING}"
        assert made[first].after == f"{PLAIN};{DECISION};{BILLING}"
        assert made[second].before == "-"


def test_all_rows_of_a_pair_share_their_labels(path: Path) -> None:
    one, other = pairs(2)
    goals = [(one, ()), (other, ()), (one, (DECISION,)), (one, (BILLING, DECISION))]
    with open_for_run(journal_with_goals(path, goals)) as journal:
        assert [(pending.id, pending.goal) for pending in journal.pending_without_labels(0, 10)] == [(2, "")]
        expected = [(1, f"{DECISION};{BILLING}"), (2, "")]
        assert [(pending.id, pending.goal) for pending in journal.pending(0, 10)] == expected


async def test_a_label_of_another_direction_is_refused_and_fails(path: Path) -> None:
    first, second = pairs(2)
    async with hubspot() as sandbox:
        journal = journal_with_goals(path, [(first, ("USER_DEFINED:2",)), (second, (DECISION,))])
        ran = await Rig(journal, sandbox).run(put, in_order=True)
        assert ran.of(Status.FAILED) == {first}
        assert "swap the columns" in ran.outcomes[first].advice
        assert ran.of(Status.LINKED) == {second}


async def test_a_limit_of_a_label_fails_the_pair(path: Path) -> None:
    contact = RecordId("1000")
    wanted = [Pair(ObjectType("contacts"), contact, ObjectType("companies"), RecordId(str(n))) for n in (5, 6)]
    async with hubspot() as sandbox:
        sandbox.state.types.set_limit("contacts", "companies", AssociationType("USER_DEFINED", 1), 1)
        rig = Rig(journal_with_goals(path, [(pair, (DECISION,)) for pair in wanted]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.LINKED) == {wanted[0]}
        assert ran.of(Status.FAILED) == {wanted[1]}
        assert "limit" in ran.outcomes[wanted[1]].advice


async def test_both_directions_of_one_link_keep_each_others_labels(path: Path) -> None:
    one, other = RecordId("11"), RecordId("12")
    contacts = ObjectType("contacts")
    there, back = Pair(contacts, one, contacts, other), Pair(contacts, other, contacts, one)
    async with hubspot() as sandbox:
        manager = "USER_DEFINED:5"
        rig = Rig(journal_with_goals(path, [(there, (manager,)), (back, (manager,))]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.LINKED) == {there, back}
        assert types(sandbox, there) == {manager, "USER_DEFINED:6", "HUBSPOT_DEFINED:449"}


async def test_labels_of_a_record_that_was_merged_are_kept(path: Path) -> None:
    (pair,) = pairs(1)
    survivor = Pair(pair.from_type, pair.from_id, pair.to_type, RecordId("77"))
    async with hubspot() as sandbox:
        link(sandbox, survivor, BILLING)
        sandbox.state.merge(("companies", int(pair.to_id)), 77)
        ran = await Rig(journal_with_goals(path, [(pair, (DECISION,))]), sandbox).run(put, in_order=True)
        assert types(sandbox, survivor) == {BILLING, DECISION, PLAIN}
        assert ran.of(Status.LINKED) == {pair}


async def test_labels_on_later_pages_are_kept(path: Path) -> None:
    contact = RecordId("1000")
    companies = [Pair(ObjectType("contacts"), contact, ObjectType("companies"), RecordId(str(n))) for n in range(5, 25)]
    async with hubspot(page_size=3) as sandbox:
        for pair in companies:
            link(sandbox, pair, BILLING)
        rig = Rig(journal_with_goals(path, [(pair, (DECISION,)) for pair in companies]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.LINKED) == set(companies)
        assert all({BILLING, DECISION} <= types(sandbox, pair) for pair in companies)


@pytest.mark.slow
async def test_batches_set_labels_in_few_calls(path: Path) -> None:
    wanted = pairs(1100)
    goals = [(pair, (DECISION,) if index % 2 else (BILLING, DECISION)) for index, pair in enumerate(wanted)]
    async with hubspot() as sandbox:
        for pair in wanted[:200]:
            link(sandbox, pair, BILLING)
        rig = Rig(journal_with_goals(path, goals), sandbox)

        ran = await rig.run(batch, in_order=True)
        assert ran.of(Status.LINKED) == set(wanted)
        assert all({BILLING, DECISION} <= types(sandbox, pair) for pair in wanted[:200])
        assert sandbox.state.calls["create"] == 2
        assert sandbox.state.calls["label_put"] == 0
