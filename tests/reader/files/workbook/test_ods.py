"""ODS workbooks: every cell is read as displayed, however it is stored."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from importer.config import Reading
from importer.errors import SourceError
from importer.model import SourceRow
from importer.reader import open_source
from tests.files.archives import archive
from tests.files.ods import ods, ods_number, ods_row, ods_text
from tests.support.blocks import rows_of
from tests.support.damage import damaged_copies
from tests.support.errors import raises

HEADER = ods_row(ods_text("from_id"), ods_text("to_id"))
Read = Callable[[str], list[SourceRow]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a sheet with the given rows below its header."""

    def read_rows(rows: str) -> list[SourceRow]:
        path = tmp_path / "a.ods"
        path.write_bytes(ods(HEADER + rows))
        with open_source(path, Reading("contacts", "companies")) as source:
            return rows_of(source.blocks())

    return read_rows


def cell(attributes: str, content: str = "") -> str:
    return f"<table:table-cell {attributes}>{content}</table:table-cell>"


def text(content: str) -> str:
    return cell('office:value-type="string"', content)


UNCERTAIN = "UNCERTAIN_VALUE"
ERROR = cell('table:formula="of:=1/0" office:value-type="string" office:string-value=""', "<text:p>#DIV/0!</text:p>")


@pytest.mark.parametrize(
    ("written", "shown", "made"),
    [
        (text("<text:p>12<text:tab/>34</text:p>"), "12\t34", "AMBIGUOUS_SEPARATOR"),
        (text("<text:p>12<text:line-break/>34</text:p>"), "12\n34", "AMBIGUOUS_SEPARATOR"),
        (text("<text:p>12</text:p><text:p>34</text:p>"), "12\n34", "AMBIGUOUS_SEPARATOR"),
        (text('<text:p>12<text:s text:c="2"/>34</text:p>'), "12  34", "AMBIGUOUS_SEPARATOR"),
        (text("<text:p>1<![CDATA[2]]>3</text:p>"), "123", "123"),
        (text("<text:p><text:span>1</text:span>23</text:p>"), "123", "123"),
        (
            text(
                "<text:p>12<text:ruby><text:ruby-base>3</text:ruby-base><text:ruby-text>9</text:ruby-text></text:ruby></text:p>"
            ),
            "123",
            "123",
        ),
        (text("<office:annotation><text:p>9</text:p></office:annotation><text:p>12</text:p>"), "12", "12"),
        (text("<text:p>\n  12\n  34</text:p>"), "12 34", "AMBIGUOUS_SEPARATOR"),
        (ERROR, "#DIV/0!", "ERROR_VALUE"),
        (cell('table:formula="of:=1+1"'), "=1+1", "FORMULA"),
        (
            cell('table:formula="of:=TRUE()" office:value-type="float" office:value="1"', "<text:p>TRUE</text:p>"),
            "TRUE",
            "BOOLEAN",
        ),
        (
            cell('table:formula="of:=TRUE()" office:value-type="float" office:value="1"', "<text:p>1</text:p>"),
            "TRUE",
            "BOOLEAN",
        ),
        (text("<text:p><text:span> 12  </text:span></text:p>"), " 12  ", "12"),
        (cell('office:value-type="boolean" office:boolean-value="true"'), "TRUE", "BOOLEAN"),
        (cell('office:value-type="float" office:value="123"', "<text:p>1.23E+02</text:p>"), "123", "123"),
        (cell('office:value-type="float" office:value="123"', "<text:p>###</text:p>"), "123", "123"),
        (cell('office:value-type="date" office:date-value="2024-05-17"', "<text:p>###</text:p>"), "2024-05-17", "DATE"),
        (cell('office:value-type="string" office:string-value="12"', "<text:p>99</text:p>"), "99 ≠ 12", UNCERTAIN),
        (cell('office:value-type="string" office:string-value="12"', "<text:p>x</text:p>"), "x ≠ 12", UNCERTAIN),
        (cell('office:value-type="string" office:string-value="1;2"', "<text:p>1</text:p>"), "1 ≠ 1;2", UNCERTAIN),
        (cell('office:value-type="string" office:string-value=" 12 "', "<text:p>12</text:p>"), "12", "12"),
        (cell('office:value-type="string" office:string-value="12"'), "12", "12"),
        (
            cell('office:value-type="float" office:value="12345678901234567"'),
            "1.2345678901234567E+16",
            "LOST_PRECISION",
        ),
        (cell('office:value-type="date" office:date-value="2024-05-17"'), "2024-05-17", "DATE"),
        (cell('office:value-type="date" office:date-value="2024-05-17T12:00:00"'), "2024-05-17 12:00:00", "DATE"),
        (cell('office:value-type="time" office:time-value="PT36H30M00S"'), "36:30:00", "DATE"),
    ],
)
def test_a_cell_has_its_displayed_text(read: Read, written: str, shown: str, made: str) -> None:
    (row,) = read(ods_row(written, ods_number("9")))
    assert row.cells == (shown, "9")
    assert [pair.from_id for pair in row.pairs] + [problem.code for problem in row.problems] == [made]


def test_a_text_with_another_stored_value_is_not_an_id(read: Read) -> None:
    written = cell('office:value-type="string" office:string-value="1004"', "<text:p>9999</text:p>")
    (row,) = read(ods_row(written, ods_number("5")))
    assert [problem.code for problem in row.problems] == ["UNCERTAIN_VALUE"]


def test_a_number_in_a_narrow_column_is_read(read: Read) -> None:
    written = cell('office:value-type="float" office:value="1001"', "<text:p>###</text:p>")
    (row,) = read(ods_row(written, ods_number("5")))
    assert [pair.from_id for pair in row.pairs] == ["1001"]


def test_rows_of_errors_are_not_blank_rows(read: Read) -> None:
    rows = read(ods_row(ERROR, ERROR) + ods_row(ods_number("3"), ods_number("4")))
    assert [(row.number, len(row.problems), len(row.pairs)) for row in rows] == [(2, 2, 0), (3, 0, 1)]


def test_repeated_rows_and_cells_are_expanded_and_blank_ones_only_counted(read: Read) -> None:
    rows = read(
        '<table:table-row table:number-rows-repeated="5"><table:table-cell/></table:table-row>'
        '<table:table-row table:number-rows-repeated="3"><table:table-cell office:value-type="float" office:value="7" '
        'table:number-columns-repeated="2"/><table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
    )
    assert [(row.number, row.cells) for row in rows] == [(7, ("7", "7")), (8, ("7", "7")), (9, ("7", "7"))]


def test_repeated_long_texts_beyond_the_limit_are_rejected(read: Read) -> None:
    long = text(f"<text:p>{'abcdefgh' * 4000}</text:p>")
    with raises(SourceError, "LIMIT_EXCEEDED"):
        read(f'<table:table-row table:number-rows-repeated="1000000">{long}</table:table-row>')


@pytest.mark.slow
def test_a_sheet_of_many_equal_cells_is_not_a_bomb(read: Read) -> None:
    row = ods_row(ods_number("1"), ods_number("2"), *[ods_text("the same" * 100) for _ in range(20)])
    assert len(read(row * 1_200)) == 1_200


@pytest.mark.slow
def test_any_damage_is_reported_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    refused = 0
    for damaged in damaged_copies(ods(HEADER + ods_row(ods_number("1"), ods_number("2"))), seed=3, start=4):
        path.write_bytes(damaged)
        try:
            with open_source(path, Reading("contacts", "companies")) as source:
                rows_of(source.blocks())
        except SourceError:
            refused += 1
    assert 0 < refused < 300


ONE_ROW = ods_row(ods_number("1"), ods_number("2"))
OTHER = f"<table:table><table:table-row>{ods_number('8')}{ods_number('9')}</table:table-row></table:table>"


@pytest.mark.parametrize(
    "rows",
    [
        f"<table:shapes><draw:frame><draw:object>{OTHER}</draw:object></draw:frame></table:shapes>{ONE_ROW}",
        f"<table:table-row-group><table:table-header-rows>{ONE_ROW}</table:table-header-rows></table:table-row-group>",
        f"{ONE_ROW}</table:table><table:dde-links>{OTHER}</table:dde-links><table:table>",
        ods_row(ods_number("1"), ods_number("2"), cell("", f"<draw:frame>{OTHER}</draw:frame>")),
        ods_row(ods_number("1"), ods_number("2"), cell("", OTHER)),
    ],
)
def test_only_the_rows_of_the_sheet_itself_are_read(read: Read, rows: str) -> None:
    assert [(row.number, row.cells) for row in read(rows)] == [(2, ("1", "2"))]


def test_a_hidden_sheet_is_skipped(tmp_path: Path) -> None:
    hidden = '<style:style style:name="ta1"><style:table-properties table:display="false"/></style:style>'
    other = f'</table:table><table:table table:name="New">{HEADER}{ONE_ROW}'
    path = tmp_path / "a.ods"
    path.write_bytes(ods(HEADER + other, styles=hidden, style="ta1"))
    with open_source(path, Reading("contacts", "companies")) as source:
        assert (source.info.sheet, source.info.sheets) == ("New", 2)


def archive_with(tmp_path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(BytesIO(ods(HEADER + ONE_ROW))) as whole:
        parts = {part: whole.read(part) for part in whole.namelist()}
    change(parts)
    path = tmp_path / "a.ods"
    path.write_bytes(archive(parts))
    return path


def without_mimetype(kind: str) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        del parts["mimetype"]
        root = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        manifest = parts["META-INF/manifest.xml"].decode()
        parts["META-INF/manifest.xml"] = manifest.replace(
            "<manifest:file-entry", f"{root}<manifest:file-entry", 1
        ).encode()

    return change


def test_a_workbook_may_declare_its_type_in_the_manifest_only(tmp_path: Path) -> None:
    path = archive_with(tmp_path, without_mimetype("application/vnd.oasis.opendocument.spreadsheet"))
    with open_source(path, Reading("contacts", "companies")) as source:
        assert source.info.format == "ODS"
        assert [row.cells for row in rows_of(source.blocks())] == [("1", "2")]


def test_another_document_may_declare_its_type_in_the_manifest_only(tmp_path: Path) -> None:
    path = archive_with(tmp_path, without_mimetype("application/vnd.oasis.opendocument.text"))
    with raises(SourceError, "UNSUPPORTED_FORMAT"):
        open_source(path, Reading("contacts", "companies"))


def test_a_document_type_without_declarations_is_harmless(tmp_path: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        kind = b'<!DOCTYPE manifest:manifest PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "Manifest.dtd">'
        manifest = parts["META-INF/manifest.xml"]
        parts["META-INF/manifest.xml"] = manifest.replace(b"<manifest:manifest", kind + b"<manifest:manifest", 1)

    with open_source(archive_with(tmp_path, change), Reading("contacts", "companies")) as source:
        assert [row.cells for row in rows_of(source.blocks())] == [("1", "2")]


@pytest.mark.parametrize(("value", "text"), [("45429", "4.5429E+4"), ("INVALID", "INVALID")])
def test_an_invalid_date_makes_only_its_row_invalid(read: Read, value: str, text: str) -> None:
    odd = cell(f'office:value-type="date" office:date-value="{value}"')
    uncertain, certain = read(ods_row(odd, ods_number("9")) + ONE_ROW)
    assert (uncertain.cells[0], [problem.code for problem in uncertain.problems]) == (text, ["UNCERTAIN_VALUE"])
    assert [pair.from_id for pair in certain.pairs] == ["1"]


def hidden_row(visibility: str, first: int, repeat: int = 1) -> str:
    attributes = f'table:visibility="{visibility}" table:number-rows-repeated="{repeat}"'
    return f"<table:table-row {attributes}>{ods_number(str(first))}{ods_number('99')}</table:table-row>"


GROUPS = (
    '<table:table-row-group table:display="false"><table:table-row-group>'
    f"{ods_row(ods_number('6'), ods_number('99'))}</table:table-row-group>{hidden_row('visible', 7)}"
    f"</table:table-row-group><table:table-row-group>{hidden_row('visible', 8)}</table:table-row-group>"
)


@pytest.mark.parametrize(("visible_only", "numbers"), [(False, [2, 3, 4, 5, 6, 7, 8, 10]), (True, [5, 8, 10])])
def test_rows_hidden_by_filters_by_hand_or_in_groups_are_counted(
    tmp_path: Path, visible_only: bool, numbers: list[int]
) -> None:
    rows = hidden_row("filter", 2, 2) + hidden_row("collapse", 4) + hidden_row("visible", 5) + GROUPS
    rows += '<table:table-row table:visibility="filter"><table:table-cell/></table:table-row>' + hidden_row(
        "visible", 10
    )
    path = tmp_path / "a.ods"
    path.write_bytes(ods(HEADER + rows))
    with open_source(path, Reading("contacts", "companies", visible_rows_only=visible_only)) as source:
        assert [row.number for row in rows_of(source.blocks())] == numbers
        assert "5 (rows 2, 3, 4, 6, 7)" in source.report.warnings[0]


@pytest.mark.parametrize("hidden", ['office:value-type="float" office:value="1777"', ""])
def test_a_covered_cell_of_a_merged_range_is_empty_whatever_it_stores(tmp_path: Path, hidden: str) -> None:
    spans = 'table:number-rows-spanned="2" table:number-columns-spanned="1"'
    first = cell(f'{spans} office:value-type="float" office:value="1001"')
    covered = (
        f"<table:covered-table-cell {hidden}>{'<text:p>1777</text:p>' if hidden else ''}</table:covered-table-cell>"
    )
    path = tmp_path / "a.ods"
    path.write_bytes(ods(HEADER + ods_row(first, ods_number("5001")) + ods_row(covered, ods_number("5002"))))
    with open_source(path, Reading("contacts", "companies")) as source:
        merged, below = rows_of(source.blocks())
        assert [pair.from_id for pair in merged.pairs] == ["1001"]
        assert (below.cells, [problem.code for problem in below.problems]) == (("", "5002"), ["MISSING_ID"])
        assert any(text.startswith("Merged ranges in the sheet: 1;") for text in source.report.warnings)


def test_a_cell_that_spans_only_itself_is_not_merged(tmp_path: Path) -> None:
    one = cell(
        'table:number-rows-spanned="1" table:number-columns-spanned="1" office:value-type="float" office:value="1"'
    )
    path = tmp_path / "a.ods"
    path.write_bytes(ods(HEADER + ods_row(one, ods_number("2"))))
    with open_source(path, Reading("contacts", "companies")) as source:
        assert len(rows_of(source.blocks())) == 1
        assert source.report.warnings == ()


def test_a_text_with_other_stored_digits_is_not_an_id_when_read_back(read: Read, tmp_path: Path) -> None:
    odd = cell('office:value-type="string" office:string-value="1004"', "<text:p>9999</text:p>")
    (row,) = read(ods_row(odd, ods_number("9")))
    path = tmp_path / "again.csv"
    path.write_text(f"from_id,to_id\n{row.cells[0]},9\n", encoding="utf-8")
    with open_source(path, Reading("contacts", "companies")) as source:
        assert [row.pairs for row in rows_of(source.blocks())] == [()]
