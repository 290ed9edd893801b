"""Merged ranges of an XLSX sheet: only the first cell is displayed, whatever the file stores for the others."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.parsers import expat

from importer.reader.files.workbook.errors import CorruptFileError, LimitExceededError
from importer.reader.files.workbook.limits import MAX_COLUMN
from importer.reader.files.workbook.package import Attributes, Package, PartLimit
from importer.reader.files.workbook.xlsx_sheet import ColumnNumbers

_MAX_RANGES = 1_000_000
_NAME = "mergeCell"
_ENCODED_NAMES = tuple(_NAME.encode(codec) for codec in ("ascii", "utf-16-le", "utf-16-be"))
_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Za-z]{1,3})\$?([0-9]{1,7}))?")


@dataclass(frozen=True, slots=True, order=True)
class MergedRange:
    """A range of cells displayed as one: rows from 1, columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


class CoveredCells:
    """The cells covered by merged ranges, to be cleared; rows must be passed in ascending order."""

    def __init__(self, ranges: Iterable[MergedRange]) -> None:
        self._below = sorted(ranges, reverse=True)
        self._current: list[MergedRange] = []

    def clear(self, number: int, cells: list[str]) -> None:
        """Clear the covered cells of a row."""
        while self._below and self._below[-1].top <= number:
            self._current.append(self._below.pop())
        if not self._current:
            return
        self._current = [found for found in self._current if found.bottom >= number]
        if len(self._current) > MAX_COLUMN:
            raise CorruptFileError(f"its row {number} has more than {MAX_COLUMN:,} merged ranges")
        for found in self._current:
            start = found.left + (number == found.top)
            end = min(found.right + 1, len(cells))
            cells[start:end] = [""] * (end - start)


def merged_ranges(package: Package, part: str, limit: PartLimit) -> list[MergedRange]:
    """Return the merged ranges of a sheet, which the file lists after the rows.

    Few sheets have any, and searching for the tag name is much faster than parsing.
    """
    if not package.contains(part, _ENCODED_NAMES, limit):
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

    for _ in package.parse(part, set_handlers, limit):
        pass
    columns = ColumnNumbers()
    return [_parse(reference, columns) for reference in references]


def _parse(reference: str, columns: ColumnNumbers) -> MergedRange:
    found = _RANGE.fullmatch(reference)
    if found is None:
        raise CorruptFileError(f"it has an invalid merged range '{reference[:20]}'")
    left, top, right, bottom = found.groups()
    right, bottom = right or left, bottom or top
    rows, places = sorted((int(top), int(bottom))), sorted((columns[left], columns[right]))
    return MergedRange(rows[0], places[0], rows[1], places[1])
