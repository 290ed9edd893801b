"""Data frames as tables: the same typed cells as a workbook's. pandas itself is not imported."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from importer.reader.cells import typed_text
from importer.reader.tables import Record, Table, in_blocks

if TYPE_CHECKING:
    import pandas


def frame_table(frame: "pandas.DataFrame") -> Table:
    """Return the table of a data frame: its column names are row 1, its index is left out.

    Whole numbers are exact; a float is an id only when it is whole and has at most 15 digits; None, NaN, NaT and NA
    are empty cells.
    """
    records = _records(frame)
    return Table(format="data frame", records=in_blocks(records), close=records.close)


def _records(frame: "pandas.DataFrame") -> Generator[Record]:
    yield 1, [str(name) for name in frame.columns]
    for number, values in enumerate(frame.itertuples(index=False, name=None), 2):
        yield number, [typed_text(value) for value in values]
