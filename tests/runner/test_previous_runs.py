"""Unfinished runs that a nightly command finds: over earlier files of its series, or an earlier version of its file."""

import signal
from collections.abc import Sequence

import pytest

from importer import JournalError, RunStatus, Settings, StopReason, run_import
from importer.config import ChangedSource
from importer.config.notifications import HEARTBEAT_URL, WEBHOOK_URL
from importer.runner.events import Event, Notice
from importer.runner.find_runs import list_runs
from importer.runner.state_directory import open_journal
from tests.runner.test_notify import listener
from tests.support.command_line import UNKNOWN, Workplace, rows_of, wait_until
from tests.support.errors import raises_code


def stop(
    work: Workplace,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    number: int = 3,
    pairs: Sequence[tuple[object, object]] = (),
) -> str:
    """Start a run over `number` pairs, or over `pairs`, that stops at once, because its token is refused."""
    with monkeypatch.context() as other:
        other.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
        summary = run_import(work.write(name, pairs or work.pairs(number)), settings)
    assert summary.status is RunStatus.STOPPED
    return summary.run_id


def statuses(settings: Settings) -> dict[str, str]:
    return {run.run_id: run.status for run in list_runs(settings)}


def test_an_unfinished_run_over_yesterdays_file_is_named(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    events: list[Event] = []
    run_import(work.write("pairs-2026-11-26.csv", work.pairs(2)), settings, on_event=events.append)
    assert any(isinstance(one, Notice) and one.is_warning and yesterday in one.text for one in events)
    assert statuses(settings)[yesterday] == "stopped"


@pytest.mark.slow
def test_an_unfinished_run_over_yesterdays_file_is_finished_first(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    finishing = settings.model_copy(update={"finish_unfinished": True})
    summary = run_import(work.write("pairs-2026-11-26.csv", work.pairs(2)), finishing)
    assert set(statuses(settings)) == {yesterday, summary.run_id}
    assert set(statuses(settings).values()) == {"finished"}
    rows = rows_of(work.folder / "pairs-2026-11-25.results.csv")
    assert [row["import_status"] for row in rows] == ["linked"] * 3
    assert summary.rows == 2


def test_files_that_differ_in_more_than_digits_are_not_a_series(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = stop(work, settings, monkeypatch, "deals-2026-11-25.csv")
    finishing = settings.model_copy(update={"finish_unfinished": True})
    run_import(work.write("pairs-2026-11-26.csv", work.pairs(2)), finishing)
    assert statuses(settings)[other] == "stopped"


@pytest.mark.slow
def test_a_run_stopped_by_its_own_failures_does_not_block_the_next_file(work: Workplace, settings: Settings) -> None:
    unknown = [(UNKNOWN + work.base + number, number + 1) for number in range(150)]
    first = run_import(work.write("pairs-1.csv", unknown), settings)
    assert first.stopped_by is StopReason.TOO_MANY_FAILURES
    finishing = settings.model_copy(update={"finish_unfinished": True})
    summary = run_import(work.write("pairs-2.csv", work.pairs(2)), finishing)
    assert (summary.run_id != first.run_id, summary.status, summary.linked) == (True, RunStatus.FINISHED, 2)


def test_a_changed_file_is_refused_unless_the_old_run_may_be_finished(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(work, settings, monkeypatch, "pairs.csv")
    source = work.write("pairs.csv", work.pairs(4))
    with raises_code(JournalError, "SOURCE_CHANGED_SINCE_RUN"):
        run_import(source, settings)


@pytest.mark.slow
def test_the_rows_of_a_changed_file_are_finished_from_the_journal_before_the_new_ones(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stop(work, settings, monkeypatch, "pairs.csv")
    source = work.write("pairs.csv", work.pairs(4, start=50))
    settings = settings.model_copy(update={"on_changed_source": ChangedSource.FINISH_THEN_NEW})
    summary = run_import(source, settings)
    assert (summary.rows, summary.linked) == (4, 4)
    assert statuses(settings) == {old: "finished", summary.run_id: "finished"}
    assert len(rows_of(work.folder / f"pairs.{old}.results.csv")) == 3
    assert len(rows_of(work.folder / "pairs.results.csv")) == 4
    with open_journal(settings, old) as journal:
        assert journal.info.run_id == old


# ---- what a command reports about the runs that it finished first


def stop_with_a_failure(work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> str:
    """Start a run of two pairs, one with an unknown record, that stops before it sends them."""
    return stop(work, settings, monkeypatch, name, pairs=[*work.pairs(1), (UNKNOWN + work.base, 1)])


def nightly(work: Workplace, *settings: str) -> tuple[str, ...]:
    """Write a config file like that of a nightly run and return the options of the command."""
    config = work.folder / "importer.toml"
    config.write_text("\n".join(["finish_unfinished = true", 'on_changed_source = "finish_then_new"', *settings]))
    return ("--json", "--config", str(config))


def test_the_command_line_shows_earlier_runs_and_ends_with_the_worst_code(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop_with_a_failure(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2, start=50))
    done = work.here("run", source, *nightly(work))
    (earlier,) = done.json["earlier_runs"]
    assert (done.code, done.json["linked"], done.json["rows"]) == (1, 2, 2)
    assert (earlier["run_id"], earlier["status"], earlier["linked"], earlier["failed"]) == (yesterday, "finished", 1, 1)
    assert earlier["failures"] == str(work.folder / "pairs-2026-11-25.failures.csv")
    assert "earlier_runs" not in work.here("show", yesterday, "--json").json


def test_the_summaries_of_earlier_runs_precede_that_of_the_new_one(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop_with_a_failure(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2, start=50))
    done = work.here("run", source, *nightly(work)[1:])
    first, second = (line for line in done.out.splitlines() if line.startswith("Run "))
    assert first.startswith(f"Run {yesterday} finished")
    assert yesterday not in second


@pytest.mark.slow
def test_each_run_is_notified_by_itself_and_the_heartbeat_once(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop_with_a_failure(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2, start=50))
    with listener() as webhook, listener() as monitor:
        targets = {WEBHOOK_URL: webhook.url, HEARTBEAT_URL: f"{monitor.url}/ping"}
        done = work.here("run", source, *nightly(work), **targets)
    assert [body["run_id"] for body in webhook.bodies] == [yesterday, done.json["run_id"]]
    assert monitor.paths == ["/ping/start", "/ping"]
    for run_id, targets_of_run in ((yesterday, ["webhook"]), (done.json["run_id"], ["webhook", "heartbeat"])):
        with open_journal(settings, run_id) as journal:
            assert [one["target"] for one in journal.notifications] == targets_of_run


def test_only_the_earlier_run_is_notified_if_only_it_has_trouble(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop_with_a_failure(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2, start=50))
    with listener() as webhook:
        done = work.here("run", source, *nightly(work, "[notify]", 'when = "trouble"'), **{WEBHOOK_URL: webhook.url})
    assert done.code == 1
    assert [(body["run_id"], body["failed"]) for body in webhook.bodies] == [(yesterday, 1)]


def test_an_earlier_run_that_prevents_the_new_one_is_notified_once(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = stop(work, settings, monkeypatch, "pairs-2026-11-24.csv")
    stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2))
    with listener() as webhook, listener() as monitor:
        targets = {WEBHOOK_URL: webhook.url, HEARTBEAT_URL: f"{monitor.url}/ping"}
        done = work.here("run", source, *nightly(work), HUBSPOT_ACCESS_TOKEN="pat-na1-of-nobody", **targets)
    (earlier,) = done.json["earlier_runs"]
    assert (done.code, earlier["run_id"], done.json["stopped_by"]) == (3, oldest, "token_refused")
    assert [body["run_id"] for body in webhook.bodies] == [oldest, done.json["run_id"]]
    assert monitor.paths == ["/ping/start", "/ping/fail"]


def test_a_run_before_a_file_that_cannot_be_read_is_still_reported(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop_with_a_failure(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.folder / "pairs-2026-11-26.csv"
    source.write_text("Customer of the year\nACME\n")
    with listener() as webhook, listener() as monitor:
        targets = {WEBHOOK_URL: webhook.url, HEARTBEAT_URL: f"{monitor.url}/ping"}
        done = work.here("run", source, *nightly(work), **targets)
    assert (done.code, done.json["status"], done.json["file"]) == (2, "error", str(source))
    assert [body.get("run_id", body["status"]) for body in webhook.bodies] == [yesterday, "error"]
    assert monitor.paths == ["/ping/start", "/ping/fail"]


def test_no_report_of_an_earlier_run_is_written_to_the_path_of_the_new_one(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2, start=50))
    done = work.here("run", source, *nightly(work), "--report", "night.html")
    assert done.json["earlier_runs"][0]["report"] is None
    assert [path.name for path in work.folder.glob("night*.html")] == ["night.html"]
    assert source.name in (work.folder / "night.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_end_of_an_earlier_run_is_notified_even_if_the_new_one_is_killed(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    yesterday = stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    (today,) = work.pairs(1, start=50)
    source = work.write("pairs-2026-11-26.csv", [today])
    work.hubspot.change("faults", faults=[f"hang=put,contacts:{today[0]}>companies:{today[1]}"])
    with listener() as webhook, listener() as monitor:
        targets = {WEBHOOK_URL: webhook.url, HEARTBEAT_URL: f"{monitor.url}/ping"}
        work.environment.update(targets)
        running = work.start("run", source, *nightly(work, "stop_grace = 1"))
        wait_until(lambda: today in work.asked())
        assert [body["run_id"] for body in webhook.bodies] == [yesterday]
        running.send(number)
        done = running.end()
    work.hubspot.change("faults", faults=[])
    if number is signal.SIGTERM:
        assert (done.code, done.json["earlier_runs"][0]["run_id"]) == (143, yesterday)
        assert [body["run_id"] for body in webhook.bodies] == [yesterday, done.json["run_id"]]
        assert monitor.paths == ["/ping/start", "/ping/fail"]
