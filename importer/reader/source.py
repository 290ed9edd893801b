"""A source: the file's rows as pairs or problems, with what was understood before and what is worth telling after."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from importer.config import Reading
from importer.errors import SourceError
from importer.model import (
    EXTRA_CELLS_COLUMN,
    PREVIOUS_RESULT_COLUMNS,
    ObjectType,
    Role,
    RowNames,
    SourceBlock,
    SourceRow,
    Status,
)
from importer.reader.columns.header_row import header_columns, header_notes, header_warnings
from importer.reader.columns.notes import column_notes
from importer.reader.columns.resolve import Columns, Header
from importer.reader.files.hidden_rows import HiddenRows
from importer.reader.files.table import FORMULA_SIGNS, Records, SuspectRow, Table
from importer.reader.parts import find_common_header, late_warnings
from importer.reader.rows.ids import without_formula
from importer.reader.rows.parse import RowReader
from importer.reader.rows.shapes import Layout, RowShapes

_STATUS_COLUMN = "import_status"
_STATUSES = frozenset(map(str, Status))
_OLD_RESULT = "The columns of an old result (import_…) are left out and will be replaced."


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What reading found out before the first row, for people and for JSON.

    `encoding` and `delimiter` are "" for a workbook, `sheet` is "" and `sheets` 0 for a text file. `header_row` is the
    header's row as the spreadsheet shows it, None when there is none. `columns` gives the header that plays each role.
    An object type is given when one holds for the whole file (by flag or by header), None when a column gives it row by
    row. `notes` are plain sentences. `parts` are the names of the files when the source has several, else empty.
    """

    format: str
    encoding: str
    delimiter: str
    sheet: str
    sheets: int
    header_row: int | None
    columns: Mapping[Role, str]
    from_object_type: ObjectType | None
    to_object_type: ObjectType | None
    notes: tuple[str, ...]
    parts: tuple[str, ...] = ()

    @property
    def row_names(self) -> RowNames:
        """How rows of the source are named."""
        return RowNames(self.parts)


class Source:
    """One table of pairs, open for reading; a context manager.

    `header` holds the original header cells without the columns of an old result, `places` which of them, from 1, plays
    each role.
    """

    def __init__(self, name: str, table: Table, reading: Reading) -> None:
        self._name = name
        self._table = table
        self._reading = reading
        header_row = find_common_header(name, table, reading)
        full_header, self._records = header_row.texts, header_row.records
        self._width = len(full_header)
        self._kept = [i for i, text in enumerate(full_header) if text.strip() not in PREVIOUS_RESULT_COLUMNS]
        self._extra_cells_column = _first_index(full_header, EXTRA_CELLS_COLUMN)
        self._status_column = _status_column(name, full_header, reading)
        header = Header(tuple(full_header[i] for i in self._kept), tuple(i + 1 for i in self._kept))
        columns = header_columns(name, header_row, header, reading)
        self.header = header.texts
        self.places = {role: index + 1 for role, index in columns.roles().items()}
        old = (_OLD_RESULT,) if len(self._kept) < self._width else ()
        notes = table.notes + header_notes(header_row) + old
        self.info = _understood(table, columns, header, header_row.number, notes)
        self._column_warnings = header_warnings(header_row, header, columns) + column_notes(header, columns)
        self._hidden = HiddenRows(table.hidden, visible_only=reading.visible_rows_only)
        self._row_reader = RowReader(columns, header)
        self._shapes = self._text_shapes(full_header, columns)
        self._formulas = 0
        self._left_out = 0
        self._unknown_statuses = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the file."""
        self._table.close()

    def blocks(self) -> Iterator[SourceBlock]:
        """Yield the rows in the file's order, many at a time, in bounded memory; can be used once.

        Raises `SourceError` when the file turns out to be unreadable further down.
        """
        tables = (self._table, *(part.table for part in self._table.parts))
        left = sys.maxsize if self._reading.limit is None else self._reading.limit
        for numbers, rows in self._wanted_records():
            start = 0
            while left and start < len(rows):
                # No more records than rows may be left: those that are blank leave room for more.
                end = min(len(rows), start + left)
                records = self._hidden.checked((numbers[start:end], rows[start:end]))
                for block in self._row_reader.blocks(records):
                    self._refuse_other_header()
                    left -= len(block.numbers)
                    if any(table.seen.may_have_formulas for table in tables):
                        self._formulas += _count_formulas(block.cells)
                    yield block
                start = end
            if not left:
                return

    def _refuse_other_header(self) -> None:
        number = self._row_reader.other_header
        if number is not None:
            raise SourceError(
                f"{self._name}, row {self.info.row_names.of(number)}: this row names other columns than the "
                f"header, so the rows below it would be read wrongly. Make it a file of its own, or put the columns of "
                f"all rows in the same order."
            )

    def _text_shapes(self, full_header: Sequence[str], columns: Columns) -> RowShapes | None:
        """Return what checks the lengths of a text file's rows; a workbook has its cells in their columns."""
        if not self._table.delimiter:
            return None

        def parse_row(cells: Sequence[str]) -> SourceRow:
            return self._row_reader.parse_row([cells[i] if i < len(cells) else "" for i in self._kept])

        texts = [text if i in self._kept else "" for i, text in enumerate(full_header)]
        keys = {self._kept[index] for index in columns.roles().values()}
        return RowShapes(Layout(texts, keys, self._table.delimiter, parse_row))

    def _wanted_records(self) -> Iterator[Records]:
        """Return the records that are rows of the run, without the columns of an old result."""
        records = self._records if self._shapes is None else self._shapes.check(self._records)
        if len(self._kept) == self._width:
            return records
        return map(self._without_old_results, records)

    def _without_old_results(self, records: Records) -> Records:
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, cells in zip(*records, strict=True):
            cells.extend([""] * (self._width - len(cells)))
            if self._is_wanted(cells):
                numbers.append(number)
                kept = [cells[i] for i in self._kept] + self._extra_cells(cells) + cells[self._width :]
                rows.append(cells.replace(kept, self._kept) if isinstance(cells, SuspectRow) else kept)
            else:
                self._left_out += 1
        return numbers, rows

    def _extra_cells(self, cells: Sequence[str]) -> list[str]:
        """Return the cells beyond the header that an earlier run moved into a column: the row is still too long."""
        text = "" if self._extra_cells_column is None else cells[self._extra_cells_column]
        if not text.strip():
            return []
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return [text]
        return [str(cell) for cell in found] if isinstance(found, list) and found else [text]

    def warnings(self) -> tuple[str, ...]:
        """Return what is worth telling once the rows are read, in plain sentences."""
        found = (
            *self._column_warnings,
            f"Blank rows skipped: {self._row_reader.blank:,}." if self._row_reader.blank else "",
            f"Rows left out because of their {_STATUS_COLUMN}: {self._left_out:,}." if self._left_out else "",
            self._unknown_status_warning(),
            self._hidden.warning(self.info.row_names),
            self._portal_warning(),
            self._type_warning(),
            self._formula_warning(),
            *(self._shapes.warnings(self.info.row_names) if self._shapes else ()),
            *self._row_reader.id_warnings(self.info.row_names),
            *late_warnings(self._table),
        )
        return tuple(text for text in found if text)

    def _is_wanted(self, cells: Sequence[str]) -> bool:
        if self._status_column is None or self._reading.statuses is None:
            return True
        status = cells[self._status_column].strip().lower()
        if status and status not in _STATUSES:
            self._unknown_statuses += 1
        # A row without a status is new, or was cleared to be sent again.
        return not status or status in self._reading.statuses

    def _unknown_status_warning(self) -> str:
        if not self._unknown_statuses:
            return ""
        return (
            f"Rows left out because their {_STATUS_COLUMN} is none that a run writes: {self._unknown_statuses:,}. "
            f"Clear the cell of those to be sent."
        )

    def _portal_warning(self) -> str:
        portals = sorted(self._row_reader.portals)
        if len(portals) < 2:
            return ""
        more = ", …" if len(portals) > 5 else ""
        return (
            f"The record addresses name {len(portals)} HubSpot accounts ({', '.join(portals[:5])}{more}); "
            f"all ids are used in the account of your token."
        )

    def _type_warning(self) -> str:
        types = sorted(self._row_reader.unlisted_types)
        if not types:
            return ""
        shown = ", ".join(f"'{name}'" for name in types[:5]) + (", …" if len(types) > 5 else "")
        return f"Not among HubSpot's own object types and used as written: {shown}."

    def _formula_warning(self) -> str:
        if not self._formulas:
            return ""
        return (
            f"Cells that look like formulas (they begin with =, +, - or @): {self._formulas:,}; they are kept "
            f"unchanged, and a spreadsheet program may calculate them when it opens the results as CSV."
        )


def _status_column(name: str, header: Sequence[str], reading: Reading) -> int | None:
    if reading.statuses is None:
        return None
    found = _first_index(header, _STATUS_COLUMN)
    if found is None:
        raise SourceError(
            f"{name} has no column '{_STATUS_COLUMN}', so it is not a results file. Give one, or a run's id."
        )
    return found


def _first_index(header: Sequence[str], name: str) -> int | None:
    return next((i for i, text in enumerate(header) if text.strip() == name), None)


def _count_formulas(rows: Sequence[Sequence[str]]) -> int:
    text = "\n" + "\n".join(map("\n".join, rows))  # in which every cell follows a line end
    if not any(sign in text and "\n" + sign in text for sign in FORMULA_SIGNS):
        return 0
    return sum(_looks_like_formula(cell) for cells in rows for cell in cells if cell and cell[0] in FORMULA_SIGNS)


def _looks_like_formula(cell: str) -> bool:
    """Tell a formula from a signed number, a phone number or `="123"`, which a program shows as they are."""
    if without_formula(cell) != cell:
        return False
    return cell[0] in "=@" or any(c.isalpha() or c in "(!" for c in cell[:1000])


def _understood(
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
    )
