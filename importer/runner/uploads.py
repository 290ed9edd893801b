"""The files of the local page in the state directory, and the removal of those that are no longer needed."""

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from importer.config import Settings
from importer.errors import JournalError
from importer.journal import SUFFIX, Journal, list_journals
from importer.runner.state_directory import runs_directory

DESCRIPTION = "import.json"
"""The file in the directory of an upload that describes it; written when the upload is complete."""

RUN_KEY = "run_id"
"""The key in it that names the latest run over the file; null before the first."""

UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")

_LOCK_SUFFIX = ".use"


@dataclass(frozen=True, slots=True)
class Uploads:
    """The directories of the page: one for each uploaded file, and one for the downloads of each run."""

    root: Path

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the directories in the state directory of `settings`."""
        return cls(settings.state_path / "web")

    @property
    def imports(self) -> Path:
        """The directory with one directory for each upload."""
        return self.root / "imports"

    @property
    def downloads(self) -> Path:
        """The directory with one directory of downloads for each run."""
        return self.root / "downloads"

    def directories(self) -> list[Path]:
        """Return the directories of all uploads, including incomplete ones."""
        found = self.imports.iterdir() if self.imports.is_dir() else ()
        return [path for path in found if UPLOAD_ID.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]

    def of_source(self, source: str) -> str | None:
        """Return the id of the upload whose file a run has read, None if it was not uploaded here."""
        path = Path(source)
        is_here = len(path.parents) > 2 and path.parents[2] == self.imports.resolve() and path.parent.name == "file"
        return path.parents[1].name if is_here and path.parents[1].is_dir() else None


@contextmanager
def use_upload(directory: Path) -> Iterator[None]:
    """Keep the upload in `directory`, if it exists, from being deleted as old; several can use it at a time."""
    if not directory.is_dir():
        yield
        return
    lock = FileLock(directory / f"{secrets.token_hex(8)}{_LOCK_SUFFIX}", mode=0o600)
    try:
        with lock:
            yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)


def remove_old_uploads(settings: Settings, before: float) -> tuple[int, int]:
    """Delete the uploads that no run needs, and the downloads of deleted runs; return the number of uploads and bytes.

    An upload is needed while any run over it exists, while a process uses it, and if anything in it has changed since
    `before`, a POSIX time. While the journal of some run cannot be read, every upload that had a run is kept.
    """
    uploads, runs = Uploads.of(settings), runs_directory(settings)
    number = freed = 0
    directories = uploads.directories()
    needed, is_sure = _needed(uploads, runs) if directories else (set(), True)
    for directory in directories:
        if directory.name in needed or not (is_sure or _has_no_run(directory)):
            continue
        if _last_change(directory) < before and not _is_in_use(directory):
            size = _remove(directory)
            number, freed = number + (size is not None), freed + (size or 0)
    for directory in uploads.downloads.iterdir() if uploads.downloads.is_dir() else ():
        if not (runs / f"{directory.name}{SUFFIX}").exists():
            freed += _remove(directory) or 0
    return number, freed


def _needed(uploads: Uploads, runs: Path) -> tuple[set[str], bool]:
    """Return the ids of the uploads that runs have read, and whether all journals could be read."""
    needed, is_sure = set(), True
    for path in list_journals(runs):
        try:
            with Journal(path) as journal:
                needed.add(uploads.of_source(journal.info.source))
        except JournalError:
            is_sure = False
    return {upload for upload in needed if upload is not None}, is_sure


def _has_no_run(directory: Path) -> bool:
    """Return whether an upload never had a run; False if that is not known."""
    try:
        return json.loads((directory / DESCRIPTION).read_text(encoding="utf-8"))[RUN_KEY] is None
    except FileNotFoundError:
        return True  # the upload was not completed
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()]


def _last_change(directory: Path) -> float:
    """Return the POSIX time of the last change of a directory and everything in it."""
    times = [directory.stat().st_mtime]
    for path in directory.rglob("*"):
        with suppress(FileNotFoundError):
            times.append(path.lstat().st_mtime)
    return max(times)


def _is_in_use(directory: Path) -> bool:
    for path in directory.glob(f"*{_LOCK_SUFFIX}"):
        try:
            FileLock(path, timeout=0, mode=0o600).acquire().lock.release()
        except Timeout:
            return True
    return False


def _remove(directory: Path) -> int | None:
    """Delete a directory and return its size in bytes, None if it could not be deleted."""
    size = sum(path.stat().st_size for path in _files(directory))
    with suppress(OSError):
        shutil.rmtree(directory)
    return None if directory.exists() else size
