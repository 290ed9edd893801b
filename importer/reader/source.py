"""A source: the rows of a file as pairs or problems, its properties, and a report after reading it."""

import sys
from collections.abc import Iterator, Sequence
from typing import Self

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import Role, SourceBlock, SourceRow
from importer.reader.columns.header_row import HeaderRow, header_notes, header_warnings, resolve_columns
from importer.reader.columns.notes import column_notes
from importer.reader.columns.roles import Columns, Header
from importer.reader.corrections import Corrections
from importer.reader.files.hidden_rows import HiddenRows
from importer.reader.files.table import Records, Table
from importer.reader.formulas import count_formulas
from importer.reader.parts import final_warnings, find_common_header
from importer.reader.result_columns import STATUS_COLUMN, ResultColumns
from importer.reader.rows.ids import holds_ids
from importer.reader.rows.parse import RowReader
from importer.reader.rows.shapes import Layout, RowShapes
from importer.reader.source_info import ReadReport, SourceInfo


class Source:
    """One table of pairs, open for reading; a context manager.

    `header` holds the original header cells without the columns of previous results; `places` maps each role to the
    1-based position of its column in it.
    """

    def __init__(self, name: str, table: Table, reading: Reading) -> None:
        self._name = name
        self._table = table
        self._reading = reading
        header_row = find_common_header(name, table, reading)
        self._records = header_row.records
        self._results = ResultColumns(name, header_row.texts, reading.statuses, restores_types=reading.restores_types)
        header = kept_header(header_row, self._results)
        columns = resolve_columns(name, header_row, header, reading, holds_ids)
        self.header = header.texts
        self.places = {role: index + 1 for role, index in columns.roles().items()}
        notes = source_notes(table, header_row, self._results)
        self.info = _source_info(table, columns, header, header_row.number, notes)
        self._column_warnings = header_warnings(header_row, header, columns) + column_notes(header, columns)
        self._hidden = HiddenRows(table.observed.hidden, visible_only=reading.visible_rows_only)
        used = columns.used()
        self._corrections = Corrections(reading.corrections, header.texts, used, self._results.originals)
        self._row_reader = RowReader(columns, header, reading.portal_id)
        self._shapes = self._text_shapes(header_row.texts, columns)
        self._corrected = 0
        self._report: ReadReport | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._table.close()

    @property
    def report(self) -> ReadReport:
        """The report of reading. Raises `RuntimeError` unless all blocks have been read."""
        if self._report is None:
            raise RuntimeError("the source has not been read to its end")
        return self._report

    @property
    def shows_linking(self) -> bool:
        """True if the rows read so far show that the file has the results of linking, not of a removal or an undo."""
        return self._results.show_linking

    def blocks(self) -> Iterator[SourceBlock]:
        """Yield the rows in file order, many at a time, in bounded memory; can be used once.

        Raises `SourceError` if the file turns out to be unreadable further down. `report` is available afterwards.
        """
        rows = formula_cells = 0
        for block in self._limited_blocks():
            rows += len(block.numbers)
            if self._may_have_formulas():
                formula_cells += count_formulas(block.cells)
            yield block
        self._corrections.require_all(self._name, self.info.row_names)
        self._report = self._finished_report(rows, formula_cells)

    def _limited_blocks(self) -> Iterator[SourceBlock]:
        left = sys.maxsize if self._reading.limit is None else self._reading.limit
        for numbers, rows in self._selected_records():
            start = 0
            while left and start < len(rows):
                # Blank records do not count towards the limit, so slice by the rows still allowed.
                end = min(len(rows), start + left)
                records = self._hidden.filter((numbers[start:end], rows[start:end]))
                for block in self._row_reader.blocks(self._corrections.apply(records)):
                    self._refuse_other_header()
                    self._corrections.add_to(block)
                    self._corrected += len(block.corrections)
                    self._restore_types(block)
                    left -= len(block.numbers)
                    yield block
                start = end
            if not left:
                return

    def _restore_types(self, block: SourceBlock) -> None:
        self._results.restore_types(block)
        if self._results.restored_rows and self._reading.labels:
            raise SettingsError(
                "LABEL_OF_RESTORED_ROWS",
                f"--label {self._reading.labels[0]!r}: {self._name} has rows of a removal, whose links get exactly the "
                "association types back that they had before. Nothing was sent. Import it without --label; to add a "
                "label to these links afterwards, import the original file with --label.",
            )

    def _may_have_formulas(self) -> bool:
        tables = (self._table, *(part.table for part in self._table.parts))
        return any(table.observed.may_have_formulas for table in tables)

    def _refuse_other_header(self) -> None:
        number = self._row_reader.other_header
        if number is not None:
            raise SourceError(
                "SECOND_HEADER",
                f"{self._name}, row {self.info.row_names.of(number)}: this row contains column names that differ from "
                f"the header, so the rows below it would be read incorrectly. Move them to a separate file, or arrange "
                f"the columns of all rows in the same order.",
            )

    def _text_shapes(self, full_header: Sequence[str], columns: Columns) -> RowShapes | None:
        """Return the check of row lengths for a text file; None for a workbook, whose cells are in their columns."""
        if not self._table.delimiter:
            return None
        kept = self._results.kept

        def parse_row(cells: Sequence[str]) -> SourceRow:
            return self._row_reader.parse_row([cells[i] if i < len(cells) else "" for i in kept])

        texts = [text if i in kept else "" for i, text in enumerate(full_header)]
        keys = {kept[index] for role, index in columns.roles().items() if role is not Role.LABEL}
        return RowShapes(Layout(texts, keys, self._table.delimiter, parse_row))

    def _selected_records(self) -> Iterator[Records]:
        """Return the records of the run, without the columns of previous results."""
        records = self._records if self._shapes is None else self._shapes.check(self._records)
        return map(self._results.remove, records) if self._results.exist else records

    def _finished_report(self, rows: int, formula_cells: int) -> ReadReport:
        reader, results, names = self._row_reader, self._results, self.info.row_names
        portals, custom_types = tuple(sorted(reader.portals)), tuple(sorted(reader.custom_types))
        warnings = (
            *self._column_warnings,
            f"Blank rows skipped: {reader.blank:,}." if reader.blank else "",
            f"Rows left out because of their {STATUS_COLUMN}: {results.excluded_rows:,}."
            if results.excluded_rows
            else "",
            _restored_warning(results.restored_rows, results.removal),
            _unknown_status_warning(results.unknown_statuses),
            self._hidden.warning(names),
            _portal_warning(portals),
            _type_warning(custom_types),
            _formula_warning(formula_cells),
            f"Corrected cells: {self._corrected:,}." if self._corrected else "",
            *(self._shapes.warnings(names) if self._shapes else ()),
            *reader.id_warnings(names),
            *final_warnings(self._table),
        )
        return ReadReport(
            rows=rows,
            blank_rows=reader.blank,
            excluded_rows=results.excluded_rows,
            removal=results.removal if results.restored_rows else None,
            short_rows=self._shapes.short_rows if self._shapes else 0,
            formula_cells=formula_cells,
            portals=portals,
            custom_types=custom_types,
            notes=self.info.notes,
            warnings=tuple(filter(None, warnings)),
        )


def kept_header(found: HeaderRow, results: ResultColumns) -> Header:
    """Return the header without the columns of previous results."""
    return Header(tuple(found.texts[i] for i in results.kept), tuple(i + 1 for i in results.kept))


def source_notes(table: Table, found: HeaderRow, results: ResultColumns) -> tuple[str, ...]:
    """Return the sentences about a source that are known before its first row."""
    notes = table.notes + header_notes(found)
    if results.exist:
        notes += ("The columns of previous results (import_…) are ignored and will be replaced.",)
    return notes


def _source_info(
    table: Table, columns: Columns, header: Header, header_row: int | None, notes: tuple[str, ...]
) -> SourceInfo:
    from_side, to_side = columns.from_side, columns.to_side
    return SourceInfo(
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheets=table.sheets,
        header_row=header_row,
        columns={role: header.name(index) for role, index in columns.roles().items()},
        from_object_type=from_side.object_type if from_side.type_column is None else None,
        to_object_type=to_side.object_type if to_side.type_column is None else None,
        notes=notes,
        parts=tuple(part.name for part in table.parts),
        from_by=from_side.lookup_by or None,
        to_by=to_side.lookup_by or None,
    )


def _restored_warning(rows: int, removal: str) -> str:
    if not rows:
        return ""
    undo = f"importer undo {removal}" if removal else "importer undo with the id of the removal's run"
    return (
        f"Rows of a removal, whose pairs get exactly their previous association types back: {rows:,}. Only HubSpot may "
        f"add to them: it makes the first company that a record is linked to its primary one. {undo} restores the "
        "links without that."
    )


def _unknown_status_warning(rows: int) -> str:
    if not rows:
        return ""
    return (
        f"Rows left out because their {STATUS_COLUMN} is not one that a run writes: {rows:,}. "
        f"Clear the cell in the rows to be sent."
    )


def _portal_warning(portals: Sequence[str]) -> str:
    if len(portals) < 2:
        return ""
    more = ", …" if len(portals) > 5 else ""
    return (
        f"The record URLs belong to {len(portals)} HubSpot accounts ({', '.join(portals[:5])}{more}); "
        f"all ids are used in the account of your token."
    )


def _type_warning(types: Sequence[str]) -> str:
    if not types:
        return ""
    shown = ", ".join(f"'{name}'" for name in types[:5]) + (", …" if len(types) > 5 else "")
    return f"Object types that are not HubSpot's standard ones, used as written: {shown}."


def _formula_warning(cells: int) -> str:
    if not cells:
        return ""
    return (
        f"Cells that look like formulas (they start with =, +, - or @): {cells:,}; they are kept unchanged, and a "
        f"spreadsheet program may calculate them when it opens the results as CSV."
    )
