"""Lists runs, and finds the unfinished run that a command continues."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from importer.config import Reading, Settings
from importer.errors import JournalError
from importer.journal import Journal, RunInfo, is_held, list_journals
from importer.model import Operation
from importer.runner.new_run import reading_values, target_name
from importer.runner.source_file import SourceFile
from importer.runner.state_directory import runs_directory

logger = logging.getLogger(__name__)

Owns = Callable[[Journal], bool]
"""Returns True if a run belongs to the account that the command sends to."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run as `importer runs` lists it.

    `status` is that of its last process, `running` while there is one, `copy` for a copied or renamed journal, or
    `unreadable`. For the last two `error` explains why; `rows` and `source` of an unreadable journal are not known.
    """

    run_id: str
    status: str
    rows: int | None
    source: str | None
    error: str | None = None


def list_runs(settings: Settings) -> list[ListedRun]:
    """Return every run, newest first, including those whose journals cannot be read."""
    return [_listed(path) for path in reversed(list_journals(runs_directory(settings)))]


def _listed(path: Path) -> ListedRun:
    try:
        with Journal(path) as journal:
            rows, source = journal.counts().rows, journal.info.source
            if _is_copy(journal):
                return ListedRun(path.stem, "copy", rows, source, f"a copy of the journal of run {journal.info.run_id}")
            summary = journal.summary
            status = "running" if is_held(path) else summary["status"] if summary else "interrupted"
            return ListedRun(path.stem, status, rows, source)
    except JournalError as error:
        return ListedRun(path.stem, "unreadable", None, None, str(error))


def _is_copy(journal: Journal) -> bool:
    return journal.path.stem != journal.info.run_id


def journals(settings: Settings) -> Iterator[Journal]:
    """Yield every readable journal, newest first, each open until the next is requested; copies are skipped."""
    for path in reversed(list_journals(runs_directory(settings))):
        try:
            journal = Journal(path)
        except JournalError as error:
            logger.warning("%s Skipping it.", error)
            continue
        with journal:
            if not _is_copy(journal):
                yield journal


def unfinished_run(
    settings: Settings,
    source: SourceFile,
    reading: Reading,
    owns: Owns = lambda journal: True,
    operation: Operation = Operation.LINK,
) -> Path | None:
    """Return the journal of the newest run over this source if it is unfinished and the same command started it.

    Runs of other accounts belong to other commands. Raises JournalError if the source has changed since, because the
    run cannot continue with other rows, or if the journal is damaged.
    """
    for journal in journals(settings):
        info = journal.info
        if (
            info.operation is operation
            and info.parent is None
            and _is_same_command(info, settings, source, reading)
            and owns(journal)
        ):
            if _is_finished(journal):
                return None
            if info.source_sha256 != source.sha256:
                raise _source_changed(info, source)
            journal.verify()
            return journal.path
    return None


def unfinished_retry(settings: Settings, parent: str, operation: Operation) -> Path | None:
    """Return the journal of the newest retry, or undo, of the run `parent` if it is unfinished.

    Raises JournalError if it is damaged.
    """
    for journal in journals(settings):
        info = journal.info
        if info.parent == parent and info.operation is operation and info.target == target_name(settings):
            if _is_finished(journal):
                return None
            journal.verify()
            return journal.path
    return None


def _is_same_command(info: RunInfo, settings: Settings, source: SourceFile, reading: Reading) -> bool:
    # An unnamed source is the same one only if its content is the same.
    is_same_source = not source.is_unnamed or info.source_sha256 == source.sha256
    return (
        info.source == source.path
        and is_same_source
        and info.reading == reading_values(reading)
        and info.target == target_name(settings)
        and info.api_version == settings.api_version
    )


def _is_finished(journal: Journal) -> bool:
    return journal.summary is not None and journal.summary["status"] == "finished"


def _source_changed(info: RunInfo, source: SourceFile) -> JournalError:
    return JournalError(
        "SOURCE_CHANGED_SINCE_RUN",
        f"{source.path} has changed since the unfinished run {info.run_id} started: modified "
        f"{info.source_modified_at} (SHA-256 {info.source_sha256[:12]}…) then, {source.modified_at} "
        f"(SHA-256 {source.sha256[:12]}…) now. Finish that run with: importer resume {info.run_id}; "
        "or import the file as it is now with --fresh.",
    )
