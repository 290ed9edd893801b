"""The source of a run, and how runs are named."""

import os
import re
import time
from pathlib import Path

import pytest

from importer.config import Settings
from importer.errors import SourceError
from importer.runner import store


def test_a_pipe_is_refused_with_the_way_to_read_one(tmp_path: Path) -> None:

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (
        pytest.raises(SourceError, match=r"is not an ordinary file\. To read a pipe give -"),
        store.source_file(pipe, Settings(state_dir=tmp_path)),
    ):
        pass


def test_run_ids_sort_by_time_and_are_names_of_files() -> None:
    ids = [store.new_run_id() for _ in range(100)]
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{5}", run_id) for run_id in ids)
    assert ids == sorted(set(ids))


def test_what_killed_processes_left_is_removed_after_a_day_when_a_source_is_read(tmp_path: Path) -> None:
    state, settings = tmp_path / "state", Settings(state_dir=tmp_path / "state")
    (state / "runs").mkdir(parents=True)
    for age, day in (("old", 2 * 24 * 3600), ("new", 60)):
        (state / f"scratch-{age}").mkdir()
        (state / f"scratch-{age}" / "check.sqlite").write_text("rows")
        (state / f"stdin-{age}.csv").write_text("rows")
        (state / "runs" / f"{age}.reading").write_text("rows")
        (state / "runs" / f"{age}.sqlite").write_text("a journal")
        for path in (state / f"scratch-{age}", state / f"stdin-{age}.csv", *(state / "runs").glob(f"{age}.*")):
            os.utime(path, (time.time() - day, time.time() - day))
    (tmp_path / "a.csv").write_text("a")
    with store.source_file(tmp_path / "a.csv", settings):
        left = sorted(path.relative_to(state).as_posix() for path in state.rglob("*") if path.is_file())
    assert left == [
        "runs/new.reading",
        "runs/new.sqlite",
        "runs/old.sqlite",
        "scratch-new/check.sqlite",
        "stdin-new.csv",
    ]
