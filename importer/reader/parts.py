"""Read several files of one archive as one table: an export that HubSpot split into parts with the same header."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from importer.config import Reading
from importer.errors import SourceError
from importer.model import PART_ROWS
from importer.reader.columns.header_row import EmptyTableError, HeaderRow, find_header_row
from importer.reader.files.table import Part, Records, Table
from importer.reader.messages import quoted, quoted_list


def find_common_header(name: str, table: Table, reading: Reading) -> HeaderRow:
    """Return the header of a table and the records below it, those of each part in turn.

    Rows are numbered as described in `RowNames`. Raises `SourceError` if a header is missing, or if the headers of the
    parts differ.
    """
    if not table.parts:
        return find_header_row(name, table, reading)
    found: list[tuple[int, HeaderRow]] = []
    for number, part in enumerate(table.parts):
        try:
            found.append((number, find_header_row(f"{name}, {part.name}", part.table, reading)))
        except EmptyTableError:
            if not found and number == len(table.parts) - 1:
                raise
            table.observed.warnings.append(f"{quoted(part.name)} is empty and adds no rows.")
    _check_same(name, [table.parts[number] for number, _ in found], [header.texts for _, header in found])
    below = (
        _renumbered(
            header.records, number * PART_ROWS, table.parts[number].table.observed.hidden, table.observed.hidden
        )
        for number, header in found
    )
    return replace(found[0][1], records=chain.from_iterable(below))


def final_warnings(table: Table) -> list[str]:
    """Return the warnings that are known only at the end of a table or of its parts."""
    of_parts = [f"{part.name}: {note}" for part in table.parts for note in part.table.observed.warnings]
    return [*table.observed.warnings, *of_parts, *_unended_notes(table)]


def _unended_notes(table: Table) -> list[str]:
    """Return one sentence about last lines without a line ending, for any number of parts."""
    found = [(part.name, part.table.observed.unended) for part in table.parts] or [("", table.observed.unended)]
    ends = [(name, *end) for name, end in found if end is not None]
    if not ends:
        return []
    name, row, text = ends[0]
    lacks = "has no line ending, unlike all other lines"
    if len(ends) == 1:
        note = (
            f"The last line, row {row}, {lacks}: the file may have been truncated within its last cell "
            f"({quoted(text)}). Compare it with the original."
        )
        return [f"{name}: {note}" if name else note]
    names = quoted_list([end[0] for end in ends])
    note = (
        f"The last line of {len(ends):,} files {lacks}: {names}. Each may have been truncated "
        f"within its last cell. Compare them with the originals."
    )
    return [note]


def _check_same(name: str, parts: Sequence[Part], headers: Sequence[tuple[str, ...]]) -> None:
    stripped = [[text.strip() for text in header] for header in headers]
    differing = [part.name for part, header in zip(parts, stripped, strict=True) if header != stripped[0]]
    if differing:
        raise SourceError(
            "HEADERS_DIFFER",
            f"{name} contains several files: the header of {quoted_list(differing)} differs from that of "
            f"{quoted(parts[0].name)}. Files in one archive are read as one table only if all have the same header. "
            f"Extract the table to import and give only that.",
        )


def _renumbered(blocks: Iterator[Records], offset: int, hidden: set[int], all_hidden: set[int]) -> Iterator[Records]:
    """Yield the records of a part with their numbers in the whole table, and add the hidden ones to `all_hidden`."""
    for numbers, rows in blocks:
        all_hidden.update(offset + number for number in hidden.intersection(numbers))
        yield [offset + number for number in numbers], rows
