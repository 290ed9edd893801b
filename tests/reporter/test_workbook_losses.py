"""Workbooks whose copy would lose something: a plain one with a notice, or a copy with a notice of what is missing."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from openpyxl.worksheet.table import Table

from importer.config import Reading
from importer.reader import open_source
from importer.reporter import Layout, RunDescription, SourceWorkbook, WorkbookContext, write_results
from tests.support.blocks import rows_of
from tests.support.workbook_copies import HEADER, RUN_ID, Copying, formatted


@pytest.fixture
def copying(tmp_path: Path) -> Copying:
    made = Copying(tmp_path, Reading(header_row=3))
    formatted(made.source)
    return made


def add_chart(book: Any) -> None:
    book["Notes"].add_chart(BarChart(), "C3")


def merge_beside(book: Any) -> None:
    book["Contacts"].merge_cells("D4:E5")


def add_table(book: Any) -> None:
    book["Contacts"]["D3"], book["Contacts"]["E3"] = "import_row", "import_status"
    book["Contacts"].add_table(Table(displayName="T", ref="A3:E7"))


def hide(book: Any) -> None:
    book["Contacts"].sheet_state = "hidden"
    book.active = 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (add_chart, "it has charts, which would be lost"),
        (merge_beside, "it has merged cells to the right of its table"),
        (add_table, "it has an Excel table where the result columns go"),
        (hide, "its table is on a hidden sheet"),
    ],
)
def test_a_workbook_that_cannot_be_copied_gives_a_plain_one_with_one_notice(
    tmp_path: Path, change: Callable[[Any], None], reason: str
) -> None:
    copying = Copying(tmp_path, Reading(header_row=3, sheet="Contacts"))
    formatted(copying.source)
    book = openpyxl.load_workbook(copying.source)
    change(book)
    book.save(copying.source)
    copying.write()
    assert copying.notices == [
        f"The results are a plain workbook, not a copy of deals.xlsx with its formats: {reason}."
    ]
    assert copying.book.sheetnames == ["results", "Summary"]
    with open_source(copying.results, Reading()) as source:
        assert [row.cells for row in rows_of(source.blocks())] == [row.cells for row in copying.rows]


def test_a_table_with_too_many_results_gives_a_plain_workbook_with_every_row(
    copying: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.reporter.workbook_copy.MAX_TABLE_CELLS", 40)
    copying.write()
    (notice,) = copying.notices
    assert notice.endswith(": with the results, its table has more than 40 cells.")
    assert copying.book.sheetnames == ["results", "Summary"]
    with open_source(copying.results, Reading()) as source:
        assert [row.cells for row in rows_of(source.blocks())] == [row.cells for row in copying.rows]


def replace_in_part(path: Path, part: str, before: str, after: str) -> None:
    """Replace the first occurrence of a text in the XML of a workbook."""
    with zipfile.ZipFile(path) as package:
        contents = {name: package.read(name) for name in package.namelist()}
    assert before.encode() in contents[part]
    contents[part] = contents[part].replace(before.encode(), after.encode(), 1)
    with zipfile.ZipFile(path, "w") as package:
        for name, content in contents.items():
            package.writestr(name, content)


PHONETIC = '<rPh sb="0" eb="2"><t>x</t></rPh></is>'


@pytest.mark.parametrize(
    ("part", "before", "after", "details"),
    [
        ("xl/worksheets/sheet1.xml", "</is>", PHONETIC, "phonetic guides (furigana)"),
        (
            "xl/worksheets/sheet1.xml",
            "</sheetData>",
            '</sheetData><protectedRanges><protectedRange sqref="A4:B5" name="R"/></protectedRanges>',
            "ranges that certain users may edit",
        ),
        (
            "xl/worksheets/sheet1.xml",
            "</worksheet>",
            '<cellWatches><cellWatch r="A4"/></cellWatches></worksheet>',
            "watched cells",
        ),
        (
            "xl/worksheets/sheet1.xml",
            "</worksheet>",
            '<ignoredErrors><ignoredError sqref="A4" numberStoredAsText="1"/></ignoredErrors></worksheet>',
            "the marks that hide Excel's warnings about cells",
        ),
        (
            "xl/workbook.xml",
            "<workbookPr",
            '<fileSharing readOnlyRecommended="1"/><workbookPr',
            "its read-only recommendation or write password",
        ),
    ],
)
def test_a_copy_without_a_detail_of_the_original_says_so(
    copying: Copying, part: str, before: str, after: str, details: str
) -> None:
    replace_in_part(copying.source, part, before, after)
    copying.write()
    assert copying.notices == [f"The results are a copy of deals.xlsx without {details}."]
    assert copying.book.sheetnames == ["Contacts", "Notes", "Summary"]


@pytest.mark.parametrize(
    ("part", "before", "after", "reason"),
    [
        (
            "xl/worksheets/sheet1.xml",
            "</worksheet>",
            (
                '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
                '<mc:Choice Requires="x14"/></mc:AlternateContent></worksheet>'
            ),
            "it has content for newer versions of Excel, which would be lost",
        ),
        (
            "xl/workbook.xml",
            "</workbook>",
            '<extLst><ext uri="{1}"><novel xmlns="urn:x" id="1"/></ext></extLst></workbook>',
            "it has an element novel (workbook), which would be lost",
        ),
        (
            "xl/worksheets/sheet1.xml",
            "</worksheet>",
            "<webPublishItems><webPublishItem id='1'/></webPublishItems></worksheet>",
            "it has an element webPublishItem (sheets), which would be lost",
        ),
    ],
)
def test_content_that_a_copy_would_lose_gives_a_plain_workbook(
    copying: Copying, part: str, before: str, after: str, reason: str
) -> None:
    replace_in_part(copying.source, part, before, after)
    copying.write()
    assert [notice.partition("formats: ")[2] for notice in copying.notices] == [f"{reason}."]
    assert copying.book.sheetnames == ["results", "Summary"]


def test_what_programs_write_about_themselves_is_not_missed(copying: Copying) -> None:
    changes = (
        ("<workbookPr", '<fileVersion appName="xl" lastEdited="7"/><workbookPr'),
        (
            "</workbook>",
            (
                '<extLst><ext uri="{1}"><x:calcFeatures xmlns:x="urn:x"><x:feature name="a"/>'
                "</x:calcFeatures></ext></extLst></workbook>"
            ),
        ),
    )
    for before, after in changes:
        replace_in_part(copying.source, "xl/workbook.xml", before, after)
    replace_in_part(
        copying.source, "xl/worksheets/sheet1.xml", "</sheetData>", '</sheetData><sheetCalcPr fullCalcOnLoad="1"/>'
    )
    copying.write()
    assert copying.notices == []
    assert copying.book.sheetnames == ["Contacts", "Notes", "Summary"]


def test_notes_are_kept_without_their_sizes(copying: Copying) -> None:
    book = openpyxl.load_workbook(copying.source)
    book["Contacts"]["A4"].comment = Comment("Ask Ann", "Ben")
    book.save(copying.source)
    copying.write()
    assert copying.notices == ["The results are a copy of deals.xlsx without the sizes and text formats of its notes."]


def test_a_run_over_some_of_the_rows_gives_a_plain_workbook(copying: Copying) -> None:
    copying.write(is_partial=True)
    assert len(copying.notices) == 1
    assert copying.book.sheetnames == ["results", "Summary"]


@pytest.mark.slow
def test_a_source_that_has_changed_or_is_gone_is_not_copied(copying: Copying) -> None:
    copying.write()
    for change in (lambda: copying.source.write_bytes(b"PK"), copying.source.unlink):
        change()
        context = WorkbookContext(
            RunDescription(RUN_ID, "deals.xlsx"),
            SourceWorkbook(copying.source, "0" * 64, copying.reading),
            copying.notices.append,
        )
        write_results(copying.results, Layout(HEADER, ",", RUN_ID), copying.rows, None, workbook=context)
        assert copying.book.sheetnames == ["results", "Summary"]
    assert [notice.rpartition(": ")[2] for notice in copying.notices] == [
        "it has changed since it was read.",
        "it no longer exists.",
    ]
