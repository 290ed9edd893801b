"""The source of a run, and how runs are named."""

import os
import re
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
