"""Undo after random histories: only what the run created is removed; without other changes all is as before."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.pool.engines import label, remove
from importer.sandbox.options import DEFAULT_TOKEN
from tests.support.histories import Account, History, account


@pytest.fixture(scope="module")
def hubspot_thread() -> Iterator[Account]:
    """A sandbox in another thread, which all histories share one after the other."""
    with account() as running:
        yield running


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read back once, because the sandbox does not lag."""
    monkeypatch.setattr(remove, "LAG_SECONDS", ())
    monkeypatch.setattr(label, "READ_BACK_WAITS", ())
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", DEFAULT_TOKEN)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))


def play(running: Account, folder: Path, seed: int, *, foreign: bool, commands: int) -> None:
    running.call(running.clear)
    History(running, folder, random.Random(seed), foreign).play(commands)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("foreign", [False, True], ids=["alone", "with others"])
def test_an_undo_restores_what_its_run_changed_and_nothing_else(
    hubspot_thread: Account, tmp_path: Path, seed: int, foreign: bool
) -> None:
    play(hubspot_thread, tmp_path, seed, foreign=foreign, commands=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
@pytest.mark.parametrize("foreign", [False, True], ids=["alone", "with others"])
def test_undos_after_many_histories_restore_what_their_runs_changed(
    hubspot_thread: Account, tmp_path: Path, seed: int, foreign: bool
) -> None:
    play(hubspot_thread, tmp_path, seed, foreign=foreign, commands=4)
