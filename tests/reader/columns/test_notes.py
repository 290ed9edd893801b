"""Warnings about columns of a file that its pairs do not use in full."""

from pathlib import Path

import pytest

from importer.config import Reading
from importer.model import Role
from importer.reader import open_source
from importer.reader.columns.notes import column_notes
from importer.reader.columns.resolve import find_columns
from importer.reader.columns.roles import Header


def notes(header: str, reading: Reading) -> tuple[str, ...]:
    texts = tuple(header.split("|"))
    found = Header(texts, tuple(range(1, len(texts) + 1)))
    return column_notes(found, find_columns("deals.csv", found, reading))


@pytest.mark.parametrize(
    ("header", "reading", "named"),
    [
        (
            "Record ID|Associated Company IDs (Primary)|Associated Contact IDs",
            Reading("deals", "contacts"),
            ("Associated Company IDs (Primary)",),
        ),
        ("Contact ID|Company ID|Deal ID", Reading("contacts", "deals"), ("Company ID",)),
        ("Contact ID|Company ID|Association Type", Reading(), ("Association Type",)),
        ("Record ID|Associated Company IDs (Primary)", Reading("contacts"), ("Associated Company IDs (Primary)",)),
        (
            "Record ID|Associated Company IDs|Associated Company IDs (Primary)",
            Reading("contacts"),
            ("Associated Company IDs (Primary)", "Associated Company IDs"),
        ),
        (
            "Record ID|Associated Company IDs|Associated Company IDs (Primary)",
            Reading("contacts", columns={Role.TO_OBJECT_ID: "Associated Company IDs (Primary)"}),
            ("Associated Company IDs", "Primary"),
        ),
    ],
)
def test_ids_and_labels_that_are_not_read_are_named(header: str, reading: Reading, named: tuple[str, ...]) -> None:
    found = " ".join(notes(header, reading))
    assert all(f"'{name}'" in found for name in named)


@pytest.mark.parametrize("header", ["Contact ID|Name|Company ID", "from_object_type|from_id|to_object_type|to_id|x"])
def test_a_file_whose_columns_are_all_read_needs_no_note(header: str) -> None:
    assert notes(header, Reading()) == ()


def test_very_many_columns_are_not_all_named() -> None:
    header = "|".join(["from_id", "to_id", *(f"Record ID - {kind}" for kind in ["Contact", "Deal", "Ticket"] * 7)])
    (note,) = notes(header, Reading("contacts", "companies"))
    assert note.count("Record ID") == 10
    assert "and 11 more" in note


@pytest.mark.parametrize(
    "header",
    ["Contact ID,Company ID,Deal ID", "Contact ID,Company ID,Association Type", "Record ID,Associated Deal IDs (A)"],
)
def test_what_is_not_used_is_a_warning(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n1,2,3\n", encoding="utf-8")
    reading = Reading("contacts", "companies" if "Company" in header else "deals")
    with open_source(path, reading) as source:
        list(source.blocks())
        assert any("label" in warning or "Not used" in warning for warning in source.report.warnings)


@pytest.mark.parametrize(
    ("row", "is_warned"),
    [("1001 (Ann),5001 (Acme)", True), ("#1001,#5001", True), ("ACME-1,HUB-2", True), ("#1,#2", False), ("A,B", False)],
)
def test_a_header_that_may_be_a_record_is_shown(tmp_path: Path, row: str, *, is_warned: bool) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{row}\n1002,5002\n", encoding="utf-8")
    places = {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#2"}
    with open_source(path, Reading("contacts", "companies", columns=places)) as source:
        list(source.blocks())
        assert any("--no-header" in warning for warning in source.report.warnings) is is_warned
