"""Data frames as tables: the same typed cells as a workbook's. pandas is imported only when a frame may have come."""

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
    import pandas  # noqa: PLC0415 - half a second, which files need not wait for

    if isinstance(source, pandas.DataFrame):
        return
    kind = f"{type(source).__module__.partition('.')[0]}.{type(source).__qualname__}".removeprefix("builtins.")
    if isinstance(source, pandas.Series):
        advice = "series.reset_index() makes a DataFrame of its index and its values"
    elif hasattr(source, "to_pandas"):
        advice = "its to_pandas() makes one"
    else:
        advice = "pandas.DataFrame(…) makes one of lists or dictionaries"
    raise SourceError(
        f"The source is of the type {kind}. Give a path, or a pandas DataFrame with columns for the records ({advice})."
    )


def frame_table(frame: "pandas.DataFrame") -> Table:
    """Return the table of a data frame: its column names are row 1, its index is left out.

    Whole numbers are exact; a float is an id only when it is whole and its type holds all of its digits: at most 15,
    and fewer in a column of float32 or float16. None, NaN, NaT and NA are empty cells. Raises `SourceError` for what
    is not a data frame.
    """
    check_frame(frame)
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
    """Return the header of a column; of one with several levels, those that are not blank."""
    if isinstance(name, tuple):
        return " ".join(text for level in name if (text := typed_text(level).strip()))
    return typed_text(name)


def _stored_bits(dtype: Any) -> int:
    """Return the bits of the floats in a column, whose values come as Python's floats; 64 for a column of others."""
    within = getattr(dtype, "categories", None)
    if within is not None:  # a categorical column
        return _stored_bits(within.dtype)
    if getattr(dtype, "subtype", None) is not None:  # a sparse one
        return _stored_bits(dtype.subtype)
    encoded = getattr(getattr(dtype, "pyarrow_dtype", None), "value_type", None)
    if encoded is not None:
        return _ARROW_BITS.get(str(encoded), 64)
    return 8 * int(dtype.itemsize) if dtype.kind == "f" else 64
