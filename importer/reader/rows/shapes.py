"""Rows of a text file that have fewer or more cells than the header.

A row that lacks trailing cells is normal: many programs omit empty ones. But a line break inside an unquoted cell makes
two short rows of one, and the second, read on its own, may have ids in the wrong columns.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from importer.model import Problem, RowNames, SourceRow
from importer.reader.files.table import Records, SuspectRow

_MOST_PARTS = 5
"""Parts into which line breaks are thought to split one row."""

_MOST_HELD = 1_000
_HABIT = 5
"""Short rows that make pairs, each without a short neighbour, after which short rows are normal in a file."""

_FIRST_ROWS = 5
_USUAL = 0.9
"""Share of the first rows that have the same surplus when every row has it, but for damaged ones."""
_LIST_ENDS = (";", "；")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a text file: its header, the positions that make pairs, and what a record would make of them."""

    header: Sequence[str]
    key_columns: Collection[int]
    delimiter: str
    parse_row: Callable[[Sequence[str]], SourceRow]


class RowShapes:
    """Counts short rows, marks those that line breaks made of one, and drops empty surplus cells that every row has."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._width = len(layout.header)
        # A header may end with a delimiter, and its rows not.
        self._least = max((i + 1 for i, text in enumerate(layout.header) if text.strip()), default=0)
        self._most = self._width
        self._surplus = 0
        self._is_begun = False
        self._habit = 0
        self._continues = False
        self._short = 0
        self._first_short: list[int] = []

    def check(self, records: Iterator[Records]) -> Iterator[Records]:
        """Yield the records, in blocks of about the same size; rows with a short one at their end wait for the next."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        for new_numbers, new_rows in records:
            self._begin(new_rows)
            are_full = min(map(len, new_rows), default=self._least) >= self._least
            if not rows and are_full and not self._ends_with_key:
                yield new_numbers, self._trimmed(new_rows)
                continue
            is_run_held = any(self._is_short(cells) for cells in rows)
            numbers, rows = [*numbers, *new_numbers], [*rows, *new_rows]
            end = len(rows) - 1 if are_full and not is_run_held else self._check_runs(rows)
            yield self._finished(numbers[:end], rows[:end])
            numbers, rows = numbers[end:], rows[end:]
        begun = next((i for i, cells in enumerate(rows) if self._is_short(cells)), len(rows))
        self._check_run(rows, begun, len(rows))
        yield self._finished(numbers, rows)

    def warnings(self, names: RowNames) -> tuple[str, ...]:
        """Return how many rows were short, in a plain sentence."""
        if not self._short:
            return ()
        first = ", ".join(map(names.of, self._first_short)) + (", …" if self._short > _FIRST_ROWS else "")
        warning = (
            f"Rows with fewer cells than the header: {self._short:,} ({first}); the cells that they lack are read as "
            f"empty. If a cell is missing in the middle, those after it are in the wrong columns."
        )
        return (warning,)

    # --- a surplus cell in every row

    def _begin(self, rows: Sequence[Sequence[str]]) -> None:
        """Find out from the first rows whether rows end with the same number of empty surplus cells."""
        if self._is_begun or not any(map(_is_filled, rows)):
            return
        self._is_begun = True
        filled = list(filter(_is_filled, rows))
        surplus = max(map(len, filled)) - self._width
        if surplus > 0:
            alike = [cells for cells in filled if self._has_surplus(cells, surplus)]
            if len(alike) >= _USUAL * len(filled) and self._is_sure(alike):
                self._surplus = surplus
                self._least = self._most = self._width + surplus

    def _has_surplus(self, cells: Sequence[str], surplus: int) -> bool:
        return len(cells) == self._width + surplus and not any(map(str.strip, cells[self._width :]))

    def _is_sure(self, rows: Sequence[Sequence[str]]) -> bool:
        """Tell a trailing delimiter from one inside a text, which moves what follows and makes a surplus too."""
        keys = self._layout.key_columns
        if max(keys) < len(keys):
            return True  # no text stands before an id
        has_spaces = any(text[:1].isspace() for text in self._layout.header)
        return len(rows) > 1 and (has_spaces or not any(text[:1].isspace() for cells in rows for text in cells))

    def _trimmed(self, rows: list[list[str]]) -> list[list[str]]:
        if self._surplus:
            for cells in rows:
                if self._has_surplus(cells, self._surplus):
                    del cells[self._width :]
        return rows

    def _finished(self, numbers: list[int], rows: list[list[str]]) -> Records:
        for number, cells in zip(numbers, rows, strict=True):
            if len(cells) < min(self._least, self._width) and _is_filled(cells):
                self._short += 1
                if len(self._first_short) < _FIRST_ROWS:
                    self._first_short.append(number)
        return numbers, self._trimmed(rows)

    # --- rows that line breaks made of one

    def _check_runs(self, rows: list[list[str]]) -> int:
        """Check every run of short and blank rows that has ended; return where the last, unended one begins."""
        begun: int | None = None
        for i, cells in enumerate(rows):
            if self._is_short(cells):
                begun = i if begun is None else begun
            elif begun is not None:
                self._check_run(rows, begun, i)
                self._continues = False
                begun = None
        if begun is None:
            return len(rows) - self._ends_with_key
        if len(rows) - begun > _MOST_HELD:
            self._check_run(rows, begun, len(rows))
            self._continues = True
            return len(rows) - _MOST_PARTS
        return max(0, begun - self._ends_with_key)

    @property
    def _ends_with_key(self) -> bool:
        """Whether rows end with an id: the last one waits for the next, to which a line break may have moved digits."""
        return self._least - 1 in self._layout.key_columns

    def _is_short(self, cells: Sequence[str]) -> bool:
        return len(cells) < self._least or not _is_filled(cells)

    def _check_last_id(self, rows: list[list[str]], begin: int, rest: int) -> None:
        """Doubt a full row that ends with an id when the next, `rest`, is nothing but digits: they may belong to it."""
        before = rows[begin - 1] if begin else []
        if self._ends_with_key and len(before) == self._least and before[-1].strip() and len(rows[rest]) == 1:
            text = rows[rest][0].strip()
            # As long as the first cell of the row before, it may be the same for a row without an id at its end.
            if _is_rest_of_id(text) and (text[0] == "0" or len(text) < len(before[0].strip())):
                for i in (begin - 1, rest):
                    rows[i] = SuspectRow(rows[i], _SPLIT_ID, self._layout.delimiter.join(rows[i]))

    def _check_run(self, rows: list[list[str]], begin: int, end: int) -> None:
        run = [i for i in range(begin, end) if _is_filled(rows[i])]
        if run:
            self._check_last_id(rows, begin, run[0])
        if len(run) == 1 and self._habit < _HABIT and self._layout.parse_row(rows[run[0]]).pairs:
            self._habit += 1
        for first in range(len(run) - 1):
            for last in range(first + 1, min(first + _MOST_PARTS, len(run))):
                group = run[first : last + 1]
                parts = [rows[i] for i in group]
                if self._are_one_row(parts, is_alone=len(group) == len(run) and not self._continues):
                    for i in group:
                        rows[i] = SuspectRow(rows[i], _SPLIT, self._layout.delimiter.join(rows[i]))

    def _are_one_row(self, parts: Sequence[list[str]], *, is_alone: bool) -> bool:
        cells = sum(map(len, parts)) - len(parts) + 1
        if not (self._least <= cells <= self._most and self._may_break(parts)):
            return False
        made = [self._layout.parse_row(part) for part in parts]
        if any(row.problems for row in made):
            return True
        return is_alone and self._habit < _HABIT and any(row.pairs for row in made)

    def _may_break(self, parts: Sequence[Sequence[str]]) -> bool:
        """Tell whether a line break may be in each cell that ends a part: it is not in an id that is complete."""
        column = 0
        for part in parts[:-1]:
            column += len(part) - 1
            text = part[-1].strip() if part else ""
            if column in self._layout.key_columns and text and not text.endswith(_LIST_ENDS):
                return False
        return True


_SPLIT = Problem(
    "SPLIT_ROW",
    "",
    "this row and the one next to it have fewer cells than the header, and together make one full row: a line break "
    "inside a cell may have split it.",
    "Join the rows, and put the cell with the line break in quotation marks; or write out all cells, empty ones too.",
)


_SPLIT_ID = Problem(
    "SPLIT_ROW",
    "",
    "a row that ends with an id is followed by one of digits alone: a line break inside the id may have split it.",
    "Join the two rows, or remove the one of digits alone if it is none.",
)
_is_rest_of_id = re.compile(r"[0-9][0-9;\s]*").fullmatch


def _is_filled(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells))
