"""XLSX workbooks as other programs write them, and sheets by name and position."""

import datetime
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from importer.config import Reading
from importer.errors import SourceError
from importer.model import Problem
from importer.reader import open_source
from importer.reader.rows.ids import parse_id
from tests.files.make import STYLES, archive, data, texts, xlsx
from tests.support.errors import raises
from tests.support.xlsx_rows import CONTROL, HEADER, NINE, made, rows, with_control, written

LINKS = Reading("contacts", "companies")


@pytest.fixture
def three_sheets(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    for number, name in enumerate(("Alpha", "2", "Gamma"), 1):
        sheet = book.create_sheet(name)
        sheet.append(["from_id", "to_id"])
        sheet.append([number * 10, number * 10 + 1])
    book.remove(book.worksheets[0])
    book.create_chartsheet("Chart", 0)
    book["Alpha"].sheet_state = "veryHidden"
    path = tmp_path / "three.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("requested", "first_id"), [(None, "20"), ("Gamma", "30"), ("gamma ", "30"), ("1", "10"), ("2", "20"), ("3", "30")]
)
def test_a_sheet_is_chosen_by_name_then_position_else_the_first_visible(
    three_sheets: Path, requested: str | None, first_id: str
) -> None:
    assert rows(three_sheets, requested)[0].cells[0] == first_id


@pytest.mark.parametrize("requested", ["Delta", "0", "4", "Chart"])
def test_a_missing_sheet_is_rejected_with_the_names_of_the_others(three_sheets: Path, requested: str) -> None:
    with raises(SourceError, "SHEET_NOT_FOUND"):
        rows(three_sheets, requested)


def test_the_sheet_that_is_read_is_noted(three_sheets: Path) -> None:
    with open_source(three_sheets, LINKS) as source:
        assert (source.info.sheet, source.info.sheets) == ("2", 3)


def test_cells_that_openpyxl_writes_keep_their_types(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for cells in (
        ["from_id", "to_id", "other"],
        [1, 2.0, datetime.datetime(2024, 5, 17, 10, 30)],  # noqa: DTZ001 - a sheet has no zones
        ["3", 4, datetime.date(2024, 5, 17)],
        [5, 6, datetime.timedelta(hours=36)],
        [7, 8, True],
        [9, 10, 0.1],
        [11, 12, "=A1"],
        [13, 14, datetime.time(10, 30)],
    ):
        sheet.append(cells)
    book.save(tmp_path / "a.xlsx")
    assert [row.cells for row in rows(tmp_path / "a.xlsx")] == [
        ("1", "2", "2024-05-17 10:30:00"),
        ("3", "4", "2024-05-17"),
        ("5", "6", "36:00:00"),
        ("7", "8", "TRUE"),
        ("9", "10", "0.1"),
        ("11", "12", "=A1"),
        ("13", "14", "10:30:00"),
    ]


def test_a_formula_is_read_only_with_a_saved_result(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["from_id", "to_id"])
    sheet.write_formula(1, 0, "=1+1", None, 2)
    sheet.write_number(1, 1, 3)
    sheet.write_formula(2, 0, "=1+1", None, "")
    sheet.write_number(2, 1, 3)
    book.close()
    first, second = rows(tmp_path / "a.xlsx")
    assert [pair.from_id for pair in first.pairs] == ["2"]
    assert [problem.code for problem in second.problems] in (["FORMULA"], ["MISSING_ID"])


def test_sixteen_digits_are_rejected_as_a_number_and_accepted_as_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["from_id", "to_id"])
    sheet.append([1234567890123456, 1])
    sheet.append(["1234567890123456", 1])
    book.save(tmp_path / "a.xlsx")
    lost, kept = rows(tmp_path / "a.xlsx")
    assert [problem.code for problem in lost.problems] == ["LOST_PRECISION"]
    assert [pair.from_id for pair in kept.pairs] == ["1234567890123456"]


@pytest.mark.parametrize(
    ("attributes", "value", "text"),
    [
        ('s="406"', "101", "1.01E+2"),
        ('s="-1"', "45429", "4.5429E+4"),
        ('s="x"', "0", "0E+0"),
        ('s="406"', "1.5", "1.5"),
        ('t="b"', "7", "7E+0"),
        ('t="e"', "7", "7E+0"),
        ('t="d"', "20240517", "2.0240517E+7"),
        ('t="x"', "7", "7E+0"),
    ],
)
def test_a_cell_of_undefined_type_or_style_makes_only_its_row_invalid(
    tmp_path: Path, attributes: str, value: str, text: str
) -> None:
    path = tmp_path / "a.xlsx"
    header = texts([["from_id", "to_id", "note"]])
    other = f'<c r="C3" {attributes}><v>{value}</v></c>'
    path.write_bytes(
        xlsx(
            data(
                f'{header}<row r="2"><c r="A2" {attributes}><v>{value}</v></c>{NINE}</row>'
                f'<row r="3"><c r="A3"><v>8</v></c><c r="B3"><v>9</v></c>{other}</row>'
            )
        )
    )
    uncertain, certain = rows(path)
    assert (uncertain.cells[0], [problem.code for problem in uncertain.problems]) == (text, ["UNCERTAIN_VALUE"])
    assert (certain.cells[2], [pair.from_id for pair in certain.pairs]) == (text, ["8"])


@pytest.mark.parametrize("text", ["1.01E+2", "0E+0", "7E+0"])
def test_an_uncertain_value_is_not_an_id_when_read_back(text: str) -> None:
    assert isinstance(parse_id(text, "from_id"), Problem)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('<c r="A2" s="" t="n"><v>101</v></c>', "101"),
        ('<c r="A2" t="d"><v>PT0H11M0.000S</v></c>', "DATE"),
        ('<c r="A2" t="inlineStr"><v>7</v></c>', "7"),
        ('<c r="A2"><is><t>7</t></is></c>', "7"),
        ('<c r="A2" t="str"><f>C1</f></c>', "FORMULA"),
        ('<c r="A2"><f>C1</f></c>', "FORMULA"),
        ('<c r="A2" t="str"><f>C1</f><v></v></c>', "MISSING_ID"),
        ('<c r="A2"><v>7</v><extLst><ext><v>55</v></ext></extLst></c>', "7"),
        ('<c r="A2" s="0"><v>7</v></c>', "7"),
        ('<c r="A2" s="1"><v>45429</v></c>', "DATE"),
    ],
)
def test_a_cell_is_read_however_it_is_stored(tmp_path: Path, cell: str, expected: str) -> None:
    assert made(written(tmp_path, cell + NINE)) == [expected]


@pytest.mark.parametrize("name", ["xl/Styles.xml", "XL/styles.XML", "/xl/styles.xml", "xl\\styles.xml"])
def test_a_part_is_found_regardless_of_the_case_of_its_name(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, '<c r="A2" s="1"><v>45429</v></c>' + NINE)
    with zipfile.ZipFile(path) as book:
        parts = {name if part == "xl/styles.xml" else part: book.read(part) for part in book.namelist()}
    path.write_bytes(archive(parts))
    assert made(path) == ["DATE"]


def test_a_date_without_any_styles_is_uncertain(tmp_path: Path) -> None:
    path = written(tmp_path, '<c r="A2" s="1"><v>45429</v></c>' + NINE)
    with zipfile.ZipFile(path) as book:
        parts = {part: book.read(part) for part in book.namelist() if part != "xl/styles.xml"}
    path.write_bytes(archive(parts))
    assert made(path) == ["UNCERTAIN_VALUE"]


def test_a_cell_without_a_style_has_the_first_one(tmp_path: Path) -> None:
    styles = STYLES.replace('<cellXfs><xf numFmtId="0"/>', '<cellXfs><xf numFmtId="14"/>')
    assert (
        made(written(tmp_path, '<c r="A2"><v>45429</v></c>' + NINE, replaced={"xl/styles.xml": styles})) == ["DATE"] * 2
    )


def test_number_formats_apply_wherever_they_are_defined(tmp_path: Path) -> None:
    start, end = STYLES.index("<numFmts"), STYLES.index("</numFmts>") + len("</numFmts>")
    others = '<dxfs><dxf><numFmt numFmtId="164" formatCode="0"/></dxf></dxfs>'
    moved = STYLES[:start] + STYLES[end:].replace("</cellXfs>", f"</cellXfs>{STYLES[start:end]}{others}")
    path = written(tmp_path, '<c r="A2" s="1"><v>45429</v></c>' + NINE, replaced={"xl/styles.xml": moved})
    assert made(path) == ["DATE"]


def test_an_extension_does_not_change_the_epoch_of_dates(tmp_path: Path) -> None:
    extension = '<extLst><ext><x15:workbookPr xmlns:x15="urn:x15" chartTrackingRefBase="1"/></ext></extLst>'
    path = written(
        tmp_path, '<c r="A2" s="1"><v>43967</v></c>' + NINE, properties='<workbookPr date1904="1"/>' + extension
    )
    assert rows(path)[0].cells[0] == "2024-05-17"


def test_a_sheet_requested_by_a_huge_number_is_not_found(three_sheets: Path) -> None:
    with raises(SourceError, "SHEET_NOT_FOUND"):
        rows(three_sheets, "9" * 5000)


def test_rows_of_controls_and_drawings_beside_the_data_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(with_control(CONTROL + data(f'{HEADER}<row r="2"><c r="A2"><v>7</v></c>{NINE}</row>') + CONTROL))
    assert made(path) == ["7"]


def test_a_row_may_be_written_cell_by_cell(tmp_path: Path) -> None:
    cells = [("A1", "from_id"), ("B1", "to_id"), ("A2", "7"), ("B2", "9"), ("B3", "11"), ("A3", "10")]
    elements = [f'<row r="{place[1]}"><c r="{place}" t="str"><v>{value}</v></c></row>' for place, value in cells]
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data("".join(elements))))
    assert [(row.number, row.cells) for row in rows(path)] == [(2, ("7", "9")), (3, ("10", "11"))]


@pytest.mark.parametrize(
    ("written_as", "text"),
    [
        ("PT0H11M0.000S", "00:11:00"),
        ("PT36H30M00S", "36:30:00"),
        ("2024-05-17", "2024-05-17"),
        ("2024-05-17T00:00:00.000", "2024-05-17"),
        ("2024-05-17T15:59:59.99999979045242400", "2024-05-17 16:00:00"),
        ("08:30", "08:30"),
    ],
)
def test_dates_and_durations_of_strict_workbooks_are_shown_like_others(
    tmp_path: Path, written_as: str, text: str
) -> None:
    (row,) = rows(written(tmp_path, f'<c r="A2"><v>7</v></c>{NINE}<c r="C2" t="d"><v>{written_as}</v></c>'))
    assert row.cells[2] == text


@pytest.mark.parametrize(
    ("escaped", "text"),
    [("_xD83D__xDE00_", "😀"), ("_xDC05_", "_xDC05_"), ("a_xD83D_", "a_xD83D_"), ("_x005F_x0041_", "_x0041_")],
)
def test_escapes_of_lone_surrogates_are_kept(tmp_path: Path, escaped: str, text: str) -> None:
    (row,) = rows(written(tmp_path, f'<c r="A2"><v>7</v></c>{NINE}<c r="C2" t="str"><v>{escaped}</v></c>'))
    assert row.cells[2] == text
