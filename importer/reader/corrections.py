"""Apply corrections to the cells of a source while it is read."""

from collections.abc import Collection, Mapping, Sequence

from importer.corrections import Correction, place_of_key
from importer.errors import SourceError
from importer.model import RowNames, SourceBlock
from importer.reader.files.table import Records, SuspectRow


class Corrections:
    """The corrections of one source: those of this run, and those recorded in the results of an earlier run.

    A row whose cells may be in the wrong columns stays invalid until every cell in `used_columns`, on which the pairs
    depend, has been corrected.
    """

    def __init__(
        self,
        texts: Mapping[tuple[int, int], str],
        header: Sequence[str],
        used_columns: Collection[int],
        earlier: Mapping[int, Mapping[str, str]],
    ) -> None:
        """Take the corrected `texts` by row number and column index.

        `earlier` is filled while the source is read: the texts of cells before an earlier run corrected them, by row
        number and column key.
        """
        self._by_row: dict[int, dict[int, str]] = {}
        for (row, place), text in texts.items():
            self._by_row.setdefault(row, {})[place] = text
        self._header = tuple(header)
        self._used = frozenset(used_columns)
        self._earlier = earlier
        self._unapplied = set(self._by_row)
        self._applied: dict[int, dict[int, Correction]] = {}

    def apply(self, records: Records) -> Records:
        """Return the records with their corrections."""
        numbers, rows = records
        if self._by_row and not self._by_row.keys().isdisjoint(numbers):
            rows = [
                self._corrected(number, cells) if number in self._by_row else cells
                for number, cells in zip(numbers, rows, strict=True)
            ]
        for number, cells in zip(numbers, rows, strict=True) if self._earlier else ():
            self._keep_earlier(number, cells)
        return numbers, rows

    def add_to(self, block: SourceBlock) -> None:
        """Set the corrections of a block to those of its rows."""
        if self._applied:
            found = (self._applied.pop(number).values() for number in block.numbers if number in self._applied)
            block.corrections = [correction for corrections in found for correction in corrections]

    def require_all(self, name: str, names: RowNames) -> None:
        """Raise `SourceError` if a row to be corrected was not among the records."""
        if self._unapplied:
            row = names.of(min(self._unapplied))
            raise SourceError(
                "CORRECTION_NOT_APPLIED",
                f"{name}: row {row} has a corrected cell, but no such row was read: the file, or how it is read, has "
                "changed since the correction. Check the file and correct it again.",
            )

    def _corrected(self, number: int, cells: list[str]) -> list[str]:
        self._unapplied.discard(number)
        changes = self._by_row[number]
        fixed = corrected_cells(cells, changes, len(self._header))
        self._applied[number] = {
            place: Correction(number, place, str(cells[place]) if place < len(cells) else "", text)
            for place, text in sorted(changes.items())
        }
        if isinstance(cells, SuspectRow) and not self._used <= changes.keys():
            return SuspectRow(fixed, cells.problem, cells.text, cells.suspects)
        return fixed

    def _keep_earlier(self, number: int, cells: Sequence[str]) -> None:
        for key, original in self._earlier.get(number, {}).items():
            place = place_of_key(self._header, key)
            if place is not None:
                now = str(cells[place]) if place < len(cells) else ""
                self._applied.setdefault(number, {})[place] = Correction(number, place, original, now)


def corrected_cells(cells: Sequence[str], changes: Mapping[int, str], width: int) -> list[str]:
    """Return the cells of a row with the changes applied; if one is beyond `width`, drop trailing blanks there."""
    fixed = [*cells, *[""] * (max(changes, default=0) + 1 - len(cells))]
    for place, text in changes.items():
        fixed[place] = text
    if max(changes, default=0) >= width:
        while len(fixed) > width and not fixed[-1].strip():
            fixed.pop()
    return fixed
