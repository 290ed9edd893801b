"""Converts blocks of source rows to rows, which are easier to write and compare, and back."""

from collections.abc import Iterable, Iterator
from itertools import islice

from importer.model import Pair, SourceBlock, SourceRow


def rows_of(blocks: Iterable[SourceBlock]) -> list[SourceRow]:
    """Return the rows of blocks; every pair and problem must belong to a row of its block."""
    return [row for block in blocks for row in _rows_of(block)]


def _rows_of(block: SourceBlock) -> Iterator[SourceRow]:
    columns = block.pairs
    pairs = [
        (row, Pair(*pair))
        for row, pair in zip(
            columns.rows,
            zip(columns.from_types, columns.from_ids, columns.to_types, columns.to_ids, strict=True),
            strict=True,
        )
    ]
    assert {number for number, _ in (*pairs, *block.problems)} <= set(block.numbers)
    for number, cells in zip(block.numbers, block.cells, strict=True):
        made = tuple(pair for row, pair in pairs if row == number)
        yield SourceRow(number, tuple(cells), made, tuple(problem for row, problem in block.problems if row == number))


def blocks_of(rows: Iterable[SourceRow], size: int = 500) -> Iterator[SourceBlock]:
    """Yield the rows in blocks of `size` rows."""
    rest = iter(rows)
    while some := list(islice(rest, size)):
        block = SourceBlock()
        for row in some:
            block.add(row)
        yield block
