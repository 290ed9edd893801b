"""Fixtures for tests of the reporter."""

from pathlib import Path

import pytest

from importer.config import Reading
from tests.support.workbook_copies import Copying, formatted


@pytest.fixture
def copying(tmp_path: Path) -> Copying:
    """A formatted workbook whose header is in row 3."""
    made = Copying(tmp_path, Reading(header_row=3))
    formatted(made.source)
    return made
