"""Labels and the primary one of a record: the order of the file decides which it is, and no record loses its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from importer.hubspot.client import HubSpotClient
from importer.model import ObjectType, Pair, RecordId, Status
from importer.pool import LabelEngine
from tests.support.label_pool import BILLING, DECISION, PLAIN, PRIMARY, batch, journal_with_goals, link, put, types
from tests.support.pool import Rig, hubspot

pytestmark = pytest.mark.simulated_time


async def test_a_pair_that_lost_primary_to_a_later_one_is_not_advised_to_take_it_back(path: Path) -> None:
    companies = (RecordId("7"), RecordId("8"), RecordId("9"))
    wanted = [Pair(ObjectType("contacts"), RecordId("5"), ObjectType("companies"), other) for other in companies]
    async with hubspot() as sandbox:
        ran = await Rig(journal_with_goals(path, [(pair, (PRIMARY,)) for pair in wanted]), sandbox).run(
            put, in_order=True
        )
        assert ran.of(Status.UNCONFIRMED) == {wanted[1]}
        assert ran.outcomes[wanted[1]].advice.startswith("A record has one Primary")
        assert PRIMARY in types(sandbox, wanted[2])


async def test_a_primary_that_the_file_moves_is_not_moved_back(path: Path) -> None:
    contact = RecordId("1000")
    old, new = (Pair(ObjectType("contacts"), contact, ObjectType("companies"), RecordId(str(n))) for n in (5, 6))
    async with hubspot() as sandbox:
        link(sandbox, old, PRIMARY)
        rig = Rig(journal_with_goals(path, [(new, (PRIMARY,)), (old, (DECISION,))]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.LINKED) == {new, old}
        assert types(sandbox, new) == {PRIMARY, PLAIN}
        assert types(sandbox, old) == {DECISION, PLAIN}


@pytest.mark.parametrize("engine", [put, batch])
async def test_a_record_keeps_its_primary_one_if_the_file_cannot_move_it(
    path: Path, engine: Callable[[HubSpotClient], LabelEngine]
) -> None:
    contacts, companies = ObjectType("contacts"), ObjectType("companies")
    other, old, unknown = (Pair(contacts, RecordId("5"), companies, RecordId(one)) for one in ("4", "6", "7000000"))
    async with hubspot() as sandbox:
        link(sandbox, old, PRIMARY)
        goals = [(other, (BILLING,)), (unknown, (PRIMARY,)), (old, (DECISION,))]
        ran = await Rig(journal_with_goals(path, goals), sandbox).run(engine, in_order=True)
        assert ran.of(Status.FAILED) == {unknown}
        assert types(sandbox, old) == {PRIMARY, DECISION, PLAIN}


@pytest.mark.parametrize("engine", [put, batch])
async def test_pairs_without_labels_keep_their_place_in_the_order_of_the_file(
    path: Path, engine: Callable[[HubSpotClient], LabelEngine]
) -> None:
    contacts, companies = ObjectType("contacts"), ObjectType("companies")
    goals: list[tuple[Pair, tuple[str, ...]]] = []
    for number in range(1000, 1020):
        first, second = (Pair(contacts, RecordId(str(number)), companies, RecordId(str(n))) for n in (5, 6))
        goals += [(first, ()), (second, (DECISION,))] if number % 2 else [(first, (DECISION,)), (second, ())]
    async with hubspot() as sandbox:
        ran = await Rig(journal_with_goals(path, goals), sandbox).run(engine, in_order=True)
        assert ran.of(Status.LINKED) == {pair for pair, _ in goals}
        assert all(PRIMARY in types(sandbox, pair) for pair, _ in goals[::2])
        assert {PRIMARY in types(sandbox, pair) for pair, _ in goals[1::2]} == {False}
