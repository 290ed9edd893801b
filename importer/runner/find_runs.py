"""Lists runs, and finds the unfinished run that a command continues."""

import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from importer.config import Reading, Settings
from importer.errors import JournalError
from importer.journal import Journal, RunError, RunInfo, is_held, list_journals, read_other_version
from importer.model import Operation
from importer.runner.new_run import reading_values, target_name
from importer.runner.run_status import run_status
from importer.runner.source_file import FRAME, UNNAMED_SOURCES, SourceFile
from importer.runner.state_directory import run_size, runs_directory
from importer.runner.undone import Undone, undone
from importer.timestamps import utc_text

logger = logging.getLogger(__name__)

_DIGITS = re.compile(r"\d+")

Owns = Callable[[Journal], bool]
"""Returns True if a run belongs to the account that the command sends to."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run as `importer runs` lists it.

    `command` is what started it: run, retry, unlink or undo. `status` is a `RunStatus`, `copy` for a copied or renamed
    journal, or `unreadable`. For the last two `error` explains why; `rows` and `command` of an unreadable journal are
    not known, `source` only if another version of importer wrote it. `last_error` is the error that ended the last
    process.
    `bytes` is the size of its files, `modified_at` when the journal was last written (UTC), `undone_by` the newest
    undo of the run, `undone` how far that has got.
    """

    run_id: str
    status: str
    rows: int | None
    source: str | None
    bytes: int
    modified_at: str
    error: str | None = None
    command: str | None = None
    undone_by: str | None = None
    undone: Undone | None = None
    last_error: RunError | None = None


def list_runs(settings: Settings) -> list[ListedRun]:
    """Return every run, newest first, including those whose journals cannot be read."""
    found = map(_listed, reversed(list_journals(runs_directory(settings))))
    return [replace(run, undone=undone(settings, run.undone_by)) if run.undone_by else run for run in found]


def _listed(path: Path) -> ListedRun:
    listed = partial(ListedRun, path.stem, bytes=run_size(path), modified_at=utc_text(_modified(path)))
    try:
        with Journal(path) as journal:
            rows, source, command = journal.row_count, journal.info.source, _command(journal.info)
            if _is_copy(journal):
                error = f"a copy of the journal of run {journal.info.run_id}"
                return listed("copy", rows, source, error=error, command=command)
            status, undone_by, last_error = str(run_status(journal)), journal.undone_by, journal.last_error
            return listed(status, rows, source, command=command, undone_by=undone_by, last_error=last_error)
    except JournalError as error:
        other = read_other_version(path)
        if other is None:
            return listed("unreadable", None, None, error=str(error))
        end = "finished" if other.is_finished else "unfinished"
        return listed("unreadable", None, other.source, error=f"{other.source} ({end}, {other.reason})")


def _modified(path: Path) -> float:
    """Return the POSIX time of the last change of a file, or of a symbolic link if its target cannot be seen."""
    try:
        return path.stat().st_mtime
    except OSError:
        return path.lstat().st_mtime


def _command(info: RunInfo) -> str:
    """Return the command that started a run; a retry of a removal counts as a removal."""
    if info.operation is not Operation.LINK:
        return str(info.operation)
    return "retry" if info.parent is not None or info.reading.get("statuses") is not None else "run"


def _is_copy(journal: Journal) -> bool:
    return journal.path.stem != journal.info.run_id


def journals(settings: Settings, *, warn: bool = True) -> Iterator[Journal]:
    """Yield every readable journal, newest first, each open until the next is requested; copies are skipped.

    Unreadable ones are named in a warning, unless another version wrote them or `warn` is False.
    """
    for path in reversed(list_journals(runs_directory(settings))):
        try:
            journal = Journal(path)
        except JournalError as error:
            if warn and read_other_version(path) is None:
                logger.warning("%s Skipping it.", error)
            continue
        with journal:
            if not _is_copy(journal):
                yield journal


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """An unfinished run and its journal; `is_superseded` if there is a newer version of its source."""

    info: RunInfo
    path: Path
    is_superseded: bool = False


@dataclass(frozen=True, slots=True)
class RunKey:
    """What identifies the runs of a command: source, reading, target (in the settings), account and operation."""

    settings: Settings
    source: SourceFile
    reading: Reading
    owns: Owns = lambda journal: True
    operation: Operation = Operation.LINK


def unfinished_versions(key: RunKey) -> list[UnfinishedRun]:
    """Return the unfinished runs over versions of the source, oldest first; over the present one at most the last.

    Raises JournalError if the journal of the last is damaged.
    """
    found, has_run = [], False
    for journal, is_newest in _newest_of_each(key, partial(_is_over, key.source)):
        has_run = True
        if journal.is_resumable:
            is_present = is_newest and journal.info.source_sha256 == key.source.sha256
            if is_present:
                journal.verify()
            found.append(UnfinishedRun(journal.info, journal.path, is_superseded=not is_present))
    if not has_run:
        _warn_of_other_version(key)
    return found[::-1]


def _is_over(source: SourceFile, info: RunInfo) -> bool:
    """Return whether a run is over a source."""
    return _identity(info.source, info.source_sha256) == _identity(source.path, source.sha256)


def _identity(path: str, sha256: str) -> tuple[str, str]:
    """Return what identifies a source; an unnamed one is the same only if its content is the same."""
    return path, sha256 if path in UNNAMED_SOURCES else ""


def _newest_of_each(
    key: RunKey, is_wanted: Callable[[RunInfo], bool], *, warn: bool = True
) -> Iterator[tuple[Journal, bool]]:
    """Yield the journals of the newest run (with True) over each wanted source and of the runs that it follows.

    Newest first. Older runs have been replaced: they were finished, or a newer one was started with --fresh.
    """
    next_ids: dict[tuple[str, str], str | None] = {}
    for journal in journals(key.settings, warn=warn):
        source, run_id = _identity(journal.info.source, journal.info.source_sha256), journal.info.run_id
        if is_wanted(journal.info) and _is_by(key, journal) and next_ids.get(source, run_id) == run_id:
            yield journal, source not in next_ids
            next_ids[source] = journal.follows if journal.is_resumable else None


def _warn_of_other_version(key: RunKey) -> None:
    """Warn if the newest run over a source by another version of importer is unfinished.

    Once the source has a run of this version, its earlier runs need no warning.
    """
    for path in reversed(list_journals(runs_directory(key.settings))):
        found = read_other_version(path)
        if found is not None and found.source == key.source.path and found.parent is None:
            if not found.is_finished:
                logger.warning(
                    "Run %s over this file is unfinished, but %s, so it cannot be resumed: a new run starts. To delete "
                    "it: importer runs prune --older-than DAYS",
                    path.stem,
                    found.reason,
                )
            return


def unfinished_in_series(key: RunKey) -> list[UnfinishedRun]:
    """Return the unfinished runs over other files of the series that no process works on, oldest first.

    The paths of a series differ only in digits, such as a date in the name. All of standard input is one series.
    """
    found = [
        UnfinishedRun(journal.info, journal.path, is_superseded=not is_newest)
        for journal, is_newest in _newest_of_each(key, partial(_is_in_series, key.source), warn=False)
        if journal.is_resumable and not is_held(journal.path)
    ]
    return found[::-1]


def _is_in_series(source: SourceFile, info: RunInfo) -> bool:
    """Return whether a run is over another source of the series."""
    if source.path == FRAME or _is_over(source, info):
        return False
    return _DIGITS.sub("0", info.source) == _DIGITS.sub("0", source.path)


def _is_by(key: RunKey, journal: Journal) -> bool:
    """Return whether a run matches a key in everything but the source."""
    info = journal.info
    return (
        info.operation is key.operation
        and info.parent is None
        and info.reading == reading_values(key.reading)
        and info.target == target_name(key.settings)
        and info.api_version == key.settings.api_version
        and key.owns(journal)
    )


def unfinished_retry(settings: Settings, parent: str, operation: Operation) -> Path | None:
    """Return the journal of the newest retry, or undo, of the run `parent` if it is unfinished.

    Raises JournalError if it is damaged.
    """
    for journal in journals(settings):
        info = journal.info
        if info.parent == parent and info.operation is operation and info.target == target_name(settings):
            if not journal.is_resumable:
                return None
            journal.verify()
            return journal.path
    return None


def source_changed(info: RunInfo, source: SourceFile) -> JournalError:
    """Return the error for an unfinished run that cannot continue with the rows that its source has now."""
    return JournalError(
        "SOURCE_CHANGED_SINCE_RUN",
        f"{source.path} has changed since the unfinished run {info.run_id} started: modified "
        f"{info.source_modified_at} (SHA-256 {info.source_sha256[:12]}…) then, {source.modified_at} "
        f"(SHA-256 {source.sha256[:12]}…) now. Finish that run with: importer resume {info.run_id}; "
        'or import the file as it is now with --fresh. To do both: on_changed_source = "finish_then_new".',
    )
