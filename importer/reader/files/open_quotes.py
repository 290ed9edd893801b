"""Cells of several lines in quotation marks that are not `"`: each of their lines looks like a row of its own."""

from collections.abc import Iterable, Iterator

from importer.model import Problem
from importer.reader.files.lines import LineTooLongError
from importer.reader.files.quoting import STRAY_QUOTE, closing_place, opened_cells
from importer.reader.files.table import SuspectRow

_MOST_LINES = 6
"""Rows over which such a cell is thought to reach."""

_PROBLEM = Problem(
    STRAY_QUOTE,
    "",
    "a quotation mark that opens in one row and is closed in a later one makes these rows one cell of several lines.",
    'Put the cell in marks of the kind " and double each one inside it, or remove the line breaks.',
)


def doubt_open_quotes(blocks: Iterable[tuple[list[list[str]], bool]], delimiter: str) -> Iterator[list[list[str]]]:
    """Yield the rows of the blocks, those doubtful over which a quotation reaches; with each comes if it may have any.

    The last rows of a block wait for the next when a quotation is open in them.
    """
    held: list[list[str]] = []
    try:
        for new_rows, may_open in blocks:
            rows = [*held, *new_rows]
            held = []
            if may_open or len(rows) > len(new_rows):
                waiting = _doubt(rows, delimiter)
                rows, held = rows[:waiting], rows[waiting:]
            yield rows
    except (UnicodeError, LineTooLongError):
        yield held
        raise
    yield held


def _doubt(rows: list[list[str]], delimiter: str) -> int:
    """Mark the rows in which a quotation opens, goes on and is closed; return the first that may have an open one."""
    waiting = len(rows)
    for i, cells in enumerate(rows):
        for mark, place in opened_cells([cell.strip() for cell in cells]):
            if cells[place].strip().removeprefix(mark).isdecimal():
                continue  # '123: a text for spreadsheets
            last = _closing_row(rows[i + 1 : i + _MOST_LINES], mark)
            if last is None and i + _MOST_LINES > len(rows):
                waiting = min(waiting, i)
            for j in range(i, i + 2 + last if last is not None else i):
                if not isinstance(rows[j], SuspectRow):
                    rows[j] = SuspectRow(rows[j], _PROBLEM, delimiter.join(rows[j]))
    return waiting


def _closing_row(rows: list[list[str]], mark: str) -> int | None:
    for i, cells in enumerate(rows):
        texts = [cell.strip() for cell in cells]
        closing = closing_place(texts, mark)
        opened = dict(opened_cells(texts)).get(mark)
        if opened is not None and (closing is None or opened < closing):
            return None  # the next quotation
        if closing is not None:
            return i
    return None
