"""A journal with a flipped bit is refused, or read as it was written."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from importer.errors import JournalError
from importer.journal import Journal
from importer.model import Outcome, RowOutcome, Status
from tests.support.damage import flip_bit, journal_files
from tests.support.journals import NOT_SENT
from tests.support.used_journals import finished, killed

pytestmark = pytest.mark.slow


def look(path: Path) -> tuple[object, list[RowOutcome]]:
    with Journal(path) as journal:
        journal.verify()
        return (journal.info, journal.counts()), list(journal.rows(NOT_SENT))


def is_unconfirmed(found: Outcome, true: Outcome) -> bool:
    return found.status is Status.UNCONFIRMED and found != true


@pytest.mark.parametrize("make", [finished, killed], ids=["finished", "killed"])
def test_with_any_bit_flipped_a_journal_is_refused_or_right(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    folder = make(tmp_path / "kept" / "r.sqlite").parent
    true = look(shutil.copytree(folder, tmp_path / "true") / "r.sqlite")
    refused = 0
    for seed in range(40):
        path = shutil.copytree(folder, tmp_path / str(seed)) / "r.sqlite"
        flipped = flip_bit(journal_files(path), random.Random(seed))
        try:
            found = look(path)
        except JournalError:
            refused += 1
            continue
        assert found[0] == true[0], flipped
        for actual, wanted in zip(found[1], true[1], strict=True):
            assert (actual.number, actual.cells, actual.problems) == (wanted.number, wanted.cells, wanted.problems), (
                flipped
            )
            for one, other in zip(actual.pairs, wanted.pairs, strict=True):
                assert one.pair == other.pair, flipped
                assert one.outcome == other.outcome or is_unconfirmed(one.outcome, other.outcome), flipped
    assert refused > 2
