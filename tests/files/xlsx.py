"""Workbooks of Excel, written part by part."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from tests.files.archives import DECLARATION, archive
from tests.files.tables import PAIR, TWO_PAIRS, Table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = f'{DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
DATE_STYLE, ELAPSED_STYLE, THOUSANDS_STYLE = 1, 2, 3
STYLES = (
    f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm"/><numFmt numFmtId="166" formatCode="[Red]#,##0 &quot;days&quot;"/>'
    '</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>'
    '<xf numFmtId="165"/><xf numFmtId="166"/></cellXfs></styleSheet>'
)


def xlsx(
    *sheets: str,
    strings: str = "",
    names: Sequence[str] = (),
    states: Sequence[str] = (),
    properties: str = "",
    replaced: dict[str, str | bytes] | None = None,
) -> bytes:
    """Return a workbook of sheets, each given as the content of its `worksheet` element."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{names[i - 1] if names else f"Sheet{i}"}" sheetId="{i}" '
        f'state="{states[i - 1] if states else "visible"}" r:id="rId{i}"/>'
        for i in numbers
    )
    related = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in numbers
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'{DECLARATION}<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{DECLARATION}<Relationships xmlns="{PACKAGE}">{related}'
        f'<Relationship Id="rIdS" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="rIdT" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'{DECLARATION}<sst xmlns="{MAIN}">{strings}</sst>',
    }
    for i, sheet in zip(numbers, sheets, strict=True):
        parts[f"xl/worksheets/sheet{i}.xml"] = f'{DECLARATION}<worksheet xmlns="{MAIN}">{sheet}</worksheet>'
    return archive(parts | (replaced or {}))


def cell(reference: str, value: str, kind: str = "n", style: int = 0, formula: str = "") -> str:
    if kind == "inlineStr":
        return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    shown = f"<f>{formula}</f>" if formula else ""
    return f'<c r="{reference}" t="{kind}" s="{style}">{shown}<v>{escape(value)}</v></c>'


def texts(table: Table, first_row: int = 1, first_column: int = 0) -> str:
    """Return the rows of a table as inline texts; a blank cell or row leaves no trace, as in a real sheet."""
    rows = []
    for r, cells in enumerate(table, first_row):
        shown = [
            cell(f"{chr(65 + first_column + c)}{r}", text, "inlineStr") for c, text in enumerate(cells) if text != ""
        ]
        rows.append(f'<row r="{r}">{"".join(shown)}</row>' if shown else "")
    return "".join(rows)


def data(rows: str) -> str:
    return f"<sheetData>{rows}</sheetData>"


def table_xlsx(table: Table) -> bytes:
    """Return a workbook with the texts of a table, shared as Excel shares them."""
    shared: dict[str, int] = {}
    rows = []
    for r, cells in enumerate(table, 1):
        shown = [
            cell(f"{chr(65 + c)}{r}", str(shared.setdefault(text, len(shared))), "s")
            for c, text in enumerate(cells)
            if text != ""
        ]
        rows.append(f'<row r="{r}">{"".join(shown)}</row>')
    strings = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in shared)
    return xlsx(data("".join(rows)), strings=strings)


def typed_cells() -> bytes:
    """One row per type of cell in column A, and an id in column B."""
    odd = [
        cell("A2", "123"),
        cell("A3", "123.0"),
        cell("A4", "123456789012345"),
        cell("A5", "1234567890123456"),
        cell("A6", "1.2345678901234501E+17"),
        cell("A7", "1.2345E+11"),
        cell("A8", "45429", style=DATE_STYLE),
        cell("A9", "45429.5", style=DATE_STYLE),
        cell("A10", "1.5", style=ELAPSED_STYLE),
        cell("A11", "1", "b"),
        cell("A12", "#N/A", "e"),
        cell("A13", "77", formula="70+7"),
        cell("A14", "78", "str", formula="TEXT(78,0)"),
        cell("A15", "", formula="B15"),
        cell("A16", "#REF!", "e", formula="#REF!"),
        cell("A17", "1.5"),
        cell("A18", "1234", style=THOUSANDS_STYLE),
        cell("A19", "2024-05-17T00:00:00Z", "d"),
        cell("A20", "0.1"),
        cell("A21", "-3"),
        cell("A22", "00123", "inlineStr"),
        cell("A23", "", "str", formula='""'),
    ]
    rows = "".join(f'<row r="{r}">{first}{cell(f"B{r}", "9")}</row>' for r, first in enumerate(odd, 2))
    return xlsx(data(texts([PAIR]) + rows))


def xlsx_files() -> dict[str, bytes]:
    """Return the content of each workbook by its name."""
    table = TWO_PAIRS
    hidden = data(texts([["Contact ID", "Company ID"], ["7", "8"]]))
    rich = (
        "<si><t>Contact ID</t></si><si><r><t>Comp</t></r><r><t>any ID</t></r></si>"
        '<si><t>会社</t><rPh sb="0" eb="2"><t>カイシャ</t></rPh></si><si><t>a_x000D_b</t></si>'
    )
    shared = "".join(
        f'<row r="{r}">{"".join(cell(f"{c}{r}", value, kind) for c, value, kind in cells)}</row>'
        for r, cells in (
            (1, (("A", "0", "s"), ("B", "1", "s"), ("C", "2", "s"))),
            (2, (("A", "1", "n"), ("B", "2", "n"), ("C", "3", "s"))),
        )
    )
    inline = (
        '<row r="2"><c r="A2" t="inlineStr"><is><r><t>1</t></r><r><t>2</t></r><rPh sb="0" eb="1"><t>3</t></rPh></is>'
        f"</c>{cell('B2', '4')}</row>"
    )
    unplaced = "<row><c><v>1</v></c><c><v>2</v></c></row>"
    prefixed = (
        f'{DECLARATION}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>'
        'Contact ID</x:t></x:is></x:c><x:c r="B1" t="inlineStr"><x:is><x:t>Company ID</x:t></x:is></x:c></x:row>'
        '<x:row r="2"><x:c r="A2"><x:v>1</x:v></x:c><x:c r="B2"><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    formatted = "".join(f'<row r="{r}"><c r="A{r}" s="1"/><c r="D{r}" s="1"/></row>' for r in range(4, 40))
    bomb = DECLARATION + '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    outside = DECLARATION + '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    merged = '<mergeCells><mergeCell ref="A3:A4"/></mergeCells>'
    two_sheets = xlsx(hidden, data(texts(table)), names=("Old", "Data"), states=("hidden", "visible"))
    sheet = f'<worksheet xmlns="{MAIN}">{data(texts(table))}</worksheet>'
    return {
        "typed_cells.xlsx": typed_cells(),
        "sheets_first_hidden.xlsx": two_sheets,
        "leading_blanks.xlsx": xlsx(data(texts(table, first_row=4, first_column=2))),
        "merged_cells.xlsx": xlsx(data(texts([*table, ["", "6"]])) + merged),
        "trailing_formatted.xlsx": xlsx('<dimension ref="A1:D39"/>' + data(texts(table) + formatted)),
        "wrong_dimension.xlsx": xlsx('<dimension ref="A1"/>' + data(texts(table))),
        "shared_strings.xlsx": xlsx(data(shared), strings=rich),
        "inline_strings.xlsx": xlsx(data(texts([["Contact ID", "Company ID"]]) + inline)),
        "cells_without_places.xlsx": xlsx(data(texts([["Contact ID", "Company ID"]]) + unplaced * 2)),
        "prefixed_tags.xlsx": xlsx("", replaced={"xl/worksheets/sheet1.xml": prefixed}),
        "dates_1904.xlsx": xlsx(
            data(texts([["Contact ID", "Company ID", "Day"]]) + f'<row r="2">{cell("A2", "1")}{cell("B2", "2")}'
                 f'{cell("C2", "43967", style=DATE_STYLE)}</row>'),
            properties='<workbookPr date1904="1"/>',
        ),
        "entity_bomb.xlsx": xlsx("", replaced={"xl/worksheets/sheet1.xml": bomb + sheet}),
        "external_entity.xlsx": xlsx("", replaced={"xl/worksheets/sheet1.xml": outside + sheet}),
        "unknown_xml_encoding.xlsx": xlsx(
            "", replaced={"xl/worksheets/sheet1.xml": '<?xml version="1.0" encoding="klingon"?>' + sheet}
        ),
        "zip_bomb.xlsx": xlsx(data(texts(table) + " " * (40 << 20))),
        "row_twice.xlsx": xlsx(data(texts(table) + texts(table))),
        "column_beyond.xlsx": xlsx(data(texts(table) + '<row r="4"><c r="ZZZ4"><v>1</v></c></row>')),
        "text_beyond.xlsx": xlsx(data(texts(table) + '<row r="4"><c r="A4" t="s"><v>9</v></c></row>')),
        "damaged.xlsx": xlsx("<sheetData><row>"),
        "cut_off.xlsx": table_xlsx(table)[:-200],
        "no_sheet.xlsx": xlsx(),
        "word.xlsx": archive({"[Content_Types].xml": TYPES, "word/document.xml": ""}),
        "binary.xlsb": archive({"[Content_Types].xml": TYPES, "xl/workbook.bin": b"\x83\x01"}),
        "xlsx_inside.csv": table_xlsx(table),
    }  # fmt: skip
