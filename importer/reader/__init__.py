"""From a file to numbered rows of association pairs: sends nothing, guesses nothing."""

from pathlib import Path

from importer.config import Reading
from importer.reader.formats import open_table
from importer.reader.source import Source, Understood

__all__ = ["Source", "Understood", "open_source"]


def open_source(path: Path, reading: Reading) -> Source:
    """Return the table of pairs in a file, open for reading.

    Raises `SourceError` when the file is missing, is no table or lacks a column that pairs need, and `SettingsError`
    when `reading` names a column, type, delimiter or encoding that cannot be.
    """
    table = open_table(path, reading)
    try:
        return Source(path.name, table, reading)
    except BaseException:
        table.close()
        raise
