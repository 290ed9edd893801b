"""Ids whose last digits a program rounded: detected in a column of ids, never in a single one."""

import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.config import Reading
from importer.model import NUMBERED, PART_ROWS, RowNames
from importer.reader import open_source
from importer.reader.rows.rounding import RoundedIds
from tests.reader.test_properties import write_csv
from tests.support.blocks import rows_of


def warning_about(ids: Sequence[object]) -> str:
    rounded = RoundedIds("Contact ID")
    for row, record_id in enumerate(ids, 2):
        rounded.add(row, [str(record_id)])
    return rounded.warning(NUMBERED)


def as_javascript_shows(number: int) -> int:
    return int(Decimal(repr(float(number))))


def as_excel_keeps(number: int) -> int:
    kept = str(number)[:15]
    return int(kept.ljust(len(str(number)), "0"))


def test_ids_with_only_zeros_after_fifteen_digits_are_named_by_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [["12345678901234500", "1"], ["1234567890123450", "2"], ["77", "3"]]
    write_csv(path, [["Contact ID", "Company ID"], *rows])
    with open_source(path, Reading()) as source:
        assert [len(row.pairs) for row in rows_of(source.blocks())] == [1, 1, 1]
        (warning,) = source.report.warnings
    assert warning.startswith("Column 'Contact ID', rows 2, 3: 2 of 2 ids")


def test_the_rows_of_the_other_side_are_named_by_its_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, [["Contact ID", "Company ID"], ["1", "5;123456789012345000;123456789012346000"]])
    with open_source(path, Reading()) as source:
        rows_of(source.blocks())
        (warning,) = source.report.warnings
    assert warning.startswith("Column 'Company ID', row 2: 2 of 2 ids")


@pytest.mark.parametrize(
    ("ids", "are_suspicious"),
    [
        ([1234567890123450], False),  # one in ten ids of 16 digits ends so
        ([1234567890123450] * 1000, False),  # and it is still one id
        ([1234567890123450, 1234567890123460], True),
        ([12345678901234500], True),
        ([12345678901234500] + [12345678901234567 + 2 * n for n in range(50)], False),
        ([1234567890123456789], False),
        ([123456789012300, 100000000000000, 5000], False),  # as few digits as are kept exactly
        ([123456789012345000, 123456789012346000, 9100000000000001, 9100000000000002, 9100000000000004], True),
        ([10**n for n in range(1, 19)], True),
    ],
)
def test_zeros_count_when_chance_does_not_explain_them(ids: list[int], are_suspicious: bool) -> None:
    assert bool(warning_about(ids)) is are_suspicious


def test_ids_that_went_through_floating_point_numbers_are_noticed() -> None:
    draw = random.Random(7)
    ids = [draw.randrange(10**18, 2**63) for _ in range(20)]
    assert warning_about(ids) == ""
    assert warning_about([as_javascript_shows(number) for number in ids]).startswith(
        "Column 'Contact ID', rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 10 more: 20 of 20"
    )


def test_a_row_is_named_once_and_by_its_file() -> None:
    rounded = RoundedIds("Contact ID")
    rounded.add(PART_ROWS + 3, ["12345678901234500", "12345678901234600"])
    warning = rounded.warning(RowNames(("a.csv", "b.csv")))
    assert "row b.csv:3: 2 of 2 ids" in warning


def test_ids_drawn_at_random_are_hardly_ever_suspected() -> None:
    draw = random.Random(7)
    files = [[draw.randrange(10**15, 2**63) for _ in range(100)] for _ in range(200)]
    assert sum(bool(warning_about(ids)) for ids in files) <= 10


@given(st.lists(st.integers(10**17, 2**63 - 1), min_size=1, max_size=30))
def test_ids_of_a_program_that_keeps_fifteen_digits_are_always_suspected(ids: list[int]) -> None:
    assert warning_about([as_excel_keeps(number) for number in ids])


@given(st.lists(st.integers(10**18, 2**63 - 1), min_size=3, max_size=30))
def test_ids_of_a_program_that_keeps_floating_point_numbers_are_always_suspected(ids: list[int]) -> None:
    assert warning_about([as_javascript_shows(number) for number in ids])
