"""Rows of a text file with fewer or more cells than the header.

A row without its trailing cells is normal: many programs omit empty ones. But a line break inside an unquoted cell
splits one row into two short ones, and the second, read on its own, may have ids in the wrong columns.

Adjacent short rows that together have exactly the cells of one full row are therefore invalid, with one exception: in
a file that omits trailing cells throughout, such rows are common by chance. There they are read if nothing suggests a
split: each of them yields a valid row, ends with a cell that is not blank, has ids like those of other rows, and as
a continuation of the row before would put values into columns that do not hold such values.

Short rows that no line break can have created are evidence that a file omits trailing cells: those without a short
neighbour, and neighbours whose values do not fit the columns that they would be in as parts of one row. Rows that a
line break did split are not mistaken for the latter: the part after the line break fits its columns.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from importer.model import Problem, RowNames, SourceRow
from importer.reader.files.table import Records, SuspectRow
from importer.reader.messages import rows_text
from importer.reader.rows.row_profile import RowProfile

_MAX_PARTS = 5
"""Maximum number of parts into which line breaks may have split one row."""

_MAX_HELD = 1_000
"""Number of consecutive short rows after which they are checked before their end has been read."""

_HABIT = 5
"""Number of short rows with pairs that no line break can have created, from which short rows are normal in a file."""

_FIRST_ROWS = 5
_USUAL = 0.9
"""Minimum share of the first rows with the same surplus cells to assume that all rows have them."""

_LIST_ENDS = (";", "；")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a text file: its header, the columns of ids and types, and a function that parses a record."""

    header: Sequence[str]
    key_columns: Collection[int]
    delimiter: str
    parse_row: Callable[[Sequence[str]], SourceRow]


class RowShapes:
    """Checks of row lengths: count short rows, mark split rows, drop empty surplus cells that every row has."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._width = len(layout.header)
        # The header may end with a delimiter although the rows do not.
        self._least = max((i + 1 for i, text in enumerate(layout.header) if text.strip()), default=0)
        self._most = self._width
        self._surplus = 0
        self._has_seen_rows = False
        self._habit = 0
        self._continues = False
        self._profile = RowProfile(len(layout.header), layout.key_columns)
        self.short_rows = 0
        self._first_short: list[int] = []

    def check(self, records: Iterator[Records]) -> Iterator[Records]:
        """Yield the records in blocks of about the same size; a short row at the end waits for the next block."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        for new_numbers, new_rows in records:
            self._detect_surplus(new_rows)
            self._profile.add(cells for cells in new_rows if self._is_full(cells))
            are_full = min(map(len, new_rows), default=self._least) >= self._least
            if not rows and are_full and not self._ends_with_key:
                yield new_numbers, self._trimmed(new_rows)
                continue
            is_run_held = any(self._is_short(cells) for cells in rows)
            numbers, rows = [*numbers, *new_numbers], [*rows, *new_rows]
            end = len(rows) - 1 if are_full and not is_run_held else self._check_runs(rows)
            yield self._finished(numbers[:end], rows[:end])
            numbers, rows = numbers[end:], rows[end:]
        start = next((i for i, cells in enumerate(rows) if self._is_short(cells)), len(rows))
        self._count_habit(list(filter(_is_filled, rows[start:])))
        self._check_run(rows, start, len(rows))
        yield self._finished(numbers, rows)

    def warnings(self, names: RowNames) -> tuple[str, ...]:
        """Return a sentence with the number of short rows."""
        if not self.short_rows:
            return ()
        number = f"{self.short_rows:,} rows have" if self.short_rows > 1 else "1 row has"
        which = rows_text(names, self._first_short, self.short_rows)
        warning = (
            f"{number} fewer cells than the header ({which}); the missing cells are read as empty. If a cell is "
            "missing in the middle, the cells after it are in the wrong columns."
        )
        return (warning,)

    # --- a surplus cell in every row

    def _detect_surplus(self, rows: Sequence[Sequence[str]]) -> None:
        """Detect from the first rows whether all rows end with the same number of empty surplus cells."""
        if self._has_seen_rows or not any(map(_is_filled, rows)):
            return
        self._has_seen_rows = True
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
        """Return whether the surplus is due to a trailing delimiter, not to one inside a text before the ids."""
        keys = self._layout.key_columns
        if max(keys) < len(keys):
            return True  # there is no text before an id
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
                self.short_rows += 1
                if len(self._first_short) < _FIRST_ROWS:
                    self._first_short.append(number)
        return numbers, self._trimmed(rows)

    # --- rows split by a line break

    def _check_runs(self, rows: list[list[str]]) -> int:
        """Check every complete run of short and blank rows; return the index of the first row that must wait."""
        runs, start = self._runs(rows)
        for begin, end in runs[int(self._continues) :]:
            self._count_habit(list(filter(_is_filled, rows[begin:end])))
        for begin, end in runs:
            self._check_run(rows, begin, end)
            self._continues = False
        if start == len(rows):
            return len(rows) - self._ends_with_key
        if len(rows) - start > _MAX_HELD:
            self._check_run(rows, start, len(rows))
            self._continues = True
            return len(rows) - _MAX_PARTS
        return max(0, start - self._ends_with_key)

    def _runs(self, rows: Sequence[Sequence[str]]) -> tuple[list[tuple[int, int]], int]:
        """Return the start and end of every complete run of short and blank rows, and where an incomplete one starts.

        The latter is the number of rows if the last row is full.
        """
        kinds = groupby(range(len(rows)), lambda i: self._is_short(rows[i]))
        runs = [(indices[0], indices[-1] + 1) for is_short, run in kinds if is_short and (indices := list(run))]
        if runs and runs[-1][1] == len(rows):
            return runs[:-1], runs[-1][0]
        return runs, len(rows)

    def _count_habit(self, run: Sequence[list[str]]) -> None:
        """Count a run of short rows if it shows that this file omits empty cells at the end of rows."""
        if self._habit < _HABIT and 0 < len(run) < 3 and self._are_separate(run):
            made = [self._layout.parse_row(cells) for cells in run]
            self._habit += all(row.pairs and not row.problems for row in made)

    def _are_separate(self, rows: Sequence[Sequence[str]]) -> bool:
        """Return whether no line break can have split one full row into these one or two short rows."""
        if len(rows) == 1 or not self._fill_one_row(rows):
            return True
        profile = self._profile
        return profile.rows >= _HABIT and profile.resembles(rows[1]) and not profile.fits_as_one_row(rows)

    @property
    def _ends_with_key(self) -> bool:
        """True if rows end with an id: then the last row waits for the next, where a line break may have put digits."""
        return self._least - 1 in self._layout.key_columns

    def _is_full(self, cells: Sequence[str]) -> bool:
        return self._least <= len(cells) <= self._most and _is_filled(cells)

    def _is_short(self, cells: Sequence[str]) -> bool:
        return len(cells) < self._least or not _is_filled(cells)

    def _check_last_id(self, rows: list[list[str]], begin: int, rest: int) -> None:
        """Mark a full row that ends with an id, and the next row, `rest`, if it may be the rest of that id."""
        before = rows[begin - 1] if begin else []
        if self._ends_with_key and len(before) == self._least and before[-1].strip() and len(rows[rest]) == 1:
            text = rows[rest][0].strip()
            # A text as long as the first id of the row before may be a first id, in a row that lacks the last one.
            if _REST_OF_ID.fullmatch(text) and (text[0] == "0" or len(text) < len(before[0].strip())):
                for i in (begin - 1, rest):
                    rows[i] = SuspectRow(rows[i], _SPLIT_ID, self._layout.delimiter.join(rows[i]))

    def _check_run(self, rows: list[list[str]], begin: int, end: int) -> None:
        run = [i for i in range(begin, end) if _is_filled(rows[i])]
        if run:
            self._check_last_id(rows, begin, run[0])
            self._profile.add_keys(rows[run[0]])
        for first in range(len(run) - 1):
            for last in range(first + 1, min(first + _MAX_PARTS, len(run))):
                group = run[first : last + 1]
                parts = [rows[i] for i in group]
                if self._are_one_row(parts, is_alone=len(group) == len(run) and not self._continues):
                    for i in group:
                        rows[i] = SuspectRow(rows[i], _SPLIT, self._layout.delimiter.join(rows[i]))

    def _are_one_row(self, parts: Sequence[list[str]], *, is_alone: bool) -> bool:
        if not self._fill_one_row(parts):
            return False
        made = [self._layout.parse_row(part) for part in parts]
        if any(row.problems for row in made):
            return True
        if not any(row.pairs for row in made):
            return False
        return (is_alone and self._habit < _HABIT) or self._looks_split(parts)

    def _looks_split(self, parts: Sequence[Sequence[str]]) -> bool:
        """Return whether the contents of short rows suggest a split, in a file where short rows are normal."""
        if not self._surplus and any(not part[-1].strip() for part in parts):
            return True  # a program that omits empty cells at the end of rows would have omitted this one
        return not all(map(self._profile.resembles, parts[1:])) or self._profile.is_one_row(parts)

    def _fill_one_row(self, parts: Sequence[Sequence[str]]) -> bool:
        """Return whether line breaks may have split one full row into the parts."""
        cells = sum(map(len, parts)) - len(parts) + 1
        return self._least <= cells <= self._most and self._may_break(parts)

    def _may_break(self, parts: Sequence[Sequence[str]]) -> bool:
        """Return whether each part may end with a line break inside a cell: not if it ends with a complete id."""
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
    "this row and an adjacent one have fewer cells than the header and together form one full row: a line break inside "
    "a cell may have split it.",
    "Join the rows and put the cell with the line break in quotation marks; if they are separate rows, write all of "
    "their cells, including empty ones.",
)


_SPLIT_ID = Problem(
    "SPLIT_ROW",
    "",
    "a row that ends with an id is followed by a row with only digits: a line break inside the id may have split it.",
    "Join the two rows, or remove the one with only digits if it is not part of the id.",
)
_REST_OF_ID = re.compile(r"[0-9][0-9;\s]*")


def _is_filled(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells))
