"""XLSX workbooks as other programs write them, and sheets by name and position."""

import datetime
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from importer.config import Reading
from importer.errors import SourceError
from importer.model import SourceRow
from importer.reader import open_source
from importer.reader.cells import Shown, date_text, number_text, shown_as
from tests.blocks import rows_of
from tests.files.make import DECLARATION, MAIN, STYLES, archive, data, texts, xlsx

LINKS = Reading("contacts", "companies")


def rows(path: Path, sheet: str | None = None) -> list[SourceRow]:
    with open_source(path, Reading("contacts", "companies", sheet=sheet)) as source:
        return rows_of(source.blocks())


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
    ("wish", "first_id"), [(None, "20"), ("Gamma", "30"), ("gamma ", "30"), ("1", "10"), ("2", "20"), ("3", "30")]
)
def test_a_sheet_is_chosen_by_name_then_position_else_the_first_visible(
    three_sheets: Path, wish: str | None, first_id: str
) -> None:
    assert rows(three_sheets, wish)[0].cells[0] == first_id


@pytest.mark.parametrize("wish", ["Delta", "0", "4", "Chart"])
def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(three_sheets: Path, wish: str) -> None:
    with pytest.raises(SourceError, match=rf"has no sheet '{wish}'. Its sheets are: 'Alpha', '2', 'Gamma'"):
        rows(three_sheets, wish)


def test_which_sheet_of_how_many_is_told(three_sheets: Path) -> None:
    with open_source(three_sheets, LINKS) as source:
        assert (source.understood.sheet, source.understood.sheets) == ("2", 3)


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


def test_a_formula_without_a_saved_result_is_refused_and_one_with_a_result_is_read(tmp_path: Path) -> None:
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


def test_a_number_of_sixteen_digits_is_lost_and_the_same_text_is_kept(tmp_path: Path) -> None:
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
    ("format_id", "code", "shown"),
    [
        (0, None, Shown.NUMBER),
        (14, None, Shown.MOMENT),
        (46, None, Shown.DURATION),
        (164, "yyyy\\-mm\\-dd", Shown.MOMENT),
        (164, '[$-411]ggge"年"m"月"d"日"', Shown.MOMENT),
        (164, "[h]:mm:ss", Shown.DURATION),
        (164, "#,##0", Shown.NUMBER),
        (164, '0 "days"', Shown.NUMBER),
        (164, "[Red]0.00;[Blue]-0.00", Shown.NUMBER),
        (164, "\\d0", Shown.NUMBER),
        (164, "0.00E+00", Shown.NUMBER),
        (164, "General", Shown.NUMBER),
        (164, "@", Shown.NUMBER),
    ],
)
def test_number_formats_that_show_dates_are_known(format_id: int, code: str | None, shown: Shown) -> None:
    assert shown_as(format_id, code) is shown


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("1", "1900-01-01"),
        ("59", "1900-02-28"),
        ("61", "1900-03-01"),
        ("45429.999999", "2024-05-17 23:59:59.914000"),
        ("0.5", "12:00:00"),
        ("1E+300", "1E+300"),
        ("-1", "-1"),
        ("99999999", "99999999"),
    ],
)
def test_day_counts_become_iso_dates(raw: str, text: str) -> None:
    assert date_text(raw, from_1904=False) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("123", "123"),
        ("123.0", "123"),
        ("1E+2", "100"),
        ("-0", "0"),
        ("007", "7"),
        ("0.1", "0.1"),
        ("0.10000000000000001", "0.1"),
        ("999999999999999", "999999999999999"),
        ("1000000000000000", "1E+15"),
        ("12345678901234567", "1.2345678901234567E+16"),
        ("-12345678901234567", "-1.2345678901234568E+16"),
        ("NaN", "NaN"),
        ("99999999999999.999", "99999999999999.999"),
        ("123456789012345.999", "123456789012345.999"),
        ("100.00000000000000001", "100.00000000000000001"),
        ("1_000", "1_000"),
        ("١٢٣", "١٢٣"),
        ("1.2E+3", "1200"),
        ("1E+99999", "1E+99999"),
        ("abc", "abc"),
    ],
)
def test_stored_numbers_become_the_texts_that_a_person_sees(raw: str, text: str) -> None:
    assert number_text(raw) == text


def test_a_sheet_of_spaces_without_a_row_is_refused_by_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.reader.xlsx.MAX_ROW_SIZE", 1 << 17)
    book = openpyxl.Workbook()
    book.worksheets[0].append(["from_id", "to_id", *["x" * 30_000] * 20])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(SourceError, match="for safety: it has a row of more than"):
        rows(tmp_path / "a.xlsx")


@pytest.mark.parametrize("bound", ["MAX_SHEET", "MAX_STRINGS"])
def test_parts_beyond_their_bound_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(f"importer.reader.xlsx.{bound}", 100)
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet().write_row(0, 0, ["from_id", "to_id"])
    with pytest.raises(SourceError, match=r"for safety: its part xl/.* expands to"):
        rows(tmp_path / "a.xlsx")


HEADER = texts([["from_id", "to_id"]])
STRINGS = "<si><t>first</t></si><si><t>777</t></si>"


def written(tmp_path: Path, cells: str, **others: Any) -> Path:
    """A workbook whose sheet has a header and one row more."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data(HEADER + f'<row r="2">{cells}</row>'), strings=STRINGS, **others))
    return path


def made(path: Path) -> list[str]:
    """The ids to link from and the problems of the one row."""
    (row,) = rows(path)
    return [pair.from_id for pair in row.pairs] + [problem.code for problem in row.problems]


NINE = '<c r="B2"><v>9</v></c>'


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ('<c r="A2" t="s"><v>-1</v></c>', "a cell points to a text '-1' that is not there"),
        ('<c r="A2" t="s"><v>0_1</v></c>', "a cell points to a text '0_1' that is not there"),
        ('<c r="A2" t="s"><v>١</v></c>', "a cell points to a text '١' that is not there"),
        ('<c r="A2" s="-1"><v>45429</v></c>', "a cell has a style '-1' that is not there"),
        ('<c r="A2" s="99"><v>45429</v></c>', "a cell has a style '99' that is not there"),
        ('<c r="5"><v>7</v></c>', "it has a cell whose place names no column"),
        ('<c r="A2" t="b"><v>7</v></c>', "a cell of the kind 'b' has the value '7'"),
        ('<c r="A2" t="e"><v>7</v></c>', "a cell of the kind 'e' has the value '7'"),
        ('<c r="A2" t="d"><v>20240517</v></c>', "a cell of the kind 'd' has the value '20240517'"),
        ('<c r="A2" t="x"><v>7</v></c>', "a cell of the kind 'x' has the value '7'"),
    ],
)
def test_what_a_cell_points_to_must_be_there(tmp_path: Path, cell: str, what: str) -> None:
    with pytest.raises(SourceError, match=re.escape(f"a.xlsx is a damaged workbook ({what})")):
        rows(written(tmp_path, cell + NINE))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
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
def test_a_cell_is_read_however_it_is_written(tmp_path: Path, cell: str, expected: str) -> None:
    assert made(written(tmp_path, cell + NINE)) == [expected]


@pytest.mark.parametrize("name", ["xl/Styles.xml", "XL/styles.XML", "/xl/styles.xml", "xl\\styles.xml"])
def test_a_part_is_found_whatever_the_case_of_its_name(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, '<c r="A2" s="1"><v>45429</v></c>' + NINE)
    with zipfile.ZipFile(path) as book:
        parts = {name if part == "xl/styles.xml" else part: book.read(part) for part in book.namelist()}
    path.write_bytes(archive(parts))
    assert made(path) == ["DATE"]


def test_a_date_without_any_styles_is_damage_and_no_id(tmp_path: Path) -> None:
    path = written(tmp_path, '<c r="A2" s="1"><v>45429</v></c>' + NINE)
    with zipfile.ZipFile(path) as book:
        parts = {part: book.read(part) for part in book.namelist() if part != "xl/styles.xml"}
    path.write_bytes(archive(parts))
    with pytest.raises(SourceError, match="a cell has a style '1' that is not there"):
        rows(path)


def test_a_cell_without_a_style_has_the_first_one(tmp_path: Path) -> None:
    styles = STYLES.replace('<cellXfs><xf numFmtId="0"/>', '<cellXfs><xf numFmtId="14"/>')
    assert (
        made(written(tmp_path, '<c r="A2"><v>45429</v></c>' + NINE, replaced={"xl/styles.xml": styles})) == ["DATE"] * 2
    )


def test_number_formats_count_wherever_they_stand(tmp_path: Path) -> None:
    start, end = STYLES.index("<numFmts"), STYLES.index("</numFmts>") + len("</numFmts>")
    others = '<dxfs><dxf><numFmt numFmtId="164" formatCode="0"/></dxf></dxfs>'
    moved = STYLES[:start] + STYLES[end:].replace("</cellXfs>", f"</cellXfs>{STYLES[start:end]}{others}")
    path = written(tmp_path, '<c r="A2" s="1"><v>45429</v></c>' + NINE, replaced={"xl/styles.xml": moved})
    assert made(path) == ["DATE"]


def test_rows_under_another_prefix_are_refused_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    sheet = (
        f'{DECLARATION}<x:worksheet xmlns:x="{MAIN}" xmlns="{MAIN}"><x:sheetData>{HEADER}</x:sheetData></x:worksheet>'
    )
    path.write_bytes(xlsx("", replaced={"xl/worksheets/sheet1.xml": sheet}))
    with pytest.raises(SourceError, match="it has a row named 'row'"):
        rows(path)


def test_an_extension_does_not_change_what_dates_count_from(tmp_path: Path) -> None:
    extension = '<extLst><ext><x15:workbookPr xmlns:x15="urn:x15" chartTrackingRefBase="1"/></ext></extLst>'
    path = written(
        tmp_path, '<c r="A2" s="1"><v>43967</v></c>' + NINE, properties='<workbookPr date1904="1"/>' + extension
    )
    assert rows(path)[0].cells[0] == "2024-05-17"


@pytest.mark.parametrize(
    ("part", "content", "what"),
    [
        ("xl/styles.xml", f'<styleSheet a="{"x" * (5 << 20)}"/>', "has a tag of more than 4 MiB"),
        ("xl/sharedStrings.xml", f'<sst a="{"x" * (5 << 20)}"/>', "has a tag of more than 4 MiB"),
        ("xl/workbook.xml", "<a>" * 200 + "</a>" * 200, "has more elements than any spreadsheet needs"),
        ("xl/styles.xml", f"<s><cellXfs>{'<xf/>' * 200_001}</cellXfs></s>", "has more elements than any spreadsheet"),
    ],
)
def test_parts_that_would_take_memory_or_time_are_refused(tmp_path: Path, part: str, content: str, what: str) -> None:
    with pytest.raises(SourceError, match=f"for safety: its part {part} {what}"):
        rows(written(tmp_path, NINE, replaced={part: content}))


def test_a_refused_sheet_of_several_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx("", data(HEADER), names=("Cover", "Data")))
    with pytest.raises(SourceError, match=r"a\.xlsx, sheet 'Cover' \(of 2; --sheet NAME takes another\) is empty\."):
        rows(path)
    assert rows(path, "Data") == []


def test_the_number_of_a_sheet_may_be_any_text(three_sheets: Path) -> None:
    with pytest.raises(SourceError, match="has no sheet '9999"):
        rows(three_sheets, "9" * 5000)
