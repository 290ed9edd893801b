"""A table: what every kind of file becomes before its columns are understood."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from importer.errors import SourceError

Record = tuple[int, list[str]]
"""A row number as the spreadsheet shows it, and the cells as text."""

Records = tuple[Sequence[int], list[list[str]]]
"""Consecutive records by columns: their numbers and their cells."""

BLOCK_RECORDS = 500
BLOCK_CHARACTERS = 1 << 20
"""How many records, and about how much text, are handed on at a time."""


@dataclass(frozen=True, slots=True)
class Table:
    """Numbered records of cells from one file, and what reading found out about it.

    `records` streams and can be read once; it yields blank records too where the file has them. `close` frees what
    the table holds. `late_notes` gets what only the end of the file tells. A table of several files has `parts` and no
    records of its own. The other fields are those of `Understood`.
    """

    format: str
    records: Iterator[Records]
    close: Callable[[], None]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: int = 0
    notes: tuple[str, ...] = ()
    late_notes: list[str] = field(default_factory=list)
    parts: "tuple[Part, ...]" = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One of several files that are one table, and what the file is called."""

    name: str
    table: Table


def in_blocks(records: Iterable[Record]) -> Generator[Records]:
    """Yield the same records, many at a time; those before an error come before it."""
    numbers: list[int] = []
    rows: list[list[str]] = []
    characters = 0
    try:
        for number, cells in records:
            numbers.append(number)
            rows.append(cells)
            characters += sum(map(len, cells)) + len(cells)
            if len(rows) == BLOCK_RECORDS or characters > BLOCK_CHARACTERS:
                yield numbers, rows
                numbers, rows, characters = [], [], 0
    except SourceError:
        yield numbers, rows
        raise
    yield numbers, rows
