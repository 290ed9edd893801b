"""The table: the common form of every file before its columns are resolved."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from importer.errors import SourceError
from importer.model import Problem

Record = tuple[int, list[str]]
"""A row number as the spreadsheet shows it, and the cells as text."""

Records = tuple[Sequence[int], list[list[str]]]
"""Consecutive records as two parallel sequences: their row numbers and their cells."""


class SuspectRow(list[str]):
    """The cells of a record that may be in the wrong columns; `problem` is the reason why the row is invalid.

    `text` is the record as written in the file. `suspects` are other readings of it as records; if there are any, the
    row is invalid only if one of them yields a pair.
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
        """Return a copy with other cells, and with the suspects reduced to `columns`."""
        suspects = [[row[i] if i < len(row) else "" for i in columns] for row in self.suspects]
        return SuspectRow(cells, self.problem, self.text, suspects)


BLOCK_RECORDS = 500
BLOCK_CHARACTERS = 1 << 20
"""Maximum number of records, and approximate amount of text, in one block."""


FORMULA_SIGNS = "=+-@"
"""First characters of cells that a spreadsheet program may interpret as formulas."""


@dataclass(slots=True)
class Observations:
    """Findings about a table that accumulate while its records are read; complete at the end.

    `hidden` are the numbers of rows that a workbook hides, by a filter or otherwise. `may_have_formulas` is True if any
    cell may be a formula. `unended` is the number of the last row and the end of its text if it has no line ending.
    `warnings` are sentences for the user.
    """

    hidden: set[int] = field(default_factory=set)
    may_have_formulas: bool = True
    unended: tuple[int, str] | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """Numbered records of cells from one file, with what was detected about it.

    `records` streams and can be consumed once; it includes blank records where the file has them. Findings about them
    are added to `observed`. `close` releases the table's resources. A table of several files has `parts` instead of
    records. The other fields are those of `SourceInfo`.
    """

    format: str
    records: Iterator[Records]
    close: Callable[[], None]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheet_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    observed: Observations = field(default_factory=Observations)
    parts: "tuple[Part, ...]" = ()

    @property
    def sheets(self) -> int:
        """The number of sheets of a workbook, 0 for a text file."""
        return len(self.sheet_names)


@dataclass(frozen=True, slots=True)
class Part:
    """One of several files that form one table, and its name."""

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
    """Yield the records in blocks; records read before an error are yielded before it is raised."""
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
