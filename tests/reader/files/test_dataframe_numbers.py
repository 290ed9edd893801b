"""Numbers and times in data frames: an id only where no digit can have been lost."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.config import Reading
from importer.model import Problem
from importer.reader import open_frame
from importer.reader.rows.ids import parse_id
from tests.support.blocks import rows_of

LINKS = Reading("contacts", "companies")


def test_a_number_above_the_maximum_id_is_rejected() -> None:
    ids = pd.Series([2**63 - 1, 2**63, 2**64 - 1], dtype="uint64")
    with open_frame(pd.DataFrame({"from_id": ids, "to_id": pd.Series([1, 2, 10**30], dtype=object)}), LINKS) as source:
        read = rows_of(source.blocks())
    assert [[problem.code for problem in row.problems] for row in read] == [[], ["ID_TOO_LARGE"], ["ID_TOO_LARGE"] * 2]


def made(ids: "pd.Series[Any]") -> list[str]:
    """Return the id or the problem code of each value of a column."""
    with open_frame(pd.DataFrame({"from_id": ids, "to_id": range(1, len(ids) + 1)}), LINKS) as source:
        rows = rows_of(source.blocks())
    assert [row.number for row in rows] == list(range(2, len(ids) + 2))
    return [" ".join([*(pair.from_id for pair in row.pairs), *(found.code for found in row.problems)]) for row in rows]


def float_columns(values: list[float], bits: int) -> Iterator["pd.Series[Any]"]:
    """Yield the same floats in every kind of column that stores them in `bits` bits."""
    numpy_type = np.dtype(f"f{bits // 8}")
    plain = pd.Series(np.array(values, numpy_type))
    yield plain
    yield pd.Series(np.array(values, numpy_type.newbyteorder()))
    yield pd.Series(list(np.array(values, numpy_type)), dtype=object)
    yield plain.astype(pd.SparseDtype(numpy_type, np.nan))
    if bits > 16:  # pandas has no other 16-bit columns
        nullable: Any = f"Float{bits}"
        yield plain.astype("category")
        yield plain.astype(nullable)
        yield plain.astype(nullable).astype("category")


@pytest.mark.parametrize(
    ("bits", "exact", "lossy"),
    [
        (64, [1.0, 16777217.0, 999_999_999_999_999.0], [1e15, 9007199254740993.0]),
        (32, [1.0, 16777215.0], [16777216.0, 16777217.0, 1234567890.0]),
        (16, [1.0, 2047.0], [2048.0, 2049.0, 65504.0]),
    ],
)
def test_a_float_is_an_id_only_below_what_its_type_holds_exactly(
    bits: int, exact: list[float], lossy: list[float]
) -> None:
    expected = [str(int(value)) for value in exact] + ["LOST_PRECISION"] * len(lossy)
    kinds = list(float_columns(exact + lossy, bits))
    assert [made(column) for column in kinds] == [expected] * len(kinds)


@given(st.lists(st.integers(1, 2**40), min_size=1, max_size=30), st.sampled_from(["float16", "float32", "float64"]))
def test_an_id_from_a_float_column_is_the_original_number(ids: list[int], dtype: str) -> None:
    with np.errstate(over="ignore"):
        column = pd.Series(np.array(ids, dtype="float64").astype(dtype))
    for number, found in zip(ids, made(column), strict=True):
        assert found in (str(number), "LOST_PRECISION", "MISSING_ID", "NOT_AN_ID")


def test_lossy_numbers_are_not_ids_when_read_back() -> None:
    frame = pd.DataFrame({"from_id": np.array([1234567890.0, 16777216.0], "float32"), "to_id": [1, 2]})
    with open_frame(frame, LINKS) as source:
        texts = [row.cells[0] for row in rows_of(source.blocks())]
    assert texts == ["1.234567936E+9", "1.6777216E+7"]
    assert all(isinstance(parse_id(str(text), "from_id"), Problem) for text in texts)


def test_numbers_of_other_types_are_exact_or_not_ids() -> None:
    column = pd.Series(
        [
            Decimal("123"),
            Decimal("123.0"),
            Decimal("12345678901234567"),
            Decimal("1E+3"),
            Decimal("1.5"),
            Decimal("NaN"),
            Decimal("1E+400"),
            Fraction(7, 1),
            np.int64(9223372036854775807),
            np.uint8(5),
            np.longdouble(7),
            np.complex128(7),
            7 + 0j,
            np.bool_(True),
            np.str_("42"),
            b"42",
            [42],
        ],
        dtype=object,
    )
    assert made(column) == [
        "123",
        "123",
        "12345678901234567",
        "SCIENTIFIC_NOTATION",
        "DECIMAL_NUMBER",
        "MISSING_ID",
        "SCIENTIFIC_NOTATION",
        "7",
        "9223372036854775807",
        "5",
        "7",
        "NOT_AN_ID",
        "NOT_AN_ID",
        "BOOLEAN",
        "42",
        "NOT_AN_ID",
        "NOT_AN_ID",
    ]


@pytest.mark.parametrize("dtype", ["Int64", "category", "string", "object"])
def test_ids_beyond_a_float_with_a_gap_are_exact(dtype: str) -> None:
    column: Any = pd.Series([9007199254740993, None], dtype="Int64")
    assert made(column.astype(dtype)) == ["9007199254740993", "MISSING_ID"]


def test_a_decimal_in_scientific_notation_is_not_an_id() -> None:
    values = [Decimal("1.20456E+11"), Decimal("1E+3"), Decimal("1000"), Decimal("1000.0")]
    assert made(pd.Series(values, dtype=object)) == ["SCIENTIFIC_NOTATION", "SCIENTIFIC_NOTATION", "1000", "1000"]


@pytest.mark.parametrize(
    "values",
    [
        pd.period_range("2024", periods=1, freq="Y"),
        pd.period_range("2024", periods=1, freq="Q"),
        pd.period_range("2024-01", periods=1, freq="M"),
        [np.datetime64("2024", "Y")],
        [np.datetime64("2024-01", "M")],
        [np.timedelta64(1001, "s")],
        [np.timedelta64(1, "Y")],
        [np.timedelta64(1001)],
        [np.datetime64("NaT")],
        [np.timedelta64("NaT")],
    ],
)
def test_a_pandas_or_numpy_time_is_not_an_id_even_when_read_back_as_text(values: Any) -> None:
    column = pd.Series(values) if isinstance(values, pd.PeriodIndex) else pd.Series(values, dtype=object)
    with open_frame(pd.DataFrame({"from_id": column, "to_id": [1]}), LINKS) as source:
        (row,) = rows_of(source.blocks())
    assert row.problems
    assert isinstance(parse_id(str(row.cells[0]), "from_id"), Problem)
