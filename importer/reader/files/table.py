"""A table: what every kind of file becomes before its columns are understood."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from importer.errors import SourceError
from importer.model import Problem

Record = tuple[int, list[str]]
"""A row number as the spreadsheet shows it, and the cells as text."""

Records = tuple[Sequence[int], list[list[str]]]
"""Consecutive records by columns: their numbers and their cells."""


class SuspectRow(list[str]):
    """The cells of a record whose columns are not certain; `problem` says why, and the row is invalid.

    `text` is the record as it is written in the file. With `suspects`, which are records, the row is invalid only if
    one of them makes a pair.
    """

    __slots__ = ("problem", "suspects", "text")

    def __init__(
        self, cells: Iterable[str], problem: Problem, text: str, suspects: Sequence[Sequence[str]] = ()
    ) -> None:
        super().__init__(cells)
        self.problem = problem
        self.text = text
        self.suspects = suspects

    def replace(self, cells: Iterable[str], columns: Sequence[int]) -> "SuspectRow":
        """Return the row with other cells; of the suspects, only these columns."""
        suspects = [[row[i] if i < len(row) else "" for i in columns] for row in self.suspects]
        return SuspectRow(cells, self.problem, self.text, suspects)


BLOCK_RECORDS = 500
BLOCK_CHARACTERS = 1 << 20
"""How many records, and about how much text, are handed on at a time."""


FORMULA_SIGNS = "=+-@"
"""What a cell begins with that a spreadsheet program may take for a formula."""


@dataclass(slots=True)
class Seen:
    """What was seen in the records so far, where finding out takes no time: whether any cell may be a formula.

    `unended` is the last row and its last characters when it has no line ending, unlike all others of its file.
    """

    may_have_formulas: bool = True
    unended: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Numbered records of cells from one file, and what reading found out about it.

    `records` streams and can be read once; it yields blank records too where the file has them. `close` frees what
    the table holds. `late_warnings` gets what only the end of the file shows, `seen` what the records do, `hidden` the
    numbers of the records yielded so far that a workbook hides, by a filter or otherwise. A table of several files has
    `parts` and no records of its own. The other fields are those of `SourceInfo`.
    """

    format: str
    records: Iterator[Records]
    close: Callable[[], None]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: int = 0
    notes: tuple[str, ...] = ()
    late_warnings: list[str] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    hidden: set[int] = field(default_factory=set)
    parts: "tuple[Part, ...]" = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One of several files that are one table, and what the file is called."""

    name: str
    table: Table


@dataclass(frozen=True, slots=True)
class Recognizers:
    """Predicates supplied by the layers above, where the delimiter depends on what headers and cells mean.

    `is_known_header` is true for a header cell that names a record or a type, `are_ids` when every text is a plain
    record id.
    """

    is_known_header: Callable[[str], bool]
    are_ids: Callable[[Sequence[str]], bool]


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
