"""What a retry says about a file that no known run wrote."""

from pathlib import Path

import pytest

from importer.config import Reading, Settings, load_settings
from importer.errors import ColumnsError, SourceError
from importer.model import Status
from importer.reader import open_source
from importer.runner.retry import retry_run
from tests.support.errors import raises_code


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"sandbox": True, "state_dir": tmp_path / "state"})


def test_a_file_without_results_is_rejected_with_the_one_reason(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "deals.csv"
    path.write_text("Contact ID,Company ID\n1,2\n")
    with raises_code(SourceError, "NOT_A_RESULTS_FILE") as caught:
        retry_run(str(path), settings)
    with raises_code(SourceError, "NOT_A_RESULTS_FILE") as read:
        open_source(path, Reading(statuses=frozenset({Status.FAILED})))
    assert str(caught.value) == str(read.value)


def test_columns_that_are_not_recognized_in_results_of_an_unknown_run_are_explained(
    tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "deals.results.csv"
    path.write_text("from_object_id,to_object_id,import_status\n1,2,failed\n")
    with raises_code(ColumnsError, "NO_OBJECT_TYPE") as caught:
        retry_run(str(path), settings)
    assert "--from TYPE" in str(caught.value)
    assert str(path) in str(caught.value)
