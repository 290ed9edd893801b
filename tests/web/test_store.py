"""The store of uploaded files: names, edits, and what is remembered."""

from pathlib import Path

import pytest

from importer.web.edits import Edit, RunEdits
from importer.web.responses import RequestError
from importer.web.store import Import, ImportStore, safe_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("contacts.csv", "contacts.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\a b.xlsx", "a b.xlsx"),
        ("..", "upload"),
        ("", "upload"),
        ("nul.csv", "upload.csv"),
        ("a\x00b\n.csv", "a_b_.csv"),
        ("取引先.csv", "取引先.csv"),
        ("x.csv.gz", "x.csv.gz"),
        (".hidden", "hidden"),
    ],
)
def test_the_name_of_an_upload_is_a_file_name_without_directories(name: str, expected: str) -> None:
    assert safe_name(name) == expected


def test_a_long_name_keeps_its_extension() -> None:
    assert safe_name("漢" * 300 + ".xlsx").endswith("漢.xlsx")
    assert len(safe_name("漢" * 300 + ".xlsx").encode()) <= 120


def test_an_import_is_stored_and_found_by_its_source(tmp_path: Path) -> None:
    store = ImportStore(tmp_path)
    import_id = store.create()
    made = Import(import_id, "a.csv", 3, "2026-11-26T00:00:00Z", edits=((5, 0, "7"),))
    store.save(made)
    assert store.load(import_id) == made
    assert [one.id for one in store.all()] == [import_id]
    assert store.of_source(str(store.source(made).resolve())) == import_id
    assert store.of_source("/elsewhere/file/a.csv") is None
    assert store.directory(import_id).stat().st_mode & 0o777 == 0o700
    store.remove(import_id)
    with pytest.raises(RequestError, match="upload"):
        store.load(import_id)


@pytest.mark.parametrize("import_id", ["", "..", "../imports", "a/b", "x" * 100])
def test_an_id_that_the_store_did_not_create_is_unknown(tmp_path: Path, import_id: str) -> None:
    with pytest.raises(RequestError):
        ImportStore(tmp_path).directory(import_id)


def test_an_incomplete_upload_is_not_listed(tmp_path: Path) -> None:
    store = ImportStore(tmp_path)
    store.create()
    assert list(store.all()) == []


def test_edits_replace_each_other_and_can_be_reverted() -> None:
    made = Import("x", "a.csv", 3, "")
    for edit in (Edit(5, 1, "b"), Edit(4, 0, "a"), Edit(5, 1, "c")):
        made = made.with_edit(edit)
    assert made.edits == ((4, 0, "a"), (5, 1, "c"))
    assert made.with_edit(Edit(5, 1, None)).edits == ((4, 0, "a"),)


def test_corrections_of_a_run_are_kept_until_its_downloads_are_deleted(tmp_path: Path) -> None:
    store, edits = ImportStore(tmp_path / "web"), RunEdits({(5, 1): "b", (5, 0): "a", (6, 0): ""}, frozenset({5}))
    assert store.run_edits("r") == RunEdits()
    store.save_run_edits("r", edits)
    assert ImportStore(tmp_path / "web").run_edits("r") == edits
    assert edits.of_row(5) == {0: "a", 1: "b"}
    store.remove_downloads("r")
    assert store.run_edits("r") == RunEdits()


def test_settings_are_remembered_by_header(tmp_path: Path) -> None:
    store = ImportStore(tmp_path / "web")
    assert store.remembered("one") is None
    store.remember("one", {"from_object_type": "contacts"})
    store.remember("two", {})
    assert store.remembered("one") == {"from_object_type": "contacts"}
