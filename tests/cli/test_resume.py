"""Interrupted, killed, source changed: a run is resumed, no pair is lost and none is sent needlessly."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from importer.sandbox import parse_fault
from tests.conftest import sandbox_thread
from tests.support.command_line import FAST, Workplace, rows_of, wait_until, workplace_in
from tests.support.interruptions import SLOWLY, finished, interrupted, under_way, wait_for_line

pytestmark = pytest.mark.slow


def test_after_ctrl_c_the_same_command_resumes_the_run(work: Workplace) -> None:
    pairs = work.pairs(1000)
    source = work.write("deals.csv", pairs)
    before = interrupted(work, source, pairs, signal.SIGINT)
    assert (work.folder / "deals.failures.csv").exists()
    after = work.here("run", source, "--json")
    assert after.code == 0
    assert f"Run {before['run_id']}: resuming" in after.err
    finished(work, before, after.json, pairs)
    assert not (work.folder / "deals.failures.csv").exists()
    assert len(work.journals) == 1


def test_after_sigterm_the_run_is_resumed_by_its_id_without_the_source(work: Workplace) -> None:
    pairs = work.pairs(1000)
    source = work.write("deals.csv", pairs)
    before = interrupted(work, source, pairs, signal.SIGTERM)
    source.unlink()
    after = work.here("resume", before["run_id"], "--json")
    assert after.code == 0
    finished(work, before, after.json, pairs)
    again = work.here("resume", before["run_id"], "--json")
    assert (again.code, again.json["calls"], again.json["linked"]) == (0, 0, 1000)


def test_a_killed_run_is_resumed_and_repeats_at_most_the_requests_in_flight(work: Workplace) -> None:
    pairs = work.pairs(1000)
    source = work.write("deals.csv", pairs)
    running = work.start("run", source, "--json", *SLOWLY, "--workers", "8")
    under_way(work, running, pairs)
    running.send(signal.SIGKILL)
    assert running.end().code == -9
    assert not (work.folder / "deals.results.csv").exists()

    (journal,) = work.journals
    shown = work.here("show", journal.stem, "--json").json
    assert shown["status"] == "interrupted"
    assert shown["linked"] + shown["unconfirmed"] + shown["not_sent"] == 1000
    assert shown["linked"] > 0

    after = work.here("run", source, "--json", "--rate", "1000/0.5")
    assert after.code == 0
    assert (after.json["run_id"], after.json["linked"]) == (journal.stem, 1000)
    asked = work.asked()
    assert set(asked) == set(pairs)
    assert set(asked.values()) <= {1, 2}
    # Only the eight requests in flight and responses that were not yet written are repeated.
    assert sum(times == 2 for times in asked.values()) <= 8 + 64


# ---- signals


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Workplace]:
    """A workplace whose HubSpot accepts requests and never responds."""
    with sandbox_thread(replace(FAST, faults=(parse_fault("hang=always"),))) as hubspot:
        work = workplace_in(tmp_path, hubspot)
        work.environment["IMPORTER_READ_FIRST"] = "false"
        yield work


def test_a_second_ctrl_c_exits_immediately_and_the_journal_is_intact(silent: Workplace) -> None:
    running = silent.start("run", silent.write("a.csv", silent.pairs(10)), "--json", "--workers", "4")
    wait_until(lambda: silent.calls() == 4)
    running.send(signal.SIGINT)
    wait_for_line(running, b"to quit immediately")
    running.send(signal.SIGINT)
    done = running.end()
    assert (done.code, done.out) == (130, "")  # no report: it did not wait
    (journal,) = silent.journals
    shown = silent.run("show", journal.stem, "--json").json
    assert (shown["status"], shown["unconfirmed"] + shown["not_sent"], shown["linked"]) == ("interrupted", 10, 0)
    assert shown["unconfirmed"] >= 4


def test_the_first_ctrl_c_waits_only_for_the_requests_in_flight(silent: Workplace) -> None:
    config = silent.folder / "config.toml"
    config.write_text("answer_timeout = 0.5\nconnect_timeout = 0.5\n")
    running = silent.start(
        "run", silent.write("a.csv", silent.pairs(10)), "--json", "--workers", "4", "--config", config
    )
    wait_until(lambda: silent.calls() >= 4)
    running.send(signal.SIGINT)
    done = running.end()
    assert done.code == 130
    assert done.json["unconfirmed"] + done.json["not_sent"] == 10
    assert done.json["unconfirmed"] >= 1


def test_sigterm_while_the_source_is_read_leaves_nothing_behind(work: Workplace) -> None:
    running = work.start("run", "-", stdin=subprocess.PIPE)
    state = work.folder / "state"
    wait_until(lambda: any(state.glob("*/stdin.csv")))
    running.send(signal.SIGTERM)
    done = running.end()
    assert (done.code, done.out, done.err) == (143, "", "")
    assert list(state.iterdir()) == []


# ---- results that cannot be written at the end


def test_results_whose_directory_has_vanished_are_written_beside_the_journal(work: Workplace) -> None:
    pairs = work.pairs(300)
    place = work.folder / "place"
    place.mkdir()
    running = work.start("run", work.write("deals.csv", pairs), "--json", *SLOWLY, "--out", place / "r.csv")
    under_way(work, running, pairs)
    shutil.rmtree(place)
    done = running.end()
    assert done.code == 0
    run_id = done.json["run_id"]
    kept = work.folder / "state" / "runs" / f"{run_id}.results.csv"
    assert done.json["results"] == str(kept)
    assert f"{place / 'r.csv'} cannot be written: " in done.err
    assert f"importer report {run_id} --out PATH" in done.err
    assert len(rows_of(kept)) == 300
    report = work.here("report", run_id, "--out", work.folder / "again.csv", "--json")
    assert report.code == 0
    assert rows_of(work.folder / "again.csv") == rows_of(kept)
