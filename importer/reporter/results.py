"""The results file and the failures file of a run."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from importer.errors import OutputError
from importer.model import RESULT_COLUMNS, RowOutcome
from importer.reporter.rows import IS_LINKED
from importer.reporter.staging import remove
from importer.reporter.tables import CsvTable, Table, XlsxTable
from importer.reporter.totals import Tally, Totals


@dataclass(frozen=True, slots=True)
class Layout:
    """How the results are to look: the source's columns without those of an old result, and its delimiter.

    The delimiter is "," when the source was a workbook.
    """

    header: tuple[str, ...]
    delimiter: str


def write_results(path: Path, layout: Layout, rows: Iterable[RowOutcome], failures: Path | None) -> Totals:
    """Write every row to `path` and those that are not linked to `failures`; what they add up to.

    One pass, nothing kept. `path` is a workbook when it ends in `.xlsx`, else CSV; `failures` is CSV, holds the
    source's columns only and is written when there is such a row, else an old one is removed. Each file replaces
    the old one in one step after all rows are written; whatever happens before leaves both as they were.

    A row shorter than the header is filled with empty cells. The cells of a row that go beyond the header stand
    after the result columns: nothing is lost or shifted, and the results fed back show the row too long as before.

    Raises OutputError, one sentence, when a file cannot be written or a workbook cannot hold the rows.
    """
    if failures is not None and failures.resolve() == path.resolve():
        raise OutputError(f"{path} cannot hold both the results and the failures. Choose another name with --out.")
    tally = Tally()
    width = len(layout.header)
    with ExitStack() as stack:
        results = stack.enter_context(_open_results(path, layout))
        unlinked = stack.enter_context(CsvTable(failures, layout.delimiter)) if failures is not None else None
        results.write(layout.header, RESULT_COLUMNS)
        if unlinked is not None:
            unlinked.write(layout.header)
        for row in rows:
            status, texts = tally.add(row)
            cells, surplus = _under_header(row.cells, width)
            results.write(cells, texts, surplus)
            if unlinked is not None and status not in IS_LINKED:
                unlinked.write(cells, (), surplus)
        return _publish(tally.totals(), results, unlinked, failures)


def _open_results(path: Path, layout: Layout) -> Table:
    if path.suffix.lower() == ".xlsx":
        return XlsxTable(path, len(layout.header) + len(RESULT_COLUMNS))
    return CsvTable(path, layout.delimiter)


def _under_header(cells: tuple[str, ...], width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cells that stand under the header, filled up with empty ones, and those beyond it."""
    missing = width - len(cells)
    if missing == 0:
        return cells, ()
    return (cells + ("",) * missing)[:width], cells[width:]


def _publish(totals: Totals, results: Table, unlinked: Table | None, failures: Path | None) -> Totals:
    """Put the files in their places once all of them are on the disk."""
    some_unlinked = totals.linked + totals.already_linked < totals.rows
    results.finish()
    if unlinked is not None and some_unlinked:
        unlinked.finish()
    results.publish()
    if unlinked is not None and some_unlinked:
        unlinked.publish()
    elif failures is not None:
        remove(failures)
    return totals
