"""Duplicates are found by counting or by sorting hashes; pairs with the same hash are not duplicates."""

import sqlite3
from array import array
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.journal import Journal, duplicates, write_journal
from importer.model import Outcome, SourceBlock, Status
from tests.support.journals import INFO, pair

VALUES = st.lists(st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1)), max_size=60)


@given(VALUES)
@settings(deadline=None)  # the first example imports numpy
def test_the_positions_of_repeated_values_are_found_by_counting_and_by_sorting(values: list[int]) -> None:
    expected = [place for place, value in enumerate(values) if values.count(value) > 1]
    assert list(duplicates.repeated(array("q", values))) == expected
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(duplicates, "MAX_COUNTED", -1)
        assert list(duplicates.repeated(array("q", values))) == expected
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(duplicates, "COUNTED_AT_ONCE", 7)
        assert list(duplicates.repeated(array("q", values))) == expected


def test_different_pairs_with_the_same_hash_are_not_duplicates(tmp_path: Path) -> None:
    block = SourceBlock([2, 3, 4], [("a",), ("b",), ("c",)])
    for row, made in ((2, pair(1)), (3, pair(2)), (4, pair(1))):
        block.pairs.add(row, made)
    path = tmp_path / "j.sqlite"
    write_journal(path, INFO, [block])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DELETE FROM duplicates")
        duplicates.write_duplicates(db, array("q", [7, 7, 7]))
        assert db.execute("SELECT pair, row, first, first_row FROM duplicates").fetchall() == [(3, 4, 1, 2)]


@pytest.mark.parametrize("few", [0, 10**9])
def test_repeated_pairs_are_found_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(duplicates, "MAX_COUNTED", few)
    blocks = []
    for first in range(2, 2002, 100):
        block = SourceBlock(list(range(first, first + 100)), [("x",)] * 100)
        for row in block.numbers:
            block.pairs.add(row, pair(row % 600, row % 3))
        blocks.append(block)
    path = tmp_path / "j.sqlite"
    write_journal(path, INFO, blocks)
    seen: dict[object, int] = {}
    with Journal(path) as journal:
        for made_by in journal.rows(Outcome(Status.NOT_SENT)):
            (made,) = made_by.pairs
            assert made.pair == pair(made_by.number % 600, made_by.number % 3)
            assert made.first_row == seen.setdefault(made.pair, made_by.number)
        assert journal.counts().pairs == len(seen) == 600
