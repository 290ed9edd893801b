"""Exports split into several files of one archive: one table, whose rows are named by file and row."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.config import Reading
from importer.errors import SourceError
from importer.model import PART_ROWS, Role, RowNames
from importer.reader import Source, open_source
from importer.reader.files import archives
from tests.files.archives import archive
from tests.files.tables import csv_text
from tests.files.xlsx import table_xlsx
from tests.support.blocks import rows_of
from tests.support.errors import raises

HEADER = ["Record ID", "Associated Company IDs"]
EXPORT = Reading("contacts")


def zipped(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    path = folder / "export.zip"
    path.write_bytes(archive(dict(files)))
    return path


def part(*rows: list[str]) -> str:
    return csv_text([HEADER, *rows])


def named_pairs(source: Source) -> list[tuple[str, str, str]]:
    """Return the name of each row and the ids in its pairs."""
    names = source.info.row_names
    return [(names.of(row.number), pair.from_id, pair.to_id) for row in rows_of(source.blocks()) for pair in row.pairs]


def refusal(path: Path, code: str, reading: Reading = EXPORT) -> str:
    with raises(SourceError, code) as refused, open_source(path, reading) as source:
        rows_of(source.blocks())
    return str(refused.value)


def test_files_with_the_same_header_are_one_table_in_the_natural_order_of_their_names(tmp_path: Path) -> None:
    files = {
        "all-contacts-10.csv": part(["1003", "5003"]),
        "all-contacts-2.csv": part(["1001", "5001"], [], ["1002", "5002"]),
        "all-contacts.csv": part(["1000", "5000"]),
    }
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        assert source.header == tuple(HEADER)
        assert source.info.parts == ("all-contacts.csv", "all-contacts-2.csv", "all-contacts-10.csv")
        assert named_pairs(source) == [
            ("all-contacts.csv:2", "1000", "5000"),
            ("all-contacts-2.csv:2", "1001", "5001"),
            ("all-contacts-2.csv:4", "1002", "5002"),
            ("all-contacts-10.csv:2", "1003", "5003"),
        ]


def test_each_file_has_its_own_encoding_and_delimiter_and_a_difference_is_noted(tmp_path: Path) -> None:
    header = "Record ID,Associated Company IDs,Name\n"
    files = {
        "a-1.csv": f"{header}1,2,Zoë\n".encode(),
        "a-2.csv": f"{header}3,4,Zoë\n".replace(",", ";").encode("utf-16"),
    }
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        assert source.info.delimiter == ","
        assert [row.cells for row in rows_of(source.blocks())] == [("1", "2", "Zoë"), ("3", "4", "Zoë")]
        assert any("'a-2.csv': Read as CSV, UTF-16" in note for note in source.info.notes)


def test_workbooks_are_parts_too(tmp_path: Path) -> None:
    files = {f"a-{n}.xlsx": table_xlsx([HEADER, [str(n), "5"]]) for n in (1, 2)}
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        assert source.info.format == "XLSX in zip"
        assert named_pairs(source) == [("a-1.xlsx:2", "1", "5"), ("a-2.xlsx:2", "2", "5")]


def test_files_of_the_same_name_are_distinguished_by_their_folders(tmp_path: Path) -> None:
    with open_source(zipped(tmp_path, {"x/a.csv": part(["1", "2"]), "y/a.csv": part(["3", "4"])}), EXPORT) as source:
        assert [name for name, *_ in named_pairs(source)] == ["x/a.csv:2", "y/a.csv:2"]


def test_a_utf_8_file_name_that_is_not_declared_as_such_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as target:
        for n in (1, 2):
            target.writestr(f"xxxxx-{n}.csv", part([str(n), "5"]))
    path.write_bytes(path.read_bytes().replace(b"xxxxx", "é連".encode()))
    with open_source(path, EXPORT) as source:
        assert source.info.parts == ("é連-1.csv", "é連-2.csv")


def test_a_file_that_has_only_the_header_adds_no_rows(tmp_path: Path) -> None:
    with open_source(zipped(tmp_path, {"a-1.csv": part(), "a-2.csv": part(["1", "2"])}), EXPORT) as source:
        assert [name for name, *_ in named_pairs(source)] == ["a-2.csv:2"]


@pytest.mark.parametrize("empty", ["", "\n", "\ufeff\n,\n"])
@pytest.mark.parametrize("name", ["a-1.csv", "a-3.csv"])
def test_an_empty_file_adds_no_rows_and_is_named(tmp_path: Path, name: str, empty: str) -> None:
    with open_source(zipped(tmp_path, {"a-2.csv": part(["1", "2"]), name: empty}), EXPORT) as source:
        assert [pair[1:] for pair in named_pairs(source)] == [("1", "2")]
        assert any(name in text and "empty" in text for text in (*source.info.notes, *source.report.warnings))


@pytest.mark.parametrize("empty", ["", "\n"])
def test_an_archive_of_empty_files_is_refused(tmp_path: Path, empty: str) -> None:
    refusal(zipped(tmp_path, {"a-1.csv": empty, "a-2.csv": empty}), "FILE_EMPTY" if not empty else "TABLE_EMPTY")


def test_an_empty_workbook_among_workbooks_adds_no_rows(tmp_path: Path) -> None:
    files = {"a-1.xlsx": table_xlsx([]), "a-2.xlsx": table_xlsx([HEADER, ["1", "2"]])}
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        assert named_pairs(source) == [("a-2.xlsx:2", "1", "2")]


def test_notes_beside_the_tables_are_left_out_and_named(tmp_path: Path) -> None:
    files = {"a.csv": part(["1", "2"]), "b.csv": part(["3", "4"]), "README.txt": "Exported on Monday", "x.pdf": "%PDF"}
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        assert [name for name, *_ in named_pairs(source)] == ["a.csv:2", "b.csv:2"]
        assert any("'README.txt', 'x.pdf'" in note for note in source.info.notes)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["a-1.csv", "a-3.csv", "a-6.csv"], ": 2, 4, 5."),
        (["a-09.csv", "a-11.csv"], ": 10."),
        (["a-1.csv", "a-2.csv", "a-3.csv"], None),
        (["a-1.csv", "b-3.csv"], None),
        (["a.csv", "a-3.csv"], None),
    ],
)
def test_a_gap_in_the_numbers_of_the_parts_is_named(tmp_path: Path, names: list[str], missing: str | None) -> None:
    files = {name: part([str(number), "7"]) for number, name in enumerate(names, 1)}
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        gaps = [note for note in source.info.notes if "missing" in note]
        assert [note.endswith(missing or "") for note in gaps] == [True] * (missing is not None)


def test_an_empty_part_is_not_missing(tmp_path: Path) -> None:
    files = {"a-1.csv": part(["1", "2"]), "a-2.csv": "", "a-3.csv": part(["3", "4"])}
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        assert not any("missing" in note for note in source.info.notes)


def test_text_files_are_the_tables_of_an_archive_without_others(tmp_path: Path) -> None:
    with open_source(zipped(tmp_path, {"a.txt": part(["1", "2"]), "b.txt": part(["3", "4"])}), EXPORT) as source:
        assert [name for name, *_ in named_pairs(source)] == ["a.txt:2", "b.txt:2"]


@pytest.mark.parametrize(
    ("other", "code", "named"),
    [
        ({"b.csv": csv_text([["Record ID", "Associated Deal IDs"]])}, "HEADERS_DIFFER", "'b.csv'"),
        ({"b.csv": csv_text([HEADER[::-1]])}, "HEADERS_DIFFER", "'b.csv'"),
        ({"readme.csv": "Exported on Monday"}, "HEADERS_DIFFER", "'readme.csv'"),
        ({"a.xlsx": table_xlsx([HEADER])}, "MIXED_FORMATS", "'a.xlsx' (XLSX), 'a.csv' (CSV)"),
        ({"b.csv": archive({"c.csv": part()})}, "NESTED_ARCHIVE", "export.zip, b.csv "),
        ({"b.csv": (part(["1", "2"]) + "3,ééé").encode() + b"\xff\n"}, "UNDECODABLE_TEXT", "export.zip, b.csv, row 3"),
    ],
)
def test_files_that_are_not_parts_of_one_table_are_refused_by_name(
    tmp_path: Path, other: Mapping[str, str | bytes], code: str, named: str
) -> None:
    assert named in refusal(zipped(tmp_path, {"a.csv": part(["1", "2"]), **other}), code)


def test_a_part_with_a_password_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a-1.csv": part(["1", "2"]), "a-2.csv": part(["3", "4"])})
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 8] |= 1
    path.write_bytes(content)
    refusal(path, "PASSWORD_PROTECTED")


def test_the_bound_on_expansion_holds_for_all_parts_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"a-{n}.csv": part([str(n), "5"]) for n in (1, 2)}
    size = sum(len(text.encode()) for text in files.values())
    monkeypatch.setattr(archives, "MAX_EXPANDED", size - 1)
    refusal(zipped(tmp_path, files), "LIMIT_EXCEEDED")
    monkeypatch.setattr(archives, "MAX_EXPANDED", size)
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        assert len(named_pairs(source)) == 2


def test_more_parts_than_can_be_open_together_are_refused(tmp_path: Path) -> None:
    most = {f"a-{n}.csv": part([str(n + 1), "5"]) for n in range(archives.MAX_PARTS)}
    with open_source(zipped(tmp_path, most), EXPORT) as source:
        assert len(named_pairs(source)) == archives.MAX_PARTS
    assert " 101 " in refusal(zipped(tmp_path, {**most, "b.csv": part()}), "TOO_MANY_TABLES")


def test_a_limit_counts_the_rows_of_all_parts(tmp_path: Path) -> None:
    path = zipped(tmp_path, {f"a-{n}.csv": part(["1", "5"], ["2", "5"]) for n in (1, 2)})
    with open_source(path, Reading("contacts", limit=3)) as source:
        assert [name for name, *_ in named_pairs(source)] == ["a-1.csv:2", "a-1.csv:3", "a-2.csv:2"]


def test_warnings_name_rows_by_their_file(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a-1.csv": part(["1", "5"]), "a-2.csv": part(["12345678901234500", "5"])})
    with open_source(path, EXPORT) as source:
        rows_of(source.blocks())
        (warning,) = source.report.warnings
    assert "row a-2.csv:2: 1 of 1 ids" in warning


@given(st.lists(st.integers(0, 4), min_size=2, max_size=12))
@pytest.mark.slow
def test_no_row_of_any_part_is_lost_or_named_twice(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    files = {f"a-{n}.csv": part(*([str(n + 1), str(row + 1)] for row in range(size))) for n, size in enumerate(sizes)}
    with open_source(zipped(tmp_path_factory.mktemp("parts"), files), EXPORT) as source:
        assert named_pairs(source) == [
            (f"a-{n}.csv:{row + 2}", str(n + 1), str(row + 1)) for n, size in enumerate(sizes) for row in range(size)
        ]


def test_rows_of_one_file_are_named_by_their_numbers() -> None:
    assert (RowNames().of(17), RowNames().as_json(17)) == ("17", 17)
    names = RowNames(("a.csv", "b.csv"))
    assert (names.of(17), names.as_json(PART_ROWS + 2)) == ("a.csv:17", "b.csv:2")


def test_parts_without_a_header_and_parts_below_title_lines_are_one_table(tmp_path: Path) -> None:
    bare = {f"a-{n}.csv": csv_text([[str(n), "5"], [str(n), "6"]]) for n in (1, 2)}
    by_position = {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#2"}
    reading = Reading("contacts", "companies", by_position, no_header=True)
    with open_source(zipped(tmp_path, bare), reading) as source:
        assert named_pairs(source) == [(f"a-{n}.csv:{row}", str(n), str(4 + row)) for n in (1, 2) for row in (1, 2)]
    titled = {f"a-{n}.csv": csv_text([["Contacts"], HEADER, [str(n), "5"]]) for n in (1, 2)}
    with open_source(zipped(tmp_path, titled), Reading("contacts", header_row=2)) as source:
        assert named_pairs(source) == [("a-1.csv:3", "1", "5"), ("a-2.csv:3", "2", "5")]


@pytest.mark.parametrize(("unended", "named"), [(0, []), (1, ["a-0.csv: "]), (3, ["'a-0.csv', 'a-1.csv', 'a-2.csv'"])])
def test_files_without_a_last_line_ending_are_named_in_one_warning(
    tmp_path: Path, unended: int, named: list[str]
) -> None:
    files = {f"a-{n}.csv": part([str(n + 1), "5"]).rstrip() + "\n" * (n >= unended) for n in range(4)}
    with open_source(zipped(tmp_path, files), EXPORT) as source:
        assert len(named_pairs(source)) == 4
        warnings = source.report.warnings
        assert len(warnings) == len(named)
        assert all(names in text for names, text in zip(named, warnings, strict=True))
