"""Everything at once: a faulty server, a faulty network, a killed importer. The results must still be correct.

`pytest tests/chaos --chaos-pairs 50000 --chaos-seed 7` runs for hours.
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

pytestmark = pytest.mark.slow

LIMIT, WINDOW = 300, 1.0
KILLS = 5

ENGINES = {
    "put": ("--engine", "put", "--no-read-first"),
    "batch": ("--engine", "batch", "--no-read-first"),
    "read_first": (),
}


@dataclass(frozen=True, slots=True)
class Night:
    """A spreadsheet, a workplace and a server for one run, however often it is started."""

    work: Workplace
    server: SandboxProcess
    truth: Truth
    flags: Sequence[str]
    printed: list[bytes] = field(default_factory=list)

    @property
    def results(self) -> Path:
        """The path of the results file."""
        return self.work.folder / "night.results.csv"

    def command(self, jitter: random.Random) -> list[object]:
        """Return the arguments of the command or, at random once there is a run, those of `resume`."""
        if self.work.journals and jitter.random() < 0.5:
            return ["resume", self.work.journals[-1].stem, *self.flags]
        return ["run", "night.csv", *self.flags]

    def start(self, command: Sequence[object]) -> "subprocess.Popen[bytes]":
        """Start the importer."""
        return self.work.start(*command).process

    def end(self, process: "subprocess.Popen[bytes]", seconds: float) -> Done:
        """Wait until the importer ends, and keep its output."""
        out, err = process.communicate(timeout=seconds)
        self.printed.extend((out, err))
        return Done(process.returncode, out.decode(), err.decode())

    def run(self, *command: object) -> Done:
        """Run the importer to its end in this process, and keep its output."""
        done = self.work.here(*command)
        self.printed.extend((done.out.encode(), done.err.encode()))
        return done

    def server_state(self) -> Server:
        """Return the current state of the server."""
        return server_of(self.server.state())

    def calls(self) -> int:
        """Return the number of calls that the server has received."""
        return int(self.server.state(summary=True)["counts"]["calls"])


def night_in(folder: Path, server: SandboxProcess, engine: str, jitter: random.Random, pairs: int) -> Night:
    """Return a night with `engine` and at least `pairs` pairs, some of which are already linked."""
    rows = sheets.draw(jitter, pairs)
    sheets.write(folder / "night.csv", rows)
    existing = sorted({pair for row in rows for pair in row.pairs if pair.to_id < 1_000_000})
    before = jitter.sample(existing, int(len(existing) * (0.6 if engine == "read_first" else 0.05)))
    server.change("associations", add=[{"from": _record(pair), "to": _record(pair.reverse())} for pair in before])
    work = workplace_in(folder, server)
    flags = ("--json", "--rate", f"{LIMIT}/{WINDOW:g}", *ENGINES[engine])
    work.environment.update(
        IMPORTER_MAX_FAILURE_SHARE="1",
        IMPORTER_BATCH_RATE="50/1",  # a fault occurs in most batches, which are then halved
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
    """The way of sending."""
    return str(request.param)


@pytest.fixture
def jitter(pytestconfig: pytest.Config) -> random.Random:
    """The random numbers of this seed."""
    return random.Random(pytestconfig.getoption("chaos_seed"))


@pytest.fixture
def pairs(pytestconfig: pytest.Config) -> int:
    """The minimum number of pairs of a night."""
    return int(pytestconfig.getoption("chaos_pairs"))


@pytest.fixture
def server() -> Iterator[SandboxProcess]:
    """A server for one night, whose calls arrive out of order."""
    options = SandboxOptions(
        token=TOKEN, limit=LIMIT, window=WINDOW, latency=0.02, jitter=0.1, daily_limit=None, page_size=3
    )
    with sandbox_process(options) as running:
        yield running


@pytest.mark.timeout(0)  # every wait below has its own timeout
def test_the_results_are_true_whatever_happens(
    tmp_path: Path, server: SandboxProcess, engine: str, jitter: random.Random, pairs: int
) -> None:
    night = night_in(tmp_path, server, engine, jitter, pairs)
    specs = weather.faults(jitter)
    server.change("faults", faults=specs)
    final = _kill_repeatedly(night, jitter)
    done = night.end(night.start(night.command(jitter)), 60 + pairs / 20)
    assert done.code == 1, done.err
    known = night.server_state()
    statuses = night.truth.check(night.results, known)
    assert done.json["status"] == "finished"
    assert {name: done.json[name] for name in statuses} == statuses
    assert statuses["not_sent"] == 0
    assert statuses["linked"] > len(night.truth.rows) * (0.1 if engine == "read_first" else 0.75)
    assert statuses["unconfirmed"] < len(night.truth.rows) * 0.06
    assert statuses["failed"] < len(night.truth.rows) * 0.25
    assert (statuses["already_linked"] > 0) == (engine == "read_first")
    assert {pair: known.asked[pair] for pair in final} == final, "a final pair was sent again"
    assert len(known.state["faults"]) > 0.5 * len({spec.partition("=")[0] for spec in specs})
    _check_no_token(night)


@pytest.mark.timeout(240)
def test_verify_agrees_with_the_server_and_reports_what_it_could_not_read(
    tmp_path: Path, server: SandboxProcess, jitter: random.Random
) -> None:
    night = night_in(tmp_path, server, "read_first", jitter, 300)
    server.change("faults", faults=[*weather.UNREADABLE_RECORDS, *weather.faults(jitter)])
    done = night.run("verify", "night.csv", "--json")
    rows = rows_of(tmp_path / "night.verify.results.csv")
    night.truth.check_verified(rows, night.server_state())
    assert (done.code, done.json["stopped_by"]) == (3, "unreadable"), done.err
    assert 0 < done.json["unconfirmed"] < len(rows) * 0.3
    assert done.json["already_linked"] > len(rows) * 0.3
    server.change("faults", faults=[])
    done = night.run("verify", "night.csv", "--json")
    assert (done.code, done.json["unconfirmed"]) == (1, 0)
    night.truth.check_verified(rows_of(tmp_path / "night.verify.results.csv"), night.server_state())
    assert night.server_state().asked == {}, "verify sends nothing"
    _check_no_token(night)


def _kill_repeatedly(night: Night, jitter: random.Random) -> dict[Pair, int]:
    """Start and kill the run at random moments; return how often each pair that was final then had been sent."""
    final: dict[Pair, int] = {}
    for kill in range(KILLS):
        calls = night.calls()
        process = night.start(night.command(jitter))
        if kill % 2 == 0:  # after some calls; otherwise at any time, even while it reads or waits for the window
            wait_until(lambda: night.calls() > calls or process.poll() is not None)  # noqa: B023 - called at once
        time.sleep(jitter.uniform(0.0, 1.5))
        process.send_signal(signal.SIGKILL)
        killed = night.end(process, 10)
        if killed.code != -signal.SIGKILL:  # it finished first
            break
        if night.work.journals:
            final.update(_final_pairs(night))
    return final


def _final_pairs(night: Night) -> dict[Pair, int]:
    report = night.work.here("report", night.work.journals[-1].stem, "--json", "--out", "killed.csv")
    known = night.server_state()
    assert report.json["status"] == "interrupted"
    statuses = night.truth.check(night.work.folder / "killed.csv", known)
    assert {name: report.json[name] for name in statuses} == statuses
    return {
        pair: known.asked[pair]
        for row, result in zip(night.truth.rows, rows_of(night.work.folder / "killed.csv"), strict=True)
        if result["import_status"] in LINKED or (result["import_status"] == "failed" and len(row.pairs) == 1)
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


@pytest.mark.timeout(240)
def test_after_every_fault_that_stops_a_run_the_same_command_resumes(
    tmp_path: Path, server: SandboxProcess, engine: str, jitter: random.Random
) -> None:
    night = night_in(tmp_path, server, engine, jitter, 400)
    background = ["scopes_missing=deals>companies", "lost_answer=0.02", "http_503=0.05", "unnamed_results=0.02"]
    for fault, reason in STOPS.items():
        stops = [] if fault == "scopes_missing" else [f"{fault}=after:{night.calls() + 2}"]
        server.change("faults", faults=stops + background)
        done = night.run("run", "night.csv", *night.flags)
        assert (done.code, done.json["status"], done.json["stopped_by"]) == (3, "stopped", reason)
        assert done.json["not_sent"] > 0
        night.truth.check(night.results, night.server_state())
    server.change("faults", faults=[])
    done = night.run("run", "night.csv", *night.flags)
    assert (done.code, done.json["status"]) == (1, "finished")
    statuses = night.truth.check(night.results, night.server_state())
    assert (statuses["not_sent"], statuses["unconfirmed"]) == (0, 0)
    _check_no_token(night)


def test_every_fault_is_part_of_the_chaos_test_or_stops_a_run(jitter: random.Random) -> None:
    named = {parse_fault(spec).name for spec in weather.faults(jitter)}
    assert named | weather.STOPPING == set(FAULTS)
    assert named.isdisjoint(weather.STOPPING)
