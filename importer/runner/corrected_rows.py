"""The corrected rows of a run for its retry: judged again, with their values looked up."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from importer.corrections import Correction
from importer.errors import SourceError
from importer.journal import CorrectedRow, Journal, MergedRecord
from importer.model import Labels, Outcome, Pair, Problem, Role, RowOutcome, SourceBlock, SourceRow, Status
from importer.runner.context import RunContext
from importer.runner.judge import JudgedRow, judge_row
from importer.runner.lookup import blocks_with_ids, sides_of_run

Corrections = Mapping[tuple[int, int], str]
"""The texts of corrected cells, by row number and by the index of the column from 0."""

_CORRECTABLE = frozenset({Status.FAILED, Status.INVALID})


@dataclass(slots=True)
class CorrectedRows:
    """The corrected rows of a run by their numbers, the account ids in their record URLs, and merged records."""

    rows: dict[int, CorrectedRow] = field(default_factory=dict)
    portals: set[str] = field(default_factory=set)
    merged: list[MergedRecord] = field(default_factory=list)


def is_correctable(journal: Journal) -> bool:
    """Return whether rows of a run can be corrected: not if their labels are the types that a removal recorded.

    Journals of earlier versions do not say so, but if no column has labels, they come from nowhere else.
    """
    info = journal.info
    if journal.removal is not None:
        return False
    has_own_labels = bool(info.reading.get("labels")) or Role.LABEL in info.places
    return has_own_labels or not journal.has_labels


def correctable_columns(journal: Journal, row: RowOutcome, status: Status) -> list[int]:
    """Return the indices of the columns in which a row of a finished run can be corrected.

    These are the columns with problems or, where HubSpot refused a pair, those that name the records.
    """
    info = journal.info
    if status not in _CORRECTABLE or not is_correctable(journal):
        return []
    if row.problems:
        columns = {problem.column for problem in row.problems}
        return sorted(info.header.index(name) for name in columns.intersection(info.header))
    return sorted(place - 1 for role, place in info.places.items() if role != Role.LABEL)


def judge_correction(journal: Journal, number: int, edits: Mapping[int, str]) -> JudgedRow | None:
    """Return a row of a run with further corrections of its cells, by column; None if there is no such row.

    Earlier corrections of the row remain unless `edits` replace them.
    """
    place = journal.place_of(number)
    if place is None:
        return None
    (row,) = journal.rows_at([place], Outcome(Status.NOT_SENT))
    earlier = {at: _text(row, at) for at in row.originals}
    changes = {at: text for at, text in {**earlier, **edits}.items() if text != _original(row, at)}
    return judge_row(journal, number, changes)


def corrected_rows(parent: Journal, corrections: Corrections, context: RunContext, directory: Path) -> CorrectedRows:
    """Return the corrected rows of `parent`, with record ids in place of values that are looked up.

    Results of lookups are kept in a temporary file in `directory`. Raises SourceError if there is no such row, and the
    errors of a lookup.
    """
    found = CorrectedRows()
    if not corrections:
        return found
    block = SourceBlock()
    for number, places in groupby(sorted(corrections), itemgetter(0)):
        judged = judge_correction(parent, number, {at: corrections[number, at] for _, at in places})
        if judged is None:
            message = f"Run {parent.info.run_id} has no row {number}, although a cell of that row was corrected."
            raise SourceError("CORRECTION_NOT_APPLIED", message)
        row = SourceRow(number, judged.cells, judged.pairs, judged.problems, judged.labels)
        found.rows[number] = CorrectedRow(row, _corrections(judged))
        found.portals |= judged.portals
        block.add(row)
    with blocks_with_ids([block], sides_of_run(parent.info), context, directory, parent.account) as (blocks, lookup):
        for resolved in blocks if lookup is not None else ():
            _replace_pairs(found.rows, resolved)
    found.merged = lookup.merged if lookup is not None else []
    return found


def _replace_pairs(rows: dict[int, CorrectedRow], block: SourceBlock) -> None:
    """Replace the pairs and the problems of the rows by those that the lookup has found."""
    problems, pairs = defaultdict[int, list[Problem]](list), defaultdict[int, list[tuple[Pair, Labels]]](list)
    for number, problem in block.problems:
        problems[number].append(problem)
    for number, pair, labels in block.pairs.each():
        pairs[number].append((pair, labels))
    for number, one in rows.items():
        found, labels_of_each = tuple(pair for pair, _ in pairs[number]), tuple(labels for _, labels in pairs[number])
        row = SourceRow(number, one.row.cells, found, tuple(problems[number]), labels_of_each)
        rows[number] = CorrectedRow(row, one.corrections)


def _corrections(judged: JudgedRow) -> tuple[Correction, ...]:
    changes = ((at, original, _text(judged, at)) for at, original in judged.originals.items())
    return tuple(Correction(judged.number, at, original, text) for at, original, text in changes)


def _original(row: RowOutcome, column: int) -> str:
    return row.originals.get(column, _text(row, column))


def _text(row: RowOutcome | JudgedRow, column: int) -> str:
    return row.cells[column] if column < len(row.cells) else ""
