"""If a source changes while it is being read, nothing is sent: its rows would be half old and half new."""

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas
import pytest

from importer import Settings, SourceError, run_import
from importer.config import Reading
from importer.reader import Source, SourceInfo
from importer.runner import check, new_run, source_file
from importer.runner.check import check_file
from importer.runner.events import Event
from importer.runner.verify import verify_file
from tests.support.errors import raises, raises_code

Change = Callable[[Path], None]
OLD, NEW = "from_object_id,to_object_id\n1,2\n", "from_object_id,to_object_id\n1,3\n"
READING = Reading("contacts", "companies")


def written_over(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def written_over_in_the_same_instant_and_size(path: Path) -> None:
    times = path.stat()
    path.write_bytes(path.read_bytes()[:-2] + b"9\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def rewritten_with_the_same_content(path: Path) -> None:
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(1, 1))


def replaced_by_a_rename(path: Path) -> None:
    times = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def removed(path: Path) -> None:
    path.unlink()


CHANGES = (
    written_over,
    written_over_in_the_same_instant_and_size,
    rewritten_with_the_same_content,
    replaced_by_a_rename,
    truncated,
    emptied,
    removed,
)


def expected_code(change: Change) -> str:
    return "SOURCE_VANISHED" if change is removed else "SOURCE_CHANGED"


def write_csv(path: Path) -> None:
    path.write_text(OLD, encoding="utf-8")


def write_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(OLD.encode()))


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", OLD)


def write_workbook(path: Path) -> None:
    pandas.DataFrame({"from_object_id": ["1"], "to_object_id": ["2"]}).to_excel(path, index=False)


FILES = [("a.csv", write_csv), ("a.csv.gz", write_gzip), ("a.zip", write_zip), ("a.xlsx", write_workbook)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(sandbox=True, state_dir=tmp_path / "state", from_object_type="contacts", to_object_type="companies")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("name", "write"), FILES)
def test_a_file_that_changes_after_it_was_opened_is_refused_at_the_end(
    tmp_path: Path, settings: Settings, name: str, write: Change, change: Change
) -> None:
    path = tmp_path / name
    write(path)
    with source_file.source_file(path, settings) as source, source_file.open_table(source, READING) as table:
        change(path)
        with raises_code(SourceError, expected_code(change)):
            list(source_file.read_blocks(source, table))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("name", "write"), FILES)
def test_a_file_that_changes_before_it_is_opened_is_refused_too(
    tmp_path: Path, settings: Settings, name: str, write: Change, change: Change
) -> None:
    path = tmp_path / name
    write(path)
    with source_file.source_file(path, settings) as source:
        change(path)
        with (
            raises_code(SourceError, expected_code(change)),
            source_file.open_table(source, READING) as table,
        ):
            list(source_file.read_blocks(source, table))


def test_a_file_whose_attributes_alone_change_is_read(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.csv"
    write_csv(path)
    with source_file.source_file(path, settings) as source, source_file.open_table(source, READING) as table:
        path.chmod(0o600)
        os.utime(path, ns=(1, path.stat().st_mtime_ns))
        assert [block.numbers for block in source_file.read_blocks(source, table)] == [[2]]


def test_a_run_over_a_changing_file_sends_nothing_and_leaves_no_journal(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.csv"
    write_csv(path)

    def rewrite(event: Event) -> None:
        if isinstance(event, SourceInfo):
            path.write_text(NEW, encoding="utf-8")

    with raises(SourceError, "SOURCE_CHANGED"):
        run_import(path, settings, on_event=rewrite)
    assert list(tmp_path.glob("state/runs/*")) == []
    assert not (tmp_path / "a.results.csv").exists()


@pytest.mark.parametrize("command", [check_file, verify_file])
def test_every_command_that_reads_a_file_detects_the_change(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, command: Callable[[Path, Settings], object]
) -> None:
    path = tmp_path / "a.csv"
    write_csv(path)
    open_table = source_file.open_table

    def open_and_rewrite(source: source_file.SourceFile, reading: Reading) -> Source:
        table = open_table(source, reading)
        path.write_text(NEW, encoding="utf-8")
        return table

    for module in (check, new_run):
        monkeypatch.setattr(module, "open_table", open_and_rewrite)
    with raises_code(SourceError, "SOURCE_CHANGED"):
        command(path, settings)
