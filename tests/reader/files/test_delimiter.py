"""Delimiters of text files: detected, declared, requested, ambiguous."""

from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import Role
from importer.reader import open_source
from tests.support.blocks import rows_of
from tests.support.errors import raises
from tests.support.text_files import cells


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from_id;to_id;note\n1;2;a,b,c\n3;4;d,e,f\n", ("1", "2", "a,b,c")),
        ("from_id,to_id,note\n1;2,3,x\n4;5,6,y\n", ("1;2", "3", "x")),
        ("from_id\tto_id\tnote, long\n1\t2\ta, b\n", ("1", "2", "a, b")),
        ('from_id|to_id|"a,b;c"\n1|2|"x\n;,,;\ny"\n', ("1", "2", "x\n;,,;\ny")),
        ("from_id,to_id,e e e e\n1,2,e e e e\n", ("1", "2", "e e e e")),
        ("from_id;to_id;Name, first;Note\n1;2;Doe, Jane\n3;4;Roe, Max;x\n", ("1", "2", "Doe, Jane", "")),
        ("from_id\tto_id\tA, B, C\n1\t2\tx, y, z\n", ("1", "2", "x, y, z")),
        ("sep=^\rfrom_id^to_id^a,b\r1^2^,,\r", ("1", "2", ",,")),
    ],
)
def test_the_delimiter_is_the_one_with_which_records_fit_the_header(
    tmp_path: Path, text: str, expected: tuple[str, ...]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    assert cells(path)[0] == expected


@pytest.mark.parametrize(
    ("requested", "delimiter"), [("semicolon", ";"), (";", ";"), ("tab", "\t"), ("\\t", "\t"), ("^", "^")]
)
def test_a_requested_delimiter_is_used(tmp_path: Path, requested: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"from_id{delimiter}to_id{delimiter}a,b\n1{delimiter}2{delimiter},,\n", encoding="utf-8")
    assert cells(path, delimiter=requested) == [("1", "2", ",,")]


@pytest.mark.parametrize("requested", ["ab", '"', "\n"])
def test_an_invalid_delimiter_is_a_settings_error(tmp_path: Path, requested: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("from_id,to_id\n", encoding="utf-8")
    with raises(SettingsError, "INVALID_DELIMITER"):
        cells(path, delimiter=requested)


BY_POSITION = {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#2"}


@pytest.mark.parametrize("header", ["", "a;b,c\n"])
@pytest.mark.parametrize("row", ["1001;5001,5002", "1001;5001,"])
def test_a_file_that_fits_two_delimiters_and_has_no_known_header_is_rejected(
    tmp_path: Path, row: str, header: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(header + f"{row}\n" * 3, encoding="utf-8")
    reading = Reading("contacts", "companies", columns=BY_POSITION, no_header=not header)
    with raises(SourceError, "DELIMITER_AMBIGUOUS"):
        open_source(path, reading)


@pytest.mark.parametrize("row", ["1001;5001;Main St 5, Berlin, DE, EU", "1001\t5001\tAcme, Inc"])
def test_the_delimiter_is_the_one_that_puts_ids_into_columns_mapped_by_position(tmp_path: Path, row: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{row}\n" * 3, encoding="utf-8")
    reading = Reading("contacts", "companies", columns=BY_POSITION, no_header=True)
    with open_source(path, reading) as source:
        pairs = [(pair.from_id, pair.to_id) for row in rows_of(source.blocks()) for pair in row.pairs]
    assert pairs == [("1001", "5001")] * 3
