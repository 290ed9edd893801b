import errno
import os
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.atomic_file import AtomicFile, remove, unwritable
from importer.errors import OutputError
from importer.reporter import check_writable
from importer.written_files import WrittenFiles


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system refuses to write beyond `size` bytes of any file, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write(target: Path, content: bytes) -> None:
    with AtomicFile(target) as staged:
        staged.file.write(content)
        staged.finish()
        staged.publish()


def test_nothing_is_at_the_target_before_it_is_published(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with AtomicFile(target) as staged:
        staged.file.write(b"new")
        staged.finish()
        assert not target.exists()
        staged.publish()
        assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_only_the_owner_can_read_the_file_before_and_after(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    target.chmod(0o644)
    mask = os.umask(0)
    try:
        with AtomicFile(target) as staged:
            (part,) = set(tmp_path.iterdir()) - {target}
            assert stat.S_IMODE(part.stat().st_mode) == 0o600
            staged.finish()
            staged.publish()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_what_is_not_published_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")

    def fail_midway() -> None:
        with AtomicFile(target) as staged:
            staged.file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_midway()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    place, link = tmp_path / "kept" / "deals.csv", tmp_path / "latest.csv"
    place.parent.mkdir()
    link.symlink_to(place)
    write(link, b"new")
    assert link.is_symlink()
    assert place.read_bytes() == b"new"


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"out\.csv cannot be written: there is no directory .*missing\. Make it"):
        AtomicFile(tmp_path / "missing" / "out.csv")


def test_a_directory_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"it is a directory\. Name a file"):
        AtomicFile(tmp_path)


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(OutputError, match="it is not an ordinary file"):
        AtomicFile(Path(os.devnull))
    assert not Path(os.devnull).is_file()


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    target.chmod(0o400)
    with pytest.raises(OutputError, match=r"it is read-only\. Make it writable, or choose another place with --out"):
        AtomicFile(target)
    assert target.read_text() == "old"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a directory in which nobody may make files")
def test_a_directory_in_which_no_file_can_be_made_is_refused() -> None:
    with pytest.raises(OutputError, match=r"^/proc/out\.csv cannot be written: "):
        check_writable(Path("/proc/out.csv"))


def test_a_file_that_another_program_holds_is_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file")  # as Windows does

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match="open in another program, or this user may not write there"):
        write(tmp_path / "out.csv", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_in_one_sentence_and_no_trace(tmp_path: Path) -> None:
    with files_of_at_most(10_000), pytest.raises(OutputError, match="cannot be written: File too large"):
        write(tmp_path / "out.csv", b"x" * 20_000)
    assert list(tmp_path.iterdir()) == []


def test_the_sentence_for_a_full_disk_says_what_to_do() -> None:
    error = unwritable(Path("out.csv"), OSError(errno.ENOSPC, "No space left on device"))
    assert str(error) == (
        "out.csv cannot be written: the disk is full. Free some space, or choose another place with --out."
    )


def test_checking_leaves_everything_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    check_writable(target)
    assert list(tmp_path.iterdir()) == []
    target.write_text("old")
    check_writable(target)
    assert target.read_text() == "old"


def test_removing_what_is_not_there_is_no_error_and_what_cannot_be_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = WrittenFiles(tmp_path / "outputs", "nightly")
    remove(tmp_path / "none.csv", written)
    target = tmp_path / "out.csv"
    with AtomicFile(target) as staged:
        staged.finish()
        staged.publish(written)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file")  # as Windows does

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputError, match=r"The old .* cannot be removed: "):
        remove(target, written)
