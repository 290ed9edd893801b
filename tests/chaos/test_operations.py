"""Lookup, labels, removals and undos with a faulty server and a killed importer: no label is lost, no result is wrong.

In a night, emails and companies are linked with labels, labels are removed, links are removed, and then everything is
undone, last first.
"""

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from importer.pool.engines import label, remove
from importer.sandbox import SandboxOptions
from tests.chaos import weather
from tests.chaos.truth import RESPONSES_429
from tests.conftest import SandboxProcess, sandbox_process
from tests.support.command_line import TOKEN, Done, Workplace, rows_of, wait_until, workplace_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]  # every wait below has its own timeout

LIMIT, WINDOW = 300, 1.0
PLAIN, PRIMARY, DECISION, BILLING = "HUBSPOT_DEFINED:279", "HUBSPOT_DEFINED:1", "USER_DEFINED:1", "USER_DEFINED:3"
LABELS = {"Decision maker": DECISION, "Billing contact": BILLING}
FIRST, UNKNOWN = 10_000, 5_000_000
_QUICK = (0.05, 0.1)
"""Seconds between reads of pairs that are not yet as expected: short, because the server does not lag."""

VERSIONS = {"put": "v4", "batch": "2026-09"}
"""The API version with which each engine is tested."""

Ids = tuple[int, int]
Types = dict[Ids, frozenset[str]]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less before reading again in commands that run in this process."""
    monkeypatch.setattr(remove, "LAG_SECONDS", _QUICK)
    monkeypatch.setattr(label, "READ_BACK_WAITS", _QUICK)


@pytest.fixture
def server() -> Iterator[SandboxProcess]:
    """A server for one night, whose calls arrive out of order."""
    options = SandboxOptions(token=TOKEN, limit=LIMIT, window=WINDOW, latency=0.005, jitter=0.02, daily_limit=None)
    with sandbox_process(options) as running:
        yield running


@dataclass
class Night:
    """A workplace, its server, and the rows of the file: email address, company, label."""

    work: Workplace
    jitter: random.Random
    engine: str
    rows: list[tuple[str, int, str]] = field(default_factory=list)

    def types(self) -> Types:
        """Return the types of all links from contacts to companies."""
        entries = self.work.hubspot.state()["associations"]
        return {(int(one["from"]["id"]), int(one["to"]["id"])): frozenset(one["types"]) for one in entries}

    def finish(self, *command: object, kills: int = 1) -> Done:
        """Start a command repeatedly until it has finished, killing the first `kills` processes at random moments."""
        number = 0
        for attempt in range(12):
            flags: tuple[object, ...] = ("--engine", self.engine) if command[0] == "run" else ()
            flags = ("--yes", number) if command[0] == "unlink" else flags
            arguments = (*command, *flags, "--api-version", VERSIONS[self.engine], "--json")
            done = self._kill(*arguments) if attempt < kills else self.work.here(*arguments)
            if done.code in {0, 1} and done.json["status"] == "finished":
                return done
            if expected := re.search(r"give --yes (\d+)", done.err):
                number = int(expected[1])
        raise AssertionError(done.err)

    def _kill(self, *arguments: object) -> Done:
        """Kill a command at a random moment after its first call."""
        calls = self.work.calls()
        running = self.work.start(*arguments)
        wait_until(lambda: self.work.calls() > calls or running.process.poll() is not None)
        time.sleep(self.jitter.uniform(0.0, 0.4))
        running.send(signal.SIGKILL)
        return running.end()

    def with_faults(self, *command: object) -> Done:
        """Finish a command with faults and kills."""
        self.work.hubspot.change("faults", faults=weather.faults_of_operations(self.jitter))
        try:
            return self.finish(*command)
        finally:
            self.work.hubspot.change("faults", faults=[])


def night_in(folder: Path, server: SandboxProcess, jitter: random.Random, engine: str, rows: int) -> Night:
    """Return a night whose contacts have some companies already, with labels."""
    work = workplace_in(folder, server)
    work.environment.update(
        IMPORTER_RATE=f"{LIMIT}/{WINDOW:g}",
        IMPORTER_BATCH_RATE="50/1",
        IMPORTER_MAX_FAILURE_SHARE="1",
        IMPORTER_ANSWER_TIMEOUT="1",
        IMPORTER_CONNECT_TIMEOUT="1",
        IMPORTER_BACKOFF_BASE="0.02",
        IMPORTER_BACKOFF_CAP="0.1",
    )
    night = Night(work, jitter, engine)
    for number in range(rows):
        contact = (UNKNOWN if jitter.random() < 0.03 else FIRST) + number // 2
        labels = jitter.choice(("Decision maker", "Billing contact", "Decision maker;Billing contact"))
        night.rows.append((f"contact-{contact}@example.com", jitter.randint(1, 4), labels))
    known = [(FIRST + number // 2, jitter.randint(1, 4)) for number in range(0, rows, 3)]
    added = [
        {
            "from": {"type": "contacts", "id": str(one)},
            "to": {"type": "companies", "id": str(other)},
            "types": jitter.sample((DECISION, BILLING), jitter.randint(0, 2)),
        }
        for one, other in known
    ]
    server.change("associations", add=added)
    lines = [",".join(map(str, row)) for row in night.rows]
    (folder / "night.csv").write_text("\n".join(["Email,Company ID,Label", *lines, ""]))
    return night


@pytest.mark.parametrize("engine", VERSIONS)
def test_a_night_of_labels_removals_and_undos_ends_as_it_began(
    tmp_path: Path, server: SandboxProcess, pytestconfig: pytest.Config, engine: str
) -> None:
    jitter = random.Random(pytestconfig.getoption("chaos_seed"))
    night = night_in(tmp_path, server, jitter, engine, int(pytestconfig.getoption("chaos_pairs")) // 12)
    before = night.types()
    lookup = ("night.csv", "--from", "contacts", "--from-by", "email")
    run = night.with_faults("run", *lookup)
    check(run, night, tmp_path / "night.results.csv", ("linked", "already_linked"), lambda has, label: label <= has)
    linked = night.types()
    assert all(linked[ids] >= types - {PRIMARY} for ids, types in before.items()), "a label was lost"
    unlabelled = night.with_faults("unlink", *lookup)
    good = ("unlinked", "not_linked")
    check(unlabelled, night, tmp_path / "night.unlink.results.csv", good, lambda has, label: not label & has)
    without = night.types()
    assert without.keys() == linked.keys(), "a whole link was removed"
    assert all(types - without[ids] <= {DECISION, BILLING} for ids, types in linked.items())
    pairs = jitter.sample(sorted(linked), len(linked) // 2)
    night.work.write("pairs.csv", pairs)
    removed = night.with_faults("unlink", "pairs.csv")
    left = night.types()
    for (one, other), row in zip(pairs, rows_of(tmp_path / "pairs.unlink.results.csv"), strict=True):
        assert row["import_status"] not in good or (one, other) not in left, row
    assert all(left[ids] == types for ids, types in without.items() if ids not in pairs), "another link was changed"
    bad = undo_all(night, [removed, unlabelled, run])
    now = night.types()
    changed = {ids for ids in before.keys() | now.keys() if now.get(ids) != before.get(ids)}
    contacts = {one for one, _ in bad}
    assert {one for one, _ in changed} <= contacts, "a contact was not restored, but reported as restored"
    assert len(contacts) < 0.15 * len({one for one, _ in linked})
    check_rate(night)


def check(done: Done, night: Night, results: Path, good: Sequence[str], is_true: Any) -> None:
    """Check every row of a results file with labels against the server: by `is_true` if its status is good."""
    types, rows = night.types(), rows_of(results)
    assert [(row["Email"], row["Company ID"], row["Label"]) for row in rows] == [
        (email, str(company), label) for email, company, label in night.rows
    ]
    counts = Counter(row["import_status"] for row in rows)
    assert {name: done.json[name] for name in counts} == counts
    assert sum(counts.values()) == done.json["rows"]
    for row in rows:
        is_known = f"-{UNKNOWN // 1_000_000}" not in row["Email"]
        assert is_known or row["import_status"] == "invalid", row
        if row["import_status"] in good:
            ids = int(row["import_from_id"]), int(row["Company ID"])
            label = {LABELS[text] for text in row["Label"].split(";")}
            assert is_true(types.get(ids, frozenset()), label), row
    assert counts["not_sent"] == 0
    assert sum(counts[name] for name in good) > 0.8 * len(rows)


def undo_all(night: Night, runs: Sequence[Done]) -> set[Ids]:
    """Undo runs with faults and kills, then once without, and return the pairs that are reported as not restored."""
    bad: set[Ids] = set()
    for run in runs:
        night.with_faults("undo", run.json["run_id"])
        done = night.finish("undo", run.json["run_id"], kills=0)
        for row in rows_of(Path(done.json["results"])):
            if row["import_status"] in {"failed", "unconfirmed", "not_sent"}:
                bad.add((int(row.get("import_from_id") or row["Contact ID"]), int(row["Company ID"])))
    return bad


def check_rate(night: Night) -> None:
    """Check that the importer has kept to the limit, and that nothing secret was written."""
    state = night.work.hubspot.state(summary=True)
    assert state["rate"]["worst_window"] <= LIMIT
    assert state["rate"]["worst_search_second"] <= state["rate"]["search_limit"]
    from_faults = sum(times for name, times in state["faults"].items() if name in RESPONSES_429)
    assert state["counts"]["rate_limited"] == from_faults
    for path in night.work.folder.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path
