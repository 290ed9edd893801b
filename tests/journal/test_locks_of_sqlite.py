"""SQLite's own locks on a journal: while one process uses it, another must not take itself for the only one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from importer.journal import Journal, open_for_run
from tests.support.journals import pair, row, written

TRY_TO_LOCK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    try:
        fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)
    except OSError:
        print("locked")
"""
"""Tries to take the lock by which SQLite decides whether a process is the only one. Source: SQLite, os_unix.c."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX locks")


def is_locked(path: Path) -> bool:
    index = path.with_name(f"{path.name}-shm")
    done = subprocess.run([sys.executable, "-c", TRY_TO_LOCK, index], capture_output=True, text=True, check=True)
    return done.stdout == "locked\n"


def test_opening_a_journal_keeps_the_lock_on_the_index_of_its_log(path: Path) -> None:
    with open_for_run(written(path, row(2, pair(1)))) as journal:
        journal.begin()
        assert is_locked(path)


def test_another_reader_in_the_same_process_keeps_the_lock(path: Path) -> None:
    written(path, row(2, pair(1)))
    with Journal(path) as kept:
        for _ in range(2):
            with Journal(path):
                assert is_locked(path)
            assert is_locked(path)
        assert kept.counts().rows == 1


def test_no_file_stays_open_when_journals_are_closed(path: Path) -> None:
    written(path, row(2, pair(1)))
    before = set(Path("/proc/self/fd").iterdir())
    with Journal(path), Journal(path):
        pass
    assert set(Path("/proc/self/fd").iterdir()) == before
