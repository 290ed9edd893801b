"""The labels of pairs, from the label column and from the headers of id columns."""

import re
from collections.abc import Sequence

from importer.model import Labels, PairColumns, Problem, RecordId
from importer.reader.columns.roles import Columns
from importer.reader.rows.ids import RecordUrl, parse_id, split_ids, without_formula

_SEPARATORS = re.compile("[;；]")
_MAX_KEPT = 10_000


class RowLabels:
    """The labels of the pairs of each row."""

    def __init__(self, columns: Columns) -> None:
        self._column = columns.label_column
        side = columns.to_side
        self._own: Labels = (side.label,) if side.label else ()
        self._list = side.id_column
        self._sublists = tuple(zip(side.sublists, side.sublist_labels, strict=False))
        self._parsed: dict[str, Labels] = {}

    @property
    def exist(self) -> bool:
        """True if any pair can have a label."""
        return self._column is not None or bool(self._own) or bool(self._sublists)

    def of_row(self, cells: Sequence[str], to_ids: Sequence[RecordId]) -> dict[RecordId, Labels]:
        """Return the labels of a row's pairs by second id, without pairs that have no labels."""
        of_all = self._of_all(cells)
        found = {to_id: of_all for to_id in to_ids if of_all}
        for index, label in self._sublists:
            for to_id in filter(None, map(_record_id, split_ids(cells[index]))):
                found[to_id] = _distinct((*found.get(to_id, ()), label))
        return found

    def add_to(self, pairs: PairColumns, numbers: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        """Set the labels of the pairs of simple rows, in which a sublist is blank or repeats the list."""
        by_row = {number: self._of_simple(cells) for number, cells in zip(numbers, rows, strict=True)}
        if any(by_row.values()):
            pairs.labels = [by_row[row] for row in pairs.rows]

    def _of_simple(self, cells: Sequence[str]) -> Labels:
        of_all = self._of_all(cells)
        if not self._sublists:
            return of_all
        return _distinct((*of_all, *(label for index, label in self._sublists if cells[index])))

    def _of_all(self, cells: Sequence[str]) -> Labels:
        """Return the labels that apply to all pairs of a row."""
        if self._column is None:
            return self._own
        text = cells[self._column]
        found = self._parsed.get(text)
        if found is None:
            found = _distinct((*self._own, *split_labels(text)))
            if len(self._parsed) < _MAX_KEPT:
                self._parsed[text] = found
        return found


def split_labels(cell: str) -> list[str]:
    """Return the label texts in a cell, separated by `;`, without blank ones."""
    return [text for part in _SEPARATORS.split(without_formula(cell)) if (text := part.strip())]


def _distinct(labels: Labels) -> Labels:
    """Return the labels without those that repeat an earlier one, ignoring case."""
    found: dict[str, str] = {}
    for label in labels:
        found.setdefault(label.casefold(), label)
    return tuple(found.values())


def _record_id(text: str) -> RecordId | None:
    found = parse_id(text, "")
    if isinstance(found, RecordUrl):
        return found.record_id
    return None if isinstance(found, Problem) else found
