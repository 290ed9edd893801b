"""The source of a run: files, and things that are not files."""

import os
import sys
from pathlib import Path

import pytest

from importer.config import Settings
from importer.errors import SourceError
from importer.runner.source_file import source_file
from tests.support.errors import raises


def test_a_pipe_is_refused_with_the_way_to_read_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with raises(SourceError, "NOT_A_FILE"), source_file(pipe, Settings(state_dir=tmp_path)):
        pass


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with raises(SourceError, "NOT_A_FILE"), source_file(tmp_path, Settings(state_dir=tmp_path)):
        pass


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with raises(SourceError, "FILE_NOT_FOUND"), source_file(tmp_path / "a.csv", Settings(state_dir=tmp_path)):
        pass


def test_closed_standard_input_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with raises(SourceError, "STDIN_CLOSED"), source_file("-", Settings(state_dir=tmp_path)):
        pass
