"""Judges one row of a check again after some of its cells have been corrected."""

from collections.abc import Mapping
from dataclasses import dataclass

from importer.config import Reading
from importer.journal import Journal, RunInfo
from importer.model import Labels, Outcome, Pair, Problem, Role, RowOutcome, SourceRow, Status
from importer.reader import RowJudge, corrected_cells


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row with its corrections: its pairs, or the problems that it still has.

    `originals` has the original texts of the corrected cells by column, from 0. On a side whose records are looked up,
    `pairs` has values in place of ids. `labels` has the label texts of each pair; it is empty if no pair has any.
    `portals` are the account ids in the row's record URLs.
    """

    number: int
    cells: tuple[str, ...]
    originals: Mapping[int, str]
    pairs: tuple[Pair, ...]
    problems: tuple[Problem, ...]
    labels: tuple[Labels, ...] = ()
    portals: frozenset[str] = frozenset()


def judge_row(journal: Journal, number: int, corrections: Mapping[int, str]) -> JudgedRow | None:
    """Return a row of a check with `corrections`, all that it has, by column; None if there is no such row.

    This is quick, because only the journal of the check is read. What depends on other rows or on HubSpot stays as the
    check found it until the next check: whether a pair repeats that of another row, whether a line break has split the
    row (unless every cell that its pairs depend on is corrected), whether ids look rounded or lists truncated, whether
    a record with a value exists, and whether a label of that name exists.
    """
    place = journal.place_of(number)
    if place is None:
        return None
    (row,) = journal.rows_at([place], Outcome(Status.NOT_SENT))
    header = journal.info.header
    judge = RowJudge(header, _reading(journal.info))
    original = corrected_cells(row.cells, row.originals, len(header))
    others = _problems_of_context(row, judge)
    if others and judge.used_columns <= corrections.keys():
        original = _without_record_text(original, len(header))
        others = []
    judged = judge.judge(number, corrected_cells(original, corrections, len(header)))
    judged = _with_problems(judged, others, {header[at] for at in corrections if at < len(header)})
    texts = {at: original[at] if at < len(original) else "" for at in sorted(corrections)}
    return JudgedRow(number, judged.cells, texts, judged.pairs, judged.problems, judged.labels, judge.portals)


def _reading(info: RunInfo) -> Reading:
    """Return how the rows of a run are read, with its columns by their positions."""
    values = info.reading
    return Reading(
        from_object_type=values.get("from_object_type"),
        to_object_type=values.get("to_object_type"),
        columns={**info.unused_columns, **{Role(role): f"#{place}" for role, place in info.places.items()}},
        allow_blank=bool(values.get("allow_blank")),
        portal_id=values.get("portal_id"),
        from_by=values.get("from_by"),
        to_by=values.get("to_by"),
    )


def _problems_of_context(row: RowOutcome, judge: RowJudge) -> list[Problem]:
    """Return the problems of a row that do not follow from its cells alone."""
    own = judge.judge(row.number, row.cells).problems
    return [problem for problem in row.problems if problem not in own]


def _without_record_text(cells: list[str], width: int) -> list[str]:
    """Return the cells without the row's text in the file, which is added if cells may be in the wrong columns."""
    is_added = len(cells) == width + 1 and all(cell in cells[width] for cell in cells[:width])
    return cells[:width] if is_added else cells


def _with_problems(judged: SourceRow, others: list[Problem], corrected: set[str]) -> SourceRow:
    """Add the problems that the row still has because of other rows or of HubSpot."""
    if whole := tuple(problem for problem in others if not problem.column):
        return SourceRow(judged.number, judged.cells, (), whole)
    left = tuple(problem for problem in others if problem.column not in corrected)
    if not left:
        return judged
    return SourceRow(judged.number, judged.cells, (), (*judged.problems, *left))
