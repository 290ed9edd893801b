"""The results file and the failures file of a run."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from importer.corrections import column_key
from importer.errors import OutputError
from importer.model import (
    EXTRA_CELLS_COLUMN,
    FOUND_ID_COLUMNS,
    GOOD_STATUSES,
    NUMBERED,
    ORIGINAL_CELLS_COLUMN,
    RESULT_COLUMNS,
    TYPES_BEFORE_COLUMN,
    UNDONE_RUN_COLUMN,
    RowNames,
    RowOutcome,
)
from importer.reporter.csv_writer import CsvWriter
from importer.reporter.result_row import found_ids, types_before
from importer.reporter.row_counts import RowCounter, RowCounts
from importer.reporter.summary_sheet import RunDescription, summary_lines
from importer.reporter.table_writer import TableWriter
from importer.reporter.workbook_copy import NotCopiedError, SourceWorkbook, WorkbookCopy, plain_workbook_notice
from importer.reporter.xlsx_writer import XlsxWriter
from importer.written_files import NO_RECORD, WrittenFiles


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of the results: the source's columns without those of earlier results, and its delimiter.

    The delimiter is "," if the source was a workbook. `run_id` is the run that writes the results, "" for none.
    `has_extra_cells` is True if any row has more cells than the header, `has_types_before` if the types of any pair
    were read before sending, `has_found_ids` if ids were looked up, `has_originals` if any cell was corrected.
    `undone_run` is the run that was undone, "" for none.
    """

    header: tuple[str, ...]
    delimiter: str
    run_id: str = ""
    has_extra_cells: bool = False
    row_names: RowNames = NUMBERED
    has_types_before: bool = False
    has_found_ids: bool = False
    has_originals: bool = False
    undone_run: str = ""

    @property
    def result_columns(self) -> tuple[str, ...]:
        """The columns with results: those of every results file, then those that this run needs."""
        undone = (UNDONE_RUN_COLUMN,) if self.undone_run else ()
        before = (TYPES_BEFORE_COLUMN,) if self.has_types_before else ()
        return (*RESULT_COLUMNS, *undone, *before, *(FOUND_ID_COLUMNS if self.has_found_ids else ()))

    def optional_texts(self, row: RowOutcome) -> tuple[str, ...]:
        """Return the texts of a row for the result columns that only some runs need."""
        undone = (self.undone_run,) if self.undone_run else ()
        before = (types_before(row),) if self.has_types_before else ()
        return (*undone, *before, *(found_ids(row) if self.has_found_ids else ()))

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """The columns for cells beyond the header and for the original texts of cells, if any row needs them."""
        extra = (EXTRA_CELLS_COLUMN,) if self.has_extra_cells else ()
        return (*extra, ORIGINAL_CELLS_COLUMN) if self.has_originals else extra

    def originals(self, row: RowOutcome) -> tuple[str, ...]:
        """Return the original texts of a row's corrected cells, for their column."""
        if not self.has_originals:
            return ()
        found = {column_key(self.header, place): text for place, text in row.originals.items()}
        return (json.dumps(found, ensure_ascii=False) if found else "",)


def _ignore(notice: str) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class WorkbookContext:
    """The content of a results workbook besides its rows.

    `source` is the XLSX file to copy (None: there is none), `run` describes the run on the Summary sheet. `on_notice`
    is called with a sentence when the workbook is not a copy of the source.
    """

    run: RunDescription
    source: SourceWorkbook | None = None
    on_notice: Callable[[str], None] = _ignore


def write_results(
    path: Path,
    layout: Layout,
    rows: Iterable[RowOutcome],
    failures: Path | None,
    written: WrittenFiles = NO_RECORD,
    workbook: WorkbookContext | None = None,
) -> RowCounts:
    """Write every row to `path` and the bad rows to `failures`; return the counts of the rows.

    Rows are written in one pass. `path` is a workbook if it ends in `.xlsx`, else CSV. `failures` is a CSV file with
    the source's columns only; if there are no bad rows, an old one is removed. Both files appear only after all rows
    are written. `written` decides whether an old file is replaced or kept. Cells beyond the header go, as a JSON list,
    into the column `import_extra_cells`, the original texts of corrected cells into `import_original_cells`.

    Raises OutputError if a file cannot be written or a workbook cannot hold the rows, and ValueError if a row has
    cells beyond the header although `layout` excludes them.
    """
    if failures is not None and failures.resolve() == path.resolve():
        raise OutputError(
            "RESULTS_ARE_FAILURES",
            f"{path} cannot hold both the results and the failures. Choose another name with --out.",
        )
    with ExitStack() as stack:
        results = stack.enter_context(_open_results(path, layout, workbook))
        bad_rows = stack.enter_context(CsvWriter(failures, layout.delimiter)) if failures is not None else None
        counts = _write_rows(layout, rows, results, bad_rows)
        if workbook is not None and isinstance(results, WorkbookCopy | XlsxWriter):
            results.add_summary(summary_lines(workbook.run, counts))
        _commit(counts, results, bad_rows, written)
    if failures is not None and not counts.bad:
        written.remove(failures)
    return counts


def _write_rows(
    layout: Layout, rows: Iterable[RowOutcome], results: TableWriter, bad_rows: TableWriter | None
) -> RowCounts:
    counter = RowCounter(layout.row_names)
    width = len(layout.header)
    results.write(layout.header, layout.result_columns, layout.extra_columns)
    if bad_rows is not None:
        bad_rows.write(layout.header, (), layout.extra_columns)
    for row in rows:
        status, texts = counter.add(row)
        cells, beyond = _split_at_width(row.cells, width)
        extra = (*_extra_cells(beyond, layout), *layout.originals(row))
        results.write(cells, (*texts, layout.run_id, *layout.optional_texts(row)), extra)
        if bad_rows is not None and status not in GOOD_STATUSES:
            bad_rows.write(cells, (), extra)
    return counter.counts()


def _open_results(path: Path, layout: Layout, workbook: WorkbookContext | None) -> TableWriter:
    if path.suffix.lower() != ".xlsx":
        return CsvWriter(path, layout.delimiter)
    if workbook is not None and workbook.source is not None:
        try:
            if layout.has_extra_cells:
                raise NotCopiedError("some of its rows have cells to the right of the header's last column")
            if layout.has_originals:
                raise NotCopiedError("some of its cells were corrected")
            return WorkbookCopy(path, workbook.source, workbook.on_notice)
        except NotCopiedError as reason:
            workbook.on_notice(plain_workbook_notice(workbook.source.path, str(reason)))
    return XlsxWriter(path)


def _split_at_width(cells: tuple[str, ...], width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the cells under the header, padded with empty ones, and the cells beyond it."""
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


def _commit(counts: RowCounts, results: TableWriter, bad_rows: TableWriter | None, written: WrittenFiles) -> None:
    """Move the files to their targets once all of them are on the disk."""
    results.finish()
    if bad_rows is not None and counts.bad:
        bad_rows.finish()
    # A later removal of the same links finds nothing: its results do not have the types that restore them.
    results.commit(replace(written, is_only_copy=counts.unlinked > 0))
    if bad_rows is not None and counts.bad:
        bad_rows.commit(written)
