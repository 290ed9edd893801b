"""A table: what every kind of file becomes before its columns are understood."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Record = tuple[int, list[str]]
"""A row number as the spreadsheet shows it, and the cells as text."""


@dataclass(frozen=True, slots=True)
class Table:
    """Numbered records of cells from one file, and what reading found out about it.

    `records` streams and can be read once; it yields blank records too where the file has them. `close` frees what
    the table holds. `late_notes` gets what only the end of the file tells. The other fields are those of `Understood`.
    """

    format: str
    records: Iterator[Record]
    close: Callable[[], None]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: int = 0
    notes: tuple[str, ...] = ()
    late_notes: list[str] = field(default_factory=list)
