"""Rows of a text file with fewer or more cells than the header.

A row without its trailing cells is normal: many programs omit empty ones. But a line break inside an unquoted cell
splits one row into two short ones, and the second, read on its own, may have ids in the wrong columns.

Adjacent short rows that together have exactly the cells of one full row are therefore invalid, with one exception: in
a file that omits trailing cells throughout, such rows are common by chance. There they are read if nothing suggests a
split: each of them yields a valid row, ends with a cell that is not blank, has ids like those of other rows, and as
a continuation of the row before would put values into columns that do not hold such values.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from importer.model import Problem, RowNames, SourceRow
from importer.reader.files.table import Records, SuspectRow
from importer.reader.rows.column_profile import ColumnProfile

_MAX_PARTS = 5
"""Maximum number of parts of one row that line breaks split."""

_MAX_HELD = 1_000
"""Rows of a run of short rows after which its check begins before its end."""

_HABIT = 5
"""Short rows with pairs and without a short neighbour after which short rows are normal in a file."""

_FIRST_ROWS = 5
_USUAL = 0.9
"""Share of the first rows with the same surplus from which every row has it, except damaged ones."""

_SAMPLE = 200
_SAMPLE_OF_BLOCK = 5
"""Full rows that are profiled: the first ones of the file, then some of each block."""

_LENGTH_TOLERANCE = 1
"""Digits by which an id may be shorter or longer than those in other rows."""

_LIST_ENDS = (";", "；")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a text file: its header, the columns of ids and types, and a function that parses a record."""

    header: Sequence[str]
    key_columns: Collection[int]
    delimiter: str
    parse_row: Callable[[Sequence[str]], SourceRow]


class RowShapes:
    """Counts short rows, marks rows split by a line break, and drops empty surplus cells that every row has."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._width = len(layout.header)
        # The header may end with a delimiter although the rows do not.
        self._least = max((i + 1 for i, text in enumerate(layout.header) if text.strip()), default=0)
        self._most = self._width
        self._surplus = 0
        self._is_begun = False
        self._habit = 0
        self._continues = False
        self._profiles = [ColumnProfile() for _ in layout.header]
        self._profiled = 0
        self.short_rows = 0
        self._first_short: list[int] = []

    def check(self, records: Iterator[Records]) -> Iterator[Records]:
        """Yield the records in blocks of about the same size; a short row at the end waits for the next block."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        for new_numbers, new_rows in records:
            self._detect_surplus(new_rows)
            self._profile(new_rows)
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
        self._check_run(rows, start, len(rows))
        yield self._finished(numbers, rows)

    def warnings(self, names: RowNames) -> tuple[str, ...]:
        """Return a sentence with the number of short rows."""
        if not self.short_rows:
            return ()
        first = ", ".join(map(names.of, self._first_short)) + (", …" if self.short_rows > _FIRST_ROWS else "")
        warning = (
            f"Rows with fewer cells than the header: {self.short_rows:,} ({first}); the missing cells are read as "
            f"empty. If a cell is missing in the middle, the cells after it are in the wrong columns."
        )
        return (warning,)

    # --- a surplus cell in every row

    def _detect_surplus(self, rows: Sequence[Sequence[str]]) -> None:
        """Detect from the first rows whether all rows end with the same number of empty surplus cells."""
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
        start: int | None = None
        for i, cells in enumerate(rows):
            if self._is_short(cells):
                start = i if start is None else start
            elif start is not None:
                self._check_run(rows, start, i)
                self._continues = False
                start = None
        if start is None:
            return len(rows) - self._ends_with_key
        if len(rows) - start > _MAX_HELD:
            self._check_run(rows, start, len(rows))
            self._continues = True
            return len(rows) - _MAX_PARTS
        return max(0, start - self._ends_with_key)

    @property
    def _ends_with_key(self) -> bool:
        """True if rows end with an id: the last row waits for the next, to which a line break may have moved digits."""
        return self._least - 1 in self._layout.key_columns

    def _is_short(self, cells: Sequence[str]) -> bool:
        return len(cells) < self._least or not _is_filled(cells)

    def _check_last_id(self, rows: list[list[str]], begin: int, rest: int) -> None:
        """Mark a full row that ends with an id and the next row, `rest`, if that has only digits of the same id."""
        before = rows[begin - 1] if begin else []
        if self._ends_with_key and len(before) == self._least and before[-1].strip() and len(rows[rest]) == 1:
            text = rows[rest][0].strip()
            # If as long as the first id of the row before, it may be the first id of a row that lacks the last one.
            if _REST_OF_ID.fullmatch(text) and (text[0] == "0" or len(text) < len(before[0].strip())):
                for i in (begin - 1, rest):
                    rows[i] = SuspectRow(rows[i], _SPLIT_ID, self._layout.delimiter.join(rows[i]))

    def _check_run(self, rows: list[list[str]], begin: int, end: int) -> None:
        run = [i for i in range(begin, end) if _is_filled(rows[i])]
        if run:
            self._check_last_id(rows, begin, run[0])
            self._profile_keys(rows[run[0]])
        if len(run) == 1 and self._habit < _HABIT and self._layout.parse_row(rows[run[0]]).pairs:
            self._habit += 1
        for first in range(len(run) - 1):
            for last in range(first + 1, min(first + _MAX_PARTS, len(run))):
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
        if not any(row.pairs for row in made):
            return False
        return (is_alone and self._habit < _HABIT) or self._looks_split(parts)

    def _looks_split(self, parts: Sequence[Sequence[str]]) -> bool:
        """Return whether the contents of short rows suggest a split, in a file where short rows are normal."""
        if not self._surplus and any(not part[-1].strip() for part in parts):
            return True  # a program that omits empty cells at the end of rows does not write one there
        return not all(map(self._is_like_other_rows, parts[1:])) or self._is_continuation(parts)

    def _is_like_other_rows(self, cells: Sequence[str]) -> bool:
        """Return whether the ids and types of a row resemble those of other rows."""
        keys = [i for i in self._layout.key_columns if i < len(cells)]
        return all(self._profiles[i].is_plausible(text, _LENGTH_TOLERANCE) for i in keys for text in _list(cells[i]))

    def _is_continuation(self, parts: Sequence[Sequence[str]]) -> bool:
        """Return whether each part, as the rest of the row before it, has values like those of its columns."""
        column = 0
        for before, part in pairwise(parts):
            column += len(before) - 1  # contains the line break
            rest = self._profiles[column + 1 : column + len(part)]
            if not (self._profiles[column].has_text and all(map(ColumnProfile.is_plausible, rest, part[1:]))):
                return False
        return True

    def _profile(self, rows: Sequence[Sequence[str]]) -> None:
        limit = max(_SAMPLE - self._profiled, _SAMPLE_OF_BLOCK)
        full = (cells for cells in rows if self._least <= len(cells) <= self._most and _is_filled(cells))
        for cells in islice(full, limit):
            self._profiled += 1
            for i in range(min(len(cells), self._width)):
                self._add_to_profile(i, cells[i])

    def _profile_keys(self, cells: Sequence[str]) -> None:
        """Add the ids and types of the first row of a run: it is the beginning of a row, split or not."""
        for i in self._layout.key_columns:
            if i < len(cells):
                self._add_to_profile(i, cells[i])

    def _add_to_profile(self, column: int, cell: str) -> None:
        for text in _list(cell) if column in self._layout.key_columns else [cell]:
            self._profiles[column].add(text)

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


def _list(cell: str) -> list[str]:
    return cell.replace("；", ";").split(";")
