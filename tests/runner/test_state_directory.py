"""The names of runs."""

import re
from pathlib import Path

import pytest

from importer.config import Settings
from importer.errors import JournalError
from importer.runner.state_directory import journal_path, new_run_id
from tests.support.errors import raises


def test_run_ids_sort_by_time_and_are_valid_file_names() -> None:
    ids = [new_run_id() for _ in range(100)]
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{5}", run_id) for run_id in ids)
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("run_id", ["20200101-000000-00000", "../x"])
def test_an_unknown_run_is_refused(tmp_path: Path, run_id: str) -> None:
    with raises(JournalError, "RUN_NOT_FOUND"):
        journal_path(Settings(state_dir=tmp_path), run_id)
