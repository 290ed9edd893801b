"""The merged ranges of an XLSX sheet: only their first cells show, whatever the file holds for the cells they cover."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.parsers import expat

from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError
from importer.reader.files.workbook.limits import MAX_COLUMN
from importer.reader.files.workbook.package import Attributes, Bound, Package
from importer.reader.files.workbook.xlsx_sheet import ColumnNumbers

_MAX_RANGES = 1_000_000
_NAME = "mergeCell"
_WRITTEN = tuple(_NAME.encode(codec) for codec in ("ascii", "utf-16-le", "utf-16-be"))
_range = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Za-z]{1,3})\$?([0-9]{1,7}))?").fullmatch


@dataclass(frozen=True, slots=True, order=True)
class MergedRange:
    """A range of cells that shows as its first one: rows from 1, columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


class CoveredCells:
    """Empties the cells that merged ranges cover, in rows that come in their order."""

    def __init__(self, ranges: Iterable[MergedRange]) -> None:
        self._coming = sorted(ranges, reverse=True)
        self._here: list[MergedRange] = []

    def clear(self, number: int, cells: list[str]) -> None:
        """Empty the covered ones among the cells of a row."""
        while self._coming and self._coming[-1].top <= number:
            self._here.append(self._coming.pop())
        if not self._here:
            return
        self._here = [found for found in self._here if found.bottom >= number]
        if len(self._here) > MAX_COLUMN:
            raise CorruptFileError(f"more than {MAX_COLUMN:,} merged ranges meet its row {number}")
        for found in self._here:
            start = found.left + (number == found.top)
            end = min(found.right + 1, len(cells))
            cells[start:end] = [""] * (end - start)


def merged_ranges(package: Package, part: str, bound: Bound) -> list[MergedRange]:
    """Return the merged ranges of a sheet, which its file lists below the rows.

    Few sheets have any, and looking for the word takes a small part of the time that parsing takes.
    """
    if not package.holds(part, _WRITTEN, bound):
        return []
    references: list[str] = []
    prefix = None

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal prefix
        if prefix is None:
            prefix = tag.removesuffix("worksheet")
        if tag == prefix + _NAME:
            references.append(attributes.get("ref", ""))
            if len(references) > _MAX_RANGES:
                raise LimitExceededError(f"it has more than {_MAX_RANGES:,} merged ranges")

    def set_handlers(parser: expat.XMLParserType) -> None:
        parser.StartElementHandler = start

    for _ in package.parse(part, set_handlers, bound):
        pass
    columns = ColumnNumbers()
    return [_parse(reference, columns) for reference in references]


def _parse(reference: str, columns: ColumnNumbers) -> MergedRange:
    found = _range(reference)
    if found is None:
        raise CorruptFileError(f"it has a merged range '{reference[:20]}'")
    left, top, right, bottom = found.groups()
    right, bottom = right or left, bottom or top
    rows, places = sorted((int(top), int(bottom))), sorted((columns[left], columns[right]))
    return MergedRange(rows[0], places[0], rows[1], places[1])
