"""Files without a header: refused without `--no-header`; with it, columns are named by position."""

import re
from dataclasses import replace
from pathlib import Path

import pandas

from importer.config import Reading
from importer.errors import SettingsError
from importer.model import Role
from importer.reader import open_frame
from tests.support.blocks import rows_of
from tests.support.errors import raises
from tests.support.headers import BY_POSITION, FIRST_TWO, NO_HEADER, Write, read, refused, write, write_xlsx

__all__ = ["write"]


LINKS = Reading("contacts", "companies")


def test_a_file_without_a_header_is_refused_also_where_no_columns_are_named(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [["1001", "Ann", "5001"], ["1002", "Bo", "5002"]])
    message = refused(path, LINKS, "HEADER_IS_RECORD")
    assert "--no-header" in message
    mapped = dict(re.findall(r"--map (\w+)='(#\d+)'", message))
    assert mapped == {"from_object_id": "#1", "to_object_id": "#3"}
    columns = {Role(role): column for role, column in mapped.items()}
    assert read(path, replace(LINKS, no_header=True, columns=columns))[1] == ["1:1001>5001", "2:1002>5002"]


def test_columns_without_names_are_asked_for_by_position(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [["1001", "5001"], ["1002", "5002"]])
    both = refused(path, replace(LINKS, no_header=True), "NO_ID_COLUMN")
    assert "--map from_object_id='#1' and --map to_object_id='#2'" in both
    one = refused(path, replace(LINKS, no_header=True, columns={Role.FROM_OBJECT_ID: "#2"}), "NO_ID_COLUMN")
    assert "--map to_object_id='#2'" in one


def test_numbers_in_other_columns_of_a_header_are_names(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [["Contact ID", "2025", "2026", "Company ID"], ["1001", "1", "2", "5001"]])
    assert read(path, Reading())[1] == ["2:1001>5001"]
    assert "no column for" in refused(
        write(tmp_path, [["Contact ID", "2025", "2026"], ["1001", "1", "2"]]), Reading(), "NO_ID_COLUMN"
    )


def test_without_a_header_every_row_is_a_record_and_columns_have_positions(write: Write, tmp_path: Path) -> None:
    understood, rows = read(write(tmp_path, [["1001", "5001", "x"], ["1002", "5002", "y"]]), NO_HEADER)
    assert rows == ["1:1001>5001", "2:1002>5002"]
    assert understood.header_row is None
    assert understood.columns == FIRST_TWO
    assert any("no header" in note for note in understood.notes)


def test_a_record_that_names_columns_is_a_record_without_a_header(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [["Contact ID", "Company ID"], ["1001", "5001"]])
    assert read(path, NO_HEADER)[1] == ["1:NOT_AN_ID NOT_AN_ID", "2:1001>5001"]


def test_a_blank_first_row_is_not_a_record_without_a_header(write: Write, tmp_path: Path) -> None:
    assert read(write(tmp_path, [["", ""], ["1001", "5001"]]), NO_HEADER)[1] == ["2:1001>5001"]


def test_the_width_without_a_header_is_that_of_most_records_of_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1001,5001,Ann, B.\n1002,5002,Bo\n1003,5003,Cy\n")
    assert read(path, NO_HEADER)[1] == ["1:EXTRA_CELL", "2:1002>5002", "3:1003>5003"]


def test_the_width_without_a_header_is_that_of_the_widest_row_of_a_sheet(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [["1001", "5001"], ["1002", "5002"], ["1003", "5003", "note"]])
    assert read(path, NO_HEADER)[1] == ["1:1001>5001", "2:1002>5002", "3:1003>5003"]


def test_a_header_of_positions_is_the_header_of_our_own_results_with_and_without_the_flag(
    write: Write, tmp_path: Path
) -> None:
    path = write(tmp_path, [["#1", "#2", "import_row", "import_status"], ["1001", "5001", "1", "failed"]])
    assert read(path, NO_HEADER)[1] == ["2:1001>5001"]
    assert read(path, BY_POSITION)[1] == ["2:1001>5001"]


def test_a_column_that_does_not_exist_is_refused_without_a_header(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [["1001", "5001"]])
    reading = Reading("contacts", "companies", {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#3"}, no_header=True)
    with raises(SettingsError, "MAPPED_COLUMN_MISSING"):
        read(path, reading)


def test_a_file_of_blank_rows_is_empty_also_without_a_header(write: Write, tmp_path: Path) -> None:
    assert "is empty" in refused(write(tmp_path, [["", ""]]), NO_HEADER, "TABLE_EMPTY")


def test_columns_numbered_by_pandas_are_mapped_by_position() -> None:
    frame = pandas.DataFrame([["1001", "5001"], ["1002", "5002"]])
    with open_frame(frame, BY_POSITION) as source:
        assert [row.pairs[0].from_id for row in rows_of(source.blocks())] == ["1001", "1002"]
