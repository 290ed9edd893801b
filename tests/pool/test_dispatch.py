"""Pairs of one record are sent one after the other in file order, others in parallel; no worker waits forever."""

import asyncio
import random
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from importer.config import Rate
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Response
from importer.journal import open_for_run
from importer.model import Pair, RecordId, Status, Stop, StopReason
from importer.pool import BatchEngine, Pool, dispatch
from importer.sandbox import Sandbox
from importer.sandbox.association_types import AssociationType
from importer.sandbox.state import Pair as SandboxPair
from tests.pool.test_ordering import COMPANIES, CONTACTS, DEALS, companies_of
from tests.support.pool import FAST, Ran, Rig, SimulatedResult, SimulatedRun, hubspot, journal_of
from tests.support.responses import complete, error, parsed, result
from tests.support.simulated_time import now

pytestmark = pytest.mark.simulated_time

PRIMARY = AssociationType("HUBSPOT_DEFINED", 1)
SLOW = Rate(100, 10.0)
INTERRUPTED = Stop(StopReason.SIGINT, "The run was interrupted (SIGINT).")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.sqlite"


def contacts_with_companies(contacts: int = 14, companies: int = 3) -> list[Pair]:
    """Return the pairs of a file of contacts, each with several companies."""
    return [pair for n in range(contacts) for pair in companies_of(1001 + n, range(5001, 5001 + companies))]


def by_contact(wanted: Sequence[Pair]) -> dict[RecordId, list[Pair]]:
    found: dict[RecordId, list[Pair]] = defaultdict(list)
    for pair in wanted:
        found[pair.from_id if pair.from_type == CONTACTS else pair.to_id].append(pair)
    return found


def primary_pairs(sandbox: Sandbox, wanted: Sequence[Pair]) -> set[Pair]:
    """Return the pairs whose company is the primary one of the contact."""

    def from_contact(pair: Pair) -> SandboxPair:
        found = SandboxPair(pair.from_type, int(pair.from_id), pair.to_type, int(pair.to_id))
        return found if pair.from_type == CONTACTS else found.reverse()

    return {pair for pair in wanted if PRIMARY in sandbox.state.links.types(from_contact(pair))}


def batch(client: HubSpotClient) -> BatchEngine:
    return BatchEngine(client, RateLimiter(FAST))


async def run_passes(rig: Rig, engine: str, workers: int) -> Ran:
    """Run the passes of an engine: batches are followed by single calls for what they leave."""
    if engine == "batch":
        await rig.run(batch, workers=workers, answer_timeout=5)
    return await rig.run(workers=workers, answer_timeout=5, max_attempts=6)


FAULTS = [
    (),
    ("http_503=0.2", "lost_answer=0.1"),
    ("num_errors=pairs:0.2*1", "unknown_record=pairs:0.1"),
    ("http_400=batch,0.5", "pending=pairs:0.2*2"),
]


@pytest.mark.slow
@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("workers", [1, 32])
@pytest.mark.parametrize("engine", ["put", "batch"])
async def test_the_first_linked_company_of_the_file_becomes_primary(
    path: Path, engine: str, workers: int, faults: tuple[str, ...]
) -> None:
    wanted = contacts_with_companies()
    async with hubspot(*faults, jitter=0.02, seed=7) as sandbox:
        ran = await run_passes(Rig(journal_of(path, wanted), sandbox), engine, workers)
        assert ran.pending == set()
        linked = ran.of(Status.LINKED)
        first = {next(pair for pair in own if pair in linked) for own in by_contact(wanted).values()}
        assert primary_pairs(sandbox, wanted) == first


@pytest.mark.parametrize("engine", ["put", "batch"])
async def test_contacts_keep_the_order_when_the_file_starts_from_companies(path: Path, engine: str) -> None:
    wanted = [Pair(pair.to_type, pair.to_id, pair.from_type, pair.from_id) for pair in contacts_with_companies()]
    random.Random(3).shuffle(wanted)
    async with hubspot("http_503=0.2", jitter=0.02) as sandbox:
        ran = await run_passes(Rig(journal_of(path, wanted), sandbox), engine, 32)
        assert ran.of(Status.LINKED) == set(wanted)
        assert primary_pairs(sandbox, wanted) == {own[0] for own in by_contact(wanted).values()}


@pytest.mark.slow
async def test_batches_stay_large_when_each_contact_has_several_companies(path: Path) -> None:
    async with hubspot() as sandbox:
        ran = await Rig(journal_of(path, contacts_with_companies(1_000)), sandbox).run(batch, answer_timeout=20)
        assert len(ran.of(Status.LINKED)) == 3_000
        assert sandbox.state.calls["batch"] == 2, "the first companies, and all others"


@pytest.mark.slow
async def test_a_company_with_thousands_of_contacts_is_sent_in_full_batches(path: Path) -> None:
    wanted = [Pair(COMPANIES, RecordId("9"), CONTACTS, RecordId(str(1_001 + n))) for n in range(4_000)]
    async with hubspot() as sandbox:
        ran = await Rig(journal_of(path, wanted), sandbox).run(batch, answer_timeout=20)
        assert len(ran.of(Status.LINKED)) == 4_000
        assert sandbox.state.calls["batch"] == 2


# ---- on simulated time


class Recorded:
    """A HubSpot that links after a latency, and records each call: begin, end, pair."""

    def __init__(self, latency: float = 0.2, jitter: float = 0.0, fail: int = 0) -> None:
        self.calls: list[tuple[float, float, Pair]] = []
        self._latency, self._jitter, self._fail = latency, jitter, fail
        self._random = random.Random(5)

    async def respond(self, pair: Pair, number: int) -> Response | NoResponse:
        begin = now()
        await asyncio.sleep(self._latency + self._random.uniform(0, self._jitter))
        self.calls.append((begin, now(), pair))
        if self._fail and number % self._fail == 0:
            return parsed(503, error("UNAVAILABLE"))
        return parsed(200, complete(results=[result(pair.from_id, pair.to_id)]))

    def assert_ordered(self, wanted: Sequence[Pair]) -> None:
        """Assert that no call of a record begins before the one of the pair before it has ended for good."""
        for own in by_contact(wanted).values():
            calls = sorted((begin, end, own.index(pair)) for begin, end, pair in self.calls if pair in set(own))
            assert [place for *_, place in calls] == sorted(place for *_, place in calls)
            assert all(end <= later for (_, end, _), (later, _, _) in pairwise(calls))


def simulated(path: Path, wanted: Sequence[Pair], hubspot: Recorded, rate: Rate = SLOW) -> SimulatedRun:
    return SimulatedRun(journal_of(path, wanted), hubspot.respond, rate)


@pytest.mark.slow
def test_different_records_keep_the_rate_full(path: Path) -> None:
    wanted = [pair for n in range(600) for pair in companies_of(1 + n, [n + 1])]
    ran = simulated(path, wanted, Recorded(0.5)).run(workers=32)
    assert len(ran.of(Status.LINKED)) == 600
    assert ran.ended_at < 5 * (10 + 0.5 + 0.1) + 10


@pytest.mark.slow
def test_several_pairs_for_each_record_keep_the_rate_full_and_the_order(path: Path) -> None:
    wanted, server = contacts_with_companies(200), Recorded(0.3, jitter=1.0, fail=7)
    ran = simulated(path, wanted, server, FAST).run(workers=32, max_attempts=9)
    assert ran.of(Status.LINKED) == set(wanted)
    server.assert_ordered(wanted)
    busy = sum(end - begin for begin, end, _ in server.calls)
    assert ran.ended_at < 1.1 * busy / 32 + 5, "workers were idle"


@pytest.mark.slow
def test_a_record_with_many_pairs_does_not_block_the_others(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_SHORT_WAIT", 200)
    monkeypatch.setattr(dispatch, "_MIN_READ", 50)
    many = [Pair(CONTACTS, RecordId("1"), DEALS, RecordId(str(n))) for n in range(1, 401)]
    others = [pair for n in range(2, 302) for pair in companies_of(n, [n])]
    server = Recorded(0.2)
    ran = simulated(path, [*many, *others], server).run(workers=32)
    assert len(ran.of(Status.LINKED)) == 700
    others_done = max(end for _, end, pair in server.calls if pair.to_type == COMPANIES)
    assert others_done < (300 / 100) * 10.3 * 2, "they get at least half of the rate"


def test_followers_wait_while_a_pair_is_retried(path: Path) -> None:
    wanted = companies_of(1, range(1, 4))

    async def respond(pair: Pair, number: int) -> Response | NoResponse:
        order.append(pair)
        await asyncio.sleep(0.1)
        if number < 4:
            return parsed(503, b"", retry_after=30.0)
        return parsed(200, complete(results=[result(pair.from_id, pair.to_id)]))

    order: list[Pair] = []
    ran = SimulatedRun(journal_of(path, wanted), respond).run(max_attempts=9)
    assert order == [wanted[0]] * 4 + wanted[1:]
    assert ran.ended_at >= 90


def test_a_resumed_run_sends_a_pair_that_was_in_flight_before_those_behind_it(path: Path) -> None:
    wanted = contacts_with_companies(20)
    with open_for_run(journal_of(path, wanted)) as journal:
        journal.claim(journal.pending(0, 30))  # and the process is killed
    server = Recorded(0.1, jitter=1.0, fail=5)
    ran = SimulatedRun(path, server.respond).run(workers=32, max_attempts=9)
    assert ran.of(Status.LINKED) == set(wanted)
    server.assert_ordered(wanted)


def test_a_stop_ends_workers_that_wait_for_a_record(path: Path) -> None:
    async def stop_later(pool: Pool) -> None:
        await asyncio.sleep(5)
        pool.stop(INTERRUPTED)

    wanted = companies_of(1, range(1, 200))
    ran = simulated(path, wanted, Recorded(2.0)).run(stop_later, workers=32)
    assert ran.stop is INTERRUPTED
    assert ran.ended_at < 7
    assert len(ran.of(Status.LINKED)) == 3
    assert ran.pending == set(wanted[3:]) == ran.of(Status.NOT_SENT)


def test_an_exception_of_a_worker_ends_those_that_wait_for_a_record(path: Path) -> None:
    async def respond(pair: Pair, number: int) -> Response | NoResponse:
        await asyncio.sleep(1)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        SimulatedRun(journal_of(path, companies_of(1, range(1, 50))), respond).run(workers=32)


def test_blocked_types_do_not_hold_up_pairs_of_others(path: Path) -> None:
    mixed = [
        pair
        for n in range(1, 61)
        for pair in (*companies_of(n, [n]), Pair(CONTACTS, RecordId(str(n)), DEALS, RecordId(str(n))))
    ]
    forbidden = parsed(403, error("MISSING_SCOPES"))

    async def respond(pair: Pair, number: int) -> Response | NoResponse:
        await asyncio.sleep(0.1)
        if pair.to_type == COMPANIES:
            return forbidden
        return parsed(200, complete(results=[result(pair.from_id, pair.to_id)]))

    ran = SimulatedRun(journal_of(path, mixed), respond).run(workers=8)
    assert ran.of(Status.LINKED) == {pair for pair in mixed if pair.to_type == DEALS}


@pytest.mark.slow
def test_only_pairs_that_can_be_sent_are_claimed(path: Path) -> None:
    claimed: list[int] = []

    async def count(pool: Pool) -> None:
        await asyncio.sleep(3)
        with closing(sqlite3.connect(path)) as db:
            claimed.extend(db.execute("SELECT count(*) FROM in_flight").fetchone())

    result: SimulatedResult = simulated(path, companies_of(1, range(1, 500)), Recorded(0.5)).run(count, workers=32)
    assert len(result.of(Status.LINKED)) == 499
    assert claimed == [1]
