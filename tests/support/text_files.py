"""Readings of text files."""

from pathlib import Path

from importer.config import Reading
from importer.reader import open_source
from tests.support.blocks import rows_of


def cells(path: Path, **settings: str) -> list[tuple[str, ...]]:
    """Return the cells of every row of a text file."""
    reading = Reading(from_object_type="contacts", to_object_type="companies", **settings)  # type: ignore[arg-type]
    with open_source(path, reading) as source:
        return [row.cells for row in rows_of(source.blocks())]
