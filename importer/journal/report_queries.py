"""Queries for reports: totals, problems, and every row with the outcomes of its pairs."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter

from importer.corrections import Correction
from importer.journal.integrity import Span, read_block
from importer.journal.journal_file import JournalFile
from importer.journal.records import CUT_OFF, CorrectedRow, ProblemGroup, SourceCounts
from importer.journal.schema import OUTCOME_COLUMNS, unpack
from importer.journal.serialization import UNKNOWN_PAIR, PairRecord, ProblemsByRow, current_outcome, labelled_records
from importer.journal.sqlite_errors import as_journal_error
from importer.model import (
    Labels,
    Outcome,
    Pair,
    PairOutcome,
    Problem,
    RowOutcome,
    SourceBlock,
    SourceRow,
    Status,
)

_BLOCKS = "SELECT first_pair, numbers, cells, pairs FROM blocks ORDER BY number"

_CORRECTIONS = "SELECT row, place, original, corrected FROM corrections ORDER BY rowid"

_PROBLEMS = "SELECT row, code, column, message, advice FROM problems"

_STATES_OF_PAIRS = f"""
SELECT outcomes.pair, NULL, in_flight.pair, {OUTCOME_COLUMNS}
FROM outcomes LEFT JOIN in_flight ON in_flight.pair = outcomes.pair
WHERE outcomes.pair BETWEEN :first AND :last
UNION ALL SELECT in_flight.pair, NULL, in_flight.pair, {OUTCOME_COLUMNS}
FROM in_flight LEFT JOIN outcomes ON outcomes.pair = in_flight.pair
WHERE in_flight.pair BETWEEN :first AND :last AND outcomes.pair IS NULL
UNION ALL SELECT duplicates.pair, first_row, in_flight.pair, {OUTCOME_COLUMNS}
FROM duplicates LEFT JOIN outcomes ON outcomes.pair = first LEFT JOIN in_flight ON in_flight.pair = first
WHERE duplicates.pair BETWEEN :first AND :last
"""

_TYPES_OF_PAIRS = """
SELECT pair, types FROM {table} WHERE pair BETWEEN :first AND :last
UNION ALL SELECT duplicates.pair, types FROM duplicates JOIN {table} ON {table}.pair = duplicates.first
WHERE duplicates.pair BETWEEN :first AND :last
"""
_TYPES = tuple(_TYPES_OF_PAIRS.format(table=table) for table in ("before", "after"))
_SENT = "SELECT pair, types FROM sent WHERE pair BETWEEN :first AND :last"

_GOALS = "SELECT pair, types FROM goals WHERE pair BETWEEN :first AND :last"
_PRIMARIES = "SELECT pair, other, types FROM primaries WHERE pair BETWEEN :first AND :last"

_COUNTS = """
SELECT
    (SELECT count(DISTINCT row) FROM problems), (SELECT count(DISTINCT row) FROM duplicates WHERE row <> first_row)
"""

_MAY_HAVE_CHANGED_IN_FLIGHT = f"""
SELECT count(*) FROM in_flight LEFT JOIN outcomes ON outcomes.pair = in_flight.pair
WHERE outcomes.status IS NULL
    OR outcomes.status IN ('{Status.NOT_SENT}', '{Status.UNCONFIRMED}', '{Status.LINKED}', '{Status.UNLINKED}')
"""

_PROBLEM_CODES = "SELECT code, count(DISTINCT row) AS rows FROM problems GROUP BY code ORDER BY rows DESC, code"

_NO_ORIGINALS: Mapping[int, str] = {}
_NOT_CORRECTED: Mapping[int, CorrectedRow] = {}

_RETRIED = frozenset({Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT})


class ReportQueries(JournalFile):
    """Everything a report needs. Call `verify` before using rows, problems or outcomes."""

    def counts(self) -> SourceCounts:
        """Return the numbers of rows, distinct pairs, invalid rows, duplicate rows and blank rows."""
        invalid, duplicates = self._invalid_and_duplicate_rows
        return SourceCounts(self.row_count, self.pair_count, invalid, duplicates, self._totals.blank)

    @cached_property
    def _invalid_and_duplicate_rows(self) -> tuple[int, int]:
        with as_journal_error(self.path):
            invalid, duplicates = self._db.execute(_COUNTS).fetchone()
            return invalid, duplicates

    def has_extra_cells(self) -> bool:
        """Return True if any row has more cells than the header."""
        return self._totals.width > len(self.info.header)

    def has_types_before(self) -> bool:
        """Return True if the types of any pair were read before sending."""
        with as_journal_error(self.path):
            return bool(self._db.execute("SELECT EXISTS (SELECT 1 FROM before)").fetchone()[0])

    def has_corrections(self) -> bool:
        """Return True if any cell was corrected."""
        return self._totals.corrections > 0

    def corrections(self) -> dict[int, list[Correction]]:
        """Return the corrections of each row that has any."""
        found: dict[int, list[Correction]] = {}
        with as_journal_error(self.path):
            for values in self._db.execute(_CORRECTIONS) if self.has_corrections() else ():
                found.setdefault(values[0], []).append(Correction(*values))
        return found

    def problem_groups(self, first: int) -> list[ProblemGroup]:
        """Return the problems by code, most frequent first, each with one problem for each of its `first` rows."""
        with as_journal_error(self.path):
            groups = self._db.execute(_PROBLEM_CODES).fetchall()
            return [ProblemGroup(code, rows, self._first_problems(code, first)) for code, rows in groups]

    def rows(self, not_sent: Outcome) -> Iterator[RowOutcome]:
        """Yield every row in the source's order with its problems or the outcomes of its pairs.

        `not_sent` is the outcome of pairs that have none.
        """
        with as_journal_error(self.path):
            for rows in self._blocks_of_rows(not_sent):
                yield from rows

    def blocks_to_retry(self, corrected: Mapping[int, CorrectedRow] = _NOT_CORRECTED) -> Iterator[SourceBlock]:
        """Yield the rows with failed, unconfirmed or not sent pairs, each with only those pairs.

        Rows that have been `corrected` (by their numbers) are yielded as they are now, whatever their outcome.
        """
        corrections: dict[int, Sequence[Correction]] = {**self.corrections()}
        corrections.update((number, one.corrections) for number, one in corrected.items())
        with as_journal_error(self.path):
            for rows in self._blocks_of_rows(Outcome(Status.NOT_SENT)):
                block = SourceBlock()
                for row in rows:
                    if row.number in corrected:
                        block.add(corrected[row.number].row)
                    elif retried := [one for one in row.pairs if one.outcome.status in _RETRIED]:
                        pairs, labels = zip(*((one.pair, one.labels) for one in retried), strict=True)
                        block.add(SourceRow(row.number, row.cells, pairs, (), labels))
                block.corrections = [one for number in block.numbers for one in corrections.get(number, ())]
                yield block

    def rows_to_undo(self) -> Iterator[RowOutcome]:
        """Yield the rows with pairs that the run changed or may have changed, each pair only in its first row."""
        with as_journal_error(self.path):
            for rows in self._blocks_of_rows(Outcome(Status.NOT_SENT)):
                for row in rows:
                    if pairs := _to_undo(row):
                        yield replace(row, pairs=pairs)

    def count_in_flight_to_undo(self) -> int:
        """Return how many of the pairs in flight `rows_to_undo` yields at most; `outcome_counts` excludes them."""
        with as_journal_error(self.path):
            (number,) = self._db.execute(_MAY_HAVE_CHANGED_IN_FLIGHT).fetchone()
            return int(number)

    def _first_problems(self, code: str, first: int) -> tuple[tuple[int, Problem], ...]:
        found = self._db.execute(f"{_PROBLEMS} WHERE code = ? ORDER BY rowid", (code,))
        rows = (next(problems) for _, problems in groupby(found, itemgetter(0)))
        return tuple((number, Problem(*values)) for number, *values in islice(rows, first))

    def rows_of_block(self, span: Span, begin: int, end: int, not_sent: Outcome) -> list[RowOutcome]:
        """Return the rows of one block from the index `begin` up to `end`, as `rows` yields them."""
        numbers, cells, data = read_block(self._db, span)
        found = unpack(numbers)[begin:end]
        if not found:
            return []
        problems = ProblemsByRow(
            self._db.execute(f"{_PROBLEMS} WHERE row BETWEEN ? AND ? ORDER BY rowid", (found[0], found[-1]))
        )
        records = labelled_records(data)
        rows_of_pairs = [record[0] for record, _ in records]
        low, high = bisect_left(rows_of_pairs, found[0]), bisect_right(rows_of_pairs, found[-1])
        pairs = self._pairs_by_row(span.first + low, records[low:high], not_sent)
        return list(_rows(found, unpack(cells)[begin:end], problems, pairs, self._originals()))

    def _blocks_of_rows(self, not_sent: Outcome) -> Iterator[Iterator[RowOutcome]]:
        problems = ProblemsByRow(self._db.execute(f"{_PROBLEMS} ORDER BY rowid"))
        originals = self._originals()
        for first, numbers, cells, data in self._db.execute(_BLOCKS):
            pairs = self._pairs_by_row(first, labelled_records(data), not_sent)
            yield _rows(unpack(numbers), unpack(cells), problems, pairs, originals)

    def _originals(self) -> dict[int, dict[int, str]]:
        return {row: {one.place: one.original for one in found} for row, found in self.corrections().items()}

    def _pairs_by_row(
        self, first: int, records: Sequence[tuple[PairRecord, Labels]], not_sent: Outcome
    ) -> dict[int, list[PairOutcome]]:
        """Return the pairs of `records` by row; the first record has the number `first`."""
        span = {"first": first, "last": first + len(records) - 1}
        states = {number: values for number, *values in self._db.execute(_STATES_OF_PAIRS, span)}
        before, after, goals, sent = (dict(self._db.execute(query, span)) for query in (*_TYPES, _GOALS, _SENT))
        primaries = {number: tuple(values) for number, *values in self._db.execute(_PRIMARIES, span)}
        found: dict[int, list[PairOutcome]] = {}
        for number, (record, labels) in enumerate(records, first):
            first_row, *values = states.get(number, UNKNOWN_PAIR)
            outcome = PairOutcome(
                Pair(*record[1:]),
                current_outcome(*values) or not_sent,
                first_row or record[0],
                before.get(number),
                after.get(number),
                labels,
                goals.get(number, ""),
                primaries.get(number),
                sent.get(number),
                values[0] is not None,
            )
            found.setdefault(record[0], []).append(outcome)
        return found


def _rows(
    numbers: Sequence[int],
    cells: Sequence[Sequence[str]],
    problems: ProblemsByRow,
    pairs: dict[int, list[PairOutcome]],
    originals: Mapping[int, Mapping[int, str]],
) -> Iterator[RowOutcome]:
    for number, texts in zip(numbers, cells, strict=True):
        found = tuple(pairs.pop(number, ()))
        yield RowOutcome(number, tuple(texts), problems.of(number), found, originals.get(number, _NO_ORIGINALS))


def _to_undo(row: RowOutcome) -> tuple[PairOutcome, ...]:
    """Return the pairs to undo in a row, excluding pairs of earlier rows and pairs that were never sent."""
    pairs = {one.pair: one for one in row.pairs if one.first_row == row.number and _may_have_changed(one.outcome)}
    return tuple(pairs.values())


def _may_have_changed(outcome: Outcome) -> bool:
    was_cut_off = outcome.error_category == CUT_OFF.error_category
    is_unconfirmed = outcome.status is Status.UNCONFIRMED and (outcome.attempts > 0 or was_cut_off)
    return is_unconfirmed or outcome.status in {Status.LINKED, Status.UNLINKED}
