"""Reading before and after sending: it saves calls, knows what was there, and is never needed for sending."""

from pathlib import Path

import pytest

from importer.journal import Journal
from importer.model import ObjectType, Pair, RecordId, Status
from importer.pool import Pool, ReadAfter, ReadFirst
from importer.pool.dispatch import Source
from importer.sandbox.state import Pair as SandboxPair
from tests.support.pool import NOT_SENT, Rig, hubspot, journal_of, key, pairs
from tests.support.reading import link, of_pending

pytestmark = pytest.mark.simulated_time


def without_after(pool: Pool) -> Source:
    return pool.without_types_after


def pair_of(from_id: int, to_id: int) -> Pair:
    return Pair(ObjectType("contacts"), RecordId(str(from_id)), ObjectType("companies"), RecordId(str(to_id)))


def types(path: Path) -> dict[Pair, tuple[str | None, str | None]]:
    """Return the types of each pair before and after sending, as read or as expected."""
    with Journal(path) as journal:
        journal.verify()
        return {
            made.pair: (made.before, made.after or made.sent) for row in journal.rows(NOT_SENT) for made in row.pairs
        }


async def test_types_before_and_after_are_known_for_every_pair_that_was_sent(path: Path) -> None:
    async with hubspot() as sandbox:
        first, second, new, also_new = (
            pair_of(1001, 5001),
            pair_of(1001, 5002),
            pair_of(1003, 5003),
            pair_of(1004, 5003),
        )
        link(sandbox, first)
        rig = Rig(journal_of(path, [first, second, new, also_new]), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        await rig.run()
        ran = await rig.run(ReadAfter, source=without_after)
        assert ran.of(Status.LINKED) == {second, new, also_new}
        found = types(path)
        primary, plain = "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279", "HUBSPOT_DEFINED:279"
        assert found[second] == ("-", plain), "its record has a primary company"
        assert found[new] == found[also_new] == ("-", primary), "the first company of its record"
        assert found[first][1] is None, "it was not sent"
        for pair in (second, new, also_new):
            present = sandbox.state.links.types(SandboxPair(*key(pair)))
            assert found[pair][1] == ";".join(sorted(map(str, present)))
        assert sandbox.state.calls["read"] == 1


async def test_where_an_only_link_is_not_primary_new_ones_are_read_again(path: Path) -> None:
    async with hubspot() as sandbox:
        linked, new = pair_of(1001, 5001), pair_of(1002, 5002)
        link(sandbox, linked)
        sandbox.state.links.set_labels(SandboxPair(*key(linked)), ())
        rig = Rig(journal_of(path, [linked, new]), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        await rig.run()
        assert types(path)[new] == ("-", None)
        await rig.run(ReadAfter, source=without_after)
        assert types(path)[new] == ("-", "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279")


async def test_new_links_of_which_any_may_be_primary_are_read_again(path: Path) -> None:
    async with hubspot() as sandbox:
        first, second, other = pair_of(1001, 5001), pair_of(1001, 5002), pair_of(1003, 5003)
        link(sandbox, other)
        rig = Rig(journal_of(path, [first, second, other]), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        await rig.run()
        await rig.run(ReadAfter, source=without_after)
        primary, plain = "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279", "HUBSPOT_DEFINED:279"
        assert (types(path)[first], types(path)[second]) == (("-", primary), ("-", plain))
        assert sandbox.state.calls["read"] == 2


async def test_new_links_are_read_again_while_no_other_link_shows_the_unlabelled_type(path: Path) -> None:
    async with hubspot() as sandbox:
        new = pair_of(1001, 5001)
        rig = Rig(journal_of(path, [new]), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        await rig.run()
        await rig.run(ReadAfter, source=without_after)
        assert types(path)[new] == ("-", "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279")


async def test_new_links_between_types_without_primary_are_not_read_again(path: Path) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(3, "deals", "contacts")
        rig = Rig(journal_of(path, wanted), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        assert len((await rig.run()).of(Status.LINKED)) == 3
        await rig.run(ReadAfter, source=without_after)
        assert {types(path)[pair] for pair in wanted} == {("-", None)}
        assert sandbox.state.calls["read"] == 1


async def test_the_side_with_more_records_is_read_and_each_record_once(path: Path) -> None:
    wanted = [pair_of(1000, 5000 + number) for number in range(1100)]
    async with hubspot(page_size=10) as sandbox:
        for pair in wanted[:100]:
            sandbox.state.links.add(SandboxPair(*key(pair)))
        ran = await Rig(journal_of(path, wanted), sandbox).run(ReadFirst, source=of_pending)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[:100])
        assert sandbox.state.calls["read"] == 2, "1,100 companies; the contact has 110 pages"
    assert types(path)[wanted[0]] == (None, None), "the types of the other direction are other ones"
    assert types(path)[wanted[100]] == ("-", None)


async def test_several_rows_of_a_record_need_one_read(path: Path) -> None:
    wanted = [pair_of(1000 + number // 3, 5000 + number % 7) for number in range(3000)]
    async with hubspot() as sandbox:
        await Rig(journal_of(path, wanted), sandbox).run(ReadFirst, source=of_pending)
        assert sandbox.state.calls["read"] == 1


async def test_reading_never_costs_more_calls_than_sending(path: Path) -> None:
    wanted = [pair_of(1000 + number, 5000 + number) for number in range(5)]
    async with hubspot(page_size=1) as sandbox:
        for other in range(30):
            sandbox.state.links.add(SandboxPair("contacts", 1000, "companies", 7000 + other))
        rig = Rig(journal_of(path, wanted), sandbox)
        ran = await rig.run(ReadFirst, source=of_pending)
        assert sandbox.state.calls["read"] == 5
        assert ran.pending == set(wanted)
        assert len((await rig.run()).of(Status.LINKED)) == 5
    assert types(path)[wanted[0]] == (None, None)
    assert types(path)[wanted[1]] == ("-", None)


REFUSALS = ["scopes_missing", "user_lost_permissions", "http_404", "html_403", "html_404"]


@pytest.mark.parametrize("fault", REFUSALS)
async def test_a_refused_read_costs_one_call_however_long_the_file_is(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read") as sandbox:
        wanted = pairs(1100)
        ran = await Rig(journal_of(path, wanted), sandbox).run(ReadFirst, source=of_pending)
        assert (ran.stop, ran.pending) == (None, set(wanted))
        assert sandbox.state.calls["read"] == 1


@pytest.mark.parametrize("fault", REFUSALS)
async def test_after_a_refused_read_the_put_links_everything(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read") as sandbox:
        rig = Rig(journal_of(path, pairs(10)), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        assert len((await rig.run()).of(Status.LINKED)) == 10
        await rig.run(ReadAfter, source=without_after)
        assert sandbox.state.calls["read"] == 1, "without the state before, the state after is of no use"


@pytest.mark.parametrize("fault", ["http_503", "lost_answer", "html_200", "too_fast_second"])
async def test_a_server_that_cannot_read_never_stops_the_run(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read") as sandbox:
        wanted = pairs(10)
        rig = Rig(journal_of(path, wanted), sandbox)
        ran = await rig.run(ReadFirst, source=of_pending)
        assert (ran.stop, ran.pending) == (None, set(wanted))
        assert sandbox.state.calls["read"] <= 3
        assert len((await rig.run()).of(Status.LINKED)) == 10


def claim_one(pool: Pool, journal: Journal) -> None:
    journal.claim(journal.pending(0, 1))


async def test_the_state_before_an_interrupted_attempt_is_not_overwritten(path: Path) -> None:
    async with hubspot("http_503=put") as sandbox:
        (pair,) = wanted = pairs(1)
        rig = Rig(journal_of(path, wanted), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        await rig.run()
        link(sandbox, pair)
        await rig.run(ReadFirst, source=of_pending)
        assert types(path)[pair][0] == "-"


@pytest.mark.slow
async def test_a_nightly_file_costs_a_read_per_thousand_records_and_a_call_per_new_pair(path: Path) -> None:
    async with hubspot(page_size=500) as sandbox:
        wanted = pairs(5_000)
        new = wanted[::100]
        for pair in set(wanted) - set(new):
            sandbox.state.links.add(SandboxPair(*key(pair)))
        rig = Rig(journal_of(path, wanted), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        assert len((await rig.run()).of(Status.LINKED)) == 50
        await rig.run(ReadAfter, source=without_after)
        assert sandbox.state.calls["put"] == 50
        assert sandbox.state.calls["read"] <= 7


async def test_reading_a_file_with_nothing_linked_costs_at_most_a_twentieth_of_its_calls(path: Path) -> None:
    async with hubspot() as sandbox:
        rig = Rig(journal_of(path, pairs(100)), sandbox)
        await rig.run(ReadFirst, source=of_pending)
        await rig.run()
        await rig.run(ReadAfter, source=without_after)
        assert sandbox.state.calls["put"] == 100
        assert sandbox.state.calls["read"] <= 0.05 * 100
