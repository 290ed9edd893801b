"""The results file and the failures file of a run."""

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from importer.atomic_file import remove
from importer.errors import OutputError
from importer.model import EXTRA_CELLS_COLUMN, GOOD_STATUSES, NUMBERED, RESULT_COLUMNS, RowNames, RowOutcome
from importer.reporter.row_counts import Tally, Totals
from importer.reporter.writers import CsvTable, Table, XlsxTable
from importer.written_files import NOTHING_KNOWN, WrittenFiles


@dataclass(frozen=True, slots=True)
class Layout:
    """The form of the results: the source's columns without those of an old result, and its delimiter.

    The delimiter is "," when the source was a workbook. `run_id` is the run that writes them, "" for none.
    `has_extra_cells` is whether any row has more cells than the header, `row_names` how the rows are named.
    """

    header: tuple[str, ...]
    delimiter: str
    run_id: str = ""
    has_extra_cells: bool = False
    row_names: RowNames = NUMBERED

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """The column for cells beyond the header, if any row needs it."""
        return (EXTRA_CELLS_COLUMN,) if self.has_extra_cells else ()


def write_results(
    path: Path,
    layout: Layout,
    rows: Iterable[RowOutcome],
    failures: Path | None,
    written: WrittenFiles = NOTHING_KNOWN,
) -> Totals:
    """Write every row to `path` and those that are not linked to `failures`; what they add up to.

    One pass, nothing kept. `path` is a workbook when it ends in `.xlsx`, else CSV; `failures` is CSV, holds the
    source's columns only and is written when there is such a row, else an old one is removed. Each file takes its
    place in one step after all rows are written; whatever happens before leaves both as they were. `written` decides
    whether an old file is replaced or kept.

    Both files are rectangular: a row shorter than the header is filled with empty cells, and the cells beyond the
    header go, as a JSON list, into the column `import_extra_cells`. Read back, such a row is too long as before.

    Raises OutputError, one sentence, when a file cannot be written or a workbook cannot hold the rows, and ValueError
    when a row has cells beyond the header although `layout` says that none has.
    """
    if failures is not None and failures.resolve() == path.resolve():
        raise OutputError(f"{path} cannot hold both the results and the failures. Choose another name with --out.")
    tally = Tally(layout.row_names)
    width = len(layout.header)
    with ExitStack() as stack:
        results = stack.enter_context(_open_results(path, layout))
        unlinked = stack.enter_context(CsvTable(failures, layout.delimiter)) if failures is not None else None
        results.write(layout.header, RESULT_COLUMNS, layout.extra_columns)
        if unlinked is not None:
            unlinked.write(layout.header, (), layout.extra_columns)
        for row in rows:
            status, texts = tally.add(row)
            cells, beyond = _under_header(row.cells, width)
            extra = _extra_cells(beyond, layout)
            results.write(cells, (*texts, layout.run_id), extra)
            if unlinked is not None and status not in GOOD_STATUSES:
                unlinked.write(cells, (), extra)
        return _publish(tally.totals(), results, unlinked, failures, written)


def _open_results(path: Path, layout: Layout) -> Table:
    if path.suffix.lower() == ".xlsx":
        return XlsxTable(path, len(layout.header) + len(RESULT_COLUMNS) + len(layout.extra_columns))
    return CsvTable(path, layout.delimiter)


def _under_header(cells: tuple[str, ...], width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cells that stand under the header, filled up with empty ones, and those beyond it."""
    missing = width - len(cells)
    if missing == 0:
        return cells, ()
    return (cells + ("",) * missing)[:width], cells[width:]


def _extra_cells(beyond: Sequence[str], layout: Layout) -> tuple[str, ...]:
    if not layout.has_extra_cells:
        if beyond:
            raise ValueError(f"a row has {len(beyond)} cells beyond the header, which the layout does not provide for")
        return ()
    return (json.dumps(beyond, ensure_ascii=False),) if beyond else ("",)


def _publish(
    totals: Totals, results: Table, unlinked: Table | None, failures: Path | None, written: WrittenFiles
) -> Totals:
    """Put the files in their places once all of them are on the disk."""
    results.finish()
    if unlinked is not None and totals.bad:
        unlinked.finish()
    results.publish(written)
    if unlinked is not None and totals.bad:
        unlinked.publish(written)
    elif failures is not None:
        remove(failures, written)
    return totals
