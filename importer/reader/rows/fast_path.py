"""The pairs of many rows at once, when all of them are of the usual kind; any other is left to be read by itself."""

from collections.abc import Mapping, Sequence
from itertools import chain, compress
from operator import eq
from typing import cast

from importer.model import ObjectType, PairColumns, RecordId
from importer.reader.columns.resolve import Side
from importer.reader.rows.ids import are_short_ids
from importer.reader.rows.truncation import LongestLists

_LONGEST_LIST = 200
"""Characters of a usual list of ids: fewer than any limit at which other programs cut off texts."""

_Types = Sequence[ObjectType | None]


def usual_pairs(
    sides: tuple[Side, Side],
    known_types: tuple[Mapping[str, ObjectType], Mapping[str, ObjectType]],
    numbers: Sequence[int],
    rows: Sequence[list[str]],
    longest_lists: LongestLists,
) -> PairColumns | None:
    """Return the pairs of rows that are as wide as the header, or None when a row needs to be read by itself.

    Usual are bare ids of known types, several of them separated by `;` on the second side, and a blank cell where it
    may be blank. What comes out, and is counted in the `longest_lists` of the second side, is what reading each row by
    itself gives.
    """
    first, second = sides
    from_types, to_types = (_types(side, known, rows) for side, known in zip(sides, known_types, strict=True))
    if None in from_types or None in to_types or not all(_sublists_repeat(side, rows) for side in sides):
        return None
    from_ids, to_ids = _column(rows, first.id_column), _column(rows, second.id_column)
    pairs = PairColumns(
        list(numbers),
        cast("list[ObjectType]", from_types),
        cast("list[RecordId]", from_ids),
        cast("list[ObjectType]", to_types),
        cast("list[RecordId]", to_ids),
    )
    if "" in from_ids or "" in to_ids:
        if not _may_be_blank(sides, from_ids, to_ids):
            return None
        pairs = _only(pairs, [bool(from_id and to_id) for from_id, to_id in zip(from_ids, to_ids, strict=True)])
    if not are_short_ids(pairs.from_ids):
        return None
    cells = pairs
    if not are_short_ids(pairs.to_ids):
        lists = _lists(pairs.to_ids)
        if lists is None:
            return None
        pairs = _spread(pairs, lists)
    # Equal ids may be those of one record; only the types tell.
    if any(map(eq, pairs.from_ids, pairs.to_ids)):
        return None
    if pairs is not cells:
        longest_lists.add_all(cells.rows, cells.to_ids)
    return pairs


def _column(rows: Sequence[list[str]], index: int) -> list[str]:
    return [cells[index] for cells in rows]


def _types(side: Side, known: Mapping[str, ObjectType], rows: Sequence[list[str]]) -> _Types:
    """Return the type of each row's record on one side; None where its cell has not been parsed before."""
    if side.type_column is None:
        return [side.object_type] * len(rows)
    return [known.get(cells[side.type_column]) for cells in rows]


def _sublists_repeat(side: Side, rows: Sequence[list[str]]) -> bool:
    """Return whether the cells of the sublists are blank or those of the list."""
    return all(cells[index] in ("", cells[side.id_column]) for index in side.sublists for cells in rows)


def _may_be_blank(sides: tuple[Side, Side], from_ids: Sequence[str], to_ids: Sequence[str]) -> bool:
    """Return whether all rows without one of the ids link nothing, and are sure to be rows."""
    first, second = sides
    if ("" in from_ids and not first.may_be_blank) or ("" in to_ids and not second.may_be_blank):
        return False
    # The other id of such a row is read all the same; where both are blank, so may be the whole record.
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
    """Return the ids of each cell, or None when one is not a short list of different bare ids."""
    lists = [cell.split(";") for cell in cells]
    if max(map(len, cells)) > _LONGEST_LIST or not are_short_ids(list(chain.from_iterable(lists))):
        return None
    return lists if all(len(ids) == 1 or len(set(ids)) == len(ids) for ids in lists) else None


def _spread(pairs: PairColumns, lists: Sequence[Sequence[str]]) -> PairColumns:
    """Return the pairs with one for each id of the lists."""
    places = [place for place, ids in enumerate(lists) for _ in ids]
    return PairColumns(
        [pairs.rows[place] for place in places],
        [pairs.from_types[place] for place in places],
        [pairs.from_ids[place] for place in places],
        [pairs.to_types[place] for place in places],
        cast("list[RecordId]", list(chain.from_iterable(lists))),
    )
