"""Which row of a table is its header, and what to say when that row does not look like one."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import PREVIOUS_RESULT_COLUMNS, Problem, Role
from importer.reader.columns.headers import meaning
from importer.reader.columns.object_types import plain
from importer.reader.columns.resolve import Columns, Header, find_columns
from importer.reader.files.table import Record, Records, SuspectRow, Table
from importer.reader.files.workbook import MAX_COLUMN
from importer.reader.messages import quoted
from importer.reader.rows.ids import parse_id, split_ids

_ROWS_SEARCHED = 25
_COLUMNS_SEARCHED = 200
"""Rows from the top, and columns of them, in which another header is looked for."""

_DATA_CODES = frozenset({"SCIENTIFIC_NOTATION", "LOST_PRECISION", "EMAIL", "UUID", "NOT_A_RECORD_URL"})
"""Problems of texts that are no ids, but no names of columns either."""


class EmptyTableError(SourceError):
    """A table has no row, or only blank ones."""


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """A header and the records after it.

    `number` is its row as the spreadsheet shows it, None when the file has none: its columns are called `#1`, `#2`, …
    `top` are the first rows of the file that are not blank, as far as they were read to find the header.
    """

    texts: tuple[str, ...]
    number: int | None
    records: Iterator[Records]
    top: tuple[Record, ...]


def find_header_row(name: str, table: Table, reading: Reading) -> HeaderRow:
    """Return the header of the file `name`: the row that the settings name, else the first that is not blank.

    Raises `SourceError` when there is no such row, `EmptyTableError` when there is none at all.
    """
    last = 0
    for numbers, rows in table.records:
        index = _header_index(numbers, rows, reading.header_row)
        if index is not None:
            _refuse_doubtful(name, numbers[index], rows[index])
            records = chain([(numbers[index + 1 :], rows[index + 1 :])], table.records)
            found = HeaderRow(_texts(name, rows[index]), numbers[index], records, _top(numbers, rows))
            return _without_header(name, found, (numbers[index:], rows[index:]), table) if reading.no_header else found
        last = numbers[-1] if numbers else last
    raise _no_header_row(name, reading.header_row, last)


def header_columns(name: str, found: HeaderRow, header: Header, reading: Reading) -> Columns:
    """Return the columns that make pairs, when the header is one; `header` are those of its columns that count.

    Raises as `find_columns` does, and `SourceError` when the row is a title or a record rather than a header, naming
    the flag to use.
    """
    try:
        columns = find_columns(name, header, reading)
    except (SettingsError, SourceError):
        _refuse_title(name, found, reading)
        if not _understood(found.texts):
            _refuse_record(name, found, found.texts, enough=2)
        raise
    _refuse_title(name, found, reading)
    _refuse_record(name, found, [header.texts[side.id_column] for side in (columns.from_side, columns.to_side)])
    return columns


def header_notes(found: HeaderRow) -> tuple[str, ...]:
    """Return the sentence that says which row is the header, when that is not row 1."""
    if found.number == 1:
        return ()
    if found.number is None:
        return (f"Every row is read as a record (no header); the columns are called #1 to #{len(found.texts)}.",)
    above = any(number < found.number for number, _ in found.top)
    return (f"Row {found.number} is the header." + (" The rows above it are not read." if above else ""),)


def header_warnings(found: HeaderRow, header: Header, columns: Columns) -> tuple[str, ...]:
    """Return the sentence that shows the header when its columns of ids have names with digits, as a record has."""
    indices = (columns.from_side.id_column, columns.to_side.id_column)
    names = [header.texts[index] for index in indices if header.texts[index] != header.place(index)]
    odd = [name for name in names if meaning(name) is None and any(map(str.isdecimal, name))]
    if found.number is None or not odd or _is_numbered(found.texts):
        return ()
    shown = ", ".join(map(quoted, odd))
    return (f"Row {found.number} is read as the header ({shown}). If it is a record, add --no-header.",)


def _header_index(numbers: Sequence[int], rows: Sequence[Sequence[str]], wanted: int | None) -> int | None:
    """Return the place of the header among the records; None when it is further down or nowhere."""
    for index, (number, cells) in enumerate(zip(numbers, rows, strict=True)):
        if wanted in (None, number) and not _is_blank(cells):
            return index
    return None


def _refuse_doubtful(name: str, number: int, cells: Sequence[str]) -> None:
    if isinstance(cells, SuspectRow) and not cells.suspects:
        raise SourceError(f"{name}, row {number}: {cells.problem.message} {cells.problem.advice}")


def _no_header_row(name: str, wanted: int | None, last: int) -> SourceError:
    if wanted is None or not last:
        return EmptyTableError(f"{name} is empty. Its first row must be a header with the names of the columns.")
    if wanted > last:
        return SourceError(f"{name} ends at row {last}, so --header-row {wanted} is not in it.")
    return SourceError(f"{name}: row {wanted}, which --header-row names, is blank. Name the row of the column names.")


def _texts(name: str, cells: Sequence[str]) -> tuple[str, ...]:
    if len(cells) > MAX_COLUMN:
        raise SourceError(f"{name}: the header has {len(cells):,} columns, and {MAX_COLUMN:,} is the most.")
    return tuple(map(str, cells))


def _top(numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> tuple[Record, ...]:
    filled = ((number, list(cells)) for number, cells in zip(numbers, rows, strict=True) if not _is_blank(cells))
    return tuple(record for record, _ in zip(filled, range(_ROWS_SEARCHED), strict=False))


def _is_blank(cells: Sequence[str]) -> bool:
    return not any(map(str.strip, cells))


def _without_header(name: str, first: HeaderRow, block: Records, table: Table) -> HeaderRow:
    """Return a header of positions, unless the file begins with one: its own results and failures are read back."""
    own = [text for text in first.texts if text.strip() not in PREVIOUS_RESULT_COLUMNS]
    if own and own == _positions(len(own)):
        return first
    widths = Counter(len(cells) for cells in block[1] if not _is_blank(cells))
    # In a text file a row of another width may have lost or won a delimiter; a sheet leaves out blank cells at the end.
    width = max(widths, key=lambda width: (widths[width], width)) if table.delimiter else max(widths)
    texts = _texts(name, _positions(width))
    return HeaderRow(texts, None, chain([block], table.records), first.top)


def _positions(width: int) -> list[str]:
    return [f"#{position}" for position in range(1, width + 1)]


def _refuse_title(name: str, found: HeaderRow, reading: Reading) -> None:
    """Refuse a row that names no pair when another one near the top does."""
    if found.number is None or _understood(found.texts) > 1:
        return
    others = (row for row in found.top if row[0] != found.number)
    likely = next((row for row in others if _is_header(row[1], reading)), None)
    if likely:
        number, texts = likely
        shown = ", ".join(quoted(text) for text in texts[:5]) + (", …" if len(texts) > 5 else "")
        raise SourceError(
            f"{name}: row {found.number} is read as the header, but it does not name the columns of a pair; "
            f"row {number} does: {shown}. Give the header's row with --header-row {number}."
        )


def _is_header(cells: Sequence[str], reading: Reading) -> bool:
    """Return whether a row has the names of a pair's columns: those that are mapped, or such as people use."""
    names = {plain(column) for column in reading.columns.values() if not column.startswith("#")}
    return _understood(cells) > 1 or (bool(names) and names <= set(map(plain, cells)))


def _refuse_record(name: str, found: HeaderRow, cells: Sequence[str], *, enough: int = 1) -> None:
    """Refuse a header when enough of its `cells` hold ids: it is the first record, which would be lost."""
    data = [text for text in cells if _is_data(text)]
    if found.number is None or len(data) < enough or _is_numbered(found.texts):
        return
    raise SourceError(
        f"{name}: row {found.number} is read as the header, but {quoted(data[0])} is an id, not the name of a column. "
        f"If the file has no header, add --no-header and name the columns by position, for example "
        f"--map {Role.FROM_OBJECT_ID}=#1 --map {Role.TO_OBJECT_ID}=#2. If another row is the header, give its number "
        f"with --header-row N."
    )


def _is_numbered(texts: Sequence[str]) -> bool:
    """Return whether columns are numbered from 0, as pandas calls those without a name; 0 is never an id."""
    return list(texts) == [str(place) for place in range(len(texts))]


def _understood(cells: Sequence[str]) -> int:
    return sum(meaning(text) is not None for text in cells[:_COLUMNS_SEARCHED])


def _is_data(text: str) -> bool:
    """Return whether a cell holds an id, or what only looks like one, rather than the name of a column."""
    return any(_is_no_name(part) for part in split_ids(text))


def _is_no_name(text: str) -> bool:
    found = parse_id(text, "")
    if not isinstance(found, Problem) or found.code in _DATA_CODES:
        return True
    has_digit = any(c.isdecimal() for c in text)
    return has_digit and not text.strip().startswith("#") and not any(c.isalpha() for c in text)
