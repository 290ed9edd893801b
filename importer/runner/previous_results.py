"""Retry of a results file: finds the run that wrote it, and how to read its columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from importer.config import Reading, Settings
from importer.errors import JournalError, SettingsError, SourceError
from importer.journal import Journal, RunInfo
from importer.model import Role, Status
from importer.reader import DELIMITERS, PreviousResults, read_previous_results
from importer.runner import find_runs
from importer.runner.source_file import SourceFile
from importer.runner.state_directory import open_journal

TO_RETRY = frozenset({Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT, Status.INVALID})
"""Statuses of the rows of a results file that are retried; rows without a status are imported too.

Invalid rows may have been corrected; if not, they are reported again.
"""

_RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{5}")


@dataclass(frozen=True, slots=True)
class Origin:
    """The run that wrote a results file (its open journal), how to read the file, and a note for the user, if any.

    `columns` are the run's columns: their indices in its header, and in the file; empty if they cannot be identified.
    """

    journal: Journal
    reading: Reading
    note: str
    columns: tuple[tuple[int, int], ...] = ()


def find_origin(source: SourceFile, file: Path, settings: Settings) -> Origin | None:
    """Return the run that wrote a results file, None if this state directory does not know it.

    Raises SourceError if several runs wrote its rows and they were not read in the same way.
    """
    for reading in _candidate_readings(source, settings):
        try:
            old = read_previous_results(file, reading)
        except (SourceError, SettingsError):  # reported when the whole file is read
            continue
        if old.run_ids:
            _require_same_reading(old, file, settings)
            journal = next(filter(None, (_journal_of(run_id, settings) for run_id in sorted(old.run_ids))), None)
            return None if journal is None else _origin(journal, old, reading, settings.reading)
    return None


def _require_same_reading(old: PreviousResults, file: Path, settings: Settings) -> None:
    """Raise SourceError if the runs that wrote rows of a file differ in columns, types, account or operation."""
    readings: set[object] = set()
    for run_id in old.run_ids if len(old.run_ids) > 1 else ():
        journal = _journal_of(run_id, settings)
        if journal is None:
            readings.add(None)
            continue
        with journal:
            info, account = journal.info, journal.account
            columns = _columns(info, old)
            types = tuple(map(info.reading.get, ("from_object_type", "to_object_type", "from_by", "to_by")))
            place = info.target, account and account.portal_id, info.operation
            readings.add((columns and frozenset(columns.items()), types, place, bool(info.reading.get("allow_blank"))))
    if len(readings) > 1:
        raise SourceError(
            "RESULTS_OF_SEVERAL_RUNS",
            f"{file} has rows of several runs ({', '.join(sorted(old.run_ids))}) whose columns, types, accounts "
            "or operations differ. Retry the results of each run separately.",
        )


def _candidate_readings(source: SourceFile, settings: Settings) -> Iterator[Reading]:
    """Yield the default reading, that of the settings, and one for each unusual delimiter of a run's results here."""
    yield Reading()
    yield settings.reading
    for journal in find_runs.journals(settings):
        if journal.info.results == source.path and journal.info.delimiter not in DELIMITERS:
            yield Reading(delimiter=journal.info.delimiter)


def _origin(journal: Journal, old: PreviousResults, found: Reading, own: Reading) -> Origin:
    info = journal.info
    columns = _columns(info, old)
    if columns is None:
        note = f"This file no longer has the columns that run {info.run_id} wrote, so it is read by its own header."
        return Origin(journal, replace(own, statuses=TO_RETRY), note)
    note = ""
    if own.columns or own.from_object_type or own.to_object_type or own.looks_up:
        note = (
            f"The file is read with the columns and types of run {info.run_id}, which wrote it; other settings are "
            "ignored. To read it differently, use importer run."
        )
    reading = replace(
        found,
        from_object_type=info.reading.get("from_object_type"),
        to_object_type=info.reading.get("to_object_type"),
        from_by=info.reading.get("from_by"),
        to_by=info.reading.get("to_by"),
        columns=columns,
        header_row=old.header_row,
        no_header=False,
        allow_blank=bool(info.reading.get("allow_blank")),
        labels=tuple(info.reading.get("labels", ())),
        statuses=TO_RETRY,
        portal_id=own.portal_id or info.reading.get("portal_id"),
    )
    return Origin(journal, reading, note, _indices(info, old))


def _journal_of(run_id: str, settings: Settings) -> Journal | None:
    if not _RUN_ID.fullmatch(run_id):
        return None
    try:
        return open_journal(settings, run_id)
    except JournalError as error:
        find_runs.logger.warning("%s", error)
        return None


def _indices(info: RunInfo, old: PreviousResults) -> tuple[tuple[int, int], ...]:
    """Return the index of each of the run's columns in its header and in the file; `_columns` identifies all."""
    found = []
    for place in sorted(set(info.places.values())):
        text = info.header[place - 1]
        is_named = text.strip() and info.header.count(text) == old.header.count(text) == 1
        own = old.header.index(text) if is_named else place - 1
        found.append((place - 1, old.positions[own] - 1))
    return tuple(found)


def _columns(info: RunInfo, old: PreviousResults) -> dict[Role, str] | None:
    """Return the column of the file for each role of the run, None if they cannot be identified.

    A column is identified by its name, wherever it is now, or by its position if the header is unchanged.
    """
    columns = info.unused_columns
    for role, place in info.places.items():
        text = info.header[place - 1]
        if text.strip() and info.header.count(text) == old.header.count(text) == 1:
            columns[Role(role)] = text
        elif old.header == info.header:
            columns[Role(role)] = f"#{old.positions[place - 1]}"
        else:
            return None
    return columns
