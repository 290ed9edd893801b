"""Temporary directories: private, removed at the end or after a crash, without touching anything else."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from importer.config import Settings
from importer.runner.source_file import source_file
from importer.temporary_directories import remove_abandoned, temporary_directory
from tests.support.command_line import ROOT

pytestmark = pytest.mark.slow

HOLD = """
import sys, time
from pathlib import Path
from importer.temporary_directories import temporary_directory
with temporary_directory(Path(sys.argv[1])) as directory:
    (directory / "rows.csv").write_text("rows")
    print(directory, flush=True)
    time.sleep(60)
"""


@contextmanager
def other_process(parent: Path) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
    """Start another process that uses a temporary directory in `parent`; yield the directory and the process."""
    command = [sys.executable, "-c", HOLD, str(parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        try:
            yield Path(process.stdout.readline().strip()), process
        finally:
            process.kill()


def abandoned(parent: Path) -> Path:
    """Return a directory that a killed process left in `parent`."""
    with other_process(parent) as (directory, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (directory / "rows.csv").exists()
    return directory


def test_a_temporary_directory_is_private_and_removed_at_the_end(tmp_path: Path) -> None:
    with temporary_directory(tmp_path / "new" / "state") as directory:
        (directory / "below").mkdir()
        (directory / "below" / "rows").touch()
        remove_abandoned(directory.parent)
        assert (directory / "below" / "rows").exists()
        assert directory.stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "new" / "state").iterdir()) == []


def test_the_directory_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    left = abandoned(tmp_path)
    remove_abandoned(tmp_path)
    assert not left.exists()


@pytest.mark.parametrize("names", [(), ("made-by-importer",), ("in-use.lock",)], ids=["empty", "marker", "lock"])
def test_the_directory_of_a_process_that_was_killed_before_marking_it_is_removed(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    directory = tmp_path / ".importer-tmp-0a1b2c3d"
    directory.mkdir()
    for name in names:
        (directory / name).touch()
    remove_abandoned(tmp_path)
    assert not directory.exists()


def test_another_directory_is_created_if_one_is_removed_before_it_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def make(**arguments: Any) -> str:
        made.append(Path(tempfile.mkdtemp(**arguments)))
        if len(made) == 1:
            remove_abandoned(tmp_path)
        return str(made[-1])

    monkeypatch.setattr("importer.temporary_directories.mkdtemp", make)
    with temporary_directory(tmp_path) as directory:
        assert made == [made[0], directory]
        (directory / "rows").touch()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_created_while_others_are_cleaned_up_is_kept(tmp_path: Path) -> None:
    def lost(_: int) -> int:
        count = 0
        for _ in range(200):
            remove_abandoned(tmp_path)
            with temporary_directory(tmp_path) as directory:
                remove_abandoned(tmp_path)
                count += not directory.exists()
        return count

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(lost, range(6))) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_directory_of_a_running_process_is_kept_however_old_it_is(tmp_path: Path) -> None:
    with other_process(tmp_path) as (directory, _):
        for path in (*directory.iterdir(), directory):
            os.utime(path, (0, 0))
        remove_abandoned(tmp_path)
        assert (directory / "rows.csv").read_text() == "rows"


def test_a_copy_under_another_name_and_a_symlink_to_a_marked_directory_are_kept(tmp_path: Path) -> None:
    left = abandoned(tmp_path / "elsewhere")
    state = tmp_path / "state"
    shutil.copytree(left, state / ".importer-tmp-copy")
    (state / left.name).symlink_to(left)
    remove_abandoned(state)
    assert (state / ".importer-tmp-copy" / "rows.csv").exists()
    assert (left / "rows.csv").exists()


def test_a_symlink_inside_an_abandoned_directory_is_removed_and_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "work.txt").touch()
    left = abandoned(tmp_path)
    (left / "link").symlink_to(mine)
    remove_abandoned(tmp_path)
    assert not left.exists()
    assert (mine / "work.txt").exists()


@pytest.mark.parametrize("through_a_link", [False, True])
def test_the_users_own_files_in_a_state_directory_are_kept_whatever_their_names_and_age(
    tmp_path: Path, through_a_link: bool
) -> None:
    own = tmp_path / "own"
    names = [
        *("scratch-notes/a.txt", "stdin-1.csv", ".importer-tmp-mine/made-by-importer", ".importer-tmp-2/in-use.lock"),
        *("runs/old.reading", "runs/.importer-tmp-x/y", "scratch-2", ".importer-tmp-file", "outputs/mine.json"),
    ]
    for name in names:
        path = own / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    for path in (*own.rglob("*"), own):
        os.utime(path, (time.time() - 1e8, time.time() - 1e8))
    state = own
    if through_a_link:
        state = tmp_path / "link"
        state.symlink_to(own)
    (tmp_path / "a.csv").write_text("a")
    with source_file(tmp_path / "a.csv", Settings(state_dir=state)):
        assert sorted(path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file()) == sorted(names)
