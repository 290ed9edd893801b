"""Find the header row of a table, and refuse a row that does not look like a header."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import PREVIOUS_RESULT_COLUMNS, Role
from importer.reader.columns.headers import meaning
from importer.reader.columns.object_types import normalize_name
from importer.reader.columns.property_headers import value_columns
from importer.reader.columns.resolve import find_columns
from importer.reader.columns.roles import Columns, Header
from importer.reader.files.table import Record, Records, SuspectRow, Table
from importer.reader.files.workbook import MAX_COLUMN
from importer.reader.messages import quoted

_ROWS_SEARCHED = 25
"""Number of non-blank rows at the top among which another header is searched for."""

_COLUMNS_SEARCHED = 200
"""Number of leading cells of a row that are searched for header names."""


class EmptyTableError(SourceError):
    """A table has no rows, or only blank ones."""


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """A header and the records below it.

    `number` is its row number as a spreadsheet shows it, None if the file has no header: its columns are then named
    `#1`, `#2`, … `top` are the first non-blank rows of the file, as far as they were read to find the header.
    """

    texts: tuple[str, ...]
    number: int | None
    records: Iterator[Records]
    top: tuple[Record, ...]


def find_header_row(name: str, table: Table, reading: Reading) -> HeaderRow:
    """Return the header of the file `name`: the row given in the settings, else the first non-blank row.

    Raises `SourceError` if there is no such row, `EmptyTableError` if the table is empty.
    """
    last = 0
    for numbers, rows in table.records:
        index = _header_index(numbers, rows, reading.header_row)
        if index is not None:
            _refuse_suspect(name, numbers[index], rows[index])
            records = chain([(numbers[index + 1 :], rows[index + 1 :])], table.records)
            found = HeaderRow(_texts(name, rows[index]), numbers[index], records, _top(numbers, rows))
            return _without_header(name, found, (numbers[index:], rows[index:]), table) if reading.no_header else found
        last = numbers[-1] if numbers else last
    raise _header_row_error(name, reading.header_row, last)


def resolve_columns(
    name: str, found: HeaderRow, header: Header, reading: Reading, holds_ids: Callable[[str], bool]
) -> Columns:
    """Return the columns of the pairs; `header` lists the columns to consider.

    `holds_ids` returns True for a cell that contains record ids, or values that look like ids, rather than the name
    of a column. Raises as `find_columns` does, and `SourceError` if the row is a title or a record, naming the flag
    to use.
    """
    try:
        columns = find_columns(name, header, reading)
    except (SettingsError, SourceError):
        _refuse_title(name, found, reading)
        if not _recognized(found.texts, reading):
            _refuse_record(name, found, list(filter(holds_ids, found.texts)), minimum=2)
        raise
    _refuse_title(name, found, reading)
    id_headers = [header.texts[side.id_column] for side in (columns.from_side, columns.to_side)]
    _refuse_record(name, found, list(filter(holds_ids, id_headers)))
    return columns


def header_notes(found: HeaderRow) -> tuple[str, ...]:
    """Return a sentence that names the header row, unless it is row 1."""
    if found.number == 1:
        return ()
    if found.number is None:
        return (f"Every row is read as a record (no header); the columns are named #1 to #{len(found.texts)}.",)
    above = any(number < found.number for number, _ in found.top)
    return (f"Row {found.number} is the header." + (" The rows above it are ignored." if above else ""),)


def header_warnings(found: HeaderRow, header: Header, columns: Columns) -> tuple[str, ...]:
    """Return a sentence that shows the header if names of id columns contain digits, as the cells of a record do."""
    indices = (columns.from_side.id_column, columns.to_side.id_column)
    names = [header.texts[index] for index in indices if header.texts[index] != header.position_name(index)]
    odd = [name for name in names if meaning(name) is None and any(map(str.isdecimal, name))]
    if found.number is None or not odd or _is_numbered(found.texts):
        return ()
    shown = ", ".join(map(quoted, odd))
    return (f"Row {found.number} is read as the header ({shown}). If it is a record, add --no-header.",)


def _header_index(numbers: Sequence[int], rows: Sequence[Sequence[str]], requested: int | None) -> int | None:
    """Return the index of the header among the records; None if it is further down or does not exist."""
    for index, (number, cells) in enumerate(zip(numbers, rows, strict=True)):
        if requested in (None, number) and not _is_blank(cells):
            return index
    return None


def _refuse_suspect(name: str, number: int, cells: Sequence[str]) -> None:
    if isinstance(cells, SuspectRow) and not cells.suspects:
        message = f"{name}, row {number} (the header): {cells.problem.message} {cells.problem.advice}"
        raise SourceError(f"HEADER_{cells.problem.code}", message)


def _header_row_error(name: str, requested: int | None, last: int) -> SourceError:
    if requested is None or not last:
        return EmptyTableError(
            "TABLE_EMPTY", f"{name} is empty. Its first row must be a header with the names of the columns."
        )
    if requested > last:
        return SourceError(
            "HEADER_ROW_BEYOND_END", f"{name} ends at row {last}, but --header-row {requested} was given."
        )
    return SourceError(
        "HEADER_ROW_BLANK",
        f"{name}: row {requested}, given with --header-row, is blank. Give the row that contains the column names.",
    )


def _texts(name: str, cells: Sequence[str]) -> tuple[str, ...]:
    if len(cells) > MAX_COLUMN:
        raise SourceError(
            "TOO_MANY_COLUMNS",
            f"{name}: the header has {len(cells):,} columns; at most {MAX_COLUMN:,} are supported. Remove the "
            f"columns that are not needed.",
        )
    return tuple(map(str, cells))


def _top(numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> tuple[Record, ...]:
    filled = ((number, list(cells)) for number, cells in zip(numbers, rows, strict=True) if not _is_blank(cells))
    return tuple(record for record, _ in zip(filled, range(_ROWS_SEARCHED), strict=False))


def _is_blank(cells: Sequence[str]) -> bool:
    return not any(map(str.strip, cells))


def _without_header(name: str, first: HeaderRow, block: Records, table: Table) -> HeaderRow:
    """Return a header of positions (`#1`, …): the first row if it is one already, as in our results of such a file."""
    own = [text for text in first.texts if text.strip() not in PREVIOUS_RESULT_COLUMNS]
    if own and own == _positions(len(own)):
        return first
    widths = Counter(len(cells) for cells in block[1] if not _is_blank(cells))
    # In a text file a row of another width may have lost or gained a delimiter; a worksheet omits blank trailing cells.
    width = max(widths, key=lambda width: (widths[width], width)) if table.delimiter else max(widths)
    texts = _texts(name, _positions(width))
    return HeaderRow(texts=texts, number=None, records=chain([block], table.records), top=first.top)


def _positions(width: int) -> list[str]:
    return [f"#{position}" for position in range(1, width + 1)]


def _refuse_title(name: str, found: HeaderRow, reading: Reading) -> None:
    """Refuse a row that does not name the columns of a pair if another row near the top does."""
    if found.number is None or _recognized(found.texts, reading) > 1:
        return
    others = (row for row in found.top if row[0] != found.number)
    likely = next((row for row in others if _is_header(row[1], reading)), None)
    if likely:
        number, texts = likely
        shown = ", ".join(quoted(text) for text in texts[:5]) + (", …" if len(texts) > 5 else "")
        raise SourceError(
            "HEADER_IS_TITLE",
            f"{name}: row {found.number} is read as the header, but it does not name the columns of a pair; "
            f"row {number} does: {shown}. Give the header row with --header-row {number}.",
        )


def _is_header(cells: Sequence[str], reading: Reading) -> bool:
    """Return whether a row contains the mapped column names, or at least two recognized ones."""
    names = {normalize_name(column) for column in reading.columns.values() if not column.startswith("#")}
    return _recognized(cells, reading) > 1 or (bool(names) and names <= set(map(normalize_name, cells)))


def _refuse_record(name: str, found: HeaderRow, ids: Sequence[str], *, minimum: int = 1) -> None:
    """Refuse a header of which at least `minimum` cells hold `ids`: it is really a record and would be lost."""
    if found.number is None or len(ids) < minimum or _is_numbered(found.texts):
        return
    positions = [position for position, text in enumerate(found.texts, 1) if text in ids] + [1, 2]
    first, second = sorted(list(dict.fromkeys(positions))[:2])
    raise SourceError(
        "HEADER_IS_RECORD",
        f"{name}: row {found.number} is read as the header, but {quoted(ids[0])} is an id, not the name of a column. "
        f"If the file has no header, add --no-header and name the columns by position, for example "
        f"--map {Role.FROM_OBJECT_ID}='#{first}' --map {Role.TO_OBJECT_ID}='#{second}', with their types (--from TYPE "
        f"--to TYPE). If another row is the header, give its number with --header-row N.",
    )


def _is_numbered(texts: Sequence[str]) -> bool:
    """Return whether columns are numbered from 0, as pandas names unnamed columns; 0 is never a record id."""
    return list(texts) == [str(position) for position in range(len(texts))]


def _recognized(cells: Sequence[str], reading: Reading) -> int:
    """Return the number of cells recognized as names of columns that hold ids, types or values to look up."""
    searched = cells[:_COLUMNS_SEARCHED]
    values = {
        column.index for name in {reading.from_by, reading.to_by} if name for column in value_columns(searched, name)
    }
    return len(values | {index for index, text in enumerate(searched) if meaning(text) is not None})
