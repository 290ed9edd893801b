"""Data frames as tables, with the same typed cells as workbooks. pandas is imported only when it may be needed."""

from collections.abc import Generator
from itertools import repeat
from typing import TYPE_CHECKING, Any

from importer.errors import SourceError
from importer.reader.files.table import BLOCK_RECORDS, Record, Table, in_blocks
from importer.reader.files.workbook.cells import typed_text

if TYPE_CHECKING:
    import pandas

_ARROW_BITS = {"halffloat": 16, "float": 32}


def check_frame(source: object) -> None:
    """Raise `SourceError` for a source that is neither a path nor a pandas data frame."""
    import pandas  # noqa: PLC0415 - takes half a second, which only frames need

    if isinstance(source, pandas.DataFrame):
        return
    type_name = f"{type(source).__module__.partition('.')[0]}.{type(source).__qualname__}".removeprefix("builtins.")
    if isinstance(source, pandas.Series):
        advice = "series.reset_index() makes a DataFrame of its index and values"
    elif hasattr(source, "to_pandas"):
        advice = "its to_pandas() makes one"
    else:
        advice = "pandas.DataFrame(…) makes one from lists or dictionaries"
    raise SourceError(
        "NOT_A_DATA_FRAME",
        f"The source has the type {type_name}. Give a path, or a pandas DataFrame with columns for the records "
        f"({advice}).",
    )


def frame_table(frame: "pandas.DataFrame") -> Table:
    """Return the table of a data frame: its column names are row 1, its index is ignored.

    Integers are exact. A float can be an id only if it is integral and its type holds all of its digits: at most 15,
    fewer in float32 and float16 columns. None, NaN, NaT and NA are empty cells. Raises `SourceError` for other objects,
    and for a frame without columns.
    """
    check_frame(frame)
    if not len(frame.columns):
        raise SourceError(
            "FRAME_WITHOUT_COLUMNS",
            f"The data frame has no columns (and {len(frame):,} rows). Give one with a column for each side of the "
            "pairs, for example 'Contact ID' and 'Company ID'.",
        )
    records = _records(frame)
    return Table(format="data frame", records=in_blocks(records), close=records.close)


def _records(frame: "pandas.DataFrame") -> Generator[Record]:
    yield 1, [_name(name) for name in frame.columns]
    columns = [frame.iloc[:, place] for place in range(len(frame.columns))]
    bits = [_stored_bits(column.dtype) for column in columns]
    for start in range(0, len(frame), BLOCK_RECORDS):
        texts = [
            map(typed_text, column.iloc[start : start + BLOCK_RECORDS], repeat(size))
            for column, size in zip(columns, bits, strict=True)
        ]
        for number, cells in enumerate(zip(*texts, strict=True), start + 2):
            yield number, list(cells)


def _name(name: object) -> str:
    """Return the header of a column; the levels of a MultiIndex are joined, blank ones left out."""
    if isinstance(name, tuple):
        return " ".join(text for level in name if (text := typed_text(level).strip()))
    return typed_text(name)


def _stored_bits(dtype: Any) -> int:
    """Return the size in bits of a column's floats as stored, which iteration widens; 64 for other columns."""
    categories = getattr(dtype, "categories", None)
    if categories is not None:
        return _stored_bits(categories.dtype)
    if getattr(dtype, "subtype", None) is not None:  # a sparse column
        return _stored_bits(dtype.subtype)
    encoded = getattr(getattr(dtype, "pyarrow_dtype", None), "value_type", None)
    if encoded is not None:
        return _ARROW_BITS.get(str(encoded), 64)
    return 8 * int(dtype.itemsize) if dtype.kind == "f" else 64
