"""The same command or token in two processes at once: the second waits, resumes or is rejected."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import UNKNOWN, Running, Workplace, rows_of, wait_until
from tests.support.interruptions import SLOWLY, wait_for_line

pytestmark = pytest.mark.slow


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


def test_the_second_of_two_waits_and_returns_the_outcome_of_the_first(work: Workplace) -> None:
    pairs = [*work.pairs(300), (UNKNOWN + work.base, 1)]
    first, second = started_twice(work, work.write("deals.csv", pairs), "--out", "second.csv")
    one, two = first.end(), second.end()
    assert [one.code, two.code] == [1, 1]
    same = ("run_id", "status", "rows", "linked", "failed")
    assert [one.json[key] for key in same] == [two.json[key] for key in same]
    assert (two.json["calls"], two.json["results"]) == (0, str(work.folder / "second.csv"))
    assert rows_of(work.folder / "second.csv") == rows_of(work.folder / "deals.results.csv")
    assert set(work.asked().values()) == {1}
    assert len(work.journals) == 1
    assert work.here("show", one.json["run_id"], "--json").json["calls"] == 301


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_second_of_two_resumes_what_the_first_did_not_finish(work: Workplace, number: signal.Signals) -> None:
    pairs = work.pairs(300)
    first, second = started_twice(work, work.write("deals.csv", pairs), "--rate", "20000/0.5")
    first.send(number)
    first.end()
    done = second.end()
    assert (done.code, done.json["linked"]) == (0, 300)
    assert [path.stem for path in work.journals] == [done.json["run_id"]]
    assert sum(times > 1 for times in work.asked().values()) <= 64 * 2 * (number == signal.SIGKILL)


def test_the_second_of_two_imports_a_file_that_was_rewritten_while_it_waited(work: Workplace) -> None:
    source = work.write("deals.csv", work.pairs(300))
    first, second = started_twice(work, source)
    work.write("deals.csv", work.pairs(2, 3000))
    assert first.end().json["linked"] == 300
    done = second.end()
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 2, 2)


def test_fresh_sends_again_after_waiting(work: Workplace) -> None:
    first, second = started_twice(
        work, work.write("deals.csv", work.pairs(300)), "--fresh", "--no-read-first", "--rate", "20000/0.5"
    )
    assert first.end().code == 0
    assert second.end().json["calls"] == 300


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
