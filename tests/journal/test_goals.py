"""Labels in the journal: texts as read, goals of distinct pairs, and damage to them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from importer.errors import JournalError
from importer.journal import Journal, RunInfo, open_for_run, write_journal
from importer.model import Outcome, SourceRow, Status
from tests.support.blocks import blocks_of
from tests.support.pool import pairs


def journal_of(path: Path, **reading: object) -> Path:
    info = RunInfo("r", "", None, "s.csv", "", "", ("a",), ",", reading, "sandbox", "v4", "s.results.csv")
    one, other = pairs(2)
    rows = [
        SourceRow(2, ("x",), (one, other), (), (("A",), ())),
        SourceRow(3, ("x",), (), ()),
        SourceRow(4, ("x",), (one,), (), (("B", "A"),)),
    ]
    write_journal(path, info, blocks_of(rows, size=1))
    return path


def test_each_label_is_counted_with_its_first_rows(tmp_path: Path) -> None:
    with Journal(journal_of(tmp_path / "r.sqlite", labels=["C"])) as journal:
        uses = {text: (use.pairs, use.rows) for (_, _, text), use in journal.label_uses().items()}
    assert uses == {"C": (3, [2, 2, 4]), "A": (2, [2, 4]), "B": (1, [4])}


def test_labels_are_unresolved_until_the_goals_are_set(tmp_path: Path) -> None:
    with open_for_run(journal_of(tmp_path / "r.sqlite")) as journal:
        before = journal.has_unresolved_labels
        journal.set_goals(lambda from_type, to_type, texts: [f"USER_DEFINED:{ord(text)}" for text in texts])
        assert (before, journal.has_unresolved_labels) == (True, False)
        assert [pending.goal for pending in journal.pending(0, 10)] == ["USER_DEFINED:65;USER_DEFINED:66", ""]
        journal.verify()


def test_the_pairs_to_retry_keep_their_labels(tmp_path: Path) -> None:
    with open_for_run(journal_of(tmp_path / "r.sqlite")) as journal:
        journal.record([(2, Outcome(Status.LINKED))])
        retried = [block.pairs.labels for block in journal.blocks_to_retry() if block.numbers]
    assert retried == [[("A",)], [("B", "A")]]


@pytest.mark.parametrize("change", ["DELETE FROM goals", "UPDATE goals SET types = 'USER_DEFINED:2'"])
def test_a_goal_that_is_lost_or_changed_is_noticed(tmp_path: Path, change: str) -> None:
    path = journal_of(tmp_path / "r.sqlite")
    with open_for_run(path) as journal:
        journal.set_goals(lambda from_type, to_type, texts: ["USER_DEFINED:1"])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(change)
    with Journal(path) as journal, pytest.raises(JournalError):
        journal.verify()
