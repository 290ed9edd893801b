"""Everything at once: a bad server, a bad network, a killed importer. What the results say must still be true.

`pytest tests/chaos --chaos-pairs 50000 --chaos-seed 7` makes a long night of it.
"""

import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from importer.sandbox import FAULTS, Pair, SandboxOptions, parse_fault
from tests.chaos import sheets, weather
from tests.chaos.truth import LINKED, Server, Truth, server_of
from tests.conftest import SandboxProcess, sandbox_process
from tests.support.command_line import TOKEN, Done, Workplace, rows_of, wait_until, workplace_in

LIMIT, WINDOW = 300, 1.0
KILLS = 5

ENGINES = {
    "put": ("--engine", "put"),
    "batch": ("--engine", "batch"),
    "only_missing": ("--only-missing",),
}


@dataclass(frozen=True, slots=True)
class Night:
    """A spreadsheet, a workplace and a server of its own for one run, however often it is begun."""

    work: Workplace
    server: SandboxProcess
    truth: Truth
    flags: Sequence[str]
    printed: list[bytes] = field(default_factory=list)

    @property
    def results(self) -> Path:
        """Where the results go."""
        return self.work.folder / "night.results.csv"

    def command(self, jitter: random.Random) -> list[object]:
        """The same command again, or `resume` once there is a run."""
        if self.work.journals and jitter.random() < 0.5:
            return ["resume", self.work.journals[-1].stem, *self.flags]
        return ["run", "night.csv", *self.flags]

    def begin(self, command: Sequence[object]) -> "subprocess.Popen[bytes]":
        """Start the importer."""
        return self.work.start(*command).process

    def end(self, process: "subprocess.Popen[bytes]", seconds: float) -> Done:
        """Wait for its end and keep what it printed."""
        out, err = process.communicate(timeout=seconds)
        self.printed.extend((out, err))
        return Done(process.returncode, out.decode(), err.decode())

    def known(self) -> Server:
        """What the server knows now."""
        return server_of(self.server.state())

    def calls(self) -> int:
        """How many calls the server has counted."""
        return int(self.server.state(summary=True)["counts"]["calls"])


def night_in(folder: Path, server: SandboxProcess, engine: str, jitter: random.Random, pairs: int) -> Night:
    """A night with `engine` over about so many pairs, of which a part is linked already."""
    rows = sheets.draw(jitter, pairs)
    sheets.write(folder / "night.csv", rows)
    known = sorted({pair for row in rows for pair in row.pairs if pair.to_id < 1_000_000})
    before = jitter.sample(known, int(len(known) * (0.6 if engine == "only_missing" else 0.05)))
    server.change("associations", add=[{"from": _record(pair), "to": _record(pair.reverse())} for pair in before])
    work = workplace_in(folder, server)
    flags = ("--json", "--rate", f"{LIMIT}/{WINDOW:g}", *ENGINES[engine])
    work.environment.update(
        IMPORTER_MAX_FAILURE_SHARE="1",
        IMPORTER_BATCH_RATE="50/1",  # most batches are struck by a fault and halved
        IMPORTER_ANSWER_TIMEOUT="1",
        IMPORTER_CONNECT_TIMEOUT="1",
        IMPORTER_BACKOFF_BASE="0.05",
        IMPORTER_BACKOFF_CAP="0.5",
    )
    return Night(work, server, Truth(rows, frozenset(before), engine == "batch"), flags)


def _record(pair: Pair) -> dict[str, str]:
    return {"type": pair.from_type, "id": str(pair.from_id)}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each way of sending."""
    return str(request.param)


@pytest.fixture
def jitter(pytestconfig: pytest.Config) -> random.Random:
    """The seed's jitter."""
    return random.Random(pytestconfig.getoption("chaos_seed"))


@pytest.fixture
def pairs(pytestconfig: pytest.Config) -> int:
    """About how many pairs a night has."""
    return int(pytestconfig.getoption("chaos_pairs"))


@pytest.fixture
def server() -> Iterator[SandboxProcess]:
    """A server of the night's own, whose calls arrive out of step."""
    options = SandboxOptions(
        token=TOKEN, limit=LIMIT, window=WINDOW, latency=0.02, jitter=0.1, daily_limit=None, page_size=3
    )
    with sandbox_process(options) as running:
        yield running


@pytest.mark.timeout(0)  # every wait below has an end of its own
def test_whatever_happens_the_results_are_true(
    tmp_path: Path, server: SandboxProcess, engine: str, jitter: random.Random, pairs: int
) -> None:
    night = night_in(tmp_path, server, engine, jitter, pairs)
    specs = weather.faults(jitter)
    server.change("faults", faults=specs)
    final = _kill_again_and_again(night, jitter)
    done = night.end(night.begin(night.command(jitter)), 60 + pairs / 20)
    assert done.code == 1, done.err
    known = night.known()
    statuses = night.truth.check(night.results, known)
    assert done.json["status"] == "finished"
    assert {name: done.json[name] for name in statuses} == statuses
    assert statuses["not_sent"] == 0
    assert statuses["linked"] > len(night.truth.rows) * (0.1 if engine == "only_missing" else 0.75)
    assert statuses["unconfirmed"] < len(night.truth.rows) * 0.06
    assert statuses["failed"] < len(night.truth.rows) * 0.25
    assert (statuses["already_linked"] > 0) == (engine == "only_missing")
    assert {pair: known.asked[pair] for pair in final} == final, "a final pair was asked for again"
    assert len(known.state["faults"]) > 0.5 * len({spec.partition("=")[0] for spec in specs})
    _check_no_token(night)


@pytest.mark.timeout(0)
def test_verify_contradicts_the_server_nowhere_and_says_what_it_could_not_read(
    tmp_path: Path, server: SandboxProcess, jitter: random.Random
) -> None:
    night = night_in(tmp_path, server, "only_missing", jitter, 300)
    server.change("faults", faults=[*weather.UNREADABLE_RECORDS, *weather.faults(jitter)])
    done = night.end(night.begin(["verify", "night.csv", "--json"]), 120)
    rows = rows_of(tmp_path / "night.verify.results.csv")
    night.truth.check_verified(rows, night.known())
    assert (done.code, done.json["stopped_by"]) == (3, "unreadable"), done.err
    assert 0 < done.json["unconfirmed"] < len(rows) * 0.3
    assert done.json["already_linked"] > len(rows) * 0.3
    server.change("faults", faults=[])
    done = night.end(night.begin(["verify", "night.csv", "--json"]), 120)
    assert (done.code, done.json["unconfirmed"]) == (1, 0)
    night.truth.check_verified(rows_of(tmp_path / "night.verify.results.csv"), night.known())
    assert night.known().asked == {}, "verify sends nothing"
    _check_no_token(night)


def _kill_again_and_again(night: Night, jitter: random.Random) -> dict[Pair, int]:
    """Begin the run and kill it, at any moment; how often the pairs that were final then had been asked for."""
    final: dict[Pair, int] = {}
    for kill in range(KILLS):
        calls = night.calls()
        process = night.begin(night.command(jitter))
        if kill % 2 == 0:  # after some calls; else at any time, which may be while it reads or waits for the window
            wait_until(lambda: night.calls() > calls or process.poll() is not None)  # noqa: B023 - called at once
        time.sleep(jitter.uniform(0.0, 1.5))
        process.send_signal(signal.SIGKILL)
        killed = night.end(process, 10)
        if killed.code != -signal.SIGKILL:  # it was quicker
            break
        if night.work.journals:
            final.update(_settled_now(night))
    return final


def _settled_now(night: Night) -> dict[Pair, int]:
    report = night.work.run("report", night.work.journals[-1].stem, "--json", "--out", "killed.csv")
    known = night.known()
    assert report.json["status"] == "interrupted"
    statuses = night.truth.check(night.work.folder / "killed.csv", known)
    assert {name: report.json[name] for name in statuses} == statuses
    return {
        pair: known.asked[pair]
        for row, said in zip(night.truth.rows, rows_of(night.work.folder / "killed.csv"), strict=True)
        if said["import_status"] in LINKED or (said["import_status"] == "failed" and len(row.pairs) == 1)
        for pair in row.pairs
        if pair in known.asked
    }


def _check_no_token(night: Night) -> None:
    for text in night.printed:
        assert TOKEN.encode() not in text
        assert b"Traceback" not in text, text.decode()
    for path in night.work.folder.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


STOPS = {
    "token_expired": "token_refused",
    "daily_limit": "daily_limit",
    "migrating": "account_migrating",
    "scopes_missing": "scopes_missing",
}


def test_every_fault_that_stops_a_run_is_healed_and_the_same_command_goes_on(
    tmp_path: Path, server: SandboxProcess, engine: str, jitter: random.Random
) -> None:
    night = night_in(tmp_path, server, engine, jitter, 400)
    usual = ["scopes_missing=deals>companies", "lost_answer=0.02", "http_503=0.05", "unnamed_results=0.02"]
    for fault, reason in STOPS.items():
        stops = [] if fault == "scopes_missing" else [f"{fault}=after:{night.calls() + 2}"]
        server.change("faults", faults=stops + usual)
        done = night.end(night.begin(["run", "night.csv", *night.flags]), 60)
        assert (done.code, done.json["status"], done.json["stopped_by"]) == (3, "stopped", reason)
        assert done.json["not_sent"] > 0
        night.truth.check(night.results, night.known())
    server.change("faults", faults=[])
    done = night.end(night.begin(["run", "night.csv", *night.flags]), 60)
    assert (done.code, done.json["status"]) == (1, "finished")
    statuses = night.truth.check(night.results, night.known())
    assert (statuses["not_sent"], statuses["unconfirmed"]) == (0, 0)
    _check_no_token(night)


def test_every_fault_of_the_table_has_its_place_in_the_weather(jitter: random.Random) -> None:
    named = {parse_fault(spec).name for spec in weather.faults(jitter)}
    assert named | weather.STOPPING == set(FAULTS)
    assert named.isdisjoint(weather.STOPPING)
