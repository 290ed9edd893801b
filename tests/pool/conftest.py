"""The journal of the runs in these tests."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a journal that a test may create."""
    return tmp_path / "r.sqlite"
