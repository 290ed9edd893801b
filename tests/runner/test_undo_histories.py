"""Undo after random histories: only what the run created is removed; without other changes all is as before."""

import random
from pathlib import Path

import pytest

from tests.support.histories import History
from tests.support.shared_account import Account

pytestmark = pytest.mark.usefixtures("no_waits")


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
