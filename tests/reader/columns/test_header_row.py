"""Which row is the header: in text files and in workbooks, with titles above it and without any."""

from pathlib import Path

import pandas
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import Role
from importer.reader import open_frame, open_source
from tests.support.blocks import rows_of
from tests.support.errors import raises
from tests.support.headers import BY_POSITION, NO_HEADER, Write, read, refused, write

__all__ = ["write"]


TITLE = [
    ["Report: Contacts without company", "", ""],
    ["Generated 25 Nov 2026", "", ""],
    ["", "", ""],
    ["Contact ID", "Name", "Company ID"],
    ["1001", "Ann", "5001"],
]


def test_titles_above_the_header_are_refused_with_the_row_that_is_likely_meant(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, TITLE)
    by_position = {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#3"}
    by_name = {Role.FROM_OBJECT_ID: "Contact ID", Role.TO_OBJECT_ID: "Company ID"}
    for columns in ({}, by_position, by_name):
        assert "--header-row 4." in refused(path, Reading("contacts", "companies", columns), "HEADER_IS_TITLE")


def test_a_comment_above_the_header_is_refused_with_the_row_that_is_likely_meant(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [["# exported by job 7"], ["Contact ID", "Company ID"], ["1001", "5001"]])
    assert "--header-row 2." in refused(path, Reading(), "HEADER_IS_TITLE")
    assert "--header-row 2." in refused(path, BY_POSITION, "HEADER_IS_TITLE")


def test_an_unknown_header_below_a_title_is_found_by_its_mapped_names(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [["Export", ""], ["Kunde", "Haus"], ["1001", "5001"]])
    reading = Reading("contacts", "companies", {Role.FROM_OBJECT_ID: "Kunde", Role.TO_OBJECT_ID: "Haus"})
    assert "--header-row 2." in refused(path, reading, "HEADER_IS_TITLE")


def test_the_header_is_the_row_that_is_named_and_rows_keep_their_numbers(write: Write, tmp_path: Path) -> None:
    understood, rows = read(write(tmp_path, TITLE), Reading(header_row=4))
    assert rows == ["5:1001>5001"]
    assert understood.header_row == 4
    assert understood.columns[Role.FROM_OBJECT_ID] == "Contact ID"
    assert any("Row 4" in note for note in understood.notes)


def test_the_header_of_a_text_file_is_counted_in_records_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('"Report,\nof two lines"\n\nContact ID,Company ID\n1001,5001\n')
    understood, rows = read(path, Reading(header_row=3))
    assert (understood.header_row, rows) == (3, ["4:1001>5001"])


def test_the_header_may_be_far_down(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, [*[["note"]] * 1_700, ["Contact ID", "Company ID"], ["1001", "5001"]])
    understood, rows = read(path, Reading(header_row=1_701))
    assert (understood.header_row, rows) == (1_701, ["1702:1001>5001"])


def test_a_header_row_that_is_blank_or_missing_is_refused(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, TITLE)
    assert "row 3" in refused(path, Reading(header_row=3), "HEADER_ROW_BLANK")
    assert "ends at row 5" in refused(path, Reading(header_row=6), "HEADER_ROW_BEYOND_END")


def test_a_named_row_that_is_a_record_is_refused(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path, TITLE)
    assert "--header-row 4." in refused(path, Reading(header_row=5), "HEADER_IS_TITLE")
    by_position = Reading("contacts", "companies", {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#3"}, header_row=5)
    assert "--header-row 4." in refused(path, by_position, "HEADER_IS_TITLE")


def test_row_one_is_the_header_without_a_note_and_a_lower_one_is_noted(write: Write, tmp_path: Path) -> None:
    pair = [["Contact ID", "Company ID"], ["1001", "5001"]]
    understood, _ = read(write(tmp_path, pair), Reading())
    assert (understood.header_row, understood.notes) == (1, ())
    understood, rows = read(write(tmp_path, [["", ""], ["", ""], *pair]), Reading())
    assert (understood.header_row, rows) == (3, ["4:1001>5001"])
    assert any("Row 3" in note for note in understood.notes)


@pytest.mark.parametrize(
    "cell",
    [
        "1001",
        " 1001 ",
        "'1001",
        "1001.0",
        "１００１",
        "1001;1002",
        "https://app.hubspot.com/contacts/111/record/0-1/1001",
        "007",
        "1,234",
        "123456789012345678901234567890123456789",
        "1001; x",
        "1.23457E+15",
        "ada@example.com",
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_a_header_whose_id_cells_are_ids_is_refused(write: Write, tmp_path: Path, cell: str, side: int) -> None:
    first = ["Kunde", "Haus", "note"]
    first[side] = cell
    message = refused(write(tmp_path, [first, ["1002", "5002", "x"]]), BY_POSITION, "HEADER_IS_RECORD")
    assert "row 1" in message
    assert "--no-header" in message


def test_a_sheets_number_with_too_many_digits_is_not_the_name_of_a_column(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [12345678901234567, 5001])
        sheet.write_row(1, 0, [1002, 5002])
    assert "--no-header" in refused(path, BY_POSITION, "HEADER_IS_RECORD")
    assert read(path, NO_HEADER)[1] == ["1:LOST_PRECISION", "2:1002>5002"]


@pytest.mark.parametrize("name", ["#", "No. 1", "Kunde 2026", "Konto#", "a;b"])
def test_a_name_with_digits_or_signs_is_the_name_of_a_column(write: Write, tmp_path: Path, name: str) -> None:
    assert read(write(tmp_path, [[name, "Haus"], ["1001", "5001"]]), BY_POSITION)[1] == ["2:1001>5001"]


def test_a_delimiter_is_found_although_a_title_has_another(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Contacts, companies, and more, of 2026\nContact ID;Company ID\n1001;5001\n1002;5002\n")
    understood, rows = read(path, Reading(header_row=2))
    assert (understood.delimiter, rows) == (";", ["3:1001>5001", "4:1002>5002"])
    assert "--header-row 2." in refused(path, Reading(), "HEADER_IS_TITLE")


def test_a_frame_whose_names_are_its_first_record_is_refused() -> None:
    frame = pandas.DataFrame([["1002", "5002"]], columns=["1001", "5001"])
    with raises(SourceError, "HEADER_IS_RECORD"):
        open_frame(frame, BY_POSITION)


@pytest.mark.parametrize("reading", [Reading(header_row=2), NO_HEADER])
def test_a_frame_has_no_row_for_a_header(reading: Reading) -> None:
    with raises(SettingsError, "HEADER_ROW_OF_FRAME"):
        open_frame(pandas.DataFrame({"from_id": [1], "to_id": [2]}), reading)


@pytest.mark.parametrize(
    ("header", "later"),
    [
        ("Contact ID,Company ID", "Company ID,Contact ID"),
        ("Contact ID,Company ID", "Contact ID,Deal ID"),
        ("Contact ID,Parent,Company ID", "Contact ID,Company ID,Phone"),
        ("from_id,to_id", "to_id,from_id"),
    ],
)
def test_a_second_header_that_names_other_columns_is_refused_with_its_row(
    tmp_path: Path, header: str, later: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n1,2,3\n{later}\n4,5,6\n", encoding="utf-8")
    with (
        raises(SourceError, "SECOND_HEADER") as caught,
        open_source(path, Reading("contacts", "companies") if "from" in header else Reading()) as source,
    ):
        rows_of(source.blocks())
    assert str(caught.value).startswith("a.csv, row 3: ")


@pytest.mark.parametrize("later", ["Contact ID,Company ID", "contact_id,COMPANY ID", "Contact ID,x", "Deal,Company"])
def test_a_repeated_header_or_a_row_that_names_no_two_columns_is_an_invalid_row(tmp_path: Path, later: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"Contact ID,Company ID\n1,2\n{later}\n4,5\n", encoding="utf-8")
    with open_source(path, Reading()) as source:
        assert [len(row.pairs) for row in rows_of(source.blocks())] == [1, 0, 1]
