"""Queries for single rows of a journal: by place in the source, status, problem and text."""

import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate, compress, groupby
from operator import attrgetter, eq
from sqlite3 import Error

from importer.journal.integrity import Span, read_block, require
from importer.journal.report_queries import ReportQueries
from importer.journal.schema import unpack
from importer.journal.sqlite_errors import as_journal_error
from importer.model import Outcome, RowOutcome, Status

_NUMBERS = "SELECT numbers FROM blocks ORDER BY number"
_NUMBERS_AND_CELLS = "SELECT numbers, cells FROM blocks ORDER BY number"
_INVALID_ROWS = "SELECT DISTINCT row FROM problems WHERE ? IN ('', code) ORDER BY row"

_STATUSES = tuple(Status)
_BLANK, _INVALID, _NOT_SENT, _UNCONFIRMED = map(
    _STATUSES.index, (Status.BLANK, Status.INVALID, Status.NOT_SENT, Status.UNCONFIRMED)
)

# SQLite concatenates the statuses of many pairs, one letter each, five times as fast as it returns them one by one.
_CASES = " ".join(f"WHEN '{status}' THEN '{chr(97 + index)}'" for index, status in enumerate(_STATUSES))
_LETTER = f"CASE status {_CASES} END"
_PAIRS_AND_LETTERS = f"SELECT pair, {_LETTER} AS letter FROM outcomes WHERE pair BETWEEN ? AND ? ORDER BY pair"
_LETTERS = f"SELECT count(*), group_concat(letter, '') FROM ({_PAIRS_AND_LETTERS})"
_INDEX_OF_LETTER = bytes(max(0, code - 97) for code in range(256))

Places = Sequence[int]
"""Places of rows in the source, counted from 0, in ascending order."""


class RowQueries(ReportQueries):
    """Rows by their places, in the order of the source.

    Only the blocks of the returned rows are checked for damage, so that one page of a million rows is read quickly.
    Call `verify` where a decision depends on them.
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

        A row with several pairs has the first status of `worst_first` that any of them has. Takes half a second for a
        million rows, and longer if many of them have several pairs.
        """
        ranks = bytes(worst_first.index(status) if status in worst_first else 0 for status in Status)
        statuses = bytearray()
        with self._snapshot():
            of_pairs = self._pair_statuses()
            invalid = [row for (row,) in self._db.execute(_INVALID_ROWS, ("",))]
            for span, (data,) in zip(self._spans, self._db.execute(_NUMBERS), strict=True):
                numbers = unpack(data)
                first, last = (numbers[0], numbers[-1]) if numbers else (0, 0)
                found = invalid[bisect_left(invalid, first) : bisect_right(invalid, last)]
                pairs = of_pairs[span.first : span.last + 1]
                if not span.blank and len(pairs) == len(numbers) - len(found):  # then each of the others has one pair
                    for row in found:
                        pairs.insert(bisect_left(numbers, row), _INVALID)
                    statuses += pairs
                else:
                    rows = _rows_of(read_block(self._db, span)[2])
                    statuses.extend(_worst(numbers, found, rows, pairs, ranks))
        return bytes(statuses)

    def rows_of_pairs(self, pairs: Sequence[int]) -> dict[int, int]:
        """Return the row number of each of these pairs, whose numbers are in ascending order."""
        found: dict[int, int] = {}
        with self._snapshot():
            for span, some in groupby(pairs, self._span_of):
                rows = _rows_of(read_block(self._db, span)[2])
                found.update((pair, rows[pair - span.first]) for pair in some)
        return found

    def _span_of(self, pair: int) -> Span:
        return self._spans[bisect_left(self._spans, pair, key=attrgetter("last"))]

    def _pair_statuses(self) -> bytearray:
        """Return the status of every pair, by its number (from 1), as its index in `Status`."""
        found = bytearray([_NOT_SENT]) * (self._totals.pairs + 1)
        first_of = dict(self._db.execute("SELECT pair, first FROM duplicates ORDER BY pair"))
        repeated = list(first_of)
        for span in self._spans:
            bounds = span.first, span.last
            number, letters = self._db.execute(_LETTERS, bounds).fetchone()
            codes = bytearray((letters or "").encode().translate(_INDEX_OF_LETTER))
            require(number == len(codes), "an outcome")
            others = repeated[bisect_left(repeated, span.first) : bisect_right(repeated, span.last)]
            if number + len(others) == span.last + 1 - span.first:  # all pairs but the repeated ones have an outcome
                for pair in others:
                    codes.insert(pair - span.first, _NOT_SENT)
                found[span.first : span.last + 1] = codes
            elif number:
                for pair, letter in self._db.execute(_PAIRS_AND_LETTERS, bounds):
                    found[pair] = _INDEX_OF_LETTER[ord(letter)]
        for (pair,) in self._db.execute("SELECT pair FROM in_flight"):
            found[pair] = _UNCONFIRMED if found[pair] == _NOT_SENT else found[pair]
        for pair, first in first_of.items():
            found[pair] = found[first]
        return found

    def places_with_problem(self, code: str) -> Places:
        """Return the places of the rows that have a problem of this code."""
        with self._snapshot():
            rows = [row for (row,) in self._db.execute(_INVALID_ROWS, (code,))]
            return array("I", self._places_of(rows))

    def place_of(self, number: int) -> int | None:
        """Return the place of the row with this number, or None if there is no such row."""
        with self._snapshot():
            return next(self._places_of([number]), None)

    def places_with_text(self, text: str) -> Places:
        """Return the places of the rows with a cell that contains `text`, ignoring case."""
        wanted = text.casefold()
        quoted = json.dumps(text, ensure_ascii=False)[1:-1].casefold()
        plain = quoted.encode("utf-8", "replace")
        is_plain = text.isascii() and text == text.swapcase()  # such as an id: no other characters fold to these
        places = array("I")
        begin = 0
        with self._snapshot():
            for numbers, cells in self._db.execute(_NUMBERS_AND_CELLS):
                # Most blocks do not contain the text at all; escapes may hide any character.
                if b"\\u" in cells or (plain in cells if is_plain else quoted in cells.decode().casefold()):
                    rows = enumerate(unpack(cells), begin)
                    places.extend(place for place, row in rows if wanted in "\0".join(row).casefold())
                begin += len(unpack(numbers))
        return places

    def row_cells(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the number and the cells of each row."""
        with self._snapshot():
            for numbers, cells in self._db.execute(_NUMBERS_AND_CELLS):
                yield from zip(unpack(numbers), unpack(cells), strict=True)

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
        """Read a consistent state of the journal, even while another process writes."""
        with as_journal_error(self.path):
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                with suppress(Error):
                    self._db.execute("ROLLBACK")


def _rows_of(pairs: bytes) -> list[int]:
    """Return the row number of each of the packed pairs of a block."""
    rows: list[int] = unpack(pairs[1 : pairs.index(b"]") + 1])
    return rows


def _worst(
    numbers: Sequence[int], invalid: Sequence[int], rows: Sequence[int], codes: Sequence[int], ranks: bytes
) -> Iterable[int]:
    """Return the status of each row of a block; `rows` and `codes` have the row and the status of each pair."""
    worst = dict.fromkeys(numbers, _BLANK)
    worst.update(zip(rows, codes, strict=True))
    several = set(compress(rows, map(eq, rows, rows[1:])))
    for row, code in zip(rows, codes, strict=True) if several else ():
        if row in several and ranks[code] < ranks[worst[row]]:
            worst[row] = code
    worst.update(dict.fromkeys(invalid, _INVALID))
    return worst.values()
