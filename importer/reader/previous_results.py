"""Find the runs that wrote a results file, without resolving its columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from importer.config import Reading
from importer.model import PREVIOUS_RESULT_COLUMNS, RUN_ID_COLUMN
from importer.reader.files.detect import open_table
from importer.reader.files.table import Records
from importer.reader.recognition import RECOGNIZERS


@dataclass(frozen=True, slots=True)
class PreviousResults:
    """Properties of a results file.

    `header` is the header of the source, without the columns that a run added, and `positions` the positions of its
    columns in the file, from 1. `run_ids` are the runs named in its rows: several if results files were joined.
    """

    header: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    run_ids: frozenset[str] = frozenset()


def read_previous_results(path: Path, reading: Reading) -> PreviousResults:
    """Return the header and the run ids of a results file. Raises `SourceError` if the file cannot be read."""
    table = open_table(path, path.name, reading, RECOGNIZERS)
    try:
        rows = _rows(table.records)
        header = [str(cell) for cell in next((cells for cells in rows if any(cell.strip() for cell in cells)), [])]
        names = [text.strip() for text in header]
        if RUN_ID_COLUMN not in names:
            return PreviousResults()
        column = names.index(RUN_ID_COLUMN)
        run_ids = frozenset(str(cells[column]).strip() for cells in rows if len(cells) > column) - {""}
        own = [i for i, name in enumerate(names) if name not in PREVIOUS_RESULT_COLUMNS]
        return PreviousResults(tuple(header[i] for i in own), tuple(i + 1 for i in own), run_ids)
    finally:
        table.close()


def _rows(blocks: Iterator[Records]) -> Iterator[list[str]]:
    for _, rows in blocks:
        yield from rows
