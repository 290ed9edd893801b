"""Find the runs that wrote a results file, without resolving its columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from importer.config import Reading
from importer.model import PREVIOUS_RESULT_COLUMNS, RUN_ID_COLUMN
from importer.reader.files.detect import open_table
from importer.reader.files.table import Record, Records
from importer.reader.recognition import RECOGNIZERS

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
