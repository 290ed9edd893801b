"""Lists that another program truncated: a list exactly as long as a common limit is refused."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.config import Reading
from importer.model import NUMBERED, SourceRow
from importer.reader import open_frame, open_source
from importer.reader.rows.truncation import TEXT_LIMITS, LongestLists, truncated_list
from tests.reader.test_properties import write_csv, write_xlsx
from tests.support.blocks import rows_of

LINKS = Reading("contacts", "companies")


def cut_off(length: int, separator: str = ";") -> str:
    """Return the first characters of an endless list of ids."""
    pieces: list[str] = []
    size = 0
    for number in count(8_712_345_600, 37):
        pieces.append(f"{number}{separator}")
        size += len(pieces[-1])
        if size >= length:
            return "".join(pieces)[:length]
    raise AssertionError


def is_refused(cell: str) -> bool:
    found = truncated_list(cell, "Company IDs")
    return found is not None and found.code == "TRUNCATED_LIST"


def read_csv(cells: list[list[str]], folder: Path) -> list[SourceRow]:
    write_csv(folder / "a.csv", cells)
    with open_source(folder / "a.csv", LINKS) as source:
        return rows_of(source.blocks())


def read_xlsx(cells: list[list[str]], folder: Path) -> list[SourceRow]:
    write_xlsx(folder / "a.xlsx", cells)
    with open_source(folder / "a.xlsx", LINKS) as source:
        return rows_of(source.blocks())


def read_frame(cells: list[list[str]], folder: Path) -> list[SourceRow]:
    with open_frame(pd.DataFrame(cells[1:], columns=cells[0]), LINKS) as source:
        return rows_of(source.blocks())


@pytest.mark.parametrize("read", [read_csv, read_xlsx, read_frame])
def test_a_truncated_list_makes_its_row_invalid_in_every_format(
    tmp_path: Path, read: "Callable[[list[list[str]], Path], list[SourceRow]]"
) -> None:
    table = [["from_id", "to_id"], ["1001", cut_off(255)], ["1002", cut_off(251)], [cut_off(1000), "5"]]
    first, second, third = read(table, tmp_path)
    for row, column in ((first, "to_id"), (third, "from_id")):
        assert [(problem.code, problem.column) for problem in row.problems] == [("TRUNCATED_LIST", column)]
        assert row.pairs == ()
    assert len(second.pairs) == 23


@pytest.mark.parametrize("limit", TEXT_LIMITS)
def test_a_list_exactly_as_long_as_a_limit_is_refused_and_nearby_lengths_are_accepted(limit: int) -> None:
    assert is_refused(cut_off(limit))
    assert [is_refused(cut_off(limit + more)) for more in (-3, -2, 2, 3)] == [False] * 4


def test_a_list_that_ends_with_its_separator_at_the_limit_may_have_lost_ids() -> None:
    assert is_refused("12345678901;" * 21 + "12;")
    assert not is_refused("12345678901;" * 21 + "1;")


def test_the_space_behind_the_last_separator_may_have_been_trimmed() -> None:
    assert is_refused("123; " * 50 + "123;")  # 254 characters, and a space
    assert is_refused("123; " * 51)  # the space is still there
    assert not is_refused("1234;" * 50 + "123;")  # no space was there
    assert is_refused("1 ; " * 63 + "12")  # 254, cut off before the separator
    assert not is_refused("12; " * 63 + "12")  # 254: a space would not follow an id


def test_a_list_that_is_padded_to_the_limit_is_complete() -> None:
    assert not is_refused("1;2;3".ljust(255))
    assert not is_refused("1; 2; 3;".ljust(255))


def test_a_truncated_list_is_found_in_a_cell_that_is_marked_as_text() -> None:
    assert is_refused(f'="{cut_off(255)}"')
    assert is_refused(f"'{cut_off(255)}")


def test_limits_are_counted_in_characters_and_in_bytes() -> None:
    wide = "１２３４；"
    assert is_refused(wide * 51)  # 255 characters
    assert is_refused(wide * 17)  # 255 bytes in UTF-8
    assert is_refused(wide * 25 + "１２３")  # 256 bytes in Shift_JIS
    assert is_refused(wide * 25 + "１２")  # 254 bytes: half a character would not fit
    assert not is_refused(wide * 20)


def test_a_text_that_is_not_a_list_is_judged_by_other_rules() -> None:
    assert not is_refused("1" * 255)
    assert not is_refused("https://app.hubspot.com/contacts/1/record/0-1/5?".ljust(255, "x"))


def longest_lists(cells: list[str]) -> str:
    lists = LongestLists("Company IDs")
    for row, cell in enumerate(cells, 2):
        lists.add(row, cell)
    return lists.warning(NUMBERED)


def test_lists_truncated_at_an_unknown_limit_are_reported_by_row_and_column(tmp_path: Path) -> None:
    table = [["from_id", "to_id"], ["1001", cut_off(500)], ["1002", "5;6"], ["1003", cut_off(500)]]
    write_csv(tmp_path / "a.csv", table)
    with open_source(tmp_path / "a.csv", LINKS) as source:
        assert all(row.pairs for row in rows_of(source.blocks()))
        (warning,) = source.report.warnings
    assert warning.startswith("Column 'to_id', rows 2, 4: the longest lists all have 500 characters")


@pytest.mark.parametrize(
    "cells",
    [
        [cut_off(250), cut_off(230)],  # one such list may be complete
        [cut_off(500), cut_off(500), "1;" * 251],  # a longer one was not cut off
        [cut_off(109), cut_off(109)],  # ten complete ids of equal length
        ["123;123;1", "123;123;1"],  # too few ids for evidence
        ["1;" * 100, "1;" * 100],
        [],
    ],
)
def test_long_lists_that_may_be_complete_are_not_reported(cells: list[str]) -> None:
    assert longest_lists(cells) == ""


@pytest.mark.parametrize("length", [500, 512, 2_048, 4_096, 50_000])
def test_one_very_long_list_that_ends_in_a_short_id_is_reported(length: int) -> None:
    assert "row 2" in longest_lists([cut_off(length), "5;6"])


@given(st.lists(st.integers(1, 2**63 - 1), min_size=2, max_size=60), st.sampled_from([255, 256, 1000]))
def test_no_prefix_of_a_list_as_long_as_a_limit_is_accepted(ids: list[int], limit: int) -> None:
    text = ";".join(map(str, ids))
    if len(text) >= limit:
        assert is_refused(text[:limit])
    assert is_refused(text) == (len(text) in TEXT_LIMITS)
