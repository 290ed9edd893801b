"""A journal with a flipped bit: every command reports an error or the truth, and sends no other pairs.

`pytest tests/chaos/test_flipped_bits.py -m long` flips many more.
"""

import random
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import sandbox_process
from tests.support.command_line import FAST, UNKNOWN, Done, Workplace, rows_of, wait_until, workplace_in
from tests.support.damage import flip_bit, journal_files

pytestmark = pytest.mark.slow

ROWS = 120
"""Rows of the file; of every ten, three are special."""

SCENES = ("finished", "killed", "stopped")

Ids = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scene:
    """The files and links that a run left behind, which can be restored repeatedly."""

    work: Workplace
    source: Path
    rows: list[tuple[str, str]]
    run_id: str
    kept: Path
    links: frozenset[Ids]

    @property
    def journal(self) -> Path:
        """The path of the run's journal."""
        return self.work.folder / "state" / "runs" / f"{self.run_id}.sqlite"

    def restore(self) -> None:
        """Restore the files and the links."""
        shutil.rmtree(self.work.folder / "state")
        shutil.copytree(self.kept, self.work.folder / "state")
        for path in self.work.folder.glob("*.out.csv"):
            path.unlink()
        added = [{"from": _record("contacts", one), "to": _record("companies", two)} for one, two in self.new_links()]
        self.work.hubspot.change("associations", remove=added)

    def new_links(self) -> set[Ids]:
        """Return the pairs that were linked since then."""
        return self.work.links() - self.links


def _record(kind: str, number: int) -> dict[str, str]:
    return {"type": kind, "id": str(number)}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """A workplace with its own server, whose links are restored between two tests."""
    with sandbox_process(FAST) as hubspot:
        yield workplace_in(tmp_path_factory.mktemp("flips"), hubspot)


@pytest.fixture(scope="module", params=SCENES)
def scene(request: pytest.FixtureRequest, work: Workplace) -> Scene:
    """A run over a file with invalid rows, duplicates and records that do not exist: finished, killed or stopped."""
    name = str(request.param)
    rows = _rows(work, SCENES.index(name))
    source = work.write(f"{name}.csv", rows)
    shutil.rmtree(work.folder / "state", ignore_errors=True)
    if name == "finished":
        assert work.here("run", source).code == 1
    elif name == "stopped":
        work.hubspot.change("faults", faults=[f"token_expired=after:{work.calls() + 50}"])
        assert work.here("run", source, "--workers", "2").code == 3
        work.hubspot.change("faults", faults=[])
    else:
        start = work.calls()
        running = work.start("run", source, "--rate", "100/1", "--workers", "4")
        wait_until(lambda: work.calls() >= start + 60)
        running.send(signal.SIGKILL)
        running.process.communicate()
    kept = work.folder / f"kept-{name}"
    shutil.copytree(work.folder / "state", kept)
    (journal,) = work.journals
    return Scene(work, source, rows, journal.stem, kept, frozenset(work.links()))


def _rows(work: Workplace, scene: int) -> list[tuple[str, str]]:
    return [(_contact(work.base + 1_000 * scene, number), "1") for number in range(ROWS)]


def _contact(base: int, number: int) -> str:
    match number % 10:
        case 3:
            return f"x{number}"
        case 5:
            return str(UNKNOWN + base + number)
        case 7:
            return str(base + number - 1)
    return str(base + number)


def pairs_of(rows: list[tuple[str, str]]) -> set[Ids]:
    """Return the pairs of the rows."""
    return {(int(one), int(two)) for one, two in rows if one.isdigit()}


@pytest.mark.parametrize("seed", range(14))
def test_with_a_flipped_bit_no_command_reports_or_sends_anything_wrong(scene: Scene, seed: int) -> None:
    flip_and_check(scene, random.Random(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 300))
def test_with_any_of_many_flipped_bits_no_command_reports_or_sends_anything_wrong(scene: Scene, seed: int) -> None:
    flip_and_check(scene, random.Random(seed))


def flip_and_check(scene: Scene, rng: random.Random) -> None:
    """Flip a bit, run commands that read the journal or resume the run, and compare their output with the server."""
    scene.restore()
    flipped = flip_bit(journal_files(scene.journal), rng)
    work = scene.work
    check(scene, flipped, work.here("report", scene.run_id, "--out", "report.out.csv"), "report.out.csv")
    command = rng.choice(("resume", "run", "retry", "show"))
    if command == "show":
        shown, listed = work.here("show", scene.run_id), work.here("runs", "--json")
        assert shown.code in {0, 2}, (flipped, shown)
        assert listed.code == 0, (flipped, listed)
        assert [run["run_id"] for run in listed.json] == [scene.run_id]  # type: ignore[index]
        return
    target = scene.source if command == "run" else scene.run_id
    check(scene, flipped, work.here(command, target, "--out", "sent.out.csv"), "sent.out.csv", command)


def check(scene: Scene, flipped: str, done: Done, out: str, command: str = "report") -> None:
    """Compare the output and the effects of a command with the state of the server."""
    expected = {ids for number in range(len(SCENES)) for ids in pairs_of(_rows(scene.work, number))}
    asked = scene.work.hubspot.state()["asked"]
    assert {(pair["from"]["type"], pair["to"]["type"]) for pair in asked} == {("contacts", "companies")}, flipped
    strangers = {(int(pair["from"]["id"]), int(pair["to"]["id"])) for pair in asked} - expected
    assert not strangers, f"{flipped}: {command} sent pairs that are in no file"
    path = scene.work.folder / out
    if done.code == 2:
        assert done.err.splitlines()[-1].startswith("Error: "), (flipped, done)
        assert not path.exists()
        assert not scene.new_links(), flipped
        return
    assert done.code in {0, 1, 3}, (flipped, done)
    if done.code == 3 and not path.exists():
        assert "Error: " in done.err
        return
    results = rows_of(path)
    if command != "retry":
        assert [(row["Contact ID"], row["Company ID"]) for row in results] == scene.rows, flipped
    links = scene.work.links()
    for row in results:
        status = row["import_status"]
        assert (status == "invalid") == (not row["Contact ID"].isdigit()), (flipped, row)
        if status == "invalid":
            continue
        is_linked = (int(row["Contact ID"]), int(row["Company ID"])) in links
        assert not (status == "linked" and not is_linked), (flipped, row)
        assert not (status in {"failed", "not_sent"} and is_linked), (flipped, row)
