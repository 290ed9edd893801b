"""Kills, full disks, and a changed source or journal: results stay correct, the journal intact, and the run resumable.

Simple interruptions, two processes on one run and a changed source are in `tests/cli`, damage to a single journal in
`tests/journal/test_wal.py`, everything at once in `tests/chaos`.
"""

import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Done, Pairs, Running, Workplace, rows_of, wait_until
from tests.support.recovery import check_report, finish, start_until_results_are_written, wait_for_calls

pytestmark = pytest.mark.slow


# ---- kill -9


def test_a_run_killed_repeatedly_at_any_moment_ends_like_one_that_was_not_killed(work: Workplace) -> None:
    pairs = work.pairs(3000)
    source = work.write("a.csv", pairs)
    results = work.folder / "a.results.csv"
    jitter = random.Random(5)
    kills = 0
    for number in range(4):
        # The rate that runs share has its own tests in test_interruptions.py; a new home avoids waiting for its window.
        home = work.folder / f"home{number}"
        until = work.calls() + jitter.choice((1, jitter.randrange(700)))
        running = work.start("run", source, "--rate", "1500/1", XDG_STATE_HOME=str(home))
        wait_for_calls(work, running, until)
        running.send(signal.SIGKILL)
        is_killed = running.end().code == -signal.SIGKILL
        kills += is_killed
        if not is_killed or results.exists():
            break
        if work.journals:
            work.here("report", work.journals[-1].stem, "--out", "killed.csv")
            check_report(work, pairs, work.folder / "killed.csv")
    assert kills >= 2
    assert len(work.journals) == 1
    if results.exists():  # complete, although the last process may have been killed right after writing them
        assert check_report(work, pairs, results) == {"linked": 3000}
    else:
        finish(work, pairs, "run", source)
    assert max(work.asked().values()) <= 1 + kills


def test_a_kill_while_the_file_is_read_leaves_no_run(work: Workplace, mostly_invalid: tuple[Path, Pairs]) -> None:
    source, pairs = mostly_invalid
    running = work.start("run", source)
    wait_until(lambda: any((work.folder / "state" / "runs").rglob("*.reading")))
    running.send(signal.SIGKILL)
    assert running.end().code == -signal.SIGKILL
    assert work.journals == []
    assert work.asked() == {}
    assert work.here("runs").out.startswith("There are no runs in ")
    assert work.here("run", source, "--json").json["linked"] == 5
    assert work.links() == set(pairs)


def test_a_kill_while_the_results_are_written_keeps_the_old_ones(
    work: Workplace, mostly_invalid: tuple[Path, Pairs]
) -> None:
    source, pairs = mostly_invalid
    old = work.folder / "a.results.csv"
    old.write_text("old results")
    running = start_until_results_are_written(work, source, pairs)
    running.send(signal.SIGKILL)
    assert running.end().code == -signal.SIGKILL
    assert old.read_text() == "old results"
    assert any(work.folder.glob(".importer-*"))
    assert work.links() == set(pairs)
    done = work.here("run", source, "--json")
    assert (done.code, done.json["calls"], done.json["linked"], done.json["invalid"]) == (1, 0, 5, 20_000)
    assert len(rows_of(old)) == 20_005
    assert not any(work.folder.glob(".importer-*"))
    assert set(work.asked().values()) == {1}


# ---- the disk


def limited(work: Workplace, limit: int, *arguments: object) -> Done:
    """Run the importer with no file allowed to exceed `limit` bytes, which resembles a full disk on every system."""
    blocks = f'ulimit -f {limit // 512}; exec "$@"'
    running = subprocess.Popen(
        ["sh", "-c", blocks, "sh", sys.executable, "-m", "importer", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=work.folder,
        env=work.environment,
    )
    return Running(running).end()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 700 KiB; the test is skipped if this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=700k", "none", str(folder)]
    mount = subprocess.run(command, capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_while_the_file_is_read_ends_before_anything_is_sent(work: Workplace) -> None:
    pairs = work.pairs(1500)
    source = work.write("a.csv", pairs)
    done = limited(work, 60_000, "run", source, "--json")
    assert (done.code, done.json["status"], done.json["file"]) == (2, "error", str(source))
    assert "The journal " in done.err
    assert work.asked() == {}
    assert list((work.folder / "state" / "runs").iterdir()) == []
    finish(work, pairs, "run", source)


def test_a_disk_that_fills_up_while_pairs_are_sent_stops_the_run_and_keeps_the_outcomes(
    work: Workplace, small_disk: Path
) -> None:
    pairs = work.pairs(1500)
    source = work.write("a.csv", pairs)
    work.environment["IMPORTER_STATE_DIR"] = str(small_disk)
    done = work.run("run", source, "--json")
    assert done.code == 3, done.err
    assert "the disk is full" in done.err
    (journal,) = (small_disk / "runs").glob("*.sqlite")
    assert 0 < len(work.asked()) < 1500
    ended = {key: done.json[key] for key in ("run_id", "file", "status", "stopped_by", "code", "exit_code", "rows")}
    assert list(ended.values()) == [journal.stem, str(source), "stopped", "error", "DISK_FULL", 3, 1500]
    assert 0 < done.json["linked"] <= len(work.links())
    assert done.json["calls"] >= len(work.asked())
    assert done.json["results"] is None
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    work.here("report", journal.stem, "--out", "full.csv")
    counts = check_report(work, pairs, work.folder / "full.csv")
    assert counts["linked"] > 0
    finish(work, pairs, "run", source)


def test_results_that_do_not_fit_on_the_disk_are_written_elsewhere(work: Workplace, small_disk: Path) -> None:
    pairs = work.pairs(1500)
    source = work.write("a.csv", pairs)
    (small_disk / "others").write_bytes(bytes(550_000))
    done = work.here("run", source, "--json", "--out", small_disk / "r.csv")
    assert done.code == 0, done.err
    assert f"{small_disk / 'r.csv'} cannot be written: the disk is full." in done.err
    assert [path.name for path in small_disk.iterdir()] == ["others"]
    assert check_report(work, pairs, Path(done.json["results"])) == {"linked": 1500}


def test_results_that_fit_nowhere_stop_the_run_and_are_written_by_the_next(work: Workplace) -> None:
    source = work.write("a.csv", [*work.pairs(5), *[("x", "y")] * 8_000])
    results = work.folder / "a.results.csv"
    assert work.here("run", source).code == 1
    (journal,) = work.journals
    assert results.stat().st_size > 1.1 * journal.stat().st_size
    results.unlink()
    done = limited(work, journal.stat().st_size + 50_000, "run", source, "--fresh", "--json")
    assert done.code == 3, done.err
    assert [done.json[key] for key in ("status", "rows", "linked", "invalid")] == ["stopped", 8_005, 0, 8_000]
    assert f"{journal.parent}" in done.err
    assert "cannot be written: File too large." in done.err
    assert f"importer resume {work.journals[-1].stem}" in done.err
    assert not results.exists()
    assert not any(work.folder.rglob(".importer-*"))
    again = work.here("run", source, "--json")
    assert (again.code, again.json["calls"], again.json["run_id"]) == (1, 0, work.journals[-1].stem)
    assert len(rows_of(results)) == 8_005


def test_results_made_read_only_during_the_run_are_written_elsewhere(work: Workplace) -> None:
    pairs = work.pairs(300)
    source = work.write("a.csv", pairs)
    before = work.calls()
    running = work.start("run", source, "--json", "--rate", "100/1")
    wait_for_calls(work, running, before + 5)
    locked = work.folder / "a.results.csv"
    locked.write_text("open in a spreadsheet")
    locked.chmod(0o444)
    done = running.end()
    assert done.code == 0
    assert f"{locked} cannot be written: it is read-only." in done.err
    assert locked.read_text() == "open in a spreadsheet"
    assert check_report(work, pairs, Path(done.json["results"])) == {"linked": 300}


def test_results_that_are_read_only_from_the_start_are_refused_before_anything_is_sent(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(3))
    (work.folder / "a.results.csv").write_text("")
    (work.folder / "a.results.csv").chmod(0o444)
    done = work.here("run", source)
    assert done.code == 2
    assert "it is read-only" in done.err
    assert work.asked() == {}
    assert work.journals == []


# ---- the source between two runs


def stopped_run(work: Workplace, source: Path) -> str:
    """Return the id of a run that stopped before it linked anything."""
    done = work.here("run", source, "--json", HUBSPOT_ACCESS_TOKEN="wrong")
    assert done.code == 3
    return str(done.json["run_id"])


def test_a_deleted_source_is_reported_and_the_journal_suffices_to_resume(work: Workplace) -> None:
    pairs = work.pairs(50)
    source = work.write("a.csv", pairs)
    run_id = stopped_run(work, source)
    source.unlink()
    gone = work.here("run", source)
    assert (gone.code, gone.error) == (2, f"{source} cannot be read: No such file or directory.")
    finish(work, pairs, "resume", run_id)


def test_a_moved_source_is_another_file_and_its_old_run_can_still_be_resumed(work: Workplace) -> None:
    pairs = work.pairs(50)
    source = work.write("a.csv", pairs)
    run_id = stopped_run(work, source)
    moved = source.rename(work.folder / "b.csv")
    work.environment["IMPORTER_READ_FIRST"] = "false"
    assert finish(work, pairs, "run", moved).json["run_id"] != run_id
    assert finish(work, pairs, "resume", run_id).json["run_id"] == run_id


# ---- the journal


def test_a_journal_of_another_version_is_refused_and_unchanged(work: Workplace) -> None:
    run_id = stopped_run(work, work.write("a.csv", work.pairs(5)))
    (journal,) = work.journals
    with sqlite3.connect(journal) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = journal.read_bytes()
    for command in ("resume", "retry", "show", "report"):
        done = work.here(command, run_id)
        assert done.code == 2
        assert f"{journal} has version 99, but this importer uses version" in done.err
    assert journal.read_bytes() == before


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_journal_is_refused_or_harmless(work: Workplace, seed: int) -> None:
    pairs = work.pairs(300)
    run_id = stopped_run(work, work.write("a.csv", pairs))
    (journal,) = work.journals
    jitter = random.Random(seed)
    content = bytearray(journal.read_bytes())
    start = jitter.randrange(100, len(content) - 4096)
    length = jitter.choice((1, 16, 512, 4096))
    content[start : start + length] = jitter.randbytes(length)
    journal.write_bytes(content[: jitter.choice((len(content), len(content) // 2))])
    done = work.here("resume", run_id, "--json")  # `here` fails if there is a traceback
    if done.code in (2, 3):
        assert "The journal " in done.err
    assert work.links() <= set(pairs), "a pair was sent that is not in the file"
