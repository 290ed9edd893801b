"""Find the runs that wrote a results file, and what it says about each row, without resolving its columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from importer.config import Reading
from importer.model import PREVIOUS_RESULT_COLUMNS, RUN_ID_COLUMN
from importer.reader.files.detect import open_table
from importer.reader.files.table import Record, Records
from importer.reader.recognition import RECOGNIZERS

_ROW_COLUMNS = (RUN_ID_COLUMN, "import_row", "import_status")

_ROWS_SEARCHED = 1_000
"""Number of non-blank rows at the top among which the header is searched for."""


@dataclass(frozen=True, slots=True)
class PreviousResults:
    """Properties of a results file.

    `header` is the header of the source, without the columns that a run added, and `positions` the positions of its
    columns in the file, from 1. `run_ids` are the runs named in its rows: several if results files were joined.
    `header_row` is the row number of the header, None if it is the first row that is not blank: a results workbook that
    is a copy of the user's own also has the rows above the header.
    """

    header: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    run_ids: frozenset[str] = frozenset()
    header_row: int | None = None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A row of a results file: the run that wrote it, the row's name in the source, its status, and some cells."""

    run_id: str
    row: str
    status: str
    cells: tuple[str, ...]


def read_result_rows(path: Path, reading: Reading, indices: Sequence[int]) -> Iterator[ResultRow]:
    """Yield the rows of a results file with the cells at `indices`. Raises `SourceError` if it cannot be read."""
    table = open_table(path, path.name, reading, RECOGNIZERS)
    try:
        rows = (cells for _, cells in _rows(table.records))
        names = next((found for cells in rows if RUN_ID_COLUMN in (found := [cell.strip() for cell in cells])), [])
        if not {*_ROW_COLUMNS} <= {*names}:
            return
        places = [names.index(name) for name in _ROW_COLUMNS]
        for cells in rows:
            cells.extend([""] * (len(names) - len(cells)))
            run_id, row, status = (cells[place].strip() for place in places)
            yield ResultRow(run_id, row, status.lower(), tuple(cells[index] for index in indices))
    finally:
        table.close()


def read_previous_results(path: Path, reading: Reading) -> PreviousResults:
    """Return the header and the run ids of a results file. Raises `SourceError` if the file cannot be read."""
    table = open_table(path, path.name, reading, RECOGNIZERS)
    try:
        rows = ((number, cells) for number, cells in _rows(table.records) if any(cell.strip() for cell in cells))
        top = enumerate(islice(rows, _ROWS_SEARCHED))
        found = next(((place, row) for place, row in top if RUN_ID_COLUMN in map(str.strip, row[1])), None)
        if found is None:
            return PreviousResults()
        above, (number, cells) = found
        header = [str(cell) for cell in cells]
        names = [text.strip() for text in header]
        place = names.index(RUN_ID_COLUMN)
        run_ids = frozenset(str(cells[place]).strip() for _, cells in rows if len(cells) > place) - {""}
        own = [i for i, name in enumerate(names) if name not in PREVIOUS_RESULT_COLUMNS]
        return PreviousResults(
            header=tuple(header[i] for i in own),
            positions=tuple(i + 1 for i in own),
            run_ids=run_ids,
            header_row=number if above else None,
        )
    finally:
        table.close()


def _rows(blocks: Iterator[Records]) -> Iterator[Record]:
    for numbers, rows in blocks:
        yield from zip(numbers, rows, strict=True)
