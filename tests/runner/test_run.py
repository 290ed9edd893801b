"""The Python API, as a script, an orchestrator's worker or a notebook's thread calls it."""

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
    Telling,
    load_settings,
    run_import,
)
from importer.journal import Counts
from importer.pool import Progress
from importer.reader import SourceInfo
from importer.runner.check import check_file
from importer.runner.events import Event, Notice, Plan
from importer.runner.run import resume_run, retry_run, verify_file
from tests.support.command_line import TOKEN, UNKNOWN, Workplace


@pytest.fixture
def settings(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with which this process sends to the sandbox, with a rate of its own."""
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", work.environment["XDG_STATE_HOME"])
    return load_settings({"base_url": work.hubspot.url, "rate": "20000/1", "state_dir": work.folder / "state"})


@pytest.mark.slow
def test_a_script_gets_a_summary_that_is_the_json_of_the_command_line(work: Workplace) -> None:
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


async def test_it_works_beside_a_running_event_loop_in_a_thread(work: Workplace, settings: Settings) -> None:
    summary = await asyncio.to_thread(run_import, work.write("a.csv", work.pairs(5)), settings)
    assert (summary.status, summary.linked) == (RunStatus.FINISHED, 5)


def test_the_callers_signal_handlers_are_back_afterwards(work: Workplace, settings: Settings) -> None:
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
        lambda: run_import(source, settings, Telling(out=Path("b\0.csv"))),
        lambda: check_file(source, settings, Path("b\0.csv")),
        lambda: verify_file(source, settings, Telling(out=Path("b\0.csv"))),
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


def test_the_callers_event_loop_is_back_after_asking_for_the_account_of_another_token(
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


def test_the_callers_event_loop_and_wakeup_descriptor_are_back_afterwards(work: Workplace, settings: Settings) -> None:
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


def test_what_the_system_refuses_is_an_error_of_ours(work: Workplace, settings: Settings) -> None:
    source = work.write("a.csv", work.pairs(2))
    (work.folder / "state").mkdir()
    (work.folder / "state" / "commands").touch()
    for call in (run_import, check_file, verify_file):
        blocked = settings if call is run_import else settings.model_copy(update={"state_dir": source})
        with pytest.raises(FileSystemError, match="cannot be used: "):
            call(source, blocked)
    assert work.asked() == {}


@pytest.mark.slow
def test_a_signal_becomes_an_interrupted_summary(work: Workplace, settings: Settings) -> None:
    heard: list[Progress] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress):
            heard.append(event)
            if len(heard) == 1:
                signal.raise_signal(signal.SIGTERM)

    slow = settings.model_copy(update={"rate": load_settings({"rate": "200/0.5"}).rate})
    summary = run_import(work.write("a.csv", work.pairs(500)), slow, Telling(watch=interrupt))
    assert (summary.status, summary.stopped_by, summary.exit_code) == (RunStatus.INTERRUPTED, StopReason.SIGTERM, 143)
    assert summary.not_sent > 0
    assert summary.linked + summary.not_sent == 500
    again = run_import(work.folder / "a.csv", settings)
    assert (again.run_id, again.linked) == (summary.run_id, 500)


def test_a_watcher_hears_what_was_understood_what_is_planned_and_how_far_it_is(
    work: Workplace, settings: Settings
) -> None:
    heard: list[Event] = []
    source = work.write("deals.csv", [*work.pairs(4), ("x", 1), work.pairs(1)[0]])
    run_import(source, settings, Telling(watch=heard.append))
    assert isinstance(heard[0], SourceInfo)
    (plan,) = [event for event in heard if isinstance(event, Plan)]
    assert (plan.resumed, plan.target, plan.pending) == (False, work.hubspot.url, 4)
    assert plan.counts == Counts(rows=6, pairs=4, invalid=1, duplicates=1)
    progress = [event for event in heard if isinstance(event, Progress)]
    assert [event.calls for event in progress] == sorted(event.calls for event in progress)
    assert progress[-1].statuses["linked"] == 4  # type: ignore[index]
    assert heard.index(plan) < heard.index(progress[0])
    assert any(isinstance(event, Notice) and "2027-03-30" in event.text for event in heard)


def test_what_is_wrong_raises_before_anything_is_sent(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = work.calls()
    with pytest.raises(SourceError, match="cannot be read"):
        run_import(work.folder / "none.csv", settings)
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN")
    with pytest.raises(SettingsError, match="There is no HubSpot token"):
        run_import(work.write("a.csv", work.pairs(1)), settings)
    assert work.calls() == before
    assert work.journals == []


def test_what_a_watcher_raises_ends_the_run_loudly_and_the_run_can_go_on(work: Workplace, settings: Settings) -> None:
    def fail(event: Event) -> None:
        if isinstance(event, Progress):
            raise ZeroDivisionError

    source = work.write("a.csv", work.pairs(50))
    with pytest.raises(ZeroDivisionError):
        run_import(source, settings, Telling(watch=fail))
    (journal,) = work.journals
    again = run_import(source, settings)
    assert (again.run_id, again.linked) == (journal.stem, 50)


def test_a_check_from_python_has_the_counts_and_the_first_problems(work: Workplace, settings: Settings) -> None:
    source = work.write("deals.csv", [*work.pairs(4), *[("x", 1)] * 9])
    report = check_file(source, settings)
    assert asdict(report.counts) == {"rows": 13, "pairs": 4, "invalid": 9, "duplicates": 0, "blank": 0}
    (group,) = report.problems
    assert (group.rows, [number for number, _ in group.first]) == (9, [6, 7, 8, 9, 10])
    assert (report.exit_code, report.results) == (1, None)
    assert report.costs.calls == 4
    assert list(Path(settings.state_path).iterdir()) == []


def test_a_data_frame_goes_on_when_it_is_the_same_and_is_another_run_when_not(
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
    assert (same.linked, same.run_id) == (3, stopped.run_id)
    assert work.links() == set(pairs)
