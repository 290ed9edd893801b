"""The order in which a nightly command journals its file, finishes earlier runs, and executes its own."""

import signal
import sqlite3
from contextlib import closing

import pytest

from importer import JournalError, Settings, StopReason, run_import
from importer.config import ChangedSource
from importer.config.notifications import HEARTBEAT_URL, WEBHOOK_URL
from importer.runner.find_runs import list_runs
from tests.runner.test_notify import listener
from tests.runner.test_previous_runs import nightly, statuses, stop
from tests.support.command_line import Workplace, rows_of, wait_until
from tests.support.errors import raises_code

FINISHING = {"finish_unfinished": True, "on_changed_source": ChangedSource.FINISH_THEN_NEW}


def test_a_run_that_cannot_be_finished_prevents_the_new_one_which_is_journalled(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2))
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
    summary = run_import(source, settings.model_copy(update=FINISHING))
    assert (summary.stopped_by, summary.rows, summary.not_sent) == (StopReason.TOKEN_REFUSED, 2, 2)
    assert [run.run_id for run in summary.earlier_runs] == [yesterday]
    assert statuses(settings) == {yesterday: "stopped", summary.run_id: "stopped"}
    rows = rows_of(work.folder / "pairs-2026-11-26.results.csv")
    assert [row["import_status"] for row in rows] == ["not_sent"] * 2


def test_all_unfinished_nights_are_finished_in_order(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update=FINISHING)
    nights = [
        stop(work, settings, monkeypatch, f"pairs-2026-11-{day}.csv", pairs=work.pairs(2, start=10 * day))
        for day in (23, 24, 25)
    ]
    summary = run_import(work.write("pairs-2026-11-26.csv", work.pairs(2)), settings)
    assert [run.rows for run in summary.earlier_runs] == [2, 2, 2]
    assert [run.run_id for run in summary.earlier_runs] == sorted(run.run_id for run in summary.earlier_runs)
    assert nights[0] == summary.earlier_runs[0].run_id
    assert set(statuses(settings).values()) == {"finished"}
    assert len(work.links()) == 8


def test_all_unfinished_versions_of_a_file_are_finished_in_order(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update=FINISHING)
    for start in (0, 10, 20):
        stop(work, settings, monkeypatch, "pairs.csv", pairs=work.pairs(2, start))
    summary = run_import(work.write("pairs.csv", work.pairs(2, 30)), settings)
    assert [run.linked for run in (*summary.earlier_runs, summary)] == [2, 2, 2, 2]
    assert len(work.links()) == 8
    for run in summary.earlier_runs:
        assert run.results == str(work.folder / f"pairs.{run.run_id}.results.csv")
        assert len(rows_of(work.folder / f"pairs.{run.run_id}.results.csv")) == 2


def test_the_versions_of_yesterdays_file_are_all_finished(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update=FINISHING)
    for start in (0, 10):
        stop(work, settings, monkeypatch, "pairs-2026-11-25.csv", pairs=work.pairs(2, start))
    summary = run_import(work.write("pairs-2026-11-26.csv", work.pairs(2, 20)), settings)
    older, newer = summary.earlier_runs
    assert older.results == str(work.folder / f"pairs-2026-11-25.{older.run_id}.results.csv")
    assert newer.results == str(work.folder / "pairs-2026-11-25.results.csv")
    assert len(work.links()) == 6


def test_the_same_command_finishes_the_earlier_runs_before_its_own_unfinished_one(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update=FINISHING)
    yesterday = stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    stop(work, settings, monkeypatch, "pairs-2026-11-26.csv", pairs=work.pairs(2, 10))
    own = list_runs(settings)[0].run_id
    summary = run_import(work.folder / "pairs-2026-11-26.csv", settings)
    assert (summary.run_id, [run.run_id for run in summary.earlier_runs]) == (own, [yesterday])
    assert len(statuses(settings)) == 2


def test_a_run_that_a_fresh_one_replaced_is_not_finished(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings.model_copy(update=FINISHING)
    replaced = stop(work, settings, monkeypatch, "pairs.csv")
    with monkeypatch.context() as other:
        other.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
        fresh = run_import(work.write("pairs.csv", work.pairs(2, 10)), settings, fresh=True)
    summary = run_import(work.write("pairs.csv", work.pairs(2, 20)), settings)
    assert [run.run_id for run in summary.earlier_runs] == [fresh.run_id]
    assert statuses(settings)[replaced] == "stopped"


def test_a_damaged_journal_of_an_earlier_night_ends_the_command(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    with closing(sqlite3.connect(work.journals[0])) as db, db:
        db.execute("UPDATE blocks SET pairs = x'00'")
    with raises_code(JournalError, "JOURNAL_DAMAGED"):
        run_import(work.write("pairs-2026-11-26.csv", work.pairs(2)), settings.model_copy(update=FINISHING))
    assert not work.asked()
    assert len(work.journals) == 2


def test_a_file_that_needs_calls_to_be_journalled_is_named_if_an_earlier_run_prevents_it(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.folder / "pairs-2026-11-26.csv"
    source.write_text("Contact ID,Company ID,Association label\n1,1,Billing contact\n")
    with listener() as webhook, listener() as monitor:
        targets = {WEBHOOK_URL: webhook.url, HEARTBEAT_URL: f"{monitor.url}/ping"}
        done = work.here("run", source, *nightly(work), HUBSPOT_ACCESS_TOKEN="pat-na1-of-nobody", **targets)
    assert (done.code, done.json["run_id"], done.json["not_started"]) == (3, yesterday, str(source))
    assert source.name in done.err
    first, second = webhook.bodies
    assert first["run_id"] == yesterday
    assert (second["file"], second["code"], second["exit_code"]) == (str(source), "LABELS_NOT_READABLE", 3)
    assert monitor.paths == ["/ping/start", "/ping/fail"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_new_run_is_journalled_even_if_the_command_ends_while_it_finishes_an_earlier_one(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2, 10))
    work.hubspot.change("faults", faults=["hang=put,always"])
    running = work.start("run", source, *nightly(work, "stop_grace = 1"))
    wait_until(lambda: bool(work.asked()))
    running.send(number)
    done = running.end()
    work.hubspot.change("faults", faults=[])
    if number is signal.SIGTERM:
        assert (done.code, done.json["status"], done.json["not_sent"], done.json["results"]) == (
            143,
            "interrupted",
            2,
            None,
        )
    source.unlink()
    summary = run_import(work.write("pairs-2026-11-27.csv", work.pairs(2, 20)), settings.model_copy(update=FINISHING))
    assert [run.linked for run in summary.earlier_runs] == [3, 2]
    assert len(work.links()) == 7


def test_an_unfinished_run_over_standard_input_is_finished_before_the_next(work: Workplace) -> None:
    first, second = (work.write(f"{number}.csv", work.pairs(2, 10 * number)).read_bytes() for number in (1, 2))
    options = nightly(work)
    stopped = work.run("run", "-", *options, stdin=first, HUBSPOT_ACCESS_TOKEN="pat-na1-of-nobody")
    done = work.run("run", "-", *options, stdin=second)
    assert (stopped.code, done.code) == (3, 0)
    assert [run["run_id"] for run in done.json["earlier_runs"]] == [stopped.json["run_id"]]
    assert len(work.links()) == 4
