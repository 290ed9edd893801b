"""The file of a journal: other programs' files, permissions, full disks."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from importer.errors import JournalError
from importer.journal import (
    Journal,
    list_journals,
    open_for_run,
    write_journal,
)
from importer.model import (
    SourceRow,
    Status,
)
from tests.support.blocks import blocks_of
from tests.support.errors import raises, raises_code
from tests.support.journals import (
    INFO,
    LINKED,
    NOT_SENT,
    claim,
    count_pending,
    many_blocks,
    outcomes,
    pair,
    row,
    run_python,
    written,
)


def read(path: Path) -> None:
    with Journal(path) as journal:
        list(journal.rows(NOT_SENT))


def test_a_missing_journal_is_refused_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    with raises(JournalError, "JOURNAL_MISSING"):
        read(path)
    assert not path.exists()


def test_a_journal_of_another_version_is_refused_with_both_versions(path: Path) -> None:
    with closing(sqlite3.connect(written(path, row(2, pair(1))))) as db:
        db.execute("PRAGMA user_version = 3")
    with raises(JournalError, "JOURNAL_VERSION"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"", b"Contact ID,Company ID\n1,2\n", b"SQLite format 3\0" + bytes(84), os.urandom(9000)]
)
def test_a_file_that_is_not_a_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.sqlite"
    path.write_bytes(content)
    with raises_code(JournalError, "NOT_A_JOURNAL"):
        read(path)


def test_the_database_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE run (a, b); PRAGMA user_version = 1;")
    before = path.read_bytes()
    with raises(JournalError, "NOT_A_JOURNAL"):
        read(path)
    assert path.read_bytes() == before


def test_a_journal_damaged_in_the_middle_is_refused(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 3000)))
    size = path.stat().st_size
    with path.open("r+b") as file:
        for place in range(4096, size, 4096):
            file.seek(place)
            file.write(bytes(100))
    with raises(JournalError, "JOURNAL_DAMAGED"):
        read(path)


def test_a_truncated_journal_is_refused(path: Path) -> None:
    written(path, *(row(n, pair(n)) for n in range(2, 3000)))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with raises(JournalError, "JOURNAL_DAMAGED"):
        read(path)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")
def test_only_the_owner_can_access_journals(path: Path) -> None:
    old = os.umask(0)
    try:
        written(path, row(2, pair(1)))
        with open_for_run(path) as journal:
            journal.record([(number, LINKED) for number in claim(journal).values()])
            files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(files) == {"r.sqlite", "r.sqlite-wal", "r.sqlite-shm", "r.lock"}
    assert set(files.values()) == {0o600}


class ReadingError(Exception):
    """An error that a source raises while it is read."""


def test_a_journal_is_created_atomically(path: Path) -> None:
    seen: list[list[Path]] = []

    def rows() -> Iterator[SourceRow]:
        for n in range(2, 2000):
            yield row(n, pair(n))
        seen.append(list_journals(path.parent))
        raise ReadingError

    with pytest.raises(ReadingError):
        write_journal(path, INFO, blocks_of(rows()))
    assert seen == [[]]
    assert list(path.parent.iterdir()) == []


def test_a_draft_left_by_a_crash_is_overwritten(path: Path) -> None:
    path.parent.mkdir()
    path.with_suffix(".reading").write_bytes(b"half a journal")
    assert outcomes(written(path, row(2, pair(1)))) == {2: [Status.NOT_SENT]}
    assert list_journals(path.parent) == [path]


def test_a_directory_that_cannot_hold_a_journal_is_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with raises(JournalError, "JOURNAL_NOT_WRITABLE"):
        written(blocked / "r.sqlite", row(2, pair(1)))


WRITE = """
try:
    write_journal(path, INFO, many_blocks(5000))
except JournalError as error:
    print(error.code)
"""

LIMITED = "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"


@pytest.mark.slow
def test_a_file_size_limit_while_reading_leaves_nothing_behind(path: Path) -> None:
    done = run_python(LIMITED + WRITE, path)
    assert done.stdout == "DISK_ERROR\n", done.stderr
    assert list(path.parent.iterdir()) == []


FILL = """
written_until = 0
with open_for_run(path) as journal:
    journal.begin()
    numbers = list(claim(journal, 500).values())
    try:
        for written_until, number in enumerate(numbers):
            journal.record([(number, Outcome(Status.FAILED, error_message='y' * 3000))])
    except JournalError as error:
        print(error.code)
print(written_until)
"""


@pytest.mark.slow
def test_a_file_size_limit_during_a_run_keeps_all_recorded_outcomes(path: Path) -> None:
    write_journal(path, INFO, many_blocks(502))
    done = run_python(LIMITED.replace("200_000", "1_000_000") + FILL, path)
    code, recorded = done.stdout.splitlines()
    assert code == "DISK_ERROR"
    assert 0 < int(recorded) < 500
    with open_for_run(path) as journal:  # without the limit
        assert journal.outcome_counts() == {Status.FAILED: int(recorded)}
        assert count_pending(journal) == 500 - int(recorded)
        journal.record([(number, LINKED) for number in claim(journal).values()])
    assert sum(len(statuses) for statuses in outcomes(path).values()) == 500


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_while_reading_leaves_nothing_behind(small_disk: Path) -> None:
    with raises(JournalError, "DISK_FULL"):
        write_journal(small_disk / "r.sqlite", INFO, many_blocks(5000))
    assert list(small_disk.iterdir()) == []


@pytest.mark.slow
def test_a_full_disk_during_a_run_keeps_all_recorded_outcomes(small_disk: Path) -> None:
    path = small_disk / "r.sqlite"
    write_journal(path, INFO, many_blocks(502))
    done = run_python(FILL, path)
    code, recorded = done.stdout.splitlines()
    assert code == "DISK_FULL"
    assert 0 < int(recorded) < 500
    with Journal(path) as journal:
        assert journal.outcome_counts() == {Status.FAILED: int(recorded)}


def test_a_journal_that_the_system_cannot_open_is_refused(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "r.sqlite"
    path.touch()
    lowest_free = os.dup(0)
    os.close(lowest_free)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    try:
        with raises(JournalError, "JOURNAL_CANNOT_BE_OPENED"):
            Journal(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX does closing a file drop the locks of its process")
def test_opening_a_journal_keeps_the_lock_that_protects_the_index_of_its_log(path: Path) -> None:
    # Without it, the next process to open the journal truncates the index, and this process dies by SIGBUS.
    code = """
import fcntl
with open(str(path) + "-shm", "r+b") as index:
    try:
        fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)  # the "dead man switch" of SQLite's os_unix.c
    except OSError:
        print("locked")
"""
    with open_for_run(written(path, row(2, pair(1)))) as journal:
        journal.begin()
        assert run_python(code, path).stdout == "locked\n"
        with Journal(path) as other:  # a second connection of the same process
            assert other.outcome_counts() == {}
        assert run_python(code, path).stdout == "locked\n"
