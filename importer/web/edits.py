"""Corrected cells, both of uploaded files before a run and of the rows of a run before its retry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Edits = Mapping[tuple[int, int], str]
"""The corrected cells: row number and column index → text."""

ListedEdits = tuple[tuple[int, int, str], ...]
"""Corrected cells as `(row, column, text)`, for JSON."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to one cell: row number, index of the column, and new text; None restores the original text."""

    row: int
    column: int
    text: str | None

    def added_to(self, edits: Edits) -> dict[tuple[int, int], str]:
        """Return the corrected cells with this change applied."""
        changed = {place: text for place, text in edits.items() if place != (self.row, self.column)}
        return changed if self.text is None else {**changed, (self.row, self.column): self.text}


@dataclass(frozen=True, slots=True)
class RunEdits:
    """The corrected cells of a run.

    `ready`: the corrected rows that no longer have a problem. `sent`: the rows that a retry has sent as they are now.
    """

    cells: Edits = field(default_factory=dict)
    ready: frozenset[int] = frozenset()
    sent: frozenset[int] = frozenset()

    def of_row(self, row: int) -> dict[int, str]:
        """Return the corrected cells of a row by the index of their column."""
        return {column: text for (number, column), text in self.cells.items() if number == row}


def listed(edits: Edits) -> ListedEdits:
    """Return corrected cells in order, for JSON."""
    return tuple((*place, text) for place, text in sorted(edits.items()))


def from_list(values: Iterable[tuple[int, int, str]]) -> dict[tuple[int, int], str]:
    """Return corrected cells from the list that `listed` returns."""
    return {(row, column): text for row, column, text in values}
