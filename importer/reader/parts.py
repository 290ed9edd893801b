"""Several files in one archive as one table: an export that HubSpot split, each part with the same header."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from importer.errors import SourceError
from importer.model import PART_ROWS
from importer.reader.messages import quoted
from importer.reader.tables import Part, Records, Table

_SHOWN = 10

SplitHeader = Callable[[str, Iterator[Records]], tuple[list[str], Iterator[Records]]]
"""Takes the name of a table and its records; returns its header and the records below it."""


def split_header_of(name: str, table: Table, split: SplitHeader) -> tuple[list[str], Iterator[Records]]:
    """Return the header of a table and the records below it, those of all its parts one after the other.

    Rows are numbered as `RowNames` describes. Raises `SourceError` when the headers of the parts differ.
    """
    if not table.parts:
        return split(name, table.records)
    headers: list[list[str]] = []
    below: list[Iterator[Records]] = []
    for number, part in enumerate(table.parts):
        header, records = split(f"{name}, {part.name}", part.table.records)
        headers.append(header)
        below.append(_renumbered(records, number * PART_ROWS))
    _check_same(name, table.parts, headers)
    return headers[0], chain.from_iterable(below)


def common_notes(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the notes of parts as those of one table: which files it has, what is said of all and of some of them."""
    first = parts[0].table
    notes: dict[str, list[str]] = {}
    for part in parts:
        for note in (*_differences(part.table, first), *part.table.notes):
            notes.setdefault(note, []).append(part.name)
    names = _shown([part.name for part in parts])
    read = f"{len(parts)} files of the archive are read as one table, in this order: {names}."
    of_files = (note if len(of) == len(parts) else f"{_shown(of)}: {note}" for note, of in notes.items())
    return (read, *of_files)


def late_notes(table: Table) -> list[str]:
    """Return what only the end of a table, or of each of its parts, said."""
    return table.late_notes + [f"{part.name}: {note}" for part in table.parts for note in part.table.late_notes]


def check_same_kind(name: str, parts: Sequence[Part]) -> None:
    """Raise `SourceError` when some parts are text and others workbooks: one is likely a copy of the other."""
    kinds = {_kind(part.table): f"{quoted(part.name)} ({part.table.format})" for part in reversed(parts)}
    if len(kinds) > 1:
        raise SourceError(
            f"{name} holds tables of several kinds: {', '.join(kinds.values())}. Files in one archive are read as one "
            f"table only when all are of the same kind; give the table that is meant."
        )


def _kind(table: Table) -> str:
    return "text" if table.format in {"CSV", "TSV"} else table.format


def _differences(table: Table, first: Table) -> tuple[str, ...]:
    """Return how a text file is read, when that is not how the first one is."""
    if (table.format, table.encoding, table.delimiter) == (first.format, first.encoding, first.delimiter):
        return ()
    return (f"Read as {table.format}, {table.encoding}, delimiter {table.delimiter!r}.",)


def _check_same(name: str, parts: Sequence[Part], headers: Sequence[list[str]]) -> None:
    stripped = [[text.strip() for text in header] for header in headers]
    differing = [part.name for part, header in zip(parts, stripped, strict=True) if header != stripped[0]]
    if differing:
        raise SourceError(
            f"{name} holds several files: the header of {_shown(differing)} is not that of {quoted(parts[0].name)}. "
            f"Files in one archive are read as one table only when all have the same header; give the table that is "
            f"meant."
        )


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(map(quoted, names[:_SHOWN])) + more


def _renumbered(blocks: Iterator[Records], offset: int) -> Iterator[Records]:
    for numbers, rows in blocks:
        yield [offset + number for number in numbers], rows
