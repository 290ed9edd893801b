"""Fast path: the pairs of many simple rows at once; other rows are read one at a time by `parse`."""

from collections.abc import Mapping, Sequence
from itertools import chain, compress
from operator import eq
from typing import cast

from importer.model import ObjectType, PairColumns, RecordId
from importer.reader.columns.roles import Side
from importer.reader.rows.ids import are_short_ids
from importer.reader.rows.truncation import LongestLists

_MAX_LIST = 200
"""Characters of a simple list of ids: fewer than any limit at which other programs truncate text."""

_Types = Sequence[ObjectType | None]


def usual_pairs(
    sides: tuple[Side, Side],
    known_types: tuple[Mapping[str, ObjectType], Mapping[str, ObjectType]],
    numbers: Sequence[int],
    rows: Sequence[list[str]],
    longest_lists: LongestLists,
) -> PairColumns | None:
    """Return the pairs of rows that are as wide as the header, or None if a row must be read individually.

    Simple rows have plain ids of known types, a list separated by `;` only on the second side, and blank cells only
    where allowed. The pairs, and the lists added to `longest_lists` (second side), are the same as when each row is
    read individually.
    """
    first, second = sides
    from_types, to_types = (_types(side, known, rows) for side, known in zip(sides, known_types, strict=True))
    if None in from_types or None in to_types or not all(_sublists_repeat(side, rows) for side in sides):
        return None
    from_ids, to_ids = _column(rows, first.id_column), _column(rows, second.id_column)
    cells = _pair_columns(numbers, (from_types, from_ids), (to_types, to_ids))
    if "" in from_ids or "" in to_ids:
        if not _may_be_blank(sides, from_ids, to_ids):
            return None
        cells = _only(cells, [bool(from_id and to_id) for from_id, to_id in zip(from_ids, to_ids, strict=True)])
    if not are_short_ids(cells.from_ids):
        return None
    pairs = cells if are_short_ids(cells.to_ids) else _spread(cells)
    # Equal ids may belong to the same record, depending on the types.
    if pairs is None or any(map(eq, pairs.from_ids, pairs.to_ids)):
        return None
    if pairs is not cells:
        longest_lists.add_all(cells.rows, cells.to_ids)
    return pairs


def _pair_columns(
    numbers: Sequence[int], from_side: tuple[_Types, list[str]], to_side: tuple[_Types, list[str]]
) -> PairColumns:
    return PairColumns(
        rows=list(numbers),
        from_types=cast("list[ObjectType]", from_side[0]),
        from_ids=cast("list[RecordId]", from_side[1]),
        to_types=cast("list[ObjectType]", to_side[0]),
        to_ids=cast("list[RecordId]", to_side[1]),
    )


def _column(rows: Sequence[list[str]], index: int) -> list[str]:
    return [cells[index] for cells in rows]


def _types(side: Side, known: Mapping[str, ObjectType], rows: Sequence[list[str]]) -> _Types:
    """Return the object type of each row on one side; None if its cell has not been parsed before."""
    if side.type_column is None:
        return [side.object_type] * len(rows)
    return [known.get(cells[side.type_column]) for cells in rows]


def _sublists_repeat(side: Side, rows: Sequence[list[str]]) -> bool:
    """Return whether the cells of the sublists are blank or equal to those of the list."""
    return all(cells[index] in ("", cells[side.id_column]) for index in side.sublists for cells in rows)


def _may_be_blank(sides: tuple[Side, Side], from_ids: Sequence[str], to_ids: Sequence[str]) -> bool:
    """Return whether ids are blank only where that is allowed, and only beside a plain id."""
    first, second = sides
    if ("" in from_ids and not first.may_be_blank) or ("" in to_ids and not second.may_be_blank):
        return False
    # The other id of such a row must still be valid; if both are blank, the whole row may be blank.
    return are_short_ids([f or t for f, t in zip(from_ids, to_ids, strict=True) if not (f and t)])


def _only(pairs: PairColumns, kept: Sequence[bool]) -> PairColumns:
    return PairColumns(
        list(compress(pairs.rows, kept)),
        list(compress(pairs.from_types, kept)),
        list(compress(pairs.from_ids, kept)),
        list(compress(pairs.to_types, kept)),
        list(compress(pairs.to_ids, kept)),
    )


def _lists(cells: Sequence[str]) -> list[list[str]] | None:
    """Return the ids of each cell, or None if a cell is not a short list of distinct plain ids."""
    lists = [cell.split(";") for cell in cells]
    if max(map(len, cells)) > _MAX_LIST or not are_short_ids(list(chain.from_iterable(lists))):
        return None
    return lists if all(len(ids) == 1 or len(set(ids)) == len(ids) for ids in lists) else None


def _spread(pairs: PairColumns) -> PairColumns | None:
    """Return one pair for each id of the lists in `to_ids`, or None if they are not simple lists."""
    lists = _lists(pairs.to_ids)
    if lists is None:
        return None
    indices = [index for index, ids in enumerate(lists) for _ in ids]
    return PairColumns(
        [pairs.rows[index] for index in indices],
        [pairs.from_types[index] for index in indices],
        [pairs.from_ids[index] for index in indices],
        [pairs.to_types[index] for index in indices],
        cast("list[RecordId]", list(chain.from_iterable(lists))),
    )
