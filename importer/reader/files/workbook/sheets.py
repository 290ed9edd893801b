"""Sheets of a workbook: choosing one by name or position, and a sheet that is open for reading."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from importer.reader.files.workbook.errors import SheetNotFoundError

Record = tuple[int, list[str]]
"""A row number as the spreadsheet shows it, and the cells as text."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook; `part` is the member of the file that holds its cells."""

    name: str
    is_visible: bool
    part: str = ""


@dataclass(slots=True)
class OpenSheet:
    """One sheet of a workbook, open for reading.

    `position` counts from 1, `names` are those of all sheets of the workbook. `records` streams the rows that have a
    cell, in ascending order; while it is read, `hidden` collects the numbers of hidden rows, and `merged_ranges` is
    updated at the latest when it ends. `close` releases the file.
    """

    name: str
    position: int
    names: tuple[str, ...]
    records: Iterator[Record]
    close: Callable[[], None]
    hidden: set[int] = field(default_factory=set)
    merged_ranges: int = 0


def choose_sheet(sheets: Sequence[Sheet], requested: str | None) -> int:
    """Return the index of the sheet with the requested name or position (from 1), by default the first visible one.

    Raises `SheetNotFoundError`.
    """
    names = [sheet.name for sheet in sheets]
    if not sheets:
        raise SheetNotFoundError(None, names)
    if requested is None:
        return next((index for index, sheet in enumerate(sheets) if sheet.is_visible), 0)
    if requested in names:
        return names.index(requested)
    folded = [name.strip().casefold() for name in names]
    if requested.strip().casefold() in folded:
        return folded.index(requested.strip().casefold())
    if requested.isascii() and requested.isdecimal() and len(requested) < 10 and 1 <= int(requested) <= len(sheets):
        return int(requested) - 1
    raise SheetNotFoundError(requested, names)
