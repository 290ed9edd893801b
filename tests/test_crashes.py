"""Crashes, full disks, signals and bugs during a run: results stay true, the journal intact, the run resumable.

Simple interruptions, two processes on one run and a changed source are in `tests/cli`, damage to a single journal in
`tests/journal/test_integrity.py`, everything at once in `tests/chaos`.
"""

import itertools
import json
import random
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from importer.sandbox import SandboxOptions, parse_fault
from tests.conftest import SandboxProcess, sandbox_process
from tests.support.command_line import FAST, TOKEN, Done, Pairs, Running, Workplace, rows_of, wait_until, workplace_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fast() -> Iterator[SandboxProcess]:
    """A server that never limits or delays calls."""
    with sandbox_process(FAST) as running:
        yield running


@pytest.fixture
def work(tmp_path: Path, fast: SandboxProcess) -> Iterator[Workplace]:
    """A workplace; when the test ends, no file in it may contain the token."""
    yield workplace_in(tmp_path, fast)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def check_report(work: Workplace, pairs: Pairs, results: Path) -> dict[str, int]:
    """Check a results file against the server; return the number of rows per status."""
    links, asked = work.links(), work.asked()
    rows = rows_of(results)
    assert [(row["Contact ID"], row["Company ID"]) for row in rows] == [(str(a), str(b)) for a, b in pairs]
    counts: dict[str, int] = {}
    for pair, row in zip(pairs, rows, strict=True):
        status = row["import_status"]
        counts[status] = counts.get(status, 0) + 1
        assert status != "linked" or pair in links, row
        assert status != "not_sent" or pair not in asked or row["import_http_status"], row
    return counts


def finish(work: Workplace, pairs: Pairs, *command: object) -> Done:
    """Run the importer, after which every pair must be linked."""
    done = work.run(*command, "--json")
    assert (done.code, done.json["status"], done.json["linked"]) == (0, "finished", len(pairs)), done.err
    assert check_report(work, pairs, Path(done.json["results"])) == {"linked": len(pairs)}
    assert work.links() == set(pairs)
    return done


# ---- kill -9


def wait_for_calls(work: Workplace, running: Running, until: int) -> None:
    """Wait until HubSpot has received `until` calls, or the importer has ended."""
    wait_until(lambda: work.calls() >= until or running.process.poll() is not None)


def test_a_run_killed_repeatedly_at_any_moment_ends_like_one_that_was_not_killed(work: Workplace) -> None:
    pairs = work.pairs(3000)
    source = work.write("a.csv", pairs)
    results = work.folder / "a.results.csv"
    jitter = random.Random(5)
    kills = 0
    for number in range(4):
        # The shared rate state has its own tests below; here a new home each time avoids waiting for its window.
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


@pytest.fixture
def mostly_invalid(work: Workplace) -> tuple[Path, Pairs]:
    """A file that takes longer to read and to write than to send."""
    return work.write("a.csv", [*work.pairs(5), *[("x", "y")] * 40_000]), work.pairs(5)


def test_a_kill_while_the_file_is_read_leaves_no_run(work: Workplace, mostly_invalid: tuple[Path, Pairs]) -> None:
    source, pairs = mostly_invalid
    running = work.start("run", source)
    wait_until(lambda: any((work.folder / "state" / "runs").rglob("*.reading")))
    running.send(signal.SIGKILL)
    assert running.end().code == -signal.SIGKILL
    assert work.journals == []
    assert work.asked() == {}
    assert work.here("runs").out.startswith("There are no runs in ")
    assert work.run("run", source, "--json").json["linked"] == 5
    assert work.links() == set(pairs)


def test_a_kill_while_the_results_are_written_keeps_the_old_ones(
    work: Workplace, mostly_invalid: tuple[Path, Pairs]
) -> None:
    source, pairs = mostly_invalid
    old = work.folder / "a.results.csv"
    old.write_text("old results")
    running = work.start("run", source)
    wait_until(lambda: work.links() == set(pairs))
    wait_until(lambda: any(work.folder.glob(".importer-*")))
    running.send(signal.SIGKILL)
    assert running.end().code == -signal.SIGKILL
    assert old.read_text() == "old results"
    assert any(work.folder.glob(".importer-*"))
    done = work.run("run", source, "--json")
    assert (done.code, done.json["calls"], done.json["linked"], done.json["invalid"]) == (1, 0, 5, 40_000)
    assert len(rows_of(old)) == 40_005
    assert not any(work.folder.glob(".importer-*"))
    assert set(work.asked().values()) == {1}


# ---- the disk


def limited(work: Workplace, limit: int, *arguments: object) -> Done:
    """Run the importer with no file allowed to exceed `limit` bytes, which resembles a full disk on every system."""
    running = subprocess.Popen(
        [sys.executable, "-m", "importer", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=work.folder,
        env=work.environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),  # noqa: PLW1509 - no threads
    )
    return Running(running).end()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB; the test is skipped if this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_while_the_file_is_read_ends_before_anything_is_sent(work: Workplace) -> None:
    pairs = work.pairs(5000)
    source = work.write("a.csv", pairs)
    done = limited(work, 100_000, "run", source, "--json")
    assert (done.code, done.out) == (2, "")
    assert "The journal " in done.err
    assert work.asked() == {}
    assert list((work.folder / "state" / "runs").iterdir()) == []
    finish(work, pairs, "run", source)


def test_a_disk_that_fills_up_while_pairs_are_sent_stops_the_run_and_keeps_the_outcomes(
    work: Workplace, small_disk: Path
) -> None:
    pairs = work.pairs(5000)
    source = work.write("a.csv", pairs)
    work.environment["IMPORTER_STATE_DIR"] = str(small_disk)
    done = work.run("run", source)
    assert (done.code, done.out) == (3, ""), done.err
    assert "the disk is full" in done.err
    (journal,) = (small_disk / "runs").glob("*.sqlite")
    assert 0 < len(work.asked()) < 5000
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    work.run("report", journal.stem, "--out", "full.csv")
    counts = check_report(work, pairs, work.folder / "full.csv")
    assert counts["linked"] > 0
    finish(work, pairs, "run", source)


def test_results_that_do_not_fit_on_the_disk_are_written_elsewhere(work: Workplace, small_disk: Path) -> None:
    pairs = work.pairs(5000)
    source = work.write("a.csv", pairs)
    (small_disk / "others").write_bytes(bytes(700_000))
    done = work.run("run", source, "--json", "--out", small_disk / "r.csv")
    assert done.code == 0, done.err
    assert f"{small_disk / 'r.csv'} cannot be written: the disk is full." in done.err
    assert [path.name for path in small_disk.iterdir()] == ["others"]
    assert check_report(work, pairs, Path(done.json["results"])) == {"linked": 5000}


def test_results_that_fit_nowhere_stop_the_run_and_are_written_by_the_next(work: Workplace) -> None:
    source = work.write("a.csv", [*work.pairs(5), *[("x", "y")] * 8_000])
    results = work.folder / "a.results.csv"
    assert work.run("run", source).code == 1
    (journal,) = work.journals
    assert results.stat().st_size > 1.1 * journal.stat().st_size
    results.unlink()
    done = limited(work, journal.stat().st_size + 50_000, "run", source, "--fresh")
    assert (done.code, done.out) == (3, ""), done.err
    assert f"{journal.parent}" in done.err
    assert "cannot be written: File too large." in done.err
    assert f"importer resume {work.journals[-1].stem}" in done.err
    assert not results.exists()
    assert not any(work.folder.rglob(".importer-*"))
    again = work.run("run", source, "--json")
    assert (again.code, again.json["calls"], again.json["run_id"]) == (1, 0, work.journals[-1].stem)
    assert len(rows_of(results)) == 8_005


def test_results_made_read_only_during_the_run_are_written_elsewhere(work: Workplace) -> None:
    pairs = work.pairs(300)
    source = work.write("a.csv", pairs)
    running = work.start("run", source, "--json", "--rate", "100/1")
    wait_until(lambda: bool(work.asked()))
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


# ---- one token's rate


LIMIT, WINDOW = 200, 3.0


@pytest.fixture
def limited_rate(tmp_path: Path) -> Iterator[Workplace]:
    """A workplace whose server has a rate limit that every run here uses up."""
    with sandbox_process(SandboxOptions(token=TOKEN, limit=LIMIT, window=WINDOW, latency=0.01, jitter=0.05)) as running:
        workplace = workplace_in(tmp_path, running)
        workplace.environment["IMPORTER_RATE"] = f"{LIMIT}/{WINDOW:g}"
        yield workplace
        state = running.state(summary=True)
        assert state["rate"]["worst_window"] <= LIMIT
        assert state["counts"]["rate_limited"] == 0


def test_small_runs_right_after_each_other_share_one_window(limited_rate: Workplace) -> None:
    work = limited_rate
    for number in range(30):  # each starts immediately, since the calls of a small file fit in the window
        source = work.write(f"{number}.csv", work.pairs(10, number * 10))
        assert work.here("run", source).code == 0
    assert len(work.links()) == 300


def test_a_run_right_after_a_killed_one_counts_the_calls_it_may_have_made(limited_rate: Workplace) -> None:
    work = limited_rate
    killed = work.start("run", work.write("a.csv", work.pairs(2000)))
    wait_until(lambda: work.calls() >= 120)
    killed.send(signal.SIGKILL)
    done = work.here("run", work.write("b.csv", work.pairs(100, 3000)))
    assert killed.end().code == -signal.SIGKILL
    assert done.code == 0


def test_two_runs_at_once_take_turns_within_one_window(limited_rate: Workplace) -> None:
    work = limited_rate
    first = work.start("run", work.write("a.csv", work.pairs(150)), "--json")
    second = work.start("run", work.write("b.csv", work.pairs(150, 1000)), "--json", "--state-dir", "elsewhere")
    ended = [first.end(), second.end()]
    assert [done.code for done in ended] == [0, 0]
    assert sum("waiting until it ends" in done.err for done in ended) == 1
    assert len(work.links()) == 300


def test_another_tmpdir_and_another_name_for_this_machine_share_the_window(limited_rate: Workplace) -> None:
    work = limited_rate
    port = work.hubspot.url.rpartition(":")[2]
    for number, host in zip(range(30), itertools.cycle(("127.0.0.1", "localhost", "LOCALHOST")), strict=False):
        folder = work.folder / f"tmp{number}"
        folder.mkdir()
        source = work.write(f"{number}.csv", work.pairs(10, number * 10))
        done = work.here("run", source, TMPDIR=str(folder), IMPORTER_BASE_URL=f"http://{host}:{port}")
        assert done.code == 0
    assert len(work.links()) == 300


def test_waiting_for_a_killed_runs_window_is_reported(limited_rate: Workplace) -> None:
    work = limited_rate
    killed = work.start("run", work.write("a.csv", work.pairs(1000)))
    wait_until(lambda: work.calls() >= 120)
    killed.send(signal.SIGKILL)
    assert killed.end().code == -signal.SIGKILL
    done = work.here("run", work.write("b.csv", work.pairs(1, 3000)))
    assert done.code == 0
    assert "An earlier run with this token has used up the rate: waiting " in done.err


def test_an_unusable_lock_file_of_the_rate_is_reported_before_anything_is_sent(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(3))
    assert work.here("run", source).code == 0
    (lock,) = (work.folder / "home" / "importer" / "rate").glob("*.lock")
    lock.unlink()
    lock.mkdir()
    done = work.here("run", source, "--fresh")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(f"Error: {lock} cannot be used: ")
    assert set(work.asked().values()) == {1}


# ---- signals


WAITS = {
    "a slow server": ("lost_hang", {"IMPORTER_ANSWER_TIMEOUT": "0.7", "IMPORTER_CONNECT_TIMEOUT": "0.7"}),
    "a pause after 429": ("too_fast", {}),
    "a backoff": ("http_503", {"IMPORTER_BACKOFF_BASE": "60", "IMPORTER_BACKOFF_CAP": "60"}),
    "a locked record": ("retry_after", {"IMPORTER_BACKOFF_BASE": "60", "IMPORTER_BACKOFF_CAP": "60"}),
    "a pending answer": ("pending_linked", {"IMPORTER_BACKOFF_BASE": "60", "IMPORTER_BACKOFF_CAP": "60"}),
}


@pytest.mark.parametrize(
    ("wait", "number", "code"),
    [*((wait, signal.SIGINT, 130) for wait in WAITS), ("a pause after 429", signal.SIGTERM, 143)],
)
def test_an_interruption_while_all_workers_wait_ends_the_run_soon(
    tmp_path: Path, wait: str, number: signal.Signals, code: int
) -> None:
    fault, variables = WAITS[wait]
    may_be_processed = (
        fault != "too_fast"
    )  # a call refused with 429 was not processed; in all other cases the pair may be linked
    with sandbox_process(replace(FAST, window=30.0, faults=(parse_fault(f"{fault}=always"),))) as hubspot:
        work = workplace_in(tmp_path, hubspot)
        work.environment.update({"IMPORTER_READ_FIRST": "false", **variables})
        pairs = work.pairs(40)
        running = work.start("run", work.write("a.csv", pairs), "--json", "--workers", "8")
        wait_until(lambda: work.calls() >= (8 if may_be_processed else 1))
        running.send(number)
        out, err = running.process.communicate(timeout=5)
        assert running.process.returncode == code
        summary = json.loads(out)
        assert (summary["status"], summary["stopped_by"]) == ("interrupted", number.name)
        assert f"importer resume {summary['run_id']}".encode() in err
        counts = check_report(work, pairs, Path(summary["results"]))
        assert counts.get("unconfirmed", 0) == (len(work.asked()) if may_be_processed else 0)
        hubspot.change("faults", faults=[])
        work.environment["XDG_STATE_HOME"] = str(work.folder / "other")
        finish(work, pairs, "resume", summary["run_id"])


def test_ctrl_c_while_waiting_for_another_run_ends_immediately(work: Workplace) -> None:
    first = work.start("run", work.write("a.csv", work.pairs(2000)), "--rate", "100/1")
    wait_until(lambda: bool(work.asked()))
    second = work.start("run", work.write("b.csv", work.pairs(5, 3000)), "--json")
    assert second.process.stderr
    while b"waiting until it ends" not in second.process.stderr.readline():
        assert second.process.poll() is None
    second.send(signal.SIGINT)
    second.process.communicate(timeout=5)
    assert second.process.returncode == 130
    first.send(signal.SIGINT)
    assert first.end().code == 130
    done = work.run("run", "b.csv", "--json", XDG_STATE_HOME=str(work.folder / "other"))
    assert (done.code, done.json["linked"]) == (0, 5)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_while_the_results_are_written_keeps_the_old_ones_and_no_temporary_file(
    work: Workplace, mostly_invalid: tuple[Path, Pairs], number: signal.Signals, code: int
) -> None:
    source, pairs = mostly_invalid
    old = work.folder / "a.results.csv"
    old.write_text("old results")
    running = work.start("run", source)
    wait_until(lambda: work.links() == set(pairs))
    wait_until(lambda: any(work.folder.glob(".importer-*")))
    running.send(number)
    assert running.end().code == code
    assert old.read_text() == "old results"
    assert not any(work.folder.glob(".importer-*"))
    done = work.run("run", source, "--json")
    assert (done.code, done.json["calls"], done.json["linked"]) == (1, 0, 5)


# ---- our own bugs


BUG = """
import itertools, sys
import {module} as module
import importer.cli
original, calls = module.{name}, itertools.count()
def faulty(*arguments, **others):
    if next(calls) == {after}:
        raise ZeroDivisionError("a bug of ours")
    return original(*arguments, **others)
module.{name} = faulty
importer.cli.main()
"""

PLACES = [
    ("importer.pool.operation", "classify_response", 50, ()),
    ("importer.pool.operation", "classify_batch_response", 0, ("--engine", "batch")),
    ("importer.pool.engines.link_reader", "classify_read_response", 0, ()),
    ("importer.pool.pool", "Journal.claim", 1, ()),
    ("importer.pool.pool", "Journal.record", 3, ()),
    ("importer.hubspot.rate_limiter", "RateLimiter.acquire", 50, ()),
    ("importer.hubspot.shared_rate_state", "SharedRateState._save", 2, ()),
]


@pytest.mark.parametrize(("module", "name", "after", "flags"), PLACES, ids=[place[1] for place in PLACES])
def test_a_bug_in_a_worker_ends_the_run_with_70_and_the_same_command_resumes(
    work: Workplace, module: str, name: str, after: int, flags: tuple[str, ...]
) -> None:
    pairs = work.pairs(600)
    source = work.write("a.csv", pairs)
    script = BUG.format(module=module, name=name, after=after)
    done = subprocess.run(
        [sys.executable, "-c", script, "run", source, "--json", *flags, "--rate", "300/1"],
        capture_output=True,
        text=True,
        cwd=work.folder,
        env=work.environment,
        timeout=20,
        check=False,
    )
    assert "ZeroDivisionError: a bug of ours" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert (done.returncode, done.stdout) == (70, "")
    (journal,) = work.journals
    assert json.loads(work.here("runs", "--json").out)[0]["status"] == "interrupted"
    work.here("report", journal.stem, "--out", "bug.csv")
    check_report(work, pairs, work.folder / "bug.csv")
    finished = work.run("run", source, "--json", *flags, XDG_STATE_HOME=str(work.folder / "other"))
    assert (finished.code, finished.json["run_id"]) == (0, journal.stem)
    assert finished.json["linked"] + finished.json["already_linked"] == 600
    assert work.links() == set(pairs)
