"""Fixtures for tests of the runner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from importer import Settings, load_settings
from importer.pool.engines import label, remove
from importer.sandbox.options import DEFAULT_TOKEN
from tests.support.command_line import TOKEN, Workplace, hubspot, work
from tests.support.shared_account import Account, account

__all__ = ["hubspot", "work"]


@pytest.fixture
def settings(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings with which this process sends to the sandbox, at its own rate."""
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", work.environment["XDG_STATE_HOME"])
    rates = {"rate": "20000/1", "batch_rate": "20000/1"}
    return load_settings({"base_url": work.hubspot.url, "state_dir": work.folder / "state", **rates})


@pytest.fixture(scope="module")
def hubspot_thread() -> Iterator[Account]:
    """A sandbox in another thread, which the tests of a module share one after the other."""
    with account() as running:
        yield running


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read back once, because the sandbox does not lag."""
    monkeypatch.setattr(remove, "LAG_SECONDS", ())
    monkeypatch.setattr(label, "READ_BACK_WAITS", ())
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", DEFAULT_TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
