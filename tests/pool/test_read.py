"""The engines that read back: what is found is true, what is not found stays as it was."""

from pathlib import Path

import pytest

from importer.model import ObjectType, Pair, RecordId, Status
from importer.pool import FindLinked, Pool, ReadBack, Verify
from importer.pool.workers import Source
from importer.sandbox import Sandbox
from importer.sandbox.state import Pair as SandboxPair
from tests.pool.rig import Rig, hubspot, journal_of, key, pairs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.sqlite"


def of_pending(pool: Pool) -> Source:
    return pool.pending


def of_unconfirmed(pool: Pool) -> Source:
    return pool.unconfirmed


def link(sandbox: Sandbox, *wanted: Pair) -> None:
    """Link pairs as somebody else did before."""
    for pair in wanted:
        sandbox.state.links.add(SandboxPair(*key(pair)))


async def test_what_is_linked_already_is_found_and_the_rest_stays_pending(path: Path) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(1200)
        link(sandbox, *wanted[::5])
        rig = Rig(journal_of(path, wanted), sandbox)
        ran = await rig.run(FindLinked, source=of_pending)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[::5])
        assert ran.pending == set(wanted) - set(wanted[::5])
        assert sandbox.state.calls["read"] == 2
        assert sandbox.state.asked == {}
        again = await rig.run()
        assert len(again.of(Status.LINKED)) == 960
        assert sandbox.state.calls["put"] == 960


async def test_all_pages_of_a_record_with_many_links_are_read(path: Path) -> None:
    wanted = [
        Pair(ObjectType("contacts"), RecordId("7"), ObjectType("companies"), RecordId(str(100 + number)))
        for number in range(25)
    ]
    async with hubspot(page_size=4) as sandbox:
        link(sandbox, *wanted)
        ran = await Rig(journal_of(path, wanted), sandbox).run(FindLinked, source=of_pending)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted)
        assert sandbox.state.calls["read"] == 7


PASSING = ["http_503", "lost_answer", "truncated_json", "numeric_ids", "gzip", "too_fast_second"]
LASTING = ["http_503", "http_400", "empty_object", "canceled", "pending", "silent_read", "html_200"]


@pytest.mark.parametrize("fault", PASSING)
async def test_reading_is_repeated_until_it_can_be_read(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read*1") as sandbox:
        wanted = pairs(20)
        link(sandbox, *wanted[:10])
        ran = await Rig(journal_of(path, wanted), sandbox).run(FindLinked, source=of_pending)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[:10])


@pytest.mark.parametrize("fault", LASTING)
async def test_what_cannot_be_read_is_neither_linked_nor_lost(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read") as sandbox:
        wanted = pairs(20)
        link(sandbox, *wanted[:10])
        ran = await Rig(journal_of(path, wanted), sandbox).run(FindLinked, source=of_pending)
        assert ran.of(Status.NOT_SENT) == ran.pending == set(wanted)


async def test_a_refused_token_stops_reading(path: Path) -> None:
    async with hubspot("token_invalid=always") as sandbox:
        ran = await Rig(journal_of(path, pairs(3000)), sandbox).run(FindLinked, source=of_pending, workers=1)
        assert ran.stop is not None
        assert sandbox.state.calls["read"] == 1
        assert ran.of(Status.NOT_SENT) == ran.pending


async def test_the_doubtful_are_read_back_and_only_the_found_become_linked(path: Path) -> None:
    async with hubspot("lost_answer=pairs:0.5", "http_503=always") as sandbox:
        rig = Rig(journal_of(path, pairs(60)), sandbox)
        doubtful = await rig.run()
        assert len(doubtful.of(Status.UNCONFIRMED)) == 60
        there = {pair for pair in doubtful.outcomes if key(pair) in sandbox.state.links}
        assert 0 < len(there) < 60
        sandbox.use_faults()
        ran = await rig.run(ReadBack, source=of_unconfirmed)
        assert ran.of(Status.LINKED) == there
        assert ran.of(Status.UNCONFIRMED) == set(ran.outcomes) - there
        assert {ran.outcomes[pair].attempts for pair in there} == {3}
        assert ran.outcomes[next(iter(there))].association_types


async def test_verify_says_of_every_pair_whether_it_is_linked_and_sends_nothing(path: Path) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(50)
        link(sandbox, *wanted[:30])
        sandbox.state.links.remove(SandboxPair(*key(wanted[0])))
        ran = await Rig(journal_of(path, wanted), sandbox).run(Verify, source=of_pending)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[1:30])
        assert ran.of(Status.NOT_SENT) == {wanted[0], *wanted[30:]}
        assert {ran.outcomes[pair].error_category for pair in ran.of(Status.NOT_SENT)} == {"MISSING"}
        assert set(sandbox.state.calls) <= {"read"}


@pytest.mark.parametrize("merged", ["from", "to"])
async def test_a_merged_record_is_said_to_be_merged_and_not_called_missing(path: Path, merged: str) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(10)
        link(sandbox, *wanted)
        if merged == "from":
            sandbox.state.merge(("contacts", int(wanted[3].from_id)), 77)
        else:
            sandbox.state.merge(("companies", int(wanted[3].to_id)), 77)
        ran = await Rig(journal_of(path, wanted), sandbox).run(Verify, source=of_pending)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted)
        assert "was merged into 77" in ran.outcomes[wanted[3]].error_message
