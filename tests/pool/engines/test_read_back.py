"""The engines that read back: pairs that are found are linked, all others stay as they were."""

from collections.abc import Callable
from pathlib import Path

import pytest

from importer.hubspot.client import HubSpotClient
from importer.model import Status, StopReason
from importer.pool import ReadBack, ReadFirst, Verify
from importer.pool.engines.read_back import NOT_READ
from importer.sandbox.state import Pair as SandboxPair
from tests.support.pool import Rig, hubspot, journal_of, key, pairs
from tests.support.reading import link, of_pending, of_unconfirmed, read_first, verify

pytestmark = pytest.mark.simulated_time


@pytest.mark.slow
async def test_already_linked_pairs_are_found_and_the_rest_stays_pending(path: Path) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(1200)
        missing = wanted[::60]
        link(sandbox, *set(wanted) - set(missing))
        rig = Rig(journal_of(path, wanted), sandbox)
        ran = await rig.run(ReadFirst, source=of_pending)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted) - set(missing)
        assert ran.pending == set(missing)
        assert sandbox.state.calls["read"] == 2
        assert sandbox.state.asked == {}
        again = await rig.run()
        assert len(again.of(Status.LINKED)) == len(missing) == 20
        assert sandbox.state.calls["put"] == 20


PASSING = ["http_503", "lost_answer", "truncated_json", "numeric_ids", "gzip", "too_fast_second"]
LASTING = ["http_503", "http_400", "empty_object", "canceled", "pending", "silent_read", "html_200"]


@pytest.mark.parametrize("fault", PASSING)
async def test_a_failed_read_is_retried(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read*1") as sandbox:
        wanted = pairs(20)
        link(sandbox, *wanted[:10])
        ran = await read_first(path, sandbox, wanted)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[:10])


@pytest.mark.parametrize("fault", LASTING)
async def test_pairs_that_cannot_be_read_stay_pending(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read") as sandbox:
        wanted = pairs(20)
        link(sandbox, *wanted[:10])
        ran = await read_first(path, sandbox, wanted)
        assert ran.of(Status.NOT_SENT) == ran.pending == set(wanted)


async def test_a_rejected_token_stops_reading(path: Path) -> None:
    async with hubspot("token_invalid=always") as sandbox:
        ran = await Rig(journal_of(path, pairs(3000)), sandbox).run(ReadFirst, source=of_pending, workers=1)
        assert ran.stop is not None
        assert sandbox.state.calls["read"] == 1
        assert ran.of(Status.NOT_SENT) == ran.pending


async def test_unconfirmed_pairs_are_read_back_and_only_those_found_become_linked(path: Path) -> None:
    async with hubspot("lost_answer=pairs:0.5", "http_503=always") as sandbox:
        rig = Rig(journal_of(path, pairs(16)), sandbox)
        doubtful = await rig.run()
        assert len(doubtful.of(Status.UNCONFIRMED)) == 16
        there = {pair for pair in doubtful.outcomes if key(pair) in sandbox.state.links}
        assert 0 < len(there) < 16
        sandbox.use_faults()
        ran = await rig.run(ReadBack, source=of_unconfirmed)
        assert ran.of(Status.LINKED) == there
        assert ran.of(Status.UNCONFIRMED) == set(ran.outcomes) - there
        assert {ran.outcomes[pair].attempts for pair in there} == {3}
        assert ran.outcomes[next(iter(there))].association_types


async def test_verify_reports_every_pair_and_sends_nothing(path: Path) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(50)
        link(sandbox, *wanted[:30])
        sandbox.state.links.remove(SandboxPair(*key(wanted[0])))
        ran = await verify(path, sandbox, wanted)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[1:30])
        assert ran.of(Status.NOT_SENT) == {wanted[0], *wanted[30:]}
        assert {ran.outcomes[pair].error_category for pair in ran.of(Status.NOT_SENT)} == {"MISSING"}
        assert set(sandbox.state.calls) <= {"read"}


async def test_verify_stops_at_another_server_and_reports_nothing_missing(path: Path) -> None:
    async with hubspot("html_200=read") as sandbox:
        ran = await verify(path, sandbox, pairs(3))
        assert ran.stop is not None
        assert ran.stop.reason is StopReason.UNREACHABLE
        assert "MISSING" not in {outcome.error_category for outcome in ran.outcomes.values()}


UNREADABLE = [
    "http_503", "http_400", "http_500", "empty_object", "canceled", "pending", "silent_read",
    "lost_answer", "scopes_missing", pytest.param("oversized", marks=pytest.mark.slow),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNREADABLE)
async def test_verify_reports_nothing_missing_that_it_could_not_read(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read") as sandbox:
        wanted = pairs(12)
        link(sandbox, *wanted[:6])
        made: list[Verify] = []
        ran = await Rig(journal_of(path, wanted), sandbox).run(verify_into(made), source=of_pending)
        assert ran.of(Status.UNCONFIRMED) == set(wanted)
        assert {outcome.error_category for outcome in ran.outcomes.values()} == {NOT_READ}
        unread_stop = made[0].unread_stop()
        assert unread_stop is not None
        expected = StopReason.SCOPES_MISSING if fault == "scopes_missing" else StopReason.UNREADABLE
        assert unread_stop.reason is expected
        assert sandbox.state.calls["read"] <= 2 * 12 * 3


def verify_into(made: list[Verify]) -> Callable[[HubSpotClient], Verify]:
    """Keep the created engine, to inspect it afterwards."""

    def make(client: HubSpotClient) -> Verify:
        made.append(Verify(client))
        return made[0]

    return make


RECORDS = [
    "html_403", "http_400", "http_500", "silent_read", "truncated_json",
    pytest.param("oversized", marks=pytest.mark.slow),
]  # fmt: skip


@pytest.mark.parametrize("fault", RECORDS)
async def test_one_record_that_cannot_be_read_costs_the_others_nothing(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read,contacts:1037>companies:0") as sandbox:
        wanted = pairs(300)
        link(sandbox, *wanted[:200])
        ran = await verify(path, sandbox, wanted)
        assert ran.of(Status.UNCONFIRMED) == {wanted[37]} - ran.of(Status.ALREADY_LINKED)
        assert ran.of(Status.ALREADY_LINKED) >= set(wanted[:200]) - {wanted[37]}
        assert ran.of(Status.NOT_SENT) == set(wanted[200:])
        assert sandbox.state.calls["read"] <= 60


async def test_a_record_that_one_side_cannot_read_is_found_from_the_other(path: Path) -> None:
    async with hubspot("http_400=read,contacts:1003>companies:0") as sandbox:
        wanted = pairs(10)
        link(sandbox, *wanted[:5])
        ran = await verify(path, sandbox, wanted)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[:5])
        assert ran.of(Status.NOT_SENT) == set(wanted[5:])


async def test_a_link_that_only_one_side_can_deny_is_not_missing(path: Path) -> None:
    async with hubspot("http_500=read,companies>contacts") as sandbox:
        wanted = pairs(10)
        link(sandbox, *wanted[:5])
        ran = await verify(path, sandbox, wanted)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[:5])
        assert ran.of(Status.UNCONFIRMED) == set(wanted[5:])


@pytest.mark.slow
async def test_responses_too_large_for_many_records_are_requested_for_fewer(path: Path) -> None:
    async with hubspot("oversized_for_many=read") as sandbox:
        wanted = pairs(100)
        link(sandbox, *wanted[::2])
        rig = Rig(journal_of(path, wanted), sandbox)
        ran = await rig.run(Verify, source=of_pending, answer_timeout=10)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[::2])
        assert ran.of(Status.NOT_SENT) == set(wanted[1::2])


@pytest.mark.slow
async def test_reads_that_a_gateway_rejects_as_too_large_are_made_smaller(path: Path) -> None:
    async with hubspot("html_413=read,above:30") as sandbox:
        wanted = pairs(400)
        link(sandbox, *wanted[::2])
        ran = await verify(path, sandbox, wanted)
        assert ran.stop is None
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[::2])
        assert ran.of(Status.NOT_SENT) == set(wanted[1::2])


async def test_records_that_a_response_leaves_out_are_requested_again(path: Path) -> None:
    async with hubspot("half_later=read") as sandbox:
        wanted = pairs(100)
        link(sandbox, *wanted[:90])
        ran = await verify(path, sandbox, wanted)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted[:90])
        assert ran.of(Status.NOT_SENT) == set(wanted[90:])


@pytest.mark.parametrize("fault", ["labels_only", "no_types"])
async def test_a_link_without_the_unlabelled_type_is_sent_and_reported_by_verify(path: Path, fault: str) -> None:
    async with hubspot(f"{fault}=read") as sandbox:
        wanted = pairs(20)
        link(sandbox, wanted[0])
        found = await read_first(path, sandbox, wanted)
        assert found.pending == set(wanted)
        other = journal_of(path.with_name("verify.sqlite"), wanted)
        ran = await Rig(other, sandbox).run(Verify, source=of_pending)
        assert ran.of(Status.NOT_SENT) == set(wanted)
        assert ran.outcomes[wanted[0]].error_category == "ONLY_LABELLED"
        assert ran.outcomes[wanted[0]].association_types == ("USER_DEFINED:12" if fault == "labels_only" else "")
        assert ran.outcomes[wanted[1]].error_category == "MISSING"


async def test_an_account_that_may_not_read_can_still_send(path: Path) -> None:
    async with hubspot("scopes_missing=read") as sandbox:
        rig = Rig(journal_of(path, pairs(20)), sandbox)
        found = await rig.run(ReadFirst, source=of_pending)
        assert found.stop is None
        assert sandbox.state.calls["read"] == 1
        assert len((await rig.run()).of(Status.LINKED)) == 20


@pytest.mark.parametrize("merged", ["from", "to"])
async def test_a_merged_record_is_reported_as_merged_and_not_missing(path: Path, merged: str) -> None:
    async with hubspot() as sandbox:
        wanted = pairs(10)
        link(sandbox, *wanted)
        if merged == "from":
            sandbox.state.merge(("contacts", int(wanted[3].from_id)), 77)
        else:
            sandbox.state.merge(("companies", int(wanted[3].to_id)), 77)
        ran = await verify(path, sandbox, wanted)
        assert ran.of(Status.ALREADY_LINKED) == set(wanted)
        assert "was merged into 77" in ran.outcomes[wanted[3]].error_message
