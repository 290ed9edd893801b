"""Marking of rows whose cells may not belong to one row, because a quotation mark may have been misread."""

import re
from collections.abc import Iterable, Iterator, Sequence

from importer.model import Problem
from importer.reader.files.foreign_quotes import find_closing_cell, unclosed_marks
from importer.reader.files.lines import LineTooLongError
from importer.reader.files.quoting import STRAY_QUOTE, stray_quote
from importer.reader.files.table import SuspectRow

_MAX_LINES = 6
"""Maximum number of rows that a cell of several lines in other quotation marks is assumed to span."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_SPLIT_CELL = Problem(
    STRAY_QUOTE,
    "",
    "a quotation mark opens in one row and closes in a later one, so these rows may be one cell of several lines.",
    'Put the cell in straight quotation marks (") and double each one inside it, or remove the line breaks.',
)
_SWALLOWED_ROWS = Problem(
    STRAY_QUOTE,
    "",
    "a quotation mark opens a cell of several lines, and some of them look like separate rows.",
    "If they are rows, remove the quotation marks or double them and put the whole cell in quotation marks.",
)


def check_row(cells: list[str], delimiter: str) -> list[str]:
    """Return the cells, as a `SuspectRow` if they may not belong to one row.

    Either a mark other than `"` opens in one cell and closes in a later one (`'s-Hertogenbosch` alone is text), or a
    quoted cell has several lines that may be rows: a mark that opens a cell by mistake swallows everything up to the
    next mark that closes one.
    """
    if isinstance(cells, SuspectRow):
        return cells
    texts = [cell.strip() for cell in cells]
    for mark, index in unclosed_marks(texts):
        if find_closing_cell(texts[index + 1 :], mark) is not None:
            return SuspectRow(cells, stray_quote(texts[index]), delimiter.join(cells))
    lines = list(_lines_as_records(cells, delimiter))
    return SuspectRow(cells, _SWALLOWED_ROWS, delimiter.join(cells), lines) if lines else cells


def _lines_as_records(cells: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Yield each line of a quoted cell, except the first, as the record it would be if the marks were text.

    If the quoted cell is the first one and its last line has no delimiter, the record of that line has the same cells
    after it, and so the same pair, as the whole record. It then counts only if the first line has as many cells: a note
    of several lines before the ids is common.
    """
    for i, cell in enumerate(cells):
        if "\n" in cell or "\r" in cell:
            first, *whole, last = _LINE_END.split(cell)
            for line in whole:
                yield line.split(delimiter)
            ending = [*(last + '"').split(delimiter), *cells[i + 1 :]]
            if i > 0 or delimiter in last or first.count(delimiter) + 1 == len(ending):
                yield ending


def mark_split_cells(blocks: Iterable[tuple[list[list[str]], bool]], delimiter: str) -> Iterator[list[list[str]]]:
    """Yield the rows of the blocks; those that a quotation in other marks spans become a `SuspectRow`.

    Each block comes with a flag: True if any of its rows may have such a mark. The last rows of a block are held back
    for the next one if a quotation is still open in them.
    """
    held: list[list[str]] = []
    try:
        for new_rows, may_have_marks in blocks:
            rows = [*held, *new_rows]
            held = []
            if may_have_marks or len(rows) > len(new_rows):
                first_open = _mark_spanned_rows(rows, delimiter)
                rows, held = rows[:first_open], rows[first_open:]
            yield rows
    except (UnicodeError, LineTooLongError):
        yield held
        raise
    yield held


def _mark_spanned_rows(rows: list[list[str]], delimiter: str) -> int:
    """Replace the rows that a quotation spans; return the index of the first one with a quotation still open."""
    first_open = len(rows)
    for i, cells in enumerate(rows):
        for mark, index in unclosed_marks([cell.strip() for cell in cells]):
            if cells[index].strip().removeprefix(mark).isdecimal():
                continue  # '123: a text for spreadsheets
            last = _find_closing_row(rows[i + 1 : i + _MAX_LINES], mark)
            if last is None and i + _MAX_LINES > len(rows):
                first_open = min(first_open, i)
            for j in range(i, i + 2 + last if last is not None else i):
                if not isinstance(rows[j], SuspectRow):
                    rows[j] = SuspectRow(rows[j], _SPLIT_CELL, delimiter.join(rows[j]))
    return first_open


def _find_closing_row(rows: list[list[str]], mark: str) -> int | None:
    for i, cells in enumerate(rows):
        texts = [cell.strip() for cell in cells]
        closing = find_closing_cell(texts, mark)
        opened = dict(unclosed_marks(texts)).get(mark)
        if opened is not None and (closing is None or opened < closing):
            return None  # another quotation begins
        if closing is not None:
            return i
    return None
