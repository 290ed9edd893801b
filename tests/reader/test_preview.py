"""The preview of a source from its beginning, even if its columns are unclear."""

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import Role
from importer.reader import OBJECT_TYPES, PreviewColumn, PreviewRow, open_source, preview_source
from importer.reader.preview import column_letters
from tests.support.errors import raises, raises_code

ROLES = {Role.FROM_OBJECT_ID: 0, Role.TO_OBJECT_ID: 2}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    lines = [f"{n},Name {n % 2},{n + 1000}" for n in range(1, 601)]
    path.write_text("\n".join(["Contact ID,Name,Company ID", "", *lines, ""]), encoding="utf-8")
    return path


def test_the_beginning_of_a_file_is_shown_with_the_roles_of_its_columns(path: Path) -> None:
    found = preview_source(path, Reading())
    assert (found.format, found.encoding, found.delimiter, found.header_row) == ("CSV", "UTF-8", ",", 1)
    assert found.columns == (
        PreviewColumn(0, 1, "A", "Contact ID", ("1", "2", "3")),
        PreviewColumn(1, 2, "B", "Name", ("Name 1", "Name 0")),
        PreviewColumn(2, 3, "C", "Company ID", ("1001", "1002", "1003")),
    )
    assert found.rows[0] == PreviewRow("3", ("1", "Name 1", "1001"))
    assert len(found.rows) == 5
    assert (found.roles, found.from_type, found.to_type, found.error) == (ROLES, "contacts", "companies", None)
    assert found.sentence == "This file links contacts to companies."
    assert (found.rows_estimate, found.is_exact) == (601, False)  # with the blank row
    assert set(found.reasons or ()) == set(ROLES)


@pytest.mark.parametrize(
    "reading",
    [
        Reading(),
        Reading(
            from_object_type="deals",
            to_object_type="2-7",
            columns={Role.FROM_OBJECT_ID: "Name", Role.TO_OBJECT_ID: "#1"},
        ),
        Reading(columns={Role.FROM_OBJECT_ID: "#3", Role.TO_OBJECT_ID: "#1"}),
    ],
)
def test_a_preview_agrees_with_the_source_that_is_read(path: Path, reading: Reading) -> None:
    found = preview_source(path, reading)
    with open_source(path, reading) as source:
        info, places = source.info, source.places
    assert {role: index + 1 for role, index in (found.roles or {}).items()} == places
    assert (found.from_type, found.to_type) == (info.from_object_type, info.to_object_type)
    assert (found.notes, found.header_row, found.encoding) == (info.notes, info.header_row, info.encoding)


def test_the_columns_are_shown_even_if_their_roles_are_unclear(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Key,Other\na,b\n", encoding="utf-8")
    found = preview_source(path, Reading())
    assert found.error is not None
    assert found.error[0] == "NO_ID_COLUMN"
    assert [column.name for column in found.columns] == ["Key", "Other"]
    assert found.rows == (PreviewRow("2", ("a", "b")),)
    assert (found.roles, found.sentence) == (None, "")
    chosen = Reading(
        from_object_type="contacts",
        to_object_type="deals",
        columns={Role.FROM_OBJECT_ID: "Key", Role.TO_OBJECT_ID: "Other"},
    )
    assert preview_source(path, chosen).reasons == dict.fromkeys(ROLES, "You chose this column.")


def test_a_preview_reports_a_missing_column_that_the_settings_name(path: Path) -> None:
    found = preview_source(path, Reading(columns={Role.FROM_OBJECT_ID: "Nothing"}))
    assert found.error is not None
    assert found.error[0] == "MAPPED_COLUMN_MISSING"


def test_records_to_look_up_are_described_by_their_property(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Email,Company domain name,Label\na@b.c,b.c,Owner\n", encoding="utf-8")
    reading = Reading(from_object_type="contacts", from_by="email", to_object_type="companies", to_by="domain")
    found = preview_source(path, reading)
    assert (found.from_by, found.to_by, found.error) == ("email", "domain", None)
    assert (found.roles or {})[Role.LABEL] == 2
    assert "'email'" in (found.reasons or {})[Role.FROM_OBJECT_ID]


def test_every_sheet_of_a_workbook_can_be_chosen(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["Contact ID", "Company ID"])
    book.active.append([1, 2])
    second = book.create_sheet("More")
    second.append(["Title"])
    second.append(["Deal ID", "Contact ID"])
    second.append([3, 4])
    path = tmp_path / "a.xlsx"
    book.save(path)
    found = preview_source(path, Reading())
    assert (found.format, found.sheet, found.sheet_names) == ("XLSX", "Sheet", ("Sheet", "More"))
    assert (found.rows_estimate, found.delimiter, found.encoding) == (None, "", "")
    other = preview_source(path, Reading(sheet="More", header_row=2))
    assert (other.sheet, other.from_type, other.to_type) == ("More", "deals", "contacts")
    assert other.rows == (PreviewRow("3", ("3", "4")),)


def test_the_columns_of_an_earlier_result_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("import_status,Contact ID,Company ID,import_advice\nfailed,1,2,Correct it.\n", encoding="utf-8")
    found = preview_source(path, Reading())
    assert [(column.index, column.position, column.letters, column.name) for column in found.columns] == [
        (0, 2, "B", "Contact ID"),
        (1, 3, "C", "Company ID"),
    ]
    assert found.rows == (PreviewRow("2", ("1", "2")),)
    assert found.roles == {Role.FROM_OBJECT_ID: 0, Role.TO_OBJECT_ID: 1}


def test_the_rows_of_an_archive_are_named_by_their_files(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, ids in (("a.csv", "1,2"), ("b.csv", "3,4")):
            archive.writestr(name, f"Contact ID,Company ID\n{ids}\n")
    found = preview_source(path, Reading())
    assert found.rows == (PreviewRow("a.csv:2", ("1", "2")), PreviewRow("b.csv:2", ("3", "4")))
    assert found.parts == ("a.csv", "b.csv")


def test_a_file_without_a_table_has_no_preview(tmp_path: Path, path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    with raises(SourceError, "FILE_EMPTY"):
        preview_source(empty, Reading())
    with raises_code(SettingsError, "UNKNOWN_ENCODING"):
        preview_source(path, Reading(encoding="no"))


@pytest.mark.parametrize(("text", "rows"), [("A\n1", 1), ("A\n1\n", 1), ("A\r1\r2", 2), ("A\r\n1\r\n", 1), ("A", 0)])
def test_the_rows_of_a_small_file_are_counted_exactly(tmp_path: Path, text: str, rows: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert preview_source(path, Reading()).rows_estimate == rows


def test_columns_have_the_letters_of_a_spreadsheet() -> None:
    assert [column_letters(n) for n in (1, 26, 27, 52, 53, 702, 703)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_the_object_types_are_those_of_hubspot_in_order() -> None:
    assert list(OBJECT_TYPES) == sorted(OBJECT_TYPES)
    assert {"contacts", "companies", "deals", "tickets"} < set(OBJECT_TYPES)
