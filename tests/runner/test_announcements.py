"""What `check --online` announces is what the run then does, for random label files over small random accounts."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.pool.engines import label
from importer.sandbox.options import DEFAULT_TOKEN
from tests.support.announcements import Announcement, add_labels
from tests.support.shared_account import Account, account

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hubspot_thread() -> Iterator[Account]:
    """A sandbox in another thread, which all files share one after the other."""
    with account() as running:
        add_labels(running)
        yield running


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read back once, because the sandbox does not lag."""
    monkeypatch.setattr(label, "READ_BACK_WAITS", ())
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", DEFAULT_TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("seed", range(40))
def test_a_check_announces_what_the_run_does(hubspot_thread: Account, tmp_path: Path, seed: int) -> None:
    hubspot_thread.call(hubspot_thread.clear)
    Announcement(hubspot_thread, tmp_path, random.Random(seed)).play()
