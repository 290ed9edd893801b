"""Fixtures for tests of the runner."""

import pytest

from importer import Settings, load_settings
from tests.support.command_line import TOKEN, Workplace, hubspot, work

__all__ = ["hubspot", "work"]


@pytest.fixture
def settings(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings with which this process sends to the sandbox, at its own rate."""
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", work.environment["XDG_STATE_HOME"])
    rates = {"rate": "20000/1", "batch_rate": "20000/1"}
    return load_settings({"base_url": work.hubspot.url, "state_dir": work.folder / "state", **rates})
