"""Queries for single rows of a journal: by their places in the source, by status, by problem and by text."""

import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from sqlite3 import Error

from importer.journal.report_queries import ReportQueries
from importer.journal.schema import unpack
from importer.journal.sqlite_errors import as_journal_error
from importer.model import Outcome, RowOutcome, Status

_NUMBERS = "SELECT numbers FROM blocks ORDER BY number"
_ROWS_AND_PAIRS = "SELECT first_pair, last_pair, numbers, pairs FROM blocks ORDER BY number"
_NUMBERS_AND_CELLS = "SELECT numbers, cells FROM blocks ORDER BY number"
_INVALID_ROWS = "SELECT DISTINCT row FROM problems WHERE ? IN ('', code) ORDER BY row"

Places = Sequence[int]
"""Places of rows in the source, from 0 and in order."""


class RowQueries(ReportQueries):
    """Rows by their places, in the order of the source.

    Only the blocks of the rows that are returned are checked for damage, so that a page of a million rows is quick;
    call `verify` where a decision depends on them.
    """

    @property
    def version(self) -> int:
        """A number that changes when another process has written to the journal."""
        with as_journal_error(self.path):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def rows_at(self, places: Places, not_sent: Outcome) -> list[RowOutcome]:
        """Return the rows at these places, as `rows` yields them. Raises JournalError if their blocks are damaged."""
        ends = list(accumulate(span.rows for span in self._spans))
        by_block: dict[int, list[int]] = {}
        for place in places:
            by_block.setdefault(bisect_right(ends, place), []).append(place)
        found: list[RowOutcome] = []
        with self._snapshot():
            for block, wanted in by_block.items():
                span = self._spans[block]
                start = ends[block] - span.rows
                begin, end = wanted[0] - start, wanted[-1] + 1 - start
                rows = self.rows_of_block(span, begin, end, not_sent)
                found += [rows[place - start - begin] for place in wanted]
        return found

    def row_statuses(self, worst_first: Sequence[Status]) -> bytes:
        """Return the status of every row in order, as its index in `Status`.

        A row of several pairs has the first status of `worst_first` that any of them has. Takes about a second for a
        million rows.
        """
        codes = {status: code for code, status in enumerate(Status)}
        ranks = bytes(worst_first.index(status) if status in worst_first else 0 for status in Status)
        statuses = bytearray()
        with self._snapshot():
            of_pairs = self._pair_statuses(codes)
            invalid = {row for (row,) in self._db.execute(_INVALID_ROWS, ("",))}
            for first, last, numbers, pairs in self._db.execute(_ROWS_AND_PAIRS):
                rows, rows_of_pairs = unpack(numbers), unpack(pairs[1 : pairs.index(b"]") + 1])
                found = of_pairs[first : last + 1]
                if rows != rows_of_pairs:
                    worst = dict.fromkeys(rows, codes[Status.BLANK])
                    for row, code in zip(rows_of_pairs, found, strict=True):
                        before = worst[row]
                        is_worse = before == codes[Status.BLANK] or ranks[code] < ranks[before]
                        worst[row] = code if is_worse else before
                    worst.update(dict.fromkeys(invalid.intersection(rows), codes[Status.INVALID]))
                    found = bytearray(worst.values())
                statuses += found
        return bytes(statuses)

    def _pair_statuses(self, codes: dict[Status, int]) -> bytearray:
        """Return the status of every pair, from 1, as its index in `Status`."""
        by_text = {str(status): code for status, code in codes.items()}
        not_sent, unconfirmed = codes[Status.NOT_SENT], codes[Status.UNCONFIRMED]
        found = bytearray([not_sent]) * (self._totals.pairs + 1)
        for pair, status in self._db.execute("SELECT pair, status FROM outcomes"):
            found[pair] = by_text[status]
        for (pair,) in self._db.execute("SELECT pair FROM in_flight"):
            found[pair] = unconfirmed if found[pair] == not_sent else found[pair]
        for pair, first in self._db.execute("SELECT pair, first FROM duplicates"):
            found[pair] = found[first]
        return found

    def places_with_problem(self, code: str) -> Places:
        """Return the places of the rows that have a problem of this code."""
        with self._snapshot():
            rows = [row for (row,) in self._db.execute(_INVALID_ROWS, (code,))]
            return array("q", self._places_of(rows))

    def place_of(self, number: int) -> int | None:
        """Return the place of the row with this number, None if there is none."""
        with self._snapshot():
            return next(self._places_of([number]), None)

    def places_with_text(self, text: str) -> Places:
        """Return the places of the rows with a cell that contains a text, in upper or lower case."""
        wanted = text.casefold()
        quoted = json.dumps(text, ensure_ascii=False)[1:-1].casefold()
        places = array("q")
        begin = 0
        with self._snapshot():
            for numbers, cells in self._db.execute(_NUMBERS_AND_CELLS):
                # Most blocks do not contain it, in whatever cell; escapes may hide any character.
                if b"\\u" in cells or quoted in cells.decode().casefold():
                    rows = enumerate(unpack(cells), begin)
                    places.extend(place for place, row in rows if wanted in "\0".join(row).casefold())
                begin += len(unpack(numbers))
        return places

    def _places_of(self, rows: Sequence[int]) -> Iterator[int]:
        """Yield the places of rows with these numbers, in ascending order."""
        begin = 0
        for (data,) in self._db.execute(_NUMBERS) if rows else ():
            numbers = unpack(data)
            for row in rows[bisect_left(rows, numbers[0]) : bisect_right(rows, numbers[-1])] if numbers else ():
                place = bisect_left(numbers, row)
                if numbers[place] == row:
                    yield begin + place
            begin += len(numbers)

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Read one state of the journal, even while another process writes."""
        with as_journal_error(self.path):
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                with suppress(Error):
                    self._db.execute("ROLLBACK")
