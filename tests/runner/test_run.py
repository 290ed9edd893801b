"""The Python API, as called by a script, an orchestrator's worker or a notebook's thread."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pandas
import pytest

from importer import (
    FileSystemError,
    ImporterError,
    RunStatus,
    Settings,
    SettingsError,
    SourceError,
    StopReason,
    Summary,
    load_settings,
    run_import,
)
from importer.journal import SourceCounts
from importer.pool import Progress
from importer.reader import SourceInfo
from importer.runner.check import check_file
from importer.runner.events import Event, Notice, Plan
from importer.runner.resume import resume_run
from importer.runner.retry import retry_run
from importer.runner.verify import verify_file
from tests.support.command_line import TOKEN, UNKNOWN, Workplace
from tests.support.errors import raises, raises_code


@pytest.mark.slow
def test_a_script_gets_the_summary_that_the_command_line_prints_as_json(work: Workplace) -> None:
    work.write("deals.csv", [*work.pairs(3), (UNKNOWN + work.base, 1), ("x", 1)])
    script = """
from importer import load_settings, run_import
summary = run_import("deals.csv", load_settings())
assert (summary.linked, summary.failed, summary.invalid, summary.exit_code) == (3, 1, 1, 1)
print(summary.as_json())
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=work.folder,
        env=work.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    shown = work.here("show", json.loads(done.stdout)["run_id"], "--json")
    assert shown.out == done.stdout


def in_a_thread(work: Workplace, settings: Settings) -> Summary:
    found: list[Summary | BaseException] = []

    def call() -> None:
        try:
            found.append(run_import(work.write("a.csv", work.pairs(20)), settings))
        except BaseException as error:  # noqa: BLE001 - handed to the test
            found.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join(60)
    (result,) = found
    assert isinstance(result, Summary), result
    return result


def test_it_works_in_a_thread_that_is_not_the_main_one(work: Workplace, settings: Settings) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert in_a_thread(work, settings).linked == 20
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


async def test_it_refuses_to_block_a_running_event_loop(work: Workplace, settings: Settings) -> None:
    with raises(SettingsError, "EVENT_LOOP_RUNNING"):
        run_import(work.write("a.csv", work.pairs(5)), settings)


async def test_it_works_beside_a_running_event_loop_in_a_thread(work: Workplace, settings: Settings) -> None:
    summary = await asyncio.to_thread(run_import, work.write("a.csv", work.pairs(5)), settings)
    assert (summary.status, summary.linked) == (RunStatus.FINISHED, 5)


def test_the_callers_signal_handlers_are_restored(work: Workplace, settings: Settings) -> None:
    def mine(number: int, frame: object) -> None:
        raise AssertionError(number)

    before = {number: signal.signal(number, mine) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        run_import(work.write("a.csv", work.pairs(2)), settings)
        assert {signal.getsignal(number) for number in before} == {mine}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_nul_in_a_path_is_an_error_that_names_the_path(work: Workplace, settings: Settings) -> None:
    source = work.write("a.csv", work.pairs(2))
    calls: list[Callable[[], object]] = [
        lambda: run_import("a\0.csv", settings),
        lambda: check_file("a\0.csv", settings),
        lambda: run_import(source, settings, out=Path("b\0.csv")),
        lambda: check_file(source, settings, out=Path("b\0.csv")),
        lambda: verify_file(source, settings, out=Path("b\0.csv")),
        lambda: retry_run("a\0", settings),
        lambda: resume_run("a\0", settings),
        lambda: load_settings({"state_dir": "a\0"}),
        lambda: load_settings({"token_file": "a\0"}),
        lambda: load_settings({}, Path("a\0.toml")),
    ]
    for call in calls:
        with pytest.raises(ImporterError, match=r"[ab](\\x00|\0)"):
            call()
    assert work.asked() == {}


@pytest.mark.slow
def test_the_callers_event_loop_is_restored_after_requesting_the_account_of_another_token(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = work.write("a.csv", [(UNKNOWN + work.base + number, 1) for number in range(400)])
    stopped = run_import(source, settings.model_copy(update={"max_failure_share": 0.1}))
    assert (stopped.status, stopped.not_sent > 0) == (RunStatus.STOPPED, True)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        refused = run_import(source, settings)
        assert (refused.run_id, refused.stopped_by) == (stopped.run_id, StopReason.TOKEN_REFUSED)
        assert asyncio.get_event_loop_policy().get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_the_callers_event_loop_and_wakeup_descriptor_are_restored(work: Workplace, settings: Settings) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno())
    try:
        run_import(work.write("a.csv", work.pairs(2)), settings)
        assert asyncio.get_event_loop_policy().get_event_loop() is loop
        assert signal.set_wakeup_fd(theirs.fileno()) == theirs.fileno()
    finally:
        signal.set_wakeup_fd(before)
        asyncio.set_event_loop(None)
        loop.close()
        ours.close()
        theirs.close()


def test_errors_of_the_operating_system_become_importer_errors(work: Workplace, settings: Settings) -> None:
    source = work.write("a.csv", work.pairs(2))
    (work.folder / "state").mkdir()
    (work.folder / "state" / "commands").touch()
    for call in (run_import, check_file, verify_file):
        blocked = settings if call is run_import else settings.model_copy(update={"state_dir": source})
        with raises_code(FileSystemError, "FILE_UNUSABLE"):
            call(source, blocked)
    assert work.asked() == {}


@pytest.mark.slow
def test_a_signal_becomes_an_interrupted_summary(work: Workplace, settings: Settings) -> None:
    received: list[Progress] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress):
            received.append(event)
            if len(received) == 1:
                signal.raise_signal(signal.SIGTERM)

    slow = settings.model_copy(update={"rate": load_settings({"rate": "200/0.5"}).rate})
    summary = run_import(work.write("a.csv", work.pairs(500)), slow, on_event=interrupt)
    assert (summary.status, summary.stopped_by, summary.exit_code) == (RunStatus.INTERRUPTED, StopReason.SIGTERM, 143)
    assert summary.not_sent > 0
    assert summary.linked + summary.not_sent == 500
    again = run_import(work.folder / "a.csv", settings)
    assert (again.run_id, again.linked) == (summary.run_id, 500)


def test_the_event_handler_gets_source_info_then_the_plan_then_progress(work: Workplace, settings: Settings) -> None:
    received: list[Event] = []
    source = work.write("deals.csv", [*work.pairs(4), ("x", 1), work.pairs(1)[0]])
    run_import(source, settings, on_event=received.append)
    assert isinstance(received[0], SourceInfo)
    (plan,) = [event for event in received if isinstance(event, Plan)]
    assert (plan.resumed, plan.target, plan.pending) == (False, work.hubspot.url, 4)
    assert plan.counts == SourceCounts(rows=6, pairs=4, invalid=1, duplicates=1)
    progress = [event for event in received if isinstance(event, Progress)]
    assert [event.calls for event in progress] == sorted(event.calls for event in progress)
    assert progress[-1].statuses["linked"] == 4  # type: ignore[index]
    assert received.index(plan) < received.index(progress[0])
    assert any(isinstance(event, Notice) and "2027-03-30" in event.text for event in received)


def test_wrong_input_raises_before_anything_is_sent(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = work.calls()
    with raises(SourceError, "FILE_NOT_FOUND"):
        run_import(work.folder / "none.csv", settings)
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN")
    with pytest.raises(SettingsError, match="HUBSPOT_ACCESS_TOKEN"):
        run_import(work.write("a.csv", work.pairs(1)), settings)
    assert work.calls() == before
    assert work.journals == []


def test_an_exception_in_the_event_handler_propagates_and_the_run_can_be_resumed(
    work: Workplace, settings: Settings
) -> None:
    def fail(event: Event) -> None:
        if isinstance(event, Progress):
            raise ZeroDivisionError

    source = work.write("a.csv", work.pairs(50))
    with pytest.raises(ZeroDivisionError):
        run_import(source, settings, on_event=fail)
    (journal,) = work.journals
    again = run_import(source, settings)
    assert (again.run_id, again.linked) == (journal.stem, 50)


def test_a_check_returns_the_counts_and_the_first_problems(work: Workplace, settings: Settings) -> None:
    source = work.write("deals.csv", [*work.pairs(4), *[("x", 1)] * 9])
    report = check_file(source, settings)
    assert asdict(report.counts) == {"rows": 13, "pairs": 4, "invalid": 9, "duplicates": 0, "blank": 0}
    (group,) = report.problems
    assert (group.rows, [number for number, _ in group.first]) == (9, [6, 7, 8, 9, 10])
    assert (report.exit_code, report.results) == (1, None)
    assert (report.costs.put_calls, report.costs.read_calls) == (4, 2)
    assert list(Path(settings.state_path).iterdir()) == []


def test_an_unfinished_data_frame_is_resumed_only_if_its_content_is_the_same(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work.folder)
    pairs = work.pairs(3)
    frame = pandas.DataFrame(pairs, columns=["Contact ID", "Company ID"])
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "wrong")
    stopped = run_import(frame, settings)
    assert (stopped.stopped_by, stopped.not_sent) == (StopReason.TOKEN_REFUSED, 3)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    other = run_import(frame.head(1), settings)
    assert (other.linked, other.run_id == stopped.run_id) == (1, False)
    same = run_import(frame.copy(), settings)
    assert (same.linked, same.already_linked, same.run_id) == (2, 1, stopped.run_id)
    assert work.links() == set(pairs)


def test_the_results_path_may_be_a_string(work: Workplace, settings: Settings) -> None:
    out = str(work.folder / "linked.csv")
    summary = run_import(work.write("deals.csv", work.pairs(1)), settings, out=out)
    assert (summary.results, summary.linked) == (out, 1)
