"""Deleting old runs."""

import json
import os
import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from importer import Settings, run_import, undo_run
from importer.journal import Journal, hold
from importer.pool import Progress
from importer.runner.events import Event, EventHandler
from importer.runner.find_runs import list_runs
from importer.runner.prune import prune_runs
from importer.runner.state_directory import journal_path
from importer.runner.uploads import DESCRIPTION, RUN_KEY, Uploads, use_upload
from tests.support.command_line import TOKEN, Workplace

DAY = 86_400


def age(settings: Settings, days: float) -> None:
    """Make everything in the state directory look as if it was written `days` ago."""
    then = time.time() - days * DAY
    for file in settings.state_path.rglob("*"):
        os.utime(file, (then, then))


def run(work: Workplace, settings: Settings, name: str = "a.csv", number: int = 2) -> str:
    return run_import(work.write(name, work.pairs(number)), settings).run_id


def make_unusable(out: Path) -> EventHandler:
    """Return a handler that makes the directory of a results file unusable once the run is planned."""

    def handle(event: Event) -> None:
        if isinstance(event, Progress) and out.parent.is_dir():
            out.parent.rmdir()
            out.parent.write_text("not a directory any more")

    return handle


def run_ids(settings: Settings) -> list[str]:
    return [one.run_id for one in list_runs(settings)]


def test_only_runs_older_than_the_limit_are_deleted(work: Workplace, settings: Settings) -> None:
    old = run(work, settings)
    age(settings, 40)
    young = run(work, settings, "b.csv")
    size = sum(one.bytes for one in list_runs(settings) if one.run_id == old)
    pruned = prune_runs(settings, 30)
    assert (pruned.run_ids, pruned.bytes) == ((old,), size)
    assert run_ids(settings) == [young]
    assert not list(settings.state_path.glob(f"runs/{old}*"))


@pytest.mark.parametrize("unresumable", [False, True])
def test_runs_of_an_earlier_version_are_deleted_too_and_unfinished_ones_on_request(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, unresumable: bool
) -> None:
    finished = run(work, settings)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "wrong")
    unfinished = run(work, settings, "b.csv")
    for run_id in (finished, unfinished):
        with closing(sqlite3.connect(journal_path(settings, run_id))) as db:
            db.execute("PRAGMA user_version = 3")
    age(settings, 40)
    pruned = prune_runs(settings, 30, unresumable=unresumable)
    assert pruned.run_ids == ((finished, unfinished) if unresumable else (finished,))


def test_results_of_a_deleted_run_stay_where_the_user_has_them(work: Workplace, settings: Settings) -> None:
    run(work, settings)
    age(settings, 40)
    prune_runs(settings, 30)
    assert (work.folder / "a.results.csv").is_file()


def test_an_unfinished_run_and_the_run_that_it_undoes_are_kept(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = run(work, settings)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
    stopped = run(work, settings, "b.csv")
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    undo = undo_run(parent, settings)
    with Journal(journal_path(settings, undo.run_id), is_mine=True) as journal:
        journal.begin()  # as if it had been killed
    age(settings, 40)
    assert prune_runs(settings, 30).run_ids == ()
    assert set(run_ids(settings)) == {parent, stopped, undo.run_id}


@pytest.mark.slow
def test_a_run_that_a_process_works_on_is_kept(work: Workplace, settings: Settings) -> None:
    held = run(work, settings)
    age(settings, 40)
    with hold(journal_path(settings, held)):
        assert prune_runs(settings, 30).run_ids == ()
    assert run_ids(settings) == [held]


def test_an_unreadable_journal_is_kept(work: Workplace, settings: Settings) -> None:
    damaged = journal_path(settings, run(work, settings))
    damaged.write_bytes(b"no journal")
    age(settings, 40)
    assert prune_runs(settings, 30).run_ids == ()
    assert damaged.read_bytes() == b"no journal"


@pytest.mark.slow
def test_results_that_were_written_beside_the_journal_are_deleted_unless_edited(
    work: Workplace, settings: Settings
) -> None:
    runs: list[Path] = []
    for name in ("a.csv", "b.csv"):
        out = work.folder / f"share of {name}" / "results.csv"
        out.parent.mkdir()
        run_id = run_import(work.write(name, work.pairs(1)), settings, out=out, on_event=make_unusable(out)).run_id
        runs.append(settings.state_path / "runs" / f"{run_id}.results.csv")
    unchanged, edited = runs
    assert unchanged.is_file()
    edited.write_text(edited.read_text(encoding="utf-8-sig") + "a note\n")
    age(settings, 40)
    assert len(prune_runs(settings, 30).run_ids) == 2
    assert not unchanged.exists()
    assert edited.is_file()


def test_a_new_run_deletes_what_keep_runs_days_allows(work: Workplace, settings: Settings) -> None:
    old = run(work, settings)
    age(settings, 91)
    young = run(work, settings, "b.csv")
    assert run_ids(settings) == [young]
    assert not (settings.state_path / "runs" / f"{old}.sqlite").exists()


def test_nothing_is_deleted_by_itself_when_keep_runs_days_is_0(work: Workplace, settings: Settings) -> None:
    old = run(work, settings)
    age(settings, 4000)
    keeping = settings.model_copy(update={"keep_runs_days": 0})
    assert set(run_ids(keeping)) == {old, *run_ids(keeping)}
    run(work, keeping, "b.csv")
    assert old in run_ids(keeping)


def test_locks_of_old_commands_are_deleted(work: Workplace, settings: Settings) -> None:
    run(work, settings)
    age(settings, 40)
    prune_runs(settings, 30)
    assert not list(settings.state_path.glob("commands/*"))


def test_a_record_of_results_is_kept_as_long_as_they_exist_unchanged(work: Workplace, settings: Settings) -> None:
    for name in ("a.csv", "b.csv", "c.csv", "d.csv"):
        run(work, settings, name)
    share = work.folder / "share"
    share.mkdir()
    run(work, settings, "share/e.csv")
    age(settings, 40)
    (work.folder / "b.results.csv").unlink()
    with (work.folder / "c.results.csv").open("a") as file:
        file.write("a note\n")
    share.rename(work.folder / "not mounted")
    run(work, settings, "d.csv")
    (work.folder / "d.results.csv").unlink()  # the record is new
    prune_runs(settings, 30)
    records = [json.loads(file.read_text()) for file in settings.state_path.glob("outputs/*.json")]
    assert {Path(record["path"]).name[0] for record in records} == {"a", "d", "e"}


@pytest.mark.parametrize("is_finished", [False, True])
def test_a_run_after_pruning_replaces_the_files_of_an_earlier_one(
    work: Workplace, settings: Settings, monkeypatch: pytest.MonkeyPatch, is_finished: bool
) -> None:
    with monkeypatch.context() as other:
        if not is_finished:
            other.setenv("HUBSPOT_ACCESS_TOKEN", "pat-na1-of-nobody")
        run(work, settings)
    assert (work.folder / "a.failures.csv").is_file() is not is_finished
    age(settings, 40)
    prune_runs(settings, 0)
    run(work, settings)
    assert sorted(path.name for path in work.folder.glob("a.*")) == ["a.csv", "a.results.csv"]


def test_the_command_line_reports_what_it_deleted(work: Workplace, settings: Settings) -> None:
    old = run(work, settings)
    age(settings, 40)
    done = work.here("runs", "prune", "--older-than", "30", "--json", "--state-dir", str(settings.state_path))
    assert (done.code, done.json["run_ids"]) == (0, [old])
    assert done.json["bytes"] > 0


def test_the_list_of_runs_shows_size_and_age(work: Workplace, settings: Settings) -> None:
    run(work, settings)
    age(settings, 12)
    (line,) = work.here("runs", "--state-dir", str(settings.state_path)).out.splitlines()
    assert " 12 d " in line
    assert " kB " in line


def upload(settings: Settings, content: str = "Contact ID,Company ID\n1,2\n", run_id: str | None = None) -> Path:
    """Store a file as the page does and return its path."""
    directory = Uploads.of(settings).imports / secrets.token_urlsafe(16)
    (directory / "file").mkdir(parents=True)
    (directory / DESCRIPTION).write_text(json.dumps({RUN_KEY: run_id}))
    file = directory / "file" / "pairs.csv"
    file.write_text(content)
    return file


def run_upload(settings: Settings) -> tuple[Path, str]:
    """Run an uploaded file, download its results, and return its path and the run's id."""
    file = upload(settings)
    run_id = run_import(file, settings).run_id
    (file.parents[1] / DESCRIPTION).write_text(json.dumps({RUN_KEY: run_id}))
    downloads = Uploads.of(settings).downloads / run_id
    downloads.mkdir(parents=True)
    (downloads / "pairs.results.csv").write_text("a copy")
    return file, run_id


def size_of(*directories: Path) -> int:
    return sum(file.stat().st_size for one in directories for file in one.rglob("*") if file.is_file())


def test_an_uploaded_file_and_its_downloads_are_deleted_with_its_run(work: Workplace, settings: Settings) -> None:
    file, run_id = run_upload(settings)
    age(settings, 40)
    downloads = Uploads.of(settings).downloads / run_id
    size = size_of(file.parents[1], downloads) + next(one.bytes for one in list_runs(settings))
    pruned = prune_runs(settings, 30)
    assert (pruned.run_ids, pruned.uploads, pruned.bytes) == ((run_id,), 1, size)
    assert not file.parents[1].exists()
    assert not downloads.exists()


def test_an_uploaded_file_is_kept_while_any_run_over_it_is_kept(work: Workplace, settings: Settings) -> None:
    file, first = run_upload(settings)
    age(settings, 40)
    second = undo_run(first, settings).run_id
    for old in (file, journal_path(settings, first)):  # an undo is a use of its run
        os.utime(old, (0, 0))
    pruned = prune_runs(settings, 30)
    assert (pruned.run_ids, pruned.uploads) == ((first,), 0)
    assert file.is_file()
    assert run_ids(settings) == [second]
    age(settings, 40)
    assert prune_runs(settings, 30).uploads == 1


def test_an_abandoned_upload_is_deleted_when_it_is_old(work: Workplace, settings: Settings) -> None:
    old, incomplete = upload(settings), upload(settings)
    (incomplete.parents[1] / DESCRIPTION).unlink()
    size = size_of(old.parents[1], incomplete.parents[1])
    age(settings, 40)
    young = upload(settings)
    pruned = prune_runs(settings, 30)
    assert (pruned.run_ids, pruned.uploads, pruned.bytes) == ((), 2, size)
    assert young.is_file()
    assert [path.name for path in Uploads.of(settings).imports.iterdir()] == [young.parents[1].name]


def test_an_upload_that_a_process_uses_is_kept(work: Workplace, settings: Settings) -> None:
    file = upload(settings)
    with use_upload(file.parents[1]):
        age(settings, 40)
        assert prune_runs(settings, 30).uploads == 0
    age(settings, 40)
    assert file.is_file()
    assert prune_runs(settings, 30).uploads == 1


def test_an_upload_that_had_a_run_is_kept_while_a_journal_cannot_be_read(work: Workplace, settings: Settings) -> None:
    with_run, run_id = run_upload(settings)
    journal_path(settings, run_id).write_bytes(b"no journal")
    upload(settings)
    age(settings, 40)
    assert prune_runs(settings, 30).uploads == 1
    assert with_run.is_file()


def test_nothing_else_in_the_directory_of_the_page_is_deleted(work: Workplace, settings: Settings) -> None:
    other = Uploads.of(settings).imports / "notes"
    other.mkdir(parents=True)
    linked = Uploads.of(settings).imports / "a-link-to-another-directory"
    linked.symlink_to(work.folder, target_is_directory=True)
    age(settings, 40)
    assert prune_runs(settings, 0).uploads == 0
    assert other.is_dir()
    assert linked.is_dir()
