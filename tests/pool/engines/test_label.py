"""The engine for labels: no label is lost, and a pair is linked only if reading back shows its labels."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from importer.config import LabelMode, Rate
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.journal import Journal, RunInfo, open_for_run, write_journal
from importer.model import ObjectType, Pair, RecordId, SourceRow, Status
from importer.pool import LabelEngine, ReadAfter
from importer.pool.engines import label
from importer.pool.engines.read_back import NOT_READ
from importer.sandbox import Sandbox
from importer.sandbox.association_types import AssociationType
from importer.sandbox.pairs import Pair as SandboxPair
from tests.support.blocks import blocks_of
from tests.support.pool import NOT_SENT, Rig, hubspot, key, pairs

pytestmark = pytest.mark.simulated_time

DECISION, BILLING, PRIMARY = "USER_DEFINED:1", "USER_DEFINED:3", "HUBSPOT_DEFINED:1"
PLAIN = "HUBSPOT_DEFINED:279"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label, "READ_BACK_WAITS", (0.01, 0.02))


def journal_with_goals(path: Path, goals: Iterable[tuple[Pair, tuple[str, ...]]]) -> Path:
    """Create a journal with a row for each pair and its labels, which are named by their types."""
    info = RunInfo("r", "", None, "s.csv", "", "", ("a",), ",", {}, "sandbox", "v4", "s.results.csv")
    write_journal(
        path, info, blocks_of(SourceRow(2 + n, ("x",), (pair,), (), (own,)) for n, (pair, own) in enumerate(goals))
    )
    with open_for_run(path) as journal:
        journal.set_goals(lambda from_type, to_type, texts: texts)
        journal.verify()
    return path


def put(client: HubSpotClient) -> LabelEngine:
    return LabelEngine(client, LabelMode.ADD, 8)


def put_replacing(client: HubSpotClient) -> LabelEngine:
    return LabelEngine(client, LabelMode.REPLACE, 8)


def batch(client: HubSpotClient) -> LabelEngine:
    return LabelEngine(client, LabelMode.ADD, 8, RateLimiter(Rate(100, 1.0)))


def types(sandbox: Sandbox, pair: Pair) -> set[str]:
    return set(map(str, sandbox.state.links.types(SandboxPair(*key(pair)))))


def link(sandbox: Sandbox, pair: Pair, *labels: str) -> None:
    """Link a pair with exactly these labels, as another client did before."""
    sandbox.state.links.add(SandboxPair(*key(pair)))
    found = [AssociationType(text.split(":")[0], int(text.split(":")[1])) for text in labels]
    sandbox.state.links.set_labels(SandboxPair(*key(pair)), found)


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


async def test_pairs_without_labels_are_sent_although_labels_cannot_be_read(path: Path) -> None:
    first, second = pairs(2)
    async with hubspot("scopes_missing=read") as sandbox:
        rig = Rig(journal_with_goals(path, [(first, (DECISION,)), (second, ())]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.UNCONFIRMED) == {first}
        assert ran.of(Status.LINKED) == {second}


async def test_labels_that_are_listed_late_are_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label, "READ_BACK_WAITS", (0.1, 0.5))
    wanted = pairs(3)
    async with hubspot(read_lag=0.3) as sandbox:
        rig = Rig(journal_with_goals(path, [(pair, (DECISION,)) for pair in wanted]), sandbox)
        ran = await rig.run(put, in_order=True)
        assert ran.of(Status.LINKED) == set(wanted)
