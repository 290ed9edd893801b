"""Listing runs, and finding the run to continue."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from importer import Settings, load_settings, run_import
from importer.errors import JournalError, SettingsError
from importer.runner.find_runs import list_runs
from importer.runner.resume import resume_run
from importer.runner.state_directory import runs_directory
from tests.support.command_line import TOKEN, Workplace
from tests.support.errors import raises


@pytest.fixture
def settings(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
    monkeypatch.setenv("XDG_STATE_HOME", work.environment["XDG_STATE_HOME"])
    return load_settings({"base_url": work.hubspot.url, "rate": "20000/1", "state_dir": work.folder / "state"})


def copy_journal(settings: Settings, run_id: str) -> Path:
    path = runs_directory(settings) / f"{run_id}.sqlite"
    return Path(shutil.copy(path, path.with_name(f"{run_id} copy.sqlite")))


def test_a_link_to_nowhere_is_listed_as_unreadable_beside_the_other_runs(work: Workplace, settings: Settings) -> None:
    stopped = run_import(work.write("a.csv", work.pairs(3)), settings)
    (runs_directory(settings) / "20261101-000000-00000.sqlite").symlink_to(work.folder / "gone")
    assert [(run.run_id, run.status) for run in list_runs(settings)] == [
        (stopped.run_id, "stopped"),
        ("20261101-000000-00000", "unreadable"),
    ]


def test_a_copied_journal_is_listed_as_a_copy(work: Workplace, settings: Settings) -> None:
    stopped = run_import(work.write("a.csv", work.pairs(3)), settings)
    copy = copy_journal(settings, stopped.run_id)
    found = {run.run_id: run for run in list_runs(settings)}
    assert found[stopped.run_id].status == "stopped"
    assert found[copy.stem].status == "copy"
    assert stopped.run_id in (found[copy.stem].error or "")


@pytest.mark.slow
def test_a_copied_journal_is_never_continued(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = work.write("a.csv", work.pairs(3))
    stopped = run_import(source, settings)
    before = copy_journal(settings, stopped.run_id).read_bytes()
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    again = run_import(source, settings)
    assert (again.run_id, again.linked) == (stopped.run_id, 3)
    assert copy_journal(settings, stopped.run_id).read_bytes() != before
    assert run_import(source, settings).run_id != stopped.run_id


def test_a_journal_that_cannot_be_read_is_named_once_by_a_run(
    work: Workplace, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = runs_directory(settings) / "20260101-000000-aaaaa.sqlite"
    damaged.parent.mkdir(parents=True, exist_ok=True)
    damaged.write_bytes(b"no database" * 100)
    run_import(work.write("pairs.csv", work.pairs(2)), settings)
    assert caplog.text.count(damaged.name) == 1


def of_earlier_version(settings: Settings, run_id: str) -> None:
    with closing(sqlite3.connect(runs_directory(settings) / f"{run_id}.sqlite")) as db:
        db.execute("PRAGMA user_version = 3")


@pytest.mark.slow
def test_an_unfinished_run_of_an_earlier_version_is_named_until_its_file_has_another_run(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source, other = work.write("a.csv", work.pairs(3)), work.write("b.csv", work.pairs(2, 10))
    stopped = run_import(source, settings)
    of_earlier_version(settings, stopped.run_id)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    assert run_import(other, settings).linked == 2
    assert stopped.run_id not in caplog.text
    assert run_import(source, settings).linked == 3
    assert caplog.text.count(stopped.run_id) == 1
    assert run_import(source, settings).already_linked == 3
    assert caplog.text.count(stopped.run_id) == 1
    (listed,) = (run for run in list_runs(settings) if run.run_id == stopped.run_id)
    assert (listed.status, listed.source) == ("unreadable", str(source))
    assert "earlier version" in (listed.error or "")


@pytest.mark.slow
def test_a_finished_run_of_an_earlier_version_is_not_mentioned(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    source = work.write("a.csv", work.pairs(3))
    finished = run_import(source, settings)
    of_earlier_version(settings, finished.run_id)
    assert run_import(source, settings).already_linked == 3
    assert finished.run_id not in caplog.text


def test_a_changed_source_is_refused_while_its_run_is_unfinished(work: Workplace, settings: Settings) -> None:
    source = work.write("a.csv", work.pairs(3))
    run_import(source, settings)
    work.write("a.csv", work.pairs(4))
    with pytest.raises(JournalError) as caught:
        run_import(source, settings)
    assert caught.value.code == "SOURCE_CHANGED_SINCE_RUN"


def test_a_run_is_not_resumed_against_another_address(work: Workplace, settings: Settings) -> None:
    stopped = run_import(work.write("a.csv", work.pairs(3)), settings)
    elsewhere = load_settings({"base_url": "http://localhost:1", "state_dir": work.folder / "state"})
    with pytest.raises(SettingsError) as caught:
        resume_run(stopped.run_id, elsewhere)
    assert caught.value.code == "TARGET_DIFFERS"


def test_resuming_an_unknown_run_is_refused(settings: Settings) -> None:
    with raises(JournalError, "RUN_NOT_FOUND"):
        resume_run("20200101-000000-00000", settings)
