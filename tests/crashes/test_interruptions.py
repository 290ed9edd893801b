"""One rate for all runs of a token, signals and bugs: a run ends soon with correct results, and can be resumed."""

import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from importer.sandbox import SandboxOptions
from tests.conftest import SandboxProcess, sandbox_process
from tests.support.command_line import FAST, TOKEN, Pairs, Workplace, wait_until, workplace_in
from tests.support.interruptions import wait_for_line
from tests.support.recovery import check_report, finish, start_until_results_are_written, wait_for_calls

pytestmark = pytest.mark.slow


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
    for number in range(12):  # each starts immediately, since the calls of a small file fit in the window
        source = work.write(f"{number}.csv", work.pairs(25, number * 25))
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
    first = work.start("run", work.write("a.csv", work.pairs(250)), "--json")
    wait_until(lambda: bool(work.links()))
    first.send(signal.SIGSTOP)  # it cannot end before the second one has seen it
    second = work.start("run", work.write("b.csv", work.pairs(150, 1000)), "--json", "--state-dir", "elsewhere")
    wait_for_line(second, b"waiting until it ends")
    first.send(signal.SIGCONT)
    assert [first.end().code, second.end().code] == [0, 0]
    assert len(work.links()) == 400


def test_another_tmpdir_and_another_name_for_this_machine_share_the_window(limited_rate: Workplace) -> None:
    work = limited_rate
    port = work.hubspot.url.rpartition(":")[2]
    for number, host in zip(range(12), itertools.cycle(("127.0.0.1", "localhost", "LOCALHOST")), strict=False):
        folder = work.folder / f"tmp{number}"
        folder.mkdir()
        source = work.write(f"{number}.csv", work.pairs(25, number * 25))
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
    assert "because it was killed" in done.err
    assert "waiting " in done.err


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


@pytest.fixture(scope="module")
def waiting() -> Iterator[SandboxProcess]:
    """A server whose rate window is long, so that a 429 means a long pause."""
    with sandbox_process(replace(FAST, window=30.0)) as running:
        yield running


@pytest.mark.parametrize(
    ("wait", "number", "code"),
    [*((wait, signal.SIGINT, 130) for wait in WAITS), ("a pause after 429", signal.SIGTERM, 143)],
)
def test_an_interruption_while_all_workers_wait_ends_the_run_soon(
    tmp_path: Path, waiting: SandboxProcess, wait: str, number: signal.Signals, code: int
) -> None:
    fault, variables = WAITS[wait]
    may_be_processed = fault != "too_fast"  # 429: the call was not processed; in all other cases it may have been
    waiting.change("faults", faults=[f"{fault}=always"])
    work = workplace_in(tmp_path, waiting)
    work.environment.update({"IMPORTER_READ_FIRST": "false", **variables})
    pairs, before = work.pairs(40), work.calls()
    running = work.start("run", work.write("a.csv", pairs), "--json", "--workers", "8")
    wait_until(lambda: work.calls() >= before + (8 if may_be_processed else 1))
    running.send(number)
    out, err = running.process.communicate(timeout=25)  # the waits are longer
    assert running.process.returncode == code
    summary = json.loads(out)
    assert (summary["status"], summary["stopped_by"]) == ("interrupted", number.name)
    assert f"importer resume {summary['run_id']}".encode() in err
    counts = check_report(work, pairs, Path(summary["results"]))
    assert counts.get("unconfirmed", 0) == (len(work.asked()) if may_be_processed else 0)
    waiting.change("faults", faults=[])
    work.environment["XDG_STATE_HOME"] = str(work.folder / "other")
    finish(work, pairs, "resume", summary["run_id"])


def test_ctrl_c_while_waiting_for_another_run_ends_immediately(work: Workplace) -> None:
    before = work.calls()
    first = work.start("run", work.write("a.csv", work.pairs(2000)), "--rate", "100/1")
    wait_for_calls(work, first, before + 5)
    second = work.start("run", work.write("b.csv", work.pairs(5, 3000)), "--json")
    wait_for_line(second, b"waiting until it ends")
    second.send(signal.SIGINT)
    second.process.communicate(timeout=25)
    assert second.process.returncode == 130
    first.send(signal.SIGINT)
    assert first.end().code == 130
    done = work.here("run", "b.csv", "--json", XDG_STATE_HOME=str(work.folder / "other"))
    assert (done.code, done.json["linked"]) == (0, 5)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_while_the_results_are_written_keeps_the_old_ones_and_no_temporary_file(
    work: Workplace, mostly_invalid: tuple[Path, Pairs], number: signal.Signals, code: int
) -> None:
    source, pairs = mostly_invalid
    old = work.folder / "a.results.csv"
    old.write_text("old results")
    running = start_until_results_are_written(work, source, pairs)
    running.send(number)
    assert running.end().code == code
    assert old.read_text() == "old results"
    assert not any(work.folder.glob(".importer-*"))
    assert work.links() == set(pairs)
    done = work.here("run", source, "--json")
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
    pairs = work.pairs(450)
    source = work.write("a.csv", pairs)
    script = BUG.format(module=module, name=name, after=after)
    done = subprocess.run(
        [sys.executable, "-c", script, "run", source, "--json", *flags, "--rate", "300/1"],
        capture_output=True,
        text=True,
        cwd=work.folder,
        env=work.environment,
        timeout=60,
        check=False,
    )
    assert "ZeroDivisionError: a bug of ours" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    ended = {"file": str(source), "status": "error", "code": "INTERNAL_ERROR", "exit_code": 70}
    assert (done.returncode, json.loads(done.stdout)) == (70, ended)
    (journal,) = work.journals
    assert json.loads(work.here("runs", "--json").out)[0]["status"] == "interrupted"
    work.here("report", journal.stem, "--out", "bug.csv")
    check_report(work, pairs, work.folder / "bug.csv")
    finished = work.here("run", source, "--json", *flags, XDG_STATE_HOME=str(work.folder / "other"))
    assert (finished.code, finished.json["run_id"]) == (0, journal.stem)
    assert finished.json["linked"] + finished.json["already_linked"] == 450
    assert work.links() == set(pairs)
