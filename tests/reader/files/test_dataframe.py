"""Data frames, read through the same cells as workbooks."""

import datetime
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from importer import load_settings, run_import
from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import Role
from importer.reader import open_frame
from tests.support.blocks import rows_of
from tests.support.errors import raises, raises_code

LINKS = Reading("contacts", "companies")


def test_a_frame_is_read_like_a_sheet() -> None:
    frame = pd.DataFrame(
        {
            "from_id": pd.Series(
                [1, "2", "１", 12345678901234567, 3.0, 1e16, None, float("nan"), True, 4.5], dtype=object
            ),
            "to_id": range(10, 20),
            "note": pd.Series(
                [
                    "a",
                    None,
                    pd.NA,
                    pd.NaT,
                    1.5,
                    2.0,
                    pd.Timestamp("2024-05-17"),
                    datetime.date(2024, 5, 17),
                    False,
                    "=1",
                ],
                dtype=object,
            ),
        }
    )
    with open_frame(frame, LINKS) as source:
        assert source.header == ("from_id", "to_id", "note")
        assert source.info.format == "data frame"
        read = rows_of(source.blocks())
    assert [row.number for row in read] == list(range(2, 12))
    assert [" ".join([*(p.from_id for p in row.pairs), *(p.code for p in row.problems)]) for row in read] == [
        "1",
        "2",
        "1",
        "12345678901234567",
        "3",
        "LOST_PRECISION",
        "MISSING_ID",
        "MISSING_ID",
        "BOOLEAN",
        "DECIMAL_NUMBER",
    ]
    assert [row.cells[2] for row in read] == ["a", "", "", "", "1.5", "2", "2024-05-17", "2024-05-17", "FALSE", "=1"]


def test_integers_are_exact_and_a_column_with_a_gap_is_read() -> None:
    frame = pd.DataFrame({"from_id": [9223372036854775807, 5], "to_id": [7, None]})
    with open_frame(frame, LINKS) as source:
        first, second = rows_of(source.blocks())
    assert [(pair.from_id, pair.to_id) for pair in first.pairs] == [("9223372036854775807", "7")]
    assert [problem.code for problem in second.problems] == ["MISSING_ID"]


def test_a_frame_without_the_columns_is_rejected() -> None:
    with pytest.raises(SourceError, match="the data frame"):
        open_frame(pd.DataFrame({0: [1], 1: [2]}), LINKS)


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame(index=[1, 2])], ids=["no rows", "rows"])
def test_a_frame_without_any_column_is_rejected_by_its_own_code(frame: pd.DataFrame) -> None:
    with raises_code(SourceError, "FRAME_WITHOUT_COLUMNS"):
        open_frame(frame, LINKS)


def test_a_frame_with_columns_and_no_rows_has_no_pairs() -> None:
    with open_frame(pd.DataFrame({"from_id": [], "to_id": []}), LINKS) as source:
        assert rows_of(source.blocks()) == []


@pytest.mark.slow
def test_reading_files_does_not_import_pandas() -> None:
    code = "import sys, importer.reader; sys.exit('pandas' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (pd.MultiIndex.from_tuples([("from_id", ""), ("to_id", "")]), ("from_id", "to_id")),
        (pd.MultiIndex.from_tuples([("Contact", "ID"), ("Company", "ID")]), ("Contact ID", "Company ID")),
        (pd.Index(["from_id", None], dtype=object), ("from_id", "")),
        (pd.Index(["from_id", "from_id"]), ("from_id", "from_id")),
        (pd.Index([0, 1]), ("0", "1")),
        (pd.Index(["from_id", True], dtype=object), ("from_id", "TRUE")),
    ],
)
def test_column_names_of_any_type_are_a_header(columns: "pd.Index[Any]", header: tuple[str, ...]) -> None:
    frame = pd.DataFrame([[7, 9]], columns=columns)
    reading = Reading("contacts", "companies", {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#2"})
    with open_frame(frame, reading) as source:
        assert source.header == header
        (row,) = rows_of(source.blocks())
    assert [(pair.from_id, pair.to_id) for pair in row.pairs] == [("7", "9")]


class Frame:
    """A data frame of another library."""

    def to_pandas(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("source", "type_name"),
    [
        (pd.Series([1]), "pandas.Series"),
        ([[1, 2]], "list"),
        ({"from_id": [1]}, "dict"),
        (np.array([[1, 2]]), "numpy.ndarray"),
        (None, "NoneType"),
        (b"a.csv", "bytes"),
        (Frame(), "tests.Frame"),
    ],
)
def test_a_source_that_is_neither_path_nor_frame_is_rejected_with_its_type(source: Any, type_name: str) -> None:
    with raises(SourceError, "NOT_A_DATA_FRAME") as caught:
        run_import(source, load_settings({"sandbox": True}))
    assert f"the type {type_name}." in str(caught.value)
    with raises(SourceError, "NOT_A_DATA_FRAME"):
        open_frame(source, LINKS)


@pytest.mark.parametrize("reading", [Reading(no_header=True), Reading(header_row=3)])
def test_settings_about_the_header_row_are_rejected_for_a_frame(reading: Reading) -> None:
    with pytest.raises(SettingsError, match="data frame"):
        open_frame(pd.DataFrame({"from_id": [1], "to_id": [2]}), reading)


def test_a_long_frame_is_read_whole_and_in_order() -> None:
    ids = range(1, 2000)
    frame = pd.DataFrame({"from_id": ids, "to_id": ids})
    with open_frame(frame, Reading("contacts", "companies", limit=1700)) as source:
        rows = rows_of(source.blocks())
    assert [(row.number, row.cells) for row in rows] == [(i + 1, (str(i), str(i))) for i in range(1, 1701)]
