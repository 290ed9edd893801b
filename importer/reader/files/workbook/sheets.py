"""Which sheet of a workbook is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from importer.errors import SourceError
from importer.reader.messages import quoted


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, whether people see it, and where its cells are kept."""

    name: str
    is_visible: bool
    part: str = ""


def choose_sheet(file: str, sheets: Sequence[Sheet], wish: str | None) -> Sheet:
    """Return the sheet with the wished name or position (from 1), else the first visible one; raises `SourceError`."""
    if not sheets:
        raise SourceError(f"{file} has no sheet with cells.")
    if wish is None:
        return next((sheet for sheet in sheets if sheet.is_visible), sheets[0])
    exact = [sheet for sheet in sheets if sheet.name == wish]
    similar = exact or [sheet for sheet in sheets if sheet.name.strip().casefold() == wish.strip().casefold()]
    if similar:
        return similar[0]
    if wish.isascii() and wish.isdecimal() and len(wish) < 10 and 1 <= int(wish) <= len(sheets):
        return sheets[int(wish) - 1]
    shown = ", ".join(quoted(sheet.name) for sheet in sheets[:20])
    raise SourceError(f"{file} has no sheet {quoted(wish)}. Its sheets are: {shown}. Name one with --sheet NAME.")


def sheet_notes(sheet: Sheet, sheets: Sequence[Sheet]) -> tuple[str, ...]:
    """Return the sentence that says which sheet of how many is read, when there is more than one."""
    if len(sheets) < 2:
        return ()
    place = sheets.index(sheet) + 1
    return (f"Sheet {quoted(sheet.name)} is read, number {place} of {len(sheets)}; choose another with --sheet NAME.",)


def merged_notes(ranges: int) -> list[str]:
    """Return the sentence about the ranges of merged cells that a sheet has."""
    if not ranges:
        return []
    only = "only the first cell of each has a value, the others are read as empty"
    return [f"Merged ranges in the sheet: {ranges:,}; {only}."]
