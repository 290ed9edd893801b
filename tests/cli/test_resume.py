"""Interrupted, killed, source changed: a run is resumed, no pair is lost and none is sent needlessly."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from importer.sandbox import parse_fault
from tests.conftest import sandbox_thread
from tests.support.command_line import FAST, UNKNOWN, Pairs, Running, Workplace, rows_of, wait_until, workplace_in

pytestmark = pytest.mark.slow

SLOWLY = ("--rate", "1000/1")
"""About a second for a thousand pairs: time to interrupt, without waiting."""


def half_way(work: Workplace, running: Running, pairs: Pairs) -> None:
    """Wait until half of the pairs were requested."""
    start = work.calls()
    wait_until(lambda: work.calls() - start >= len(pairs) // 2 or running.process.poll() is not None)
    assert running.process.poll() is None


def interrupted(work: Workplace, source: Path, pairs: Pairs, number: signal.Signals, *flags: str) -> dict[str, Any]:
    """Interrupt a run half-way, check its results, and return its JSON summary."""
    running = work.start("run", source, "--json", *SLOWLY, *flags)
    half_way(work, running, pairs)
    running.send(number)
    done = running.end()
    assert done.code == 128 + number
    summary = done.json
    assert (summary["status"], summary["stopped_by"]) == ("interrupted", number.name)
    assert f"importer resume {summary['run_id']}" in done.err
    assert 0 < summary["linked"] < len(pairs)
    assert summary["linked"] + summary["not_sent"] == summary["rows"] == len(pairs)
    rows = rows_of(Path(summary["results"]))
    linked = {(int(row["Contact ID"]), int(row["Company ID"])) for row in rows if row["import_status"] == "linked"}
    assert linked == work.links() == set(work.asked())
    assert {row["import_status"] for row in rows} == {"linked", "not_sent"}
    assert all(summary["run_id"] in row["import_advice"] for row in rows if row["import_status"] == "not_sent")
    return summary


def finished(work: Workplace, before: dict[str, Any], after: dict[str, Any], pairs: Pairs) -> None:
    """Assert that a run finished with complete results and that no pair was sent twice."""
    assert (after["run_id"], after["status"], after["stopped_by"]) == (before["run_id"], "finished", None)
    assert after["linked"] == after["rows"] == len(pairs)
    assert before["calls"] + after["calls"] == len(pairs)
    assert work.asked() == dict.fromkeys(pairs, 1)
    rows = rows_of(Path(after["results"]))
    assert [(int(row["Contact ID"]), row["import_status"]) for row in rows] == [(one, "linked") for one, _ in pairs]


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
    running = work.start("run", source, "--json", "--rate", "1000/0.5", "--workers", "8")
    half_way(work, running, pairs)
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


# ---- the same command twice at once


def test_without_waiting_a_second_process_on_the_same_run_is_rejected_while_the_first_is_running(
    work: Workplace,
) -> None:
    pairs = work.pairs(1000)
    source = work.write("deals.csv", pairs)
    running = work.start("run", source, "--json", "--rate", "50/1")
    wait_until(lambda: bool(work.asked()))
    listed: list[dict[str, Any]] = json.loads(work.here("runs", "--json").out)
    refused = [
        work.here(*command, "--no-wait", "--quiet")
        for command in (["run", source], ["run", source, "--fresh"], ["resume", listed[0]["run_id"]])
    ]
    retried = work.here("retry", listed[0]["run_id"])
    running.send(signal.SIGINT)
    first = running.end()
    assert first.code == 130
    assert [done.code for done in (*refused, retried)] == [2] * 4
    assert {done.error_code for done in refused} == {"COMMAND_BUSY"}
    assert retried.error_code == "RUN_BUSY"
    assert first.json["run_id"] in retried.error
    assert [run["status"] for run in listed] == ["running"]
    assert set(work.asked().values()) == {1}


def started_twice(work: Workplace, source: Path, *flags: str) -> tuple[Running, Running]:
    """Start a run and, when it has begun to send, a second one that waits for it."""
    first = work.start("run", source, "--json", *SLOWLY)
    wait_until(lambda: bool(work.asked()))
    first.send(signal.SIGSTOP)  # it cannot end before the second one has seen it
    second = work.start("run", source, "--json", *flags)
    wait_for_line(second, b"working on the same import: waiting until it ends")
    first.send(signal.SIGCONT)
    return first, second


def wait_for_line(running: Running, text: bytes) -> None:
    """Wait until the importer has written a line with this text to standard error."""
    assert running.process.stderr
    said = b""
    while text not in said:
        line = running.process.stderr.readline()
        assert line, said
        said += line


def test_the_second_of_two_waits_and_returns_the_outcome_of_the_first(work: Workplace) -> None:
    pairs = [*work.pairs(1500), (UNKNOWN + work.base, 1)]
    first, second = started_twice(work, work.write("deals.csv", pairs), "--out", "second.csv")
    one, two = first.end(), second.end()
    assert [one.code, two.code] == [1, 1]
    same = ("run_id", "status", "rows", "linked", "failed")
    assert [one.json[key] for key in same] == [two.json[key] for key in same]
    assert (two.json["calls"], two.json["results"]) == (0, str(work.folder / "second.csv"))
    assert rows_of(work.folder / "second.csv") == rows_of(work.folder / "deals.results.csv")
    assert set(work.asked().values()) == {1}
    assert len(work.journals) == 1
    assert work.here("show", one.json["run_id"], "--json").json["calls"] == 1501


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_second_of_two_resumes_what_the_first_did_not_finish(work: Workplace, number: signal.Signals) -> None:
    pairs = work.pairs(1500)
    first, second = started_twice(work, work.write("deals.csv", pairs), "--rate", "20000/0.5")
    first.send(number)
    first.end()
    done = second.end()
    assert (done.code, done.json["linked"]) == (0, 1500)
    assert [path.stem for path in work.journals] == [done.json["run_id"]]
    assert sum(times > 1 for times in work.asked().values()) <= 64 * 2 * (number == signal.SIGKILL)


def test_the_second_of_two_imports_a_file_that_was_rewritten_while_it_waited(work: Workplace) -> None:
    source = work.write("deals.csv", work.pairs(1500))
    first, second = started_twice(work, source)
    work.write("deals.csv", work.pairs(2, 3000))
    assert first.end().json["linked"] == 1500
    done = second.end()
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 2, 2)


def test_fresh_sends_again_after_waiting(work: Workplace) -> None:
    first, second = started_twice(
        work, work.write("deals.csv", work.pairs(1500)), "--fresh", "--no-read-first", "--rate", "20000/0.5"
    )
    assert first.end().code == 0
    assert second.end().json["calls"] == 1500


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


# ---- a source that changes


def test_a_changed_source_is_rejected_with_both_dates_and_hashes_and_two_alternatives(work: Workplace) -> None:
    pairs = work.pairs(600)
    source = work.write("deals.csv", pairs)
    before = interrupted(work, source, pairs, signal.SIGINT)
    more = work.pairs(1, 700)
    work.write("deals.csv", [*pairs, *more])
    refused = work.here("run", source)
    assert refused.code == 2
    assert refused.error_code == "SOURCE_CHANGED_SINCE_RUN"
    assert refused.error.count("SHA-256 ") == refused.error.count("Z (SHA-256") == 2
    assert f"importer resume {before['run_id']}" in refused.error
    assert "--fresh" in refused.error

    after = work.here("resume", before["run_id"], "--json")
    finished(work, before, after.json, pairs)
    new = work.here("run", source, "--json")
    assert new.code == 0
    assert (new.json["rows"], new.json["linked"] + new.json["already_linked"]) == (601, 601)
    assert new.json["run_id"] != before["run_id"]


def test_fresh_starts_a_new_run_despite_an_unfinished_one(work: Workplace) -> None:
    pairs = work.pairs(600)
    source = work.write("deals.csv", pairs)
    before = interrupted(work, source, pairs, signal.SIGINT)
    new = work.here("run", source, "--fresh", "--no-read-first", "--json")
    assert new.code == 0
    assert new.json["run_id"] != before["run_id"]
    assert new.json["calls"] == 600


def test_other_reading_flags_make_another_run(work: Workplace) -> None:
    pairs = work.pairs(600)
    source = work.write("deals.csv", pairs)
    before = interrupted(work, source, pairs, signal.SIGINT)
    new = work.here("run", source, "--limit", "10", "--json")
    assert (new.code, new.json["rows"]) == (0, 10)
    assert new.json["run_id"] != before["run_id"]


def test_standard_input_with_the_same_content_resumes_and_with_other_content_is_another_run(work: Workplace) -> None:
    first = work.write("a.csv", work.pairs(3)).read_bytes()
    other = work.write("b.csv", work.pairs(2, 10)).read_bytes()
    stopped = work.run("run", "-", "--json", stdin=first, HUBSPOT_ACCESS_TOKEN="wrong")
    assert stopped.code == 3
    new = work.run("run", "-", "--json", stdin=other)
    assert (new.code, new.json["rows"]) == (0, 2)
    again = work.run("run", "-", "--json", stdin=first)
    assert (again.code, again.json["rows"], again.json["run_id"]) == (0, 3, stopped.json["run_id"])


# ---- where a run goes


def test_a_run_is_not_resumed_at_another_address(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(3))
    stopped = work.here("run", source, "--json", HUBSPOT_ACCESS_TOKEN="wrong").json
    before = work.calls()
    refused = work.here("resume", stopped["run_id"], "--base-url", "http://localhost:1")
    assert refused.code == 2
    assert refused.error_code == "TARGET_DIFFERS"
    assert work.hubspot.url in refused.error
    assert work.here("resume", stopped["run_id"], "--sandbox").code == 2
    assert work.here("retry", stopped["run_id"], "--base-url", "http://localhost:1").code == 2
    assert work.calls() == before
    resumed = work.here("resume", stopped["run_id"], "--json", IMPORTER_BASE_URL="")
    assert (resumed.code, resumed.json["linked"]) == (0, 3)


def test_a_given_setting_applies_even_if_it_equals_the_default(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(3))
    flags = ("--api-version", "2026-09", "--json")
    stopped = work.here("run", source, *flags, HUBSPOT_ACCESS_TOKEN="wrong").json["run_id"]
    config = work.folder / "config.toml"
    config.write_text('api_version = "v4"\n')
    for given in (("--api-version", "v4"), ("--config", config)):
        resumed = work.here("resume", stopped, *given, HUBSPOT_ACCESS_TOKEN="wrong")
        assert "2027-03-30" in resumed.err
    own = work.here("resume", stopped, HUBSPOT_ACCESS_TOKEN="wrong")
    assert "2027-03-30" not in own.err
    refused = work.here("resume", stopped, "--base-url", "https://api.hubapi.com")
    assert refused.code == 2
    assert refused.error_code == "TARGET_DIFFERS"
    assert work.here("resume", stopped, "--json").json["linked"] == 3


def test_a_retry_keeps_the_api_version_that_it_was_given(work: Workplace) -> None:
    source = work.write("a.csv", [(UNKNOWN + work.base, 1)])
    run_id = work.here("run", source, "--json").json["run_id"]
    child = work.here("retry", run_id, "--api-version", "2026-09", "--json").json["run_id"]
    assert "API 2026-09" in work.here("show", child).out


# ---- results that cannot be written at the end


def test_results_whose_directory_has_vanished_are_written_beside_the_journal(work: Workplace) -> None:
    pairs = work.pairs(1000)
    place = work.folder / "place"
    place.mkdir()
    running = work.start("run", work.write("deals.csv", pairs), "--json", *SLOWLY, "--out", place / "r.csv")
    half_way(work, running, pairs)
    shutil.rmtree(place)
    done = running.end()
    assert done.code == 0
    run_id = done.json["run_id"]
    kept = work.folder / "state" / "runs" / f"{run_id}.results.csv"
    assert done.json["results"] == str(kept)
    assert f"{place / 'r.csv'} cannot be written: " in done.err
    assert f"importer report {run_id} --out PATH" in done.err
    assert len(rows_of(kept)) == 1000
    report = work.here("report", run_id, "--out", work.folder / "again.csv", "--json")
    assert report.code == 0
    assert rows_of(work.folder / "again.csv") == rows_of(kept)


# ---- two runs with one token


def test_a_second_run_with_the_same_token_waits_or_is_rejected(work: Workplace) -> None:
    first = work.start("run", work.write("a.csv", work.pairs(1000)), "--json", "--rate", "50/1")
    wait_until(lambda: bool(work.asked()))
    first.send(signal.SIGSTOP)
    other = work.write("b.csv", work.pairs(2, 2000))
    refused = work.here("run", other, "--no-wait", "--quiet")
    assert refused.code == 2
    assert refused.error_code == "TOKEN_IN_USE"
    waiting = work.start("run", other, "--json")
    wait_for_line(waiting, b"waiting until it ends")
    first.send(signal.SIGCONT)
    first.send(signal.SIGINT)
    assert first.end().code == 130
    done = waiting.end()
    assert (done.code, done.json["linked"]) == (0, 2)
