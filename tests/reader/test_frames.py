"""Data frames through the same cells as a workbook."""

import datetime
import subprocess
import sys

import pandas as pd
import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.reader import open_frame
from tests.blocks import rows_of

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
        assert source.understood.format == "data frame"
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


def test_whole_numbers_of_a_frame_are_exact_and_a_column_with_a_gap_is_read() -> None:
    frame = pd.DataFrame({"from_id": [9223372036854775807, 5], "to_id": [7, None]})
    with open_frame(frame, LINKS) as source:
        first, second = rows_of(source.blocks())
    assert [(pair.from_id, pair.to_id) for pair in first.pairs] == [("9223372036854775807", "7")]
    assert [problem.code for problem in second.problems] == ["MISSING_ID"]


def test_a_frame_without_the_columns_is_refused() -> None:
    with pytest.raises(SourceError, match="the data frame has no columns for the records to link"):
        open_frame(pd.DataFrame({0: [1], 1: [2]}), LINKS)


def test_reading_files_does_not_import_pandas() -> None:
    code = "import sys, importer.reader; sys.exit('pandas' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_number_of_a_frame_above_the_greatest_id_is_refused() -> None:
    ids = pd.Series([2**63 - 1, 2**63, 2**64 - 1], dtype="uint64")
    with open_frame(pd.DataFrame({"from_id": ids, "to_id": pd.Series([1, 2, 10**30], dtype=object)}), LINKS) as source:
        read = rows_of(source.blocks())
    assert [[problem.code for problem in row.problems] for row in read] == [[], ["ID_TOO_LARGE"], ["ID_TOO_LARGE"] * 2]
