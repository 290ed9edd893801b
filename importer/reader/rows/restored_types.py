"""Restore the association types that an `unlink` recorded in its results, as the only labels of the same pairs."""

from collections.abc import Mapping

from importer.model import TYPES_BEFORE_COLUMN, TYPES_SEPARATOR, PairColumns, Problem, SourceBlock
from importer.reader.rows.labels import split_labels


def restore_types(block: SourceBlock, types: Mapping[int, str]) -> None:
    """Replace the labels of each row's pairs by their types before, from the column `import_types_before`.

    The labels that the row itself names do not count: a removal of labels names those that it removes from any pair.
    A pair that was not linked before is left out; a row with only such pairs is blank. If the number of pairs in a row
    is no longer that of the entries in the column, the row gets a problem instead: it is unclear which types belong to
    which pair.
    """
    pairs: dict[int, list[int]] = {}
    for index, row in enumerate(block.pairs.rows):
        if row in types:
            pairs.setdefault(row, []).append(index)
    labels = list(block.pairs.labels or [()] * len(block.pairs.rows))
    left_out: set[int] = set()
    for row, indices in pairs.items():
        entries = _entries(types[row], len(indices))
        if len(entries) != len(indices):
            block.problems.append((row, _problem(len(entries), len(indices))))
            left_out.update(indices)
            continue
        for index, entry in zip(indices, entries, strict=True):
            labels[index] = tuple(split_labels(entry))
            if entry.strip() == "-":
                left_out.add(index)
    block.problems.sort(key=lambda found: found[0])
    block.pairs.labels = labels
    if left_out:
        block.pairs = _without(block.pairs, left_out)


def _entries(text: str, pairs: int) -> list[str]:
    """Return the types of each pair of a row: the same for all of them if there is only one entry."""
    entries = text.split(TYPES_SEPARATOR)
    return entries * pairs if len(entries) == 1 else entries


def _problem(entries: int, pairs: int) -> Problem:
    return Problem(
        "TYPES_OF_OTHER_PAIRS",
        TYPES_BEFORE_COLUMN,
        f"the cell has the association types of {entries} pairs, but the row has {pairs}.",
        f"Restore the ids of the row, or clear its {TYPES_BEFORE_COLUMN} to link it without labels; importer undo "
        "restores the whole run.",
    )


def _without(pairs: PairColumns, left_out: set[int]) -> PairColumns:
    kept = [index for index in range(len(pairs.rows)) if index not in left_out]
    return PairColumns(
        [pairs.rows[i] for i in kept],
        [pairs.from_types[i] for i in kept],
        [pairs.from_ids[i] for i in kept],
        [pairs.to_types[i] for i in kept],
        [pairs.to_ids[i] for i in kept],
        None if pairs.labels is None else [pairs.labels[i] for i in kept],
    )
