import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.atomic_file import AtomicFile, check_writable, unwritable
from importer.errors import OutputError
from importer.written_files import WrittenFiles
from tests.support.errors import raises, raises_code


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Make the system refuse to write beyond `size` bytes of any file, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write(target: Path, content: bytes) -> None:
    with AtomicFile(target) as draft:
        draft.file.write(content)
        draft.finish()
        draft.commit()


def test_nothing_is_at_the_target_before_it_is_committed(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with AtomicFile(target) as draft:
        draft.file.write(b"new")
        draft.finish()
        assert not target.exists()
        draft.commit()
        assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_only_the_owner_can_read_the_file_before_and_after(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    target.chmod(0o644)
    mask = os.umask(0)
    try:
        with AtomicFile(target) as draft:
            assert stat.S_IMODE(draft.directory.stat().st_mode) == 0o700
            assert stat.S_IMODE(draft.path.stat().st_mode) == 0o600
            draft.finish()
            draft.commit()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_file_that_is_not_committed_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")

    def fail_midway() -> None:
        with AtomicFile(target) as draft:
            draft.file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_midway()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


KILLED = """
import os, signal, sys
from pathlib import Path
from importer.atomic_file import AtomicFile
from importer.reporter.xlsx_writer import XlsxWriter
file = AtomicFile(Path(sys.argv[1]))
file.file.write(b"personal data")
book = XlsxWriter(Path(sys.argv[1]).with_suffix(".xlsx"))
book.write(["a"])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_leftovers_of_a_killed_process_are_removed_by_the_next_and_the_users_files_are_kept(tmp_path: Path) -> None:
    own = [tmp_path / ".importer-notes.part", tmp_path / ".importer-tmp-mine" / "notes.txt"]
    for path in own:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    target = tmp_path / "out.csv"
    assert subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False).returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 4
    with AtomicFile(tmp_path / "other.csv") as running:
        write(target, b"new")
        assert running.path.exists()
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {target, *own}


def test_a_file_is_written_where_the_file_system_has_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    write(tmp_path / "out.csv", b"new")
    assert (tmp_path / "out.csv").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    place, link = tmp_path / "kept" / "deals.csv", tmp_path / "latest.csv"
    place.parent.mkdir()
    link.symlink_to(place)
    write(link, b"new")
    assert link.is_symlink()
    assert place.read_bytes() == b"new"


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with raises(OutputError, "NO_OUTPUT_DIRECTORY"):
        AtomicFile(tmp_path / "missing" / "out.csv")


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    with raises_code(OutputError, "OUTPUT_NOT_A_FILE"):
        AtomicFile(tmp_path)


def test_a_device_is_not_replaced() -> None:
    with raises(OutputError, "OUTPUT_NOT_A_FILE"):
        AtomicFile(Path(os.devnull))
    assert not Path(os.devnull).is_file()


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    target.chmod(0o400)
    with raises(OutputError, "OUTPUT_READ_ONLY"):
        AtomicFile(target)
    assert target.read_text() == "old"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a directory in which nobody may make files")
def test_a_directory_in_which_no_file_can_be_created_is_refused() -> None:
    with raises_code(OutputError, "OUTPUT_UNWRITABLE"):
        check_writable(Path("/proc/out.csv"))


def test_a_file_that_another_program_has_open_is_reported_as_such(tmp_path: Path) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file")  # as Windows does

    with raises(OutputError, "OUTPUT_NOT_PERMITTED"), AtomicFile(tmp_path / "out.csv") as draft:
        draft.finish()
        draft.commit(refuse)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_raises_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with files_of_at_most(10_000), raises(OutputError, "OUTPUT_UNWRITABLE"):
        write(tmp_path / "out.csv", b"x" * 20_000)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_has_its_own_code() -> None:
    error = unwritable(Path("out.csv"), OSError(errno.ENOSPC, "No space left on device"))
    assert error.code == "DISK_FULL"


def test_checking_leaves_everything_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    check_writable(target)
    assert list(tmp_path.iterdir()) == []
    target.write_text("old")
    check_writable(target)
    assert target.read_text() == "old"


def test_removing_a_missing_file_is_not_an_error_and_removing_a_locked_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = WrittenFiles(tmp_path / "outputs", "nightly")
    written.remove(tmp_path / "none.csv")
    target = tmp_path / "out.csv"
    with AtomicFile(target) as draft:
        draft.finish()
        draft.commit(written.move)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file")  # as Windows does

    monkeypatch.setattr(Path, "unlink", refuse)
    with raises(OutputError, "OUTPUT_NOT_PERMITTED"):
        written.remove(target)
