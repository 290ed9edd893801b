"""Preview of a source from its beginning alone, available even if its columns are unclear."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from importer.config import Reading
from importer.errors import MissingColumnsError, SettingsError, SourceError
from importer.model import ObjectType, Role, RowNames
from importer.reader.columns.header_row import HeaderRow, header_warnings, resolve_columns
from importer.reader.columns.notes import column_notes
from importer.reader.columns.reasons import reasons
from importer.reader.columns.roles import Columns, Header, Side
from importer.reader.files.detect import open_table
from importer.reader.files.table import Record, Table
from importer.reader.messages import quoted, visible
from importer.reader.parts import find_common_header
from importer.reader.recognition import RECOGNIZERS
from importer.reader.result_columns import ResultColumns
from importer.reader.rows.ids import holds_ids
from importer.reader.source import kept_header, source_notes

_ROWS_READ = 200
"""Number of non-blank rows from which the samples are taken."""

_ROWS_SHOWN = 5
_SAMPLES = 3
_COUNTED = 64 << 20
"""Bytes in which line ends are counted to estimate the number of rows."""


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column: 0-based index in the header, 1-based position in the file (also in letters), name and sample values.

    The index does not count the columns of previous results. `#N`, where N is the position, assigns the column to a
    role.
    """

    index: int
    position: int
    letters: str
    name: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row: its name in messages, and its cells without those of previous results."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourcePreview:
    """Findings about a source from its beginning alone.

    `sheet_names` is empty for a text file; `encoding` and `delimiter` are "" for a workbook. `rows_estimate` is None
    if it would require reading the whole source; `is_exact` says that it is the number of rows, because all were read.
    `roles` maps each role to the index of its column, `reasons` to the reason for the choice. A type is None if a
    column holds it for each row, or if it is unknown. If the columns of the pairs are unclear, `error` has the code and
    the message, and the fields that depend on the columns are empty; `lookup` has the settings that would look the
    records up by other columns, if there are any.
    """

    format: str
    encoding: str
    delimiter: str
    sheet: str
    sheet_names: tuple[str, ...]
    header_row: int | None
    rows_estimate: int | None
    columns: tuple[PreviewColumn, ...]
    rows: tuple[PreviewRow, ...]
    notes: tuple[str, ...]
    parts: tuple[str, ...] = ()
    is_exact: bool = False
    roles: Mapping[Role, int] | None = None
    reasons: Mapping[Role, str] | None = None
    from_type: ObjectType | None = None
    to_type: ObjectType | None = None
    from_by: str | None = None
    to_by: str | None = None
    sentence: str = ""
    warnings: tuple[str, ...] = ()
    error: tuple[str, str] | None = None
    lookup: Mapping[str, str] | None = None


def preview_source(path: Path, reading: Reading, name: str = "") -> SourcePreview:
    """Return a preview of a file, read in bounded memory; a text file of a million rows takes less than a second.

    `name` is its name in messages. Raises `SourceError` if it contains no table or no header, and `SettingsError` for
    an unknown encoding or delimiter.
    """
    name = name or path.name
    table = open_table(path, name, reading, RECOGNIZERS)
    try:
        found = find_common_header(name, table, reading)
        results = ResultColumns(name, found.texts, None)
        header = kept_header(found, results)
        rows = list(islice(_filled_rows(found, results), _ROWS_READ))
        preview = _described(table, found, header, rows, source_notes(table, found, results))
        estimate = _estimate(path, table, found)
        preview = replace(preview, rows_estimate=estimate, is_exact=len(rows) < _ROWS_READ and estimate == len(rows))
        try:
            columns = resolve_columns(name, found, header, reading, holds_ids)
        except (SourceError, SettingsError) as error:
            lookup = error.lookup if isinstance(error, MissingColumnsError) else {}
            return replace(preview, error=(error.code, str(error)), lookup=lookup)
        return _with_columns(preview, found, header, columns, reading)
    finally:
        table.close()


def _described(
    table: Table, found: HeaderRow, header: Header, rows: Sequence[Record], notes: tuple[str, ...]
) -> SourcePreview:
    names = RowNames(tuple(part.name for part in table.parts))
    return SourcePreview(
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheet_names=table.sheet_names,
        header_row=found.number,
        rows_estimate=None,
        columns=tuple(_column(index, header, rows) for index in range(len(header.texts))),
        rows=tuple(PreviewRow(names.of(number), tuple(map(str, cells))) for number, cells in rows[:_ROWS_SHOWN]),
        notes=notes,
        parts=names.parts,
    )


def _with_columns(
    preview: SourcePreview, found: HeaderRow, header: Header, columns: Columns, reading: Reading
) -> SourcePreview:
    from_side, to_side = columns.from_side, columns.to_side
    return replace(
        preview,
        roles=columns.roles(),
        reasons=reasons(header, columns, reading),
        from_type=from_side.object_type if from_side.type_column is None else None,
        to_type=to_side.object_type if to_side.type_column is None else None,
        from_by=from_side.lookup_by or None,
        to_by=to_side.lookup_by or None,
        sentence=f"This file links {_records(from_side, header)} to {_records(to_side, header)}.",
        warnings=header_warnings(found, header, columns) + column_notes(header, columns),
    )


def _records(side: Side, header: Header) -> str:
    if side.type_column is not None:
        return f"records of the types in {quoted(header.name(side.type_column))}"
    return str(side.object_type)


def _filled_rows(found: HeaderRow, results: ResultColumns) -> Iterator[Record]:
    """Yield the rows that are not blank, without the columns of previous results."""
    for records in found.records:
        numbers, rows = results.remove(records) if results.exist else records
        for number, cells in zip(numbers, rows, strict=True):
            if any(map(str.strip, cells)):
                yield number, cells


def _column(index: int, header: Header, rows: Sequence[Record]) -> PreviewColumn:
    values = (str(cells[index]).strip() for _, cells in rows if index < len(cells))
    samples = tuple(islice(dict.fromkeys(map(visible, filter(None, values))), _SAMPLES))
    position = header.positions[index]
    return PreviewColumn(index, position, column_letters(position), header.name(index), samples)


def column_letters(position: int) -> str:
    """Return the letters of a column in a spreadsheet program by its position from 1: A, B, …, Z, AA."""
    letters = ""
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _estimate(path: Path, table: Table, found: HeaderRow) -> int | None:
    """Estimate the number of rows of a text file from its line ends, some of which may be inside cells."""
    if table.format not in {"CSV", "TSV"}:  # compressed, or a workbook
        return None
    size = path.stat().st_size
    lines = counted = 0
    with path.open("rb") as file:
        while counted < _COUNTED and (data := file.read(1 << 20)):
            counted += len(data)
            lines += data.count(b"\n") or data.count(b"\r")
        file.seek(max(0, size - 4))
        lines += not file.read().rstrip(b"\0").endswith((b"\n", b"\r")) and counted == size
    estimate = round(lines * size / counted) if counted else 0
    return max(0, estimate - (found.number or 0))
