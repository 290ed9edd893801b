"""Reading a file into a data frame of its pairs and problems."""

from pathlib import Path

import pandas
import pytest

from importer import SourceError, load_settings, read_pairs
from tests.files.archives import archive
from tests.files.tables import csv_text
from tests.files.xlsx import table_xlsx
from tests.support.errors import raises

TABLE = [
    ["Contact ID", "Company ID", "Note"],
    ["1001", "5001", "first"],
    ["x", "", "two problems"],
    ["1002", "5002;5003", "two pairs"],
]
PAIRS = ["from_object_type", "from_object_id", "to_object_type", "to_object_id"]


@pytest.fixture(params=["csv", "xlsx", "frame"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path | pandas.DataFrame:
    if request.param == "frame":
        return pandas.DataFrame(TABLE[1:], columns=TABLE[0])
    path = tmp_path / f"pairs.{request.param}"
    path.write_bytes(csv_text(TABLE).encode() if request.param == "csv" else table_xlsx(TABLE))
    return path


def test_every_pair_and_every_invalid_row_has_one_line_in_file_order(source: Path | pandas.DataFrame) -> None:
    frame = read_pairs(source)
    assert frame["row"].tolist() == [2, 3, 4, 4]
    assert frame["from_object_id"].fillna("").tolist() == ["1001", "", "1002", "1002"]
    assert frame["to_object_id"].fillna("").tolist() == ["5001", "", "5002", "5003"]
    assert frame["problem_code"].astype("string").fillna("").tolist() == ["", "NOT_AN_ID", "", ""]
    assert frame["from_object_type"].dropna().unique().tolist() == ["contacts"]
    message = frame["problem_message"][1]
    assert "column 'Contact ID': " in message
    assert "column 'Company ID': " in message


def test_the_columns_are_typed(source: Path | pandas.DataFrame) -> None:
    dtypes = read_pairs(source).dtypes.astype(str).to_dict()
    assert list(dtypes) == ["row", *PAIRS, "label", "problem_code", "problem_message"]
    assert dtypes["row"] == "Int64"
    assert {dtypes[name] for name in ("from_object_id", "to_object_id", "label", "problem_message")} == {"string"}
    assert {dtypes[name] for name in ("from_object_type", "to_object_type", "problem_code")} == {"category"}


def test_every_pair_has_its_labels_as_written() -> None:
    header = ["Contact ID", "Associated Company IDs", "Associated Company IDs (Primary)", "Label"]
    frame = pandas.DataFrame([["1", "7;8", "8", "Billing contact"], ["x", "9", "", "Advisor"]], columns=header)
    found = read_pairs(frame, load_settings({"labels": ["Decision maker"]}))
    assert found["to_object_id"].fillna("").tolist() == ["7", "8", ""]
    of_all = "Decision maker;"
    expected = {"7": f"{of_all}Billing contact", "8": f"{of_all}Billing contact;Primary", "": ""}
    shown = dict(zip(found["to_object_id"].fillna(""), found["label"].fillna(""), strict=True))
    assert {key: set(text.split(";")) for key, text in shown.items()} == {
        key: set(text.split(";")) for key, text in expected.items()
    }
    plain = pandas.DataFrame([["1", "7"]], columns=["Contact ID", "Company ID"])
    assert read_pairs(plain)["label"].isna().all()


def test_a_file_without_rows_has_the_same_columns_and_types(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("Contact ID,Company ID\n", encoding="utf-8")
    frame = read_pairs(str(path))
    assert len(frame) == 0
    assert str(frame.dtypes["row"]) == "Int64"
    assert str(frame.dtypes["problem_code"]) == "category"


def test_rows_of_an_archive_are_named_by_their_file(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(archive({"a-1.csv": csv_text(TABLE), "a-2.csv": csv_text(TABLE[:2])}))
    frame = read_pairs(path)
    assert frame["row"].tolist() == ["a-1.csv:2", "a-1.csv:3", "a-1.csv:4", "a-1.csv:4", "a-2.csv:2"]
    assert str(frame.dtypes["row"]) == "string"


def test_settings_apply_and_notes_and_warnings_are_attributes(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("Title\nfrom_id,to_id\n1,2\n\n3,4\n", encoding="utf-8")
    settings = load_settings({"from_object_type": "contacts", "to_object_type": "2-1", "header_row": 2})
    frame = read_pairs(path, settings)
    assert frame[PAIRS].astype("string").to_numpy().tolist() == [
        ["contacts", "1", "2-1", "2"],
        ["contacts", "3", "2-1", "4"],
    ]
    assert frame.attrs["notes"] == ["Row 2 is the header. The rows above it are ignored."]
    assert frame.attrs["warnings"] == ["Blank rows skipped: 1."]


def test_rows_with_nothing_to_link_have_no_line(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("Record ID - Contact,Associated Company IDs\n1,\n2,5\n", encoding="utf-8")
    assert read_pairs(path)["row"].tolist() == [3]


def test_a_file_without_id_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with raises(SourceError, "NO_ID_COLUMN"):
        read_pairs(path)
