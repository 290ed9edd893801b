"""Fixtures for tests of the journal."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a journal to create."""
    return tmp_path / "runs" / "r.sqlite"
