"""Lists of runs: always up to date, although a journal is opened again only when it has changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from importer import load_settings
from importer.journal import Journal, open_for_run, write_journal
from importer.model import Status
from importer.web import listed_runs
from importer.web.listed_runs import ListedRuns
from importer.web.store import ImportStore
from tests.support.blocks import blocks_of
from tests.support.journals import INFO, pair, row


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose journals were opened."""
    found: list[str] = []

    def opening(path: Path) -> Journal:
        found.append(path.stem)
        return Journal(path)

    monkeypatch.setattr(listed_runs, "Journal", opening)
    return found


def runs_in(folder: Path) -> ListedRuns:
    return ListedRuns(load_settings({"state_dir": folder, "sandbox": True}), ImportStore(folder / "web"))


def written(folder: Path, run_id: str, parent: str | None = None) -> Path:
    path = folder / "runs" / f"{run_id}.sqlite"
    write_journal(path, replace(INFO, run_id=run_id, parent=parent), blocks_of([row(2, pair(1))]))
    return path


def test_a_journal_is_opened_again_only_after_it_has_changed(tmp_path: Path, opened: list[str]) -> None:
    runs = runs_in(tmp_path)
    written(tmp_path, "a")
    path = written(tmp_path, "b", parent="a")
    assert [(run["run_id"], run["state"]) for run in runs.all()] == [("b", "unfinished"), ("a", "unfinished")]
    runs.all()  # a journal that is opened for the first time changes: it gets a log
    opened.clear()
    assert [run["parent"] for run in runs.all()] == ["a", None]
    assert opened == []
    with open_for_run(path) as journal:
        journal.begin()
        assert [run["state"] for run in runs.all()] == ["running", "unfinished"]
        opened.clear()
        assert runs.children("a") == [{"run_id": "b", "operation": "link", "state": "running"}]
        assert opened == []
        counts = {str(status): int(status is Status.LINKED) for status in Status}
        journal.end({"status": "finished", "stopped_by": None, "rows": 1, **counts})
    assert [(run["state"], run["counts"], run["bad"]) for run in runs.all()] == [
        ("finished", {"linked": 1}, 0),
        ("unfinished", None, None),
    ]
    assert set(opened) == {"b"}


def test_a_removed_run_is_not_listed_and_an_unreadable_one_is(tmp_path: Path, opened: list[str]) -> None:
    runs = runs_in(tmp_path)
    path = written(tmp_path, "a")
    other = written(tmp_path, "b")
    assert len(runs.all()) == 2
    path.unlink()
    other.write_bytes(b"no journal")
    (run,) = runs.all()
    assert (run["run_id"], run["state"], run["source_name"]) == ("b", "unreadable", None)
    assert "not a journal" in run["error"]
    assert opened[-1] == "b"
