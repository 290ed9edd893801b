"""Only a file that the same command wrote and nobody has changed since is replaced."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from importer.atomic_file import AtomicFile
from importer.reporter import WrittenFiles


class Folder:
    """A folder of results with its record; `kept` has the old and new names of files that were kept."""

    def __init__(self, root: Path) -> None:
        self.record = root / "state" / "outputs"
        self.place = root / "place"
        self.place.mkdir()
        self.kept: list[tuple[str, str]] = []

    def write(
        self, content: str, owner: str = "nightly", name: str = "a.results.csv", account: int | None = None
    ) -> None:
        with AtomicFile(self.place / name) as draft:
            draft.file.write(content.encode())
            draft.finish()
            draft.commit(self.written(owner, account).move)

    def written(self, owner: str = "nightly", account: int | None = None) -> WrittenFiles:
        return WrittenFiles(self.record, owner, account, lambda path, kept: self.kept.append((path.name, kept.name)))

    @property
    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.place.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_command_replaces_its_own_unchanged_results_every_night(folder: Folder) -> None:
    for night in range(5):
        folder.write(f"night {night}")
    assert folder.files == {"a.results.csv": "night 4"}
    assert folder.kept == []
    assert len(list(folder.record.iterdir())) == 1


def test_an_edited_file_is_kept_under_the_next_free_number(folder: Folder) -> None:
    (folder.place / "a.results.1.csv").write_text("mine")
    for night in range(3):
        folder.write(f"night {night}")
        (folder.place / "a.results.csv").write_text(f"edit {night}")  # of the same length
    folder.write("last")
    assert folder.files == {
        "a.results.csv": "last",
        "a.results.1.csv": "mine",
        "a.results.2.csv": "edit 0",
        "a.results.3.csv": "edit 1",
        "a.results.4.csv": "edit 2",
    }
    assert folder.kept == [("a.results.csv", f"a.results.{number}.csv") for number in (2, 3, 4)]


def test_a_file_that_no_run_wrote_is_kept(folder: Folder) -> None:
    (folder.place / "a.results.csv").write_text("mine")
    folder.write("night")
    assert folder.files == {"a.results.csv": "night", "a.results.1.csv": "mine"}


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"path": 1}', "\xff", '{"path": "x", "owner": "nightly"}'])
def test_without_a_readable_record_the_file_is_kept(folder: Folder, record: str) -> None:
    folder.write("night 1")
    (entry,) = folder.record.iterdir()
    entry.write_text(record, encoding="latin-1")
    folder.write("night 2")
    assert folder.files == {"a.results.csv": "night 2", "a.results.1.csv": "night 1"}
    folder.write("night 3")
    assert folder.files == {"a.results.csv": "night 3", "a.results.1.csv": "night 1"}


def test_a_record_copied_to_another_files_name_proves_nothing(folder: Folder) -> None:
    folder.write("same")
    (entry,) = folder.record.iterdir()
    folder.write("same", name="b.csv")
    (other,) = set(folder.record.iterdir()) - {entry}
    other.write_text(entry.read_text())
    folder.write("new", name="b.csv")
    assert folder.files["b.1.csv"] == "same"


def test_another_commands_results_are_kept_and_taking_turns_leaves_one_kept_file_each(folder: Folder) -> None:
    for night in range(4):
        folder.write(f"{night} of one", "one")
        folder.write(f"{night} of two", "two")
        folder.write(f"{night} of three", "three")
    assert folder.files["a.results.csv"] == "3 of three"
    assert sorted(folder.files.values()) == ["2 of three", "3 of one", "3 of three", "3 of two"]


def test_a_kept_file_that_was_edited_is_never_replaced(folder: Folder) -> None:
    folder.write("1 of one", "one")
    folder.write("1 of two", "two")
    (folder.place / "a.results.1.csv").write_text("edited")
    folder.write("2 of one", "one")
    folder.write("2 of two", "two")
    assert "edited" in folder.files.values()
    assert folder.files["a.results.csv"] == "2 of two"


def test_a_link_is_followed_and_what_it_names_is_kept_beside_it(folder: Folder, tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_text("mine")
    (folder.place / "a.results.csv").symlink_to(real)
    folder.write("night")
    assert (folder.place / "a.results.csv").is_symlink()
    assert (real.read_text(), (tmp_path / "real.1.csv").read_text()) == ("night", "mine")


def test_only_an_unchanged_file_of_the_same_command_is_removed(folder: Folder) -> None:
    place = folder.place / "a.failures.csv"
    folder.write("rows", name=place.name)
    folder.written("other").remove(place)
    assert place.exists()
    folder.written().remove(place)
    assert not place.exists()
    folder.write("rows", name=place.name)
    place.write_text("fix!")
    folder.written().remove(place)
    assert place.read_text() == "fix!"
    assert folder.kept == [(place.name, place.name)] * 2


def test_a_record_that_cannot_be_written_costs_a_copy_and_not_the_results(folder: Folder) -> None:
    folder.record.parent.mkdir()
    folder.record.write_text("a file in its place")
    folder.write("night 1")
    folder.write("night 2")
    assert folder.files == {"a.results.csv": "night 2", "a.results.1.csv": "night 1"}


def test_the_record_holds_no_rows(folder: Folder) -> None:
    folder.write("secret rows")
    (entry,) = folder.record.iterdir()
    assert set(json.loads(entry.read_text())) == {"path", "owner", "size", "sha256", "account", "run_id"}


def test_the_same_command_for_another_account_keeps_the_results_of_the_first(folder: Folder) -> None:
    folder.write("first", account=111)
    folder.write("second", account=222)
    assert folder.files == {"a.results.csv": "second", "a.results.1.csv": "first"}
    folder.written(account=111).remove(folder.place / "a.results.csv")
    assert folder.files["a.results.csv"] == "second"


def test_an_account_that_is_not_known_counts_as_the_same_one(folder: Folder) -> None:
    for account in (111, None, 222):
        folder.write(str(account), account=account)
    assert folder.files == {"a.results.csv": "222"}


def commit_together(folder: Folder, owner: str, start: threading.Barrier) -> None:
    with AtomicFile(folder.place / "a.failures.csv") as draft:
        draft.file.write(owner.encode())
        draft.finish()
        start.wait()
        draft.commit(folder.written(owner).move)


@pytest.mark.slow
def test_commands_that_write_to_one_name_at_once_lose_nothing(folder: Folder) -> None:
    for trial in range(10):
        start = threading.Barrier(4)
        owners = [f"{trial} {number}" for number in range(4)]
        with ThreadPoolExecutor(4) as threads:
            for done in [threads.submit(commit_together, folder, owner, start) for owner in owners]:
                done.result()
    assert sorted(folder.files.values()) == sorted(f"{trial} {number}" for trial in range(10) for number in range(4))
    assert len(folder.kept) == 39


def test_a_lock_that_cannot_be_used_keeps_nothing_from_being_written(folder: Folder) -> None:
    folder.record.mkdir(parents=True)
    folder.record.with_suffix(".lock").mkdir()
    folder.write("one")
    folder.write("two")
    assert folder.files == {"a.results.csv": "two"}
