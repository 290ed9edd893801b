"""Unfinished runs that a nightly command finds: over earlier files of its series, and over an earlier content."""

import pytest

from importer import JournalError, RunStatus, Settings, StopReason, load_settings, run_import
from importer.config import ChangedSource
from importer.runner.events import Event, Notice
from importer.runner.find_runs import list_runs
from importer.runner.state_directory import open_journal
from tests.support.command_line import TOKEN, UNKNOWN, Workplace, rows_of
from tests.support.errors import raises_code


@pytest.fixture
def settings(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    return load_settings({"base_url": work.hubspot.url, "rate": "20000/1", "state_dir": work.folder / "state"})


def stop(work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, number: int = 3) -> str:
    """Start a run that stops at once, because its token is refused."""
    with monkeypatch.context() as other:
        other.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
        summary = run_import(work.write(name, work.pairs(number)), settings)
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


def test_files_that_differ_in_more_than_digits_are_no_series(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = stop(work, settings, monkeypatch, "deals-2026-11-25.csv")
    finishing = settings.model_copy(update={"finish_unfinished": True})
    run_import(work.write("pairs-2026-11-26.csv", work.pairs(2)), finishing)
    assert statuses(settings)[other] == "stopped"


def test_a_run_that_cannot_be_finished_prevents_the_new_one(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = stop(work, settings, monkeypatch, "pairs-2026-11-25.csv")
    source = work.write("pairs-2026-11-26.csv", work.pairs(2))
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
    summary = run_import(source, settings.model_copy(update={"finish_unfinished": True}))
    assert (summary.run_id, summary.stopped_by) == (yesterday, StopReason.TOKEN_REFUSED)
    assert list(statuses(settings)) == [yesterday]


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
