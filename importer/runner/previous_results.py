"""A results file that comes back to be tried again: which run wrote it, and how its columns are to be read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from importer.config import Reading, Settings
from importer.errors import JournalError, SettingsError, SourceError
from importer.journal import Journal, RunInfo
from importer.model import Role, Status
from importer.reader import DELIMITERS, PreviousResults, read_previous_results
from importer.runner import find_runs, store

TO_RETRY = frozenset({Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT, Status.INVALID})
"""The rows of a results file that are tried again, besides those without a status, which no run has tried.

The invalid ones have been corrected, or are reported again.
"""

_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{5}")


@dataclass(frozen=True, slots=True)
class Origin:
    """The run that wrote a results file, how to read the file, and what the user should know about that ("": nothing).

    The journal is open.
    """

    journal: Journal
    reading: Reading
    note: str


def origin(source: store.SourceFile, file: Path, settings: Settings) -> Origin | None:
    """Return the run that wrote a results file; None when no run here did.

    Raises SourceError when its rows are of several runs that were not read in the same way.
    """
    for way in _ways_to_read(source, settings):
        try:
            old = read_previous_results(file, way)
        except (SourceError, SettingsError):  # reading the file to its end says what is wrong with it
            continue
        if old.run_ids:
            _require_one_way(old, file, settings)
            journal = next(filter(None, (_journal_of(run_id, settings) for run_id in sorted(old.run_ids))), None)
            return None if journal is None else _origin(journal, old, way, settings.reading)
    return None


def _require_one_way(old: PreviousResults, file: Path, settings: Settings) -> None:
    """Raise SourceError when runs that were read or sent in different ways wrote rows of a file."""
    ways: set[object] = set()
    for run_id in old.run_ids if len(old.run_ids) > 1 else ():
        journal = _journal_of(run_id, settings)
        if journal is None:
            ways.add(None)
            continue
        with journal:
            info, account = journal.info, journal.account
            columns = _columns(info, old)
            types = info.reading.get("from_object_type"), info.reading.get("to_object_type")
            place = info.target, account and account.portal_id
            ways.add((columns and frozenset(columns.items()), types, place, bool(info.reading.get("allow_blank"))))
    if len(ways) > 1:
        raise SourceError(
            f"{file} has rows of several runs ({', '.join(sorted(old.run_ids))}) whose columns, types or accounts are "
            "not the same. Retry the results of each run on their own."
        )


def _ways_to_read(source: store.SourceFile, settings: Settings) -> Iterator[Reading]:
    """As results are written; as the settings say; with a delimiter that is never guessed but wrote this file."""
    yield Reading()
    yield settings.reading
    for journal in find_runs.journals(settings):
        if journal.info.results == source.path and journal.info.delimiter not in DELIMITERS:
            yield Reading(delimiter=journal.info.delimiter)


def _origin(journal: Journal, old: PreviousResults, way: Reading, own: Reading) -> Origin:
    info = journal.info
    columns = _columns(info, old)
    if columns is None:
        note = (
            f"The columns of this file are no longer those that run {info.run_id} wrote: it is read by its own header."
        )
        return Origin(journal, replace(own, statuses=TO_RETRY), note)
    note = ""
    if own.columns or own.from_object_type or own.to_object_type:
        note = (
            f"The file is read by the columns and types of run {info.run_id}, which wrote it, whatever else is set. "
            "To read it otherwise use importer run."
        )
    reading = replace(
        way,
        from_object_type=info.reading.get("from_object_type"),
        to_object_type=info.reading.get("to_object_type"),
        columns=columns,
        header_row=old.header_row,
        no_header=False,
        allow_blank=bool(info.reading.get("allow_blank")),
        statuses=TO_RETRY,
    )
    return Origin(journal, reading, note)


def _journal_of(run_id: str, settings: Settings) -> Journal | None:
    if not _RUN_ID.fullmatch(run_id):
        return None
    try:
        return store.open_journal(settings, run_id)
    except JournalError as error:
        find_runs.logger.warning("%s", error)
        return None


def _columns(info: RunInfo, old: PreviousResults) -> dict[Role, str] | None:
    """Which columns of the file play the roles that they played in the run; None when they cannot be translate_errors.

    A column is known by its text, wherever it is by now, or by its place in a header that is still the same.
    """
    columns = {}
    for role, place in info.places.items():
        text = info.header[place - 1]
        if text.strip() and info.header.count(text) == old.header.count(text) == 1:
            columns[Role(role)] = text
        elif old.header == info.header:
            columns[Role(role)] = f"#{old.positions[place - 1]}"
        else:
            return None
    return columns
