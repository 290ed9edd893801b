"""Deletes finished runs and uploaded files that nobody needs any more, so that nightly runs do not fill the disk."""

import errno
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from importer.config import Settings
from importer.errors import BusyError, JournalError
from importer.journal import Journal, hold, list_journals, read_other_version, remove_journal
from importer.runner.context import RunContext
from importer.runner.state_directory import (
    commands_directory,
    files_of_run,
    records_directory,
    run_size,
    runs_directory,
)
from importer.runner.uploads import remove_old_uploads
from importer.timestamps import size_text
from importer.written_files import WrittenFiles

_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Pruned:
    """The runs that were deleted, oldest first, the number of uploaded files, and the bytes that this freed."""

    run_ids: tuple[str, ...]
    bytes: int
    uploads: int = 0

    def __str__(self) -> str:
        """Return a sentence for people."""
        count = len(self.run_ids)
        uploads = f" and {self.uploads:,} uploaded file{'s' * (self.uploads != 1)}" if self.uploads else ""
        return f"Deleted {count:,} finished run{'s' * (count != 1)}{uploads}; this freed {size_text(self.bytes)}."


def prune_runs(settings: Settings, older_than_days: float, *, unresumable: bool = False) -> Pruned:
    """Delete the finished and undone runs that were last written more than `older_than_days` ago, and return them.

    Unfinished and running runs, the runs that these retry or undo, and unreadable journals are kept. With
    `unresumable`, unfinished runs that another version of importer wrote are deleted too. Files uploaded to the local
    page are deleted with their last run or, if they have none, at that age. Raises OSError if the state directory
    cannot be used.
    """
    _require_writable(runs_directory(settings))
    before = time.time() - older_than_days * _SECONDS_PER_DAY
    runs = runs_directory(settings)
    old = [path for path in list_journals(runs) if _modified(path) < before]
    needed = _needed_by_unfinished(runs) if old else set()
    written = WrittenFiles(records_directory(settings))
    deleted: list[str] = []
    freed = 0
    for path in old:
        if path.stem not in needed and _is_finished(path, unresumable=unresumable):
            size = run_size(path)
            if _remove(path, written):
                deleted.append(path.stem)
                freed += size
    _remove_old_locks(commands_directory(settings), before)
    written.remove_useless_records(before)
    uploads, bytes_of_uploads = remove_old_uploads(settings, before)
    return Pruned(tuple(deleted), freed + bytes_of_uploads, uploads)


def prune_before_run(context: RunContext) -> None:
    """Delete what `keep_runs_days` allows, and report it. A failure is reported but does not stop the run."""
    settings = context.settings
    if not settings.keep_runs_days:
        return
    try:
        pruned = prune_runs(settings, settings.keep_runs_days)
    except OSError as error:
        context.warn(f"Old runs cannot be deleted: {error.strerror or error}.")
        return
    if pruned.run_ids or pruned.uploads:
        context.notify(f"{pruned} They were last used more than {settings.keep_runs_days} days ago (keep_runs_days).")


def _require_writable(directory: Path) -> None:
    """Raise OSError if a directory exists but nothing can be deleted from it."""
    if directory.is_dir() and not os.access(directory, os.W_OK | os.X_OK):
        is_read_only = os.statvfs(directory).f_flag & os.ST_RDONLY
        number = errno.EROFS if is_read_only else errno.EACCES
        raise OSError(number, os.strerror(number), str(directory))


def _modified(path: Path) -> float:
    """Return the POSIX time of the last change of a file; 0 if it does not exist."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _needed_by_unfinished(runs: Path) -> set[str]:
    """Return the ids of the runs that unfinished runs retry or undo."""
    needed = set()
    for path in list_journals(runs):
        with suppress(JournalError), Journal(path) as journal:
            if journal.info.parent is not None and not journal.is_finished:
                needed.add(journal.info.parent)
    return needed


def _is_finished(path: Path, *, unresumable: bool) -> bool:
    """Return whether a run is finished or undone or, with `unresumable`, cannot be resumed by this version."""
    try:
        with Journal(path) as journal:
            return not journal.is_resumable and journal.info.run_id == path.stem
    except JournalError:
        other = read_other_version(path)
        return other is not None and (other.is_finished or unresumable)


def _remove(path: Path, written: WrittenFiles) -> bool:
    """Delete a run unless a process works on it; return whether it was deleted. Edited results are kept."""
    try:
        with hold(path):
            for file in files_of_run(path):
                if file.suffix in {".csv", ".xlsx"} and written.is_unchanged(file):
                    file.unlink()
            remove_journal(path)
            return True
    except BusyError:
        return False


def _remove_old_locks(directory: Path, before: float) -> None:
    """Delete the locks of commands that have not been run since `before` and are not running."""
    for file in directory.glob("*.lock"):
        last_run = max(_modified(file), _modified(file.with_suffix(".run")))
        if last_run < before:
            with suppress(OSError, Timeout), FileLock(file, timeout=0, mode=0o600):
                file.with_suffix(".run").unlink(missing_ok=True)
                file.unlink(missing_ok=True)
