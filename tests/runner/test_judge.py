"""One row of a check, judged again after a correction: as a check of the whole file judges it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from importer import load_settings
from importer.journal import Journal
from importer.model import Outcome, RowOutcome, Status
from importer.runner.check import check_file
from importer.runner.judge import JudgedRow, judge_row
from tests.support.command_line import ROOT

NOT_SENT = Outcome(Status.NOT_SENT)


class Checked:
    """A file and the journal of its check."""

    def __init__(self, folder: Path, file: Path, **settings: object) -> None:
        self.file = file
        self.folder = folder
        self.path = folder / "check.sqlite"
        self._settings = load_settings({"state_dir": folder / "state", **settings})

    def check(self, corrections: Mapping[tuple[int, int], str]) -> dict[int, RowOutcome]:
        """Check the file with corrections and return its rows."""
        check_file(self.file, self._settings, corrections=corrections, journal_path=self.path)
        with Journal(self.path) as journal:
            return {row.number: row for row in journal.rows(NOT_SENT)}

    def judge(self, number: int, corrections: Mapping[int, str]) -> JudgedRow:
        """Judge a row of the last check."""
        with Journal(self.path) as journal:
            found = judge_row(journal, number, corrections)
        assert found is not None
        return found

    def compare(self, number: int, corrections: Mapping[int, str], earlier: Mapping[int, str]) -> JudgedRow:
        """Judge a row after a check with the corrections `earlier`, and assert that a check finds the same."""
        self.check({(number, place): text for place, text in earlier.items()})
        judged = self.judge(number, corrections)
        row = self.check({(number, place): text for place, text in corrections.items()})[number]
        assert judged.cells == row.cells
        assert judged.problems == row.problems
        assert judged.pairs == tuple(made.pair for made in row.pairs)
        assert judged.originals == row.originals
        return judged


def file_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return path


LINES = """Note,Contact ID,Associated Company IDs
a,1,2
b,x,2;3
Smith, John,4,5
c,7,8;8
d,9,
e,1E5,2
f,3,3
g
"""
BEFORE: list[dict[int, str]] = [{}, {1: "77"}, {1: "?", 2: "1"}]


@pytest.mark.slow
@pytest.mark.parametrize("earlier", BEFORE)
@pytest.mark.parametrize(
    "corrections",
    [{}, {1: "12"}, {1: "12", 2: "5;x"}, {2: ""}, {0: "n", 1: "4", 2: "5", 3: ""}, {3: ""}, {1: " ", 2: "12 "}],
)
def test_every_row_is_judged_as_by_a_check_of_the_whole_file(
    tmp_path: Path, corrections: dict[int, str], earlier: dict[int, str]
) -> None:
    checked = Checked(tmp_path, file_of(tmp_path, LINES))
    for number in (2, 4, 9):
        checked.compare(number, corrections, earlier)


def test_the_columns_and_types_of_the_check_count(tmp_path: Path) -> None:
    text = "A,B,B,Type\nx,1,2,deals\n"
    columns = {"from_object_id": "A", "to_object_id": "#3", "to_object_type": "Type"}
    checked = Checked(tmp_path, file_of(tmp_path, text), columns=columns, from_object_type="2-123")
    judged = checked.compare(2, {0: "5", 1: "nothing"}, {})
    assert [tuple(map(str, (pair.from_type, pair.from_id, pair.to_type, pair.to_id))) for pair in judged.pairs] == [
        ("2-123", "5", "deals", "2")
    ]
    assert [problem.code for problem in checked.compare(2, {0: "5", 3: "no type!"}, {}).problems] == [
        "UNKNOWN_OBJECT_TYPE"
    ]


@pytest.mark.slow
def test_a_row_that_may_be_split_stays_invalid_until_every_cell_of_its_pair_is_corrected(tmp_path: Path) -> None:
    checked = Checked(tmp_path, file_of(tmp_path, "Contact ID,Note,Company ID\n1,one\ntwo,2\n3,x,4\n5,y,6\n"))
    assert [problem.code for problem in checked.compare(2, {2: "2"}, {}).problems] == ["SPLIT_ROW"]
    assert [problem.code for problem in checked.compare(2, {1: "one two"}, {2: "2"}).problems] == ["SPLIT_ROW"]
    judged = checked.compare(2, {0: "1", 2: "2"}, {})
    assert judged.cells == ("1", "one", "2")


def test_a_correction_that_was_taken_back_is_forgotten(tmp_path: Path) -> None:
    checked = Checked(tmp_path, file_of(tmp_path, LINES))
    judged = checked.compare(3, {}, {1: "12"})
    assert judged.cells == ("b", "x", "2;3")
    assert judged.originals == {}


def test_a_row_outside_of_the_file_is_not_found(tmp_path: Path) -> None:
    checked = Checked(tmp_path, file_of(tmp_path, LINES))
    checked.check({})
    with Journal(checked.path) as journal:
        assert judge_row(journal, 1, {}) is None
        assert judge_row(journal, 99, {}) is None


def test_the_sample_file_with_wrong_rows_is_corrected_row_by_row(tmp_path: Path) -> None:
    sample = ROOT / "sample_data" / "needs_fixing.csv"
    checked = Checked(tmp_path, sample)
    rows = checked.check({})
    header = sample.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    corrected = 0
    for row in rows.values():
        if row.problems and all(problem.column in header for problem in row.problems):
            fixed = {header.index(problem.column): "4242" for problem in row.problems}
            assert not checked.judge(row.number, fixed).problems
            corrected += 1
    assert corrected >= 5


def test_labels_that_a_check_does_not_use_are_not_used_for_a_corrected_row(tmp_path: Path) -> None:
    file = file_of(tmp_path, "Contact ID,Company ID,Label\nx,2,Primary\n")
    for columns, labels in (({}, (("Primary",),)), ({"label": ""}, ())):
        checked = Checked(tmp_path, file, columns=columns)
        checked.check({})
        assert checked.judge(2, {0: "7"}).labels == labels
