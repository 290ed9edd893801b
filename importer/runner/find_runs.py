"""Which run a command continues, and which run wrote a results file."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from importer.config import Reading, Settings
from importer.errors import JournalError
from importer.journal import Journal, RunInfo, is_held, list_journals
from importer.runner import store

logger = logging.getLogger(__name__)

IsOwn = Callable[[Journal], bool]
"""Whether a run belongs to the account that the command sends to."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run as `importer runs` lists it.

    `status` is that of its last process, `running` while there is one, or `unreadable`: then `rows` and `source` are
    not known, and `error` is the sentence that says why.
    """

    run_id: str
    status: str
    rows: int | None
    source: str | None
    error: str | None = None


def list_runs(settings: Settings) -> list[ListedRun]:
    """Return every run, the newest first, those too whose journals cannot be read."""
    return [_listed(path) for path in reversed(list_journals(store.runs_directory(settings)))]


def _listed(path: Path) -> ListedRun:
    try:
        with Journal(path) as journal:
            kept = journal.summary
            status = "running" if is_held(path) else kept["status"] if kept else "interrupted"
            return ListedRun(path.stem, status, journal.counts().rows, journal.info.source)
    except JournalError as error:
        return ListedRun(path.stem, "unreadable", None, None, str(error))


def journals(settings: Settings) -> Iterator[Journal]:
    """Yield every readable journal, the newest first, each open for as long as it is looked at."""
    for path in reversed(list_journals(store.runs_directory(settings))):
        try:
            journal = Journal(path)
        except JournalError as error:
            logger.warning("%s It is passed over.", error)
            continue
        with journal:
            yield journal


def unfinished_run(
    settings: Settings, source: store.SourceFile, reading: Reading, is_own: IsOwn = lambda journal: True
) -> Path | None:
    """Return the journal of the newest run over this source that did not finish, when the same command began it.

    Runs that are not of the command's own account are another command's. Raises JournalError when the source has
    changed since, because the run cannot continue with other rows, and when the journal is damaged.
    """
    for journal in journals(settings):
        info = journal.info
        if info.parent is None and _is_same_command(info, settings, source, reading) and is_own(journal):
            if _is_finished(journal):
                return None
            if info.source_sha256 != source.sha256:
                raise JournalError(_changed(info, source))
            journal.verify()
            return journal.path
    return None


def unfinished_retry(settings: Settings, parent: str) -> Path | None:
    """Return the journal of the newest retry of the run `parent`, when it did not finish.

    Raises JournalError when it is damaged.
    """
    for journal in journals(settings):
        if journal.info.parent == parent and journal.info.target == store.target(settings):
            if _is_finished(journal):
                return None
            journal.verify()
            return journal.path
    return None


def _is_same_command(info: RunInfo, settings: Settings, source: store.SourceFile, reading: Reading) -> bool:
    # What has no name of its own is the same source only when it has the same content.
    is_same_source = not source.is_nameless or info.source_sha256 == source.sha256
    return (
        info.source == source.path
        and is_same_source
        and info.reading == store.reading_values(reading)
        and info.target == store.target(settings)
        and info.api_version == settings.api_version
    )


def _is_finished(journal: Journal) -> bool:
    return journal.summary is not None and journal.summary["status"] == "finished"


def _changed(info: RunInfo, source: store.SourceFile) -> str:
    return (
        f"{source.path} has changed since run {info.run_id} began and did not finish: modified "
        f"{info.source_modified_at} (SHA-256 {info.source_sha256[:12]}…) then, {source.modified_at} "
        f"(SHA-256 {source.sha256[:12]}…) now. Finish that run with: importer resume {info.run_id}; "
        "or import the file as it is now with --fresh."
    )
