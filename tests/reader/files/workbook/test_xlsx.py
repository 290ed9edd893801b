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
from importer.model import Problem, SourceRow
from importer.reader import open_source
from importer.reader.files.workbook.cells import NumberFormatKind, classify_number_format, date_text, number_text
from importer.reader.files.workbook.package import Bound
from importer.reader.rows.ids import parse_id
from tests.files.make import DECLARATION, MAIN, STYLES, archive, data, texts, xlsx
from tests.support.blocks import rows_of

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
        (0, None, NumberFormatKind.NUMBER),
        (14, None, NumberFormatKind.DATETIME),
        (46, None, NumberFormatKind.DURATION),
        (164, "yyyy\\-mm\\-dd", NumberFormatKind.DATETIME),
        (164, '[$-411]ggge"年"m"月"d"日"', NumberFormatKind.DATETIME),
        (164, "[h]:mm:ss", NumberFormatKind.DURATION),
        (164, "#,##0", NumberFormatKind.NUMBER),
        (164, '0 "days"', NumberFormatKind.NUMBER),
        (164, "[Red]0.00;[Blue]-0.00", NumberFormatKind.NUMBER),
        (164, "\\d0", NumberFormatKind.NUMBER),
        (164, "0.00E+00", NumberFormatKind.NUMBER),
        (164, "General", NumberFormatKind.NUMBER),
        (164, "@", NumberFormatKind.NUMBER),
    ],
)
def test_number_formats_that_show_dates_are_known(format_id: int, code: str | None, shown: NumberFormatKind) -> None:
    assert classify_number_format(format_id, code) is shown


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
    monkeypatch.setattr("importer.reader.files.workbook.xlsx.MAX_ROW_SIZE", 1 << 17)
    book = openpyxl.Workbook()
    book.worksheets[0].append(["from_id", "to_id", *["x" * 30_000] * 20])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(SourceError, match="for safety: it has a row of more than"):
        rows(tmp_path / "a.xlsx")


@pytest.mark.parametrize("bound", ["MAX_SHEET", "MAX_STRINGS"])
def test_parts_beyond_their_bound_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(f"importer.reader.files.workbook.xlsx.{bound}", Bound(100, 100))
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
        ('<c r="5"><v>7</v></c>', "it has a cell whose place names no column"),
    ],
)
def test_what_a_cell_points_to_must_be_there(tmp_path: Path, cell: str, what: str) -> None:
    with pytest.raises(SourceError, match=re.escape(f"a.xlsx is a damaged workbook ({what})")):
        rows(written(tmp_path, cell + NINE))


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
def test_a_cell_of_an_undefined_kind_or_style_makes_its_row_invalid_and_no_other(
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
def test_what_was_uncertain_is_no_id_when_the_results_are_read_again(text: str) -> None:
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
def test_a_cell_is_read_however_it_is_written(tmp_path: Path, cell: str, expected: str) -> None:
    assert made(written(tmp_path, cell + NINE)) == [expected]


@pytest.mark.parametrize("name", ["xl/Styles.xml", "XL/styles.XML", "/xl/styles.xml", "xl\\styles.xml"])
def test_a_part_is_found_whatever_the_case_of_its_name(tmp_path: Path, name: str) -> None:
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


CONTROL = (
    '<controls><control shapeId="1025"><controlPr><anchor><from><xdr:row>0</xdr:row></from></anchor></controlPr>'
    "</control></controls>"
)
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"


def with_control(sheet: str) -> bytes:
    whole = f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:xdr="{DRAWING}">{sheet}</worksheet>'
    return xlsx("", replaced={"xl/worksheets/sheet1.xml": whole})


def test_rows_of_controls_and_drawings_beside_the_data_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(with_control(CONTROL + data(f'{HEADER}<row r="2"><c r="A2"><v>7</v></c>{NINE}</row>') + CONTROL))
    assert made(path) == ["7"]


def test_rows_of_another_namespace_among_the_data_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(with_control(data(f"{HEADER}<xdr:row><xdr:c><xdr:v>7</xdr:v></xdr:c></xdr:row>")))
    with pytest.raises(SourceError, match="it has a row named 'xdr:row'"):
        rows(path)


def test_data_under_another_prefix_is_refused_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    sheet = f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:x="{MAIN}"><x:sheetData/></worksheet>'
    path.write_bytes(xlsx("", replaced={"xl/worksheets/sheet1.xml": sheet}))
    with pytest.raises(SourceError, match="it has sheet data named 'x:sheetData'"):
        rows(path)


def test_a_row_may_be_written_cell_by_cell(tmp_path: Path) -> None:
    cells = [("A1", "from_id"), ("B1", "to_id"), ("A2", "7"), ("B2", "9"), ("B3", "11"), ("A3", "10")]
    elements = [f'<row r="{place[1]}"><c r="{place}" t="str"><v>{value}</v></c></row>' for place, value in cells]
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data("".join(elements))))
    assert [(row.number, row.cells) for row in rows(path)] == [(2, ("7", "9")), (3, ("10", "11"))]


@pytest.mark.parametrize(
    ("second", "what"),
    [
        ('<row r="2"><c r="A2"><v>8</v></c></row>', "its row 2 has two cells in one column"),
        ('<row r="2"><c><v>8</v></c></row>', "its row 2 has two cells in one column"),
        ('<row r="1"><c r="C1"><v>8</v></c></row>', "its row 2 is followed by a row '1'"),
        ('<row r="0"><c r="C1"><v>8</v></c></row>', "its row 2 is followed by a row '0'"),
    ],
)
def test_rows_that_contradict_each_other_are_damage(tmp_path: Path, second: str, what: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data(f'{HEADER}<row r="2"><c r="A2"><v>7</v></c>{NINE}</row>{second}')))
    with pytest.raises(SourceError, match=re.escape(what)):
        rows(path)


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
def test_escapes_that_are_half_a_character_stay(tmp_path: Path, escaped: str, text: str) -> None:
    (row,) = rows(written(tmp_path, f'<c r="A2"><v>7</v></c>{NINE}<c r="C2" t="str"><v>{escaped}</v></c>'))
    assert row.cells[2] == text


def test_a_part_that_the_archive_has_twice_is_damage(tmp_path: Path) -> None:
    path = written(tmp_path, '<c r="A2"><v>7</v></c>' + NINE)
    with zipfile.ZipFile(path, "a") as book:
        book.writestr("XL/worksheets/sheet1.xml", book.read("xl/worksheets/sheet1.xml"))
    with pytest.raises(SourceError, match=r"its part xl/worksheets/sheet1.xml is there twice"):
        rows(path)


EQUAL_ROWS = "<row><c><v>7</v></c><c><v>9</v></c></row>"


@pytest.mark.slow
def test_a_sheet_of_many_equal_rows_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data(HEADER + EQUAL_ROWS * 450_000)))
    with zipfile.ZipFile(path) as book:
        info = book.getinfo("xl/worksheets/sheet1.xml")
        assert info.file_size > 16 << 20
        assert info.file_size > 200 * info.compress_size
    with open_source(path, LINKS) as source:
        assert sum(len(block.numbers) for block in source.blocks()) == 450_000


def test_a_large_part_that_expands_beyond_the_ratio_is_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.reader.files.workbook.xlsx.MAX_SHEET", Bound(4 << 30, 1 << 20))
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data(HEADER + "<row/>" * 400_000)))
    with pytest.raises(SourceError, match=r"for safety: its part .* expands to more than 300 times its size"):
        rows(path)


@pytest.mark.parametrize("folder", ["", "folder/"])
def test_a_lock_file_is_named_for_what_it_is(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    lock = tmp_path / folder / "~$pairs.xlsx"
    lock.write_bytes(b"\x05Admin" + b" " * 49 + b"\x05\0" + "Admin".encode("utf-16-le") + b" \0" * 49)
    with pytest.raises(SourceError, match=r"it is the mark that a program leaves while it has pairs\.xlsx open"):
        rows(lock)
    renamed = tmp_path / "pairs.xlsx"
    renamed.write_bytes(lock.read_bytes())
    with pytest.raises(SourceError, match="it is the mark that a program leaves while it has a workbook open"):
        rows(renamed)
    libreoffice = tmp_path / folder / ".~lock.pairs.ods#"
    libreoffice.write_text(",user,host,25.11.2026 18:20,file:///home/user/.config/libreoffice/4;")
    with pytest.raises(SourceError, match=r"it is the mark that a program leaves while it has pairs\.ods open"):
        rows(libreoffice)


def test_a_table_whose_name_looks_like_a_lock_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "~$pairs.csv"
    path.write_text("from_id,to_id\n7,9\n", encoding="utf-8")
    assert made(path) == ["7"]


def numbers_sheet(rows: list[list[int]], merged: str, **other: Any) -> bytes:
    """A sheet of numbers under the header from_id, to_id, with some merged ranges."""
    cells = [
        "".join(f'<c r="{chr(65 + i)}{r}"><v>{n}</v></c>' for i, n in enumerate(row)) for r, row in enumerate(rows, 2)
    ]
    written = "".join(f'<row r="{r}">{text}</row>' for r, text in enumerate(cells, 2))
    ranges = "".join(f'<mergeCell ref="{reference}"/>' for reference in merged.split())
    header = texts([["from_id", "to_id", "note"]])
    return xlsx(data(header + written) + f"<mergeCells>{ranges}</mergeCells>", **other)


@pytest.mark.parametrize(
    ("merged", "cells"),
    [
        ("A2:A3", [("1", "11", "21"), ("", "12", "22"), ("3", "13", "23")]),
        ("$A$3:$A$2", [("1", "11", "21"), ("", "12", "22"), ("3", "13", "23")]),
        ("A2:B3 C3:C4", [("1", "", "21"), ("", "", "22"), ("3", "13", "")]),
        ("A4:XFD4", [("1", "11", "21"), ("2", "12", "22"), ("3", "", "")]),
        ("A2", [("1", "11", "21"), ("2", "12", "22"), ("3", "13", "23")]),
    ],
)
def test_covered_cells_of_merged_ranges_are_empty_whatever_they_hold(
    tmp_path: Path, merged: str, cells: list[tuple[str, ...]]
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(numbers_sheet([[1, 11, 21], [2, 12, 22], [3, 13, 23]], merged))
    with open_source(path, LINKS) as source:
        assert [row.cells for row in rows_of(source.blocks())] == cells
        assert any("Merged ranges in the sheet" in text for text in source.warnings())


def test_a_merged_range_that_names_no_cells_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(numbers_sheet([[1, 2, 3]], "A2:?"))
    with pytest.raises(SourceError, match="is a damaged workbook"):
        rows(path)


def test_merged_ranges_are_found_wherever_the_blocks_that_are_looked_through_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(numbers_sheet([[1, 11, 21], [2, 12, 22]], "A2:A3"))
    for size in (20, 21, 23, 29):
        monkeypatch.setattr("importer.reader.files.workbook.package._SCANNED", size)
        assert [row.cells[0] for row in rows(path)] == ["1", ""]
