"""Corrected cells: texts that a person entered to replace those of a source. The source itself never changes."""

import re
from dataclasses import dataclass

_POSITION = re.compile("#[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class Correction:
    """A corrected cell: its row number, the 0-based index of its column in the header, and both texts.

    The column may be beyond the header; a surplus cell is removed by correcting it to "".
    """

    row: int
    place: int
    original: str
    corrected: str


def column_key(header: tuple[str, ...], place: int) -> str:
    """Return the key of a column in `import_original_cells`: its header, or `#N` if that does not identify it."""
    is_name = place < len(header) and header[place].strip() and header.count(header[place]) == 1
    return header[place] if is_name and not header[place].startswith("#") else f"#{place + 1}"


def place_of_key(header: tuple[str, ...], key: str) -> int | None:
    """Return the index of the column with this key (see `column_key`), or None if no column has it."""
    if key.startswith("#"):
        is_position = _POSITION.fullmatch(key) is not None
        return int(key[1:]) - 1 if is_position else None
    return header.index(key) if header.count(key) == 1 else None
