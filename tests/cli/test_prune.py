"""Pruning from the command line, in directories that cannot be used."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.command_line import Workplace


@pytest.fixture
def read_only(work: Workplace) -> Iterator[str]:
    """Make the state directory, with one run in it, read-only; return the code of the error that this causes."""
    work.here("run", work.write("a.csv", work.pairs(1)))
    state = work.folder / "state"
    if os.geteuid() != 0:
        (state / "runs").chmod(0o500)
        yield "PERMISSION_DENIED"
        (state / "runs").chmod(0o700)
        return
    if subprocess.run(["mount", "--bind", str(state), str(state)], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(state)], check=True)
        yield "READ_ONLY_FILE_SYSTEM"
    finally:
        subprocess.run(["umount", str(state)], check=True)


def test_a_state_directory_that_cannot_be_written_is_an_error(work: Workplace, read_only: str) -> None:
    done = work.here("runs", "prune", "--older-than", "0")
    assert (done.code, done.error_code) == (2, read_only)


def test_a_state_directory_that_does_not_exist_is_named(work: Workplace) -> None:
    done = work.here("runs", "prune", "--older-than", "0", "--state-dir", "missing")
    assert (done.code, done.out.split()[-1]) == (0, "missing/runs.")
