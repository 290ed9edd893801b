"""Pools over a real journal and a sandbox, and the invariants of every run."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from importer.config import Rate, Settings
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Response
from importer.journal import Journal, RunInfo, open_for_run, write_journal
from importer.model import ObjectType, Outcome, Pair, RecordId, SourceRow, Status, Stop
from importer.pool import Engine, Pool, Progress, PutEngine
from importer.pool.call_meter import CallMeter
from importer.pool.dispatch import Source
from importer.pool.engines.read_back import MISSING, NOT_READ
from importer.pool.operation import LinkOperation
from importer.sandbox import Sandbox, SandboxOptions, parse_fault
from tests.support.blocks import blocks_of
from tests.support.simulated_time import now, simulate

NOT_SENT = Outcome(Status.NOT_SENT)
FAST = Rate(1000, 1.0)
START = 1_000_000.0
"""The Unix time at which a simulated run starts."""


def pairs(number: int, from_type: str = "contacts", to_type: str = "companies") -> list[Pair]:
    """Return `number` pairs of records that the sandbox has."""
    return [
        Pair(ObjectType(from_type), RecordId(str(1000 + index)), ObjectType(to_type), RecordId(str(5000 + index)))
        for index in range(number)
    ]


def hubspot(*faults: str, **options: Any) -> Sandbox:
    """Return a sandbox whose rate limit small tests do not reach, unless the options say otherwise."""
    chosen: dict[str, Any] = {
        "limit": 1000,
        "window": 1.0,
        "faults": tuple(parse_fault(text) for text in faults),
    } | options
    return Sandbox(SandboxOptions(**chosen), clock=now)


def settings(**changes: Any) -> Settings:
    """Return settings with short waits and no limit on failures."""
    quick = {"backoff_base": 0.01, "backoff_cap": 0.02, "max_attempts": 3, "workers": 8, "max_failure_share": 1}
    return Settings.model_validate(quick | {"connect_timeout": 0.3, "answer_timeout": 0.7} | changes)


@dataclass(frozen=True)
class Ran:
    """The result of a pool's run; `pending` has the pairs that the next process would send."""

    stop: Stop | None
    outcomes: dict[Pair, Outcome]
    pending: set[Pair]
    pool: Pool
    progress: list[Progress]

    def of(self, status: Status) -> set[Pair]:
        """Return the pairs with this status."""
        return {pair for pair, outcome in self.outcomes.items() if outcome.status is status}


def journal_of(path: Path, wanted: Iterable[Pair]) -> Path:
    """Create a journal with a row for each pair."""
    info = RunInfo("r", "", None, "s.csv", "", "", ("a",), ",", {}, "sandbox", "v4", "s.results.csv")
    rows = (SourceRow(2 + index, ("x",), (pair,), ()) for index, pair in enumerate(wanted))
    write_journal(path, info, blocks_of(rows))
    return path


@dataclass
class Rig:
    """Runs pools on one journal against one server, one after the other, as processes would."""

    path: Path
    sandbox: Sandbox
    base_url: str | None = None
    rate: Rate = FAST
    follow: bool = False

    async def run(
        self,
        engine: Callable[[HubSpotClient], Engine] = PutEngine,
        meanwhile: Callable[[Pool, Journal], None] = lambda pool, journal: None,
        source: Callable[[Pool], Source | None] = lambda pool: None,
        *,
        in_order: bool = False,
        **changes: Any,
    ) -> Ran:
        """Run one engine as one process over `source` (None: what is pending; `in_order`: with the labelled pairs).

        `meanwhile` is called with the pool and its journal before the pool starts.
        """
        chosen = settings(**changes)
        progress: list[Progress] = []
        token = SecretStr(self.sandbox.options.token)
        with open_for_run(self.path) as journal:
            pool = Pool(journal, RateLimiter(self.rate, follow=self.follow), chosen, progress.append)
            meanwhile(pool, journal)
            async with HubSpotClient(self.base_url or self.sandbox.url, token, chosen) as client:
                if in_order:
                    stop = await pool.run_in_order(engine(client), pool.pending)
                else:
                    stop = await pool.run(engine(client), source(pool))
        ran = Ran(stop, outcomes(self.path), pending(self.path), pool, progress)
        assert_true(ran, self.sandbox)
        return ran


def outcomes(path: Path) -> dict[Pair, Outcome]:
    """Return every pair's outcome as a report has it, read through a second connection."""
    with Journal(path) as journal:
        found = [(made.pair, made.outcome) for row in journal.rows(NOT_SENT) for made in row.pairs]
    assert len(dict(found)) == len(found)
    return dict(found)


def pending(path: Path) -> set[Pair]:
    """Return the pairs that the next process would send."""
    with Journal(path) as journal:
        return {one.pair for one in journal.pending(0, 1_000_000)}


def assert_sound(path: Path) -> None:
    """Assert that SQLite finds no damage in the file."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def key(pair: Pair) -> tuple[str, int, str, int]:
    """Return the pair as the sandbox stores it."""
    return pair.from_type, int(pair.from_id), pair.to_type, int(pair.to_id)


def is_linked(sandbox: Sandbox, pair: Pair) -> bool:
    """Return whether the sandbox has the link, also between the records that these were merged into."""
    from_type, from_id, to_type, to_id = key(pair)
    resolve = sandbox.state.records.resolve
    return (from_type, resolve(from_type, from_id), to_type, resolve(to_type, to_id)) in sandbox.state.links


def assert_true(ran: Ran, sandbox: Sandbox) -> None:
    """Assert the invariants of every run, whatever the server, the network or the user did."""
    state = sandbox.state
    for pair, outcome in ran.outcomes.items():
        is_there, was_asked = is_linked(sandbox, pair), key(pair) in state.asked
        if outcome.status is Status.LINKED:
            assert is_there, f"{pair} is reported as linked"
        elif outcome.status in {Status.FAILED, Status.NOT_SENT}:
            assert not (is_there and was_asked), f"{pair} is linked, yet reported as {outcome.status}"
        if outcome.status is Status.ALREADY_LINKED:
            assert is_there, f"{pair} is reported as linked"
        elif outcome.error_category == MISSING.error_category:
            assert not is_there, f"{pair} is linked, yet reported as missing"
        is_read = outcome.error_category == NOT_READ or outcome.status is Status.ALREADY_LINKED
        assert was_asked or is_read or outcome.status is Status.NOT_SENT
        assert outcome.advice or outcome.status not in {Status.FAILED, Status.UNCONFIRMED}
    assert ran.of(Status.NOT_SENT) <= ran.pending
    assert not ran.pending & (ran.of(Status.LINKED) | ran.of(Status.FAILED))
    assert state.worst_window <= sandbox.options.limit


Script = Callable[[Pair, int], Awaitable[Response | NoResponse]]
"""Responds to a call: gets the pair and the number of the call, from 1."""


class ScriptedOperation(LinkOperation):
    """Links without a server: `script` responds to each call, and `sent_at` has the loop's time of each."""

    def __init__(self, script: Script) -> None:
        """Respond with what `script` returns."""
        self.sent_at: list[float] = []
        self._script = script

    def call(self, client: HubSpotClient, pair: Pair) -> Awaitable[Response | NoResponse]:
        """Respond without a request."""
        self.sent_at.append(asyncio.get_running_loop().time())
        return self._script(pair, len(self.sent_at))


@dataclass
class SimulatedRun:
    """A pool with the engine `put` over a real journal, to be run on simulated time by `simulate`."""

    path: Path
    script: Script
    rate: Rate = FAST

    def run(self, meanwhile: Callable[[Pool], Awaitable[None]] | None = None, **changes: Any) -> "SimulatedResult":
        """Run the pool; `meanwhile` runs at the same time."""
        return simulate(self._run(meanwhile, settings(**changes)))

    async def _run(self, meanwhile: Callable[[Pool], Awaitable[None]] | None, chosen: Settings) -> "SimulatedResult":
        operation = ScriptedOperation(self.script)
        with open_for_run(self.path) as journal:
            meter = CallMeter(lambda: START + asyncio.get_running_loop().time())
            pool = Pool(journal, RateLimiter(self.rate), chosen, meter=meter)
            engine = PutEngine(HubSpotClient("http://127.0.0.1:1", SecretStr("unused-token"), chosen), operation)
            running = asyncio.ensure_future(meanwhile(pool)) if meanwhile is not None else None
            stop = await pool.run(engine)
            ended_at = asyncio.get_running_loop().time()
            if running is not None:
                await running
            pool.close()
        return SimulatedResult(stop, outcomes(self.path), pending(self.path), operation.sent_at, ended_at, pool)


@dataclass(frozen=True)
class SimulatedResult:
    """The result of a simulated run; times are in simulated seconds."""

    stop: Stop | None
    outcomes: dict[Pair, Outcome]
    pending: set[Pair]
    sent_at: list[float]
    ended_at: float
    pool: Pool

    def of(self, status: Status) -> set[Pair]:
        """Return the pairs with this status."""
        return {pair for pair, outcome in self.outcomes.items() if outcome.status is status}
