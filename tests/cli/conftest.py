"""Fixtures for tests of the command line."""

import pytest

from importer.pool.engines import label, remove
from tests.support.command_line import hubspot, work

__all__ = ["hubspot", "work"]


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read back without waiting in commands that run in this process, because the sandbox does not lag."""
    monkeypatch.setattr(label, "READ_BACK_WAITS", ())
    monkeypatch.setattr(remove, "LAG_SECONDS", ())
