"""Reader: turn a file into numbered rows of association pairs, without network access.

Layers, from the top: `source` and `parts`; `rows` (cells to pairs); `columns` (header to roles); `files` (bytes to
rows); `files.workbook` (workbook formats).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from importer.config import Reading
from importer.errors import SettingsError
from importer.reader.columns.object_types import OBJECT_TYPES, type_id
from importer.reader.corrections import corrected_cells
from importer.reader.files.dataframe import check_frame, frame_table
from importer.reader.files.delimiter import DELIMITERS
from importer.reader.files.detect import open_table
from importer.reader.files.extensions import (
    COMPRESSED_EXTENSIONS,
    TABLE_EXTENSIONS,
    TEXT_EXTENSIONS,
    WORKBOOK_EXTENSIONS,
)
from importer.reader.files.table import Table
from importer.reader.messages import quoted
from importer.reader.preview import PreviewColumn, PreviewRow, SourcePreview, preview_source
from importer.reader.previous_results import PreviousResults, ResultRow, read_previous_results, read_result_rows
from importer.reader.recognition import RECOGNIZERS
from importer.reader.row_judge import RowJudge
from importer.reader.source import Source
from importer.reader.source_info import ReadReport, SourceInfo

if TYPE_CHECKING:
    import pandas

__all__ = [
    "COMPRESSED_EXTENSIONS",
    "DELIMITERS",
    "OBJECT_TYPES",
    "TABLE_EXTENSIONS",
    "TEXT_EXTENSIONS",
    "WORKBOOK_EXTENSIONS",
    "PreviewColumn",
    "PreviewRow",
    "PreviousResults",
    "ReadReport",
    "ResultRow",
    "RowJudge",
    "Source",
    "SourceInfo",
    "SourcePreview",
    "check_frame",
    "corrected_cells",
    "open_frame",
    "open_source",
    "preview_source",
    "read_previous_results",
    "read_result_rows",
    "type_id",
]


def open_source(path: Path, reading: Reading, name: str = "") -> Source:
    """Open the table of pairs in a file for reading.

    `name` is its name in messages, by default the name of the file. Raises `SourceError` if the file is missing, is
    not a table or lacks a required column, and `SettingsError` if `reading` names a column that does not exist, or an
    invalid type, delimiter or encoding.
    """
    return _source(name or path.name, open_table(path, name or path.name, reading, RECOGNIZERS), reading)


def open_frame(frame: "pandas.DataFrame", reading: Reading, name: str = "the data frame") -> Source:
    """Open the table of pairs in a data frame; its column names are the header, row 1, and its index is ignored.

    `name` is its name in messages. Raises as `open_source` does, and `SettingsError` if a header row is set.
    """
    if reading.no_header or reading.header_row is not None:
        raise SettingsError(
            "HEADER_ROW_OF_FRAME",
            "The column names of a data frame are its header: header_row and no_header apply to files only.",
        )
    return _source(name, frame_table(frame), reading)


def _source(name: str, table: Table, reading: Reading) -> Source:
    if table.sheets > 1:
        name = f"{name}, sheet {quoted(table.sheet)} (of {table.sheets}; choose another with --sheet NAME)"
    try:
        return Source(name, table, reading)
    except BaseException:
        table.close()
        raise
