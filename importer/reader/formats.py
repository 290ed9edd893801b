"""What kind of file it is, by its content and never by its name alone, and its table."""

import zipfile
from pathlib import Path

from importer.config import Reading
from importer.errors import SourceError
from importer.reader.tables import Table
from importer.reader.text import open_text
from importer.reader.xlsx import open_xlsx


def open_table(path: Path, reading: Reading) -> Table:
    """Return the table in a file; raises `SourceError` when it has none that can be read."""
    name = path.name
    if not path.is_file():
        what = "is a directory, not a file" if path.is_dir() else "does not exist"
        raise SourceError(f"{path} {what}. Give the path of a CSV or XLSX file.")
    if zipfile.is_zipfile(path):
        return open_xlsx(path, name, reading)
    return open_text(path, name, reading)
