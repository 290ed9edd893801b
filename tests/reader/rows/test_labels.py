"""Labels of rows: from a column, from the header of a list, and from a labelled list beside it."""

from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.model import Role
from importer.reader import open_source
from importer.reader.columns.resolve import find_columns
from importer.reader.columns.roles import Header
from importer.reader.rows.labels import split_labels
from tests.support.errors import raises

MANY = 40
"""Rows: more than are read one at a time."""


def labels_of(tmp_path: Path, text: str, reading: Reading | None = None) -> list[tuple[str, tuple[str, ...]]]:
    """Return the second id and the labels of each pair of a file."""
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    found: list[tuple[str, tuple[str, ...]]] = []
    with open_source(path, reading or Reading()) as source:
        for block in source.blocks():
            labels = block.pairs.labels or [()] * len(block.pairs.rows)
            found += zip(block.pairs.to_ids, labels, strict=True)
    return found


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("", []),
        (" ; ", []),
        ("Decision maker", ["Decision maker"]),
        (" A ;B；C", ["A", "B", "C"]),
        ('="Boss"', ["Boss"]),
        ("USER_DEFINED:12", ["USER_DEFINED:12"]),
    ],
)
def test_a_cell_may_have_several_labels(cell: str, labels: list[str]) -> None:
    assert split_labels(cell) == labels


@pytest.mark.parametrize("rows", [1, MANY])
def test_a_column_has_the_labels_of_each_row(tmp_path: Path, rows: int) -> None:
    lines = [f"{number},7,{'A;B;a' if number % 2 else ''}" for number in range(10, 10 + 2 * rows)]
    found = labels_of(tmp_path, "\n".join(["Contact ID,Company ID,Association Label", *lines]))
    assert found == [("7", ("A", "B") if number % 2 else ()) for number in range(10, 10 + 2 * rows)]


def test_a_file_without_labels_has_no_list_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Contact ID,Company ID,Label\n" + "1,2,\n" * MANY, encoding="utf-8")
    with open_source(path, Reading()) as source:
        assert [block.pairs.labels for block in source.blocks()] == [None]


@pytest.mark.parametrize("rows", [1, MANY])
def test_the_header_of_a_list_names_the_label_of_its_records(tmp_path: Path, rows: int) -> None:
    text = "Record ID,Associated Company IDs (Decision maker),Label\n" + "11,7;8,Boss\n" * rows
    found = labels_of(tmp_path, text, Reading("contacts"))
    assert found == [("7", ("Decision maker", "Boss")), ("8", ("Decision maker", "Boss"))] * rows


@pytest.mark.parametrize("rows", [1, MANY])
def test_a_labelled_list_beside_the_whole_one_labels_its_own_records(tmp_path: Path, rows: int) -> None:
    header = "Record ID,Associated Company IDs,Associated Company IDs (Primary)"
    for cells, labels in [("7;8,8", ((), ("Primary",))), ("7;8,", ((), ())), ("7;8,7;8", (("Primary",), ("Primary",)))]:
        found = labels_of(tmp_path, f"{header}\n" + f"11,{cells}\n" * rows, Reading("contacts"))
        assert found == [("7", labels[0]), ("8", labels[1])] * rows


def test_any_column_can_be_mapped_as_the_label_column(tmp_path: Path) -> None:
    text = "Contact ID,Company ID,Label,Role\n1,2,no,yes\n"
    assert labels_of(tmp_path, text, Reading(columns={Role.LABEL: "Role"})) == [("2", ("yes",))]


def test_several_label_columns_are_ambiguous() -> None:
    texts = ("Contact ID", "Company ID", "Label", "Association Label")
    with raises(SourceError, "LABEL_COLUMN_AMBIGUOUS"):
        find_columns("a.csv", Header(texts, (1, 2, 3, 4)), Reading())


@pytest.mark.parametrize("header", ["Association Type", "Association Type ID", "Association Category", "Associations"])
def test_columns_of_types_do_not_name_labels(header: str) -> None:
    texts = ("Contact ID", "Company ID", header)
    assert find_columns("a.csv", Header(texts, (1, 2, 3)), Reading()).label_column is None
