"""Write the corpus of odd files beside this script: `python tests/files/make.py`.

One small file per oddity, the same every time. What reading makes of each is asserted in
tests/support/corpus.py. A table in TABLES is written both as CSV and as XLSX.
"""

import csv
import gzip
import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

FILES = Path(__file__).parent
PAIR = ["from_object_id", "to_object_id"]
Table = Sequence[Sequence[str]]

URL = "https://app.hubspot.com/contacts/111/record/0-1/"

TABLES: dict[str, Table] = {
    "ids_accepted": [
        ["Contact ID", "Company ID"],
        ["123", "456"],
        [" 123 ", "\u3000456\u00a0"],
        ["123.0", "456.00"],
        ["'123", "456"],
        ["１２３", "４５６．０"],
        [URL + "123", "https://app-eu1.hubspot.com/contacts/111/company/456?view=1"],
        ["12345678901234567", "9223372036854775807"],
        ["\ufeff123", "456\u200b"],
        ['="123"', ' ="456" '],
    ],
    "ids_refused": [
        ["Contact ID", "Company ID"],
        ["1.2345E+11", "1"],
        ["1,5e5", "1"],
        ["0", "1"],
        ["007", "1"],
        ["-5", "1"],
        ["12345678901234567.0", "1"],
        ["2024-05-17", "1"],
        ["5-Jan", "1"],
        ["1,234", "1"],
        ["1.234", "1"],
        ["1.000", "1"],
        ["12 34", "1"],
        ["12/34", "1"],
        ["1.5", "1"],
        ["TRUE", "1"],
        ["#N/A", "1"],
        ["=123", "1"],
        ["ada@example.com", "1"],
        ["123e4567-e89b-12d3-a456-426614174000", "1"],
        ["https://app.hubspot.com.example.com/contacts/1/record/0-1/5", "1"],
        ["https://app.hubspot.com/contacts/1/objects/0-1/views/all/list", "1"],
        ["ACME Ltd", "1"],
        ["①", "1"],
        ["٣", "1"],
        ["9" * 33, "1"],
        ["", "1"],
        [" ", "1"],
        ["ACME Ltd", "007"],
    ],
    "many_ids": [
        ["Contact ID", "Company ID"],
        ["1;2", "3; 4"],
        ["1；2;", "3;3"],
        ["1;x", "3"],
        [";", "3"],
        [";".join(map(str, range(1, 102))), ";".join(map(str, range(1, 101)))],
    ],
    "self_association": [
        ["from_object_type", "from_object_id", "to_object_type", "to_object_id"],
        ["contacts", "5", "0-1", "5"],
        ["contacts", "5", "companies", "5"],
        ["contacts", "5;6", "Contact", "6;7"],
    ],
    "types_by_column": [
        ["from_object_type", "from_object_id", "to_object_type", "to_object_id"],
        ["CONTACT", "1", "0-2", "2"],
        ["Line Items", "1", "line-item", "2"],
        ["2-123", "1", "p123_Thing", "2"],
        ["コンタクト", "1", "会社", "2"],
        ["0-999", "1", "my_cars", "2"],
        ["my cars!", "1", "", "x"],
    ],
    "addresses": [
        ["Contact ID", "Deal ID"],
        [URL + "7", "8"],
        ["https://app.hubspot.com/contacts/222/contact/7", "8"],
        [URL + "7", "https://app.hubspot.com/contacts/111/record/0-2/8"],
    ],
    "blank_rows": [PAIR, [], ["1", "2"], ["", " "], [], ["3", "4"], [], []],
    "blank_rows_first": [[], [], PAIR, ["1", "2"]],
    "short_rows": [["from_object_id", "to_object_id", "note"], ["1", "2"], ["1"]],
    "long_row": [PAIR, ["1", "2", "3"], ["3", "4"]],
    "texts_unchanged": [
        ["from_object_id", "to_object_id", "note"],
        ["1", "2", "line one\nline two"],
        ["3", "4", 'says "hello", twice'],
        ["5", "6", "  NA  "],
        ["7", "8", "null"],
        ["9", "10", "東京 – Zürich 😀"],
    ],
    "formula_texts": [
        ["from_object_id", "to_object_id", "note"],
        ["1", "2", "=1+1"],
        ["3", "4", "@SUM(A1)"],
        ["5", "6", "-5"],
        ["7", "8", "+44 20 7946 0000"],
        ["9", "10", "+cmd|x"],
    ],
    "previous_results": [
        ["import_row", "Contact ID", "import_status", "Company ID", "import_advice"],
        ["2", "1", "linked", "2", ""],
        ["3", "3", "failed", "4", "x"],
        ["4", "5", "Not_Sent ", "6"],
        ["5", "7", "invalid", "8", "", "9"],
    ],
    "header_alone": [PAIR],
    "header_as_people_write": [["From Object Id", "ＴＯ－ＩＤ"], ["1", "2"]],
    "header_hubspot_export": [["Record ID", "First Name", "Associated Company IDs"], ["1", "Ada", "2;3"]],
    "header_japanese": [["レコードID", "名前", "関連付けられた会社ID"], ["1", "葵", "2"]],
    "header_three_objects": [["Contact ID", "Company ID", "Deal ID"], ["1", "2", "3"]],
    "header_twice": [["Contact ID", "Company ID", "Note", "Note"], ["1", "2", "", ""]],
    "header_missing": [["Contact ID", "Company"], ["1", "2"]],
    "header_foreign": [["Kontakt-Nr.", "Firma-Nr."], ["1", "2"]],
}


def csv_text(table: Table, delimiter: str = ",", end: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(table)
    return text.getvalue()


# --- workbooks

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
TYPES = f'{DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
DATE_STYLE, ELAPSED_STYLE, THOUSANDS_STYLE = 1, 2, 3
STYLES = (
    f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm"/><numFmt numFmtId="166" formatCode="[Red]#,##0 &quot;days&quot;"/>'
    '</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>'
    '<xf numFmtId="165"/><xf numFmtId="166"/></cellXfs></styleSheet>'
)


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive that is the same every time."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for name, part in parts.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, part)
    return content.getvalue()


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


def ods(rows: str, manifest: str = "", kind: str = "spreadsheet", styles: str = "", style: str = "") -> bytes:
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    return archive(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "META-INF/manifest.xml": f'{DECLARATION}<manifest:manifest xmlns:manifest="{office}manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="content.xml">{manifest}</manifest:file-entry>'
            f"</manifest:manifest>",
            "content.xml": f'{DECLARATION}<office:document-content xmlns:office="{office}office:1.0" '
            f'xmlns:table="{office}table:1.0" xmlns:text="{office}text:1.0" xmlns:style="{office}style:1.0" '
            f'xmlns:draw="{office}drawing:1.0"><office:automatic-styles>{styles}</office:automatic-styles>'
            "<office:body><office:spreadsheet>"
            f'<table:table table:name="Data" table:style-name="{style}">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        }
    )


def ods_row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def ods_text(text: str) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>'


def ods_number(value: str) -> str:
    typed = f'office:value-type="float" office:value="{value}"'
    return f"<table:table-cell {typed}><text:p>{value}</text:p></table:table-cell>"


def ods_cell(attributes: str, content: str = "") -> str:
    return f"<table:table-cell {attributes}>{content}</table:table-cell>"


def typed_ods() -> bytes:
    """One row per kind of cell in column A, and an id in column B."""
    text, number = 'office:value-type="string"', 'office:value-type="float"'
    odd = [
        ods_cell(text, "<text:p>12<text:tab/>34</text:p>"),
        ods_cell(text, "<text:p>12<text:line-break/>34</text:p>"),
        ods_cell(text, '<text:p>12<text:s text:c="2"/>34</text:p>'),
        ods_cell(text, "<text:p>1<![CDATA[2]]><text:span>3</text:span></text:p>"),
        ods_cell(f'table:formula="of:=1/0" {text} office:string-value=""', "<text:p>#DIV/0!</text:p>"),
        ods_cell('table:formula="of:=1+1"'),
        ods_cell(f'table:formula="of:=TRUE()" {number} office:value="1"', "<text:p>TRUE</text:p>"),
        ods_cell('office:value-type="boolean" office:boolean-value="true"', "<text:p>TRUE</text:p>"),
        ods_cell('office:value-type="date" office:date-value="2024-05-17T12:00:00"'),
        ods_cell('office:value-type="time" office:time-value="PT36H30M00S"'),
        ods_cell(f'{number} office:value="123456789012345"', "<text:p>1.23E+14</text:p>"),
        ods_cell(f'{number} office:value="1.23456789012346E+016"'),
        ods_cell('office:value-type="percentage" office:value="0.5"', "<text:p>50%</text:p>"),
        ods_cell(text, "<office:annotation><text:p>9</text:p></office:annotation><text:p>12</text:p>"),
    ]
    return ods(ods_row(ods_text(PAIR[0]), ods_text(PAIR[1])) + "".join(ods_row(cell, ods_number("9")) for cell in odd))


def ole(streams: dict[str, bytes]) -> bytes:
    """Return an OLE container. Source: Microsoft, [MS-CFB]."""
    end, free, fat_sector = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    names = list(streams)
    directory_sectors = (len(names) + 4) // 4
    fat, body, starts = [fat_sector, *range(2, 1 + directory_sectors), end], b"", []
    for content in streams.values():
        padded = content.ljust(-(-max(len(content), 4096) // 512) * 512, b"\0")  # never in the mini stream
        starts.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + len(padded) // 512), end]
        body += padded
    directory = _entry("Root Entry", 5, child=1, start=end, size=0)
    for i, (name, content) in enumerate(streams.items(), 1):
        sibling = i + 1 if i < len(names) else free
        directory += _entry(name, 2, right=sibling, start=starts[i - 1], size=max(len(content), 4096))
    header = struct.pack(
        "<8s16x5H6x10I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0, 0
    )
    header += struct.pack("<108I", *[free] * 108)
    table = struct.pack("<128I", *fat, *[free] * (128 - len(fat)))
    return header + table + directory.ljust(directory_sectors * 512, b"\0") + body


def _entry(name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF) -> bytes:
    text = name.encode("utf-16-le")
    return struct.pack("<64sHBB3I16x4x16xIQ", text, len(text) + 2, kind, 1, 0xFFFFFFFF, right, child, start, size)


def biff(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def biff_cell(r: int, c: int, value: str | float | bool | bytes, style: int = 0) -> bytes:
    """Return the record of a cell: a text, a number, a boolean or the code of an error."""
    place = struct.pack("<HHH", r, c, style)
    if isinstance(value, str):
        units = value.encode("utf-16-le")
        return biff(0x0204, place + struct.pack("<HB", len(units) // 2, 1) + units)
    if isinstance(value, bool):
        return biff(0x0205, place + struct.pack("<BB", value, 0))
    if isinstance(value, bytes):
        return biff(0x0205, place + value + b"\1")
    return biff(0x0203, place + struct.pack("<d", value))


def biff_workbook(cells: bytes, settings: bytes = b"", version: int = 0x0600) -> bytes:
    """Return the stream of a workbook from the records of its cells and those of its settings."""

    def beginning(substream: int) -> bytes:
        return biff(0x0809, struct.pack("<HHHHII", version, substream, 0x0DBB, 0x07CC, 0, 6))

    name = (b"\5\0" if version == 0x0600 else b"\5") + b"Pairs"
    start = len(beginning(5)) + len(settings) + 4 + 6 + len(name) + 4
    bound = biff(0x0085, struct.pack("<IBB", start, 0, 0) + name)
    return beginning(5) + settings + bound + biff(0x000A) + beginning(0x10) + cells + biff(0x000A)


def xls(table: Sequence[Sequence[str | float | bool | bytes]]) -> bytes:
    """Return an XLS workbook of texts, numbers, booleans and codes of errors. Source: Microsoft, [MS-XLS]."""
    cells = biff(0x0200, struct.pack("<IIHHH", 0, len(table), 0, max(map(len, table)), 0))
    for r, values in enumerate(table):
        cells += b"".join(biff_cell(r, c, value) for c, value in enumerate(values))
    return ole({"Workbook": biff_workbook(cells)})


XLS_FORMATS = ("General", "yyyy\\-mm\\-dd", "[h]:mm", "[h]")


def xls_styles() -> bytes:
    """Return the records of one style for each of the formats."""
    codes = b"".join(
        biff(0x041E, struct.pack("<HHB", 164 + i, len(code), 0) + code.encode()) for i, code in enumerate(XLS_FORMATS)
    )
    return codes + b"".join(biff(0x00E0, struct.pack("<HH16x", 0, 164 + i)) for i in range(len(XLS_FORMATS)))


def typed_xls() -> bytes:
    """One row per kind of cell in column A, and an id in column B."""
    odd: list[tuple[str | float | bool | bytes, int]] = [
        (123.0, 0),
        (1e15, 0),
        (45429.0, 1),
        (1.5, 2),
        (5.0, 3),
        (True, 0),
        (b"\x2a", 0),
        (b"\x07", 0),
        (0.1, 0),
        ("00123", 0),
        (-3.0, 0),
    ]
    cells = biff_cell(0, 0, PAIR[0]) + biff_cell(0, 1, PAIR[1])
    for r, (value, style) in enumerate(odd, 1):
        cells += biff_cell(r, 0, value, style) + biff_cell(r, 1, 9.0)
    return ole({"Workbook": biff_workbook(cells, xls_styles())})


def circle_xls() -> bytes:
    """Return a workbook whose directory goes on in its own sector."""
    content = bytearray(xls([["Contact ID", "Company ID"], [1.0, 2.0]]))
    content[512 + 4 : 512 + 8] = struct.pack("<I", 1)
    return bytes(content)


def text_files() -> dict[str, bytes]:
    pairs = csv_text([["Contact ID", "Company ID", "Note"], ["1", "2", "a;b"], ["3", "4", "c"]])
    japanese = csv_text([["コンタクトID", "会社ID", "備考"], ["1", "2", "重要なお客様"]])
    return {
        "delimiter_semicolon.csv": csv_text([["Contact ID", "Company ID"], ["1", "2"], ["3,4", "5"]], ";").encode(),
        "delimiter_tab.tsv": csv_text([["Contact ID", "Company ID"], ["1", "2"]], "\t").encode(),
        "delimiter_pipe.txt": csv_text([["Contact ID", "Company ID"], ["1", "2"]], "|").encode(),
        "delimiter_declared.csv": b"sep=;\r\nContact ID;Company ID\r\n1;2\r\n",
        "delimiter_in_other_cells.csv": pairs.encode(),
        "encoding_utf8_bom.csv": pairs.encode("utf-8-sig"),
        "encoding_utf16_le.csv": b"\xff\xfe" + japanese.encode("utf-16-le"),
        "encoding_utf16_be.csv": b"\xfe\xff" + japanese.encode("utf-16-be"),
        "encoding_utf16_unmarked.csv": pairs.encode("utf-16-le"),
        "encoding_cp932.csv": japanese.encode("cp932"),
        "encoding_euc_jp.csv": japanese.encode("euc_jp"),
        "encoding_cp1252.csv": csv_text([["Contact ID", "Company ID", "Größe"], ["1", "2", "“Müller” – 5 €"]]).encode(
            "cp1252"
        ),
        "encoding_late.csv": csv_text([PAIR, *[["1", "2"]] * 3, ["3", "José"]]).encode("cp1252"),
        "encoding_broken.csv": csv_text([["Contact ID", "会社ID"], ["1", "2"], ["3", "東京"]]).encode()
        + b"5,\xff6\n"
        + csv_text([["7", "大阪"]]).encode(),
        "lines_cr.csv": csv_text([PAIR, ["1", "2"], ["3", "4"]], end="\r").encode(),
        "lines_crlf.csv": csv_text([PAIR, ["1", "2"], ["3", "4"]], end="\r\n").encode(),
        "lines_mixed.csv": b"from_object_id,to_object_id\r\n1,2\n3,4\r5,6",
        "quoted_newlines.csv": b'from_object_id,to_object_id,note\n1,2,"a\r\nb\nc"\n3,x,"d,e"\n',
        "quote_not_closed.csv": b'from_object_id,to_object_id,note\n1,2,"a\n3,4,b\n',
        "quote_then_text.csv": b'from_object_id,note,to_object_id\n1,"a,2\n3,b "c",4\n',
        "nul_bytes.csv": b"from_object_id,to_object_id,note\n1,2,a\0b\n3\0,4,\n",
        "only_blank_lines.csv": b"\n \n\n",
        "empty.csv": b"",
        "big_cell.csv.gz": gzip.compress(
            b"from_object_id,to_object_id,note\n1,2," + b"x" * 10_000_000 + b"\n3,4,\n", mtime=0
        ),
        "pairs.csv.gz": gzip.compress(pairs.encode(), mtime=0),
        "damaged.csv.gz": gzip.compress(pairs.encode(), mtime=0)[:-12],
        "json.csv": b'[{"Contact ID": 1, "Company ID": 2}]',
        "pdf.csv": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    }


def workbook_files() -> dict[str, bytes]:
    table: Table = [["Contact ID", "Company ID"], ["1", "2"], ["3", "4"]]
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
        "password.xlsx": ole({"EncryptionInfo": b"\x04\0\x04\0", "EncryptedPackage": b"\x10"}),
        "csv_inside.xlsx": csv_text(table).encode(),
        "html_inside.xls": b"<html><body><table><tr><td>Contact ID</td></tr></table></body></html>",
        "xlsx_inside.csv": table_xlsx(table),
        "pairs.xls": xls([["Contact ID", "Company ID"], [1.0, 2.0], ["３", 4.5], [1e16, True], ["1.2E+11", 7.0]]),
        "typed_cells.xls": typed_xls(),
        "circle.xls": circle_xls(),
        "word.xls": ole({"WordDocument": b"\xec\xa5"}),
        "cut_off.xls": xls([["Contact ID", "Company ID"], [1.0, 2.0]])[:1300],
        "damaged.xls": ole({"Workbook": b"\x09\x08\xff\xff"}),
        "pairs.ods": ods(
            ods_row(ods_text("Contact ID"), ods_text("Company ID"))
            + '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
            + ods_row(ods_number("1"), ods_number("2"))
            + ods_row(ods_text("#N/A"), ods_number("12345678901234567"))
            + '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
        ),
        "repeated_beyond.ods": ods(
            ods_row(ods_text("Contact ID"), ods_text("Company ID"))
            + '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="float" '
            'office:value="1" table:number-columns-repeated="1000"/></table:table-row>'
        ),
        "typed_cells.ods": typed_ods(),
        "text_document.odt": ods("", kind="text"),
        "password_package.ods": archive(
            {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "encrypted-package": "x"}
        ),
        "password.ods": ods("", manifest="<manifest:encryption-data/>"),
        "one_table.zip": archive({"data/pairs.csv": csv_text(table), "__MACOSX/._pairs.csv": b"\0", "readme.md": "x"}),
        "one_workbook.zip": archive({"pairs.xlsx": table_xlsx(table)}),
        "two_tables.zip": archive({"a.csv": csv_text(table), "b.csv": csv_text([["Deal ID", "Company ID"]])}),
        "split_table.zip": archive(
            {"pairs-10.csv": csv_text([table[0], ["5", "6"]]), "pairs-2.csv": csv_text([table[0], ["3", "4"]])}
        ),
        "nothing.zip": archive({}),
        "zip_in_zip.zip": archive({"inner.zip": archive({"pairs.csv": csv_text(table)})}),
    }  # fmt: skip


def main() -> None:
    contents = text_files() | workbook_files()
    for name, table in TABLES.items():
        contents[f"{name}.csv"] = csv_text(table).encode()
        contents[f"{name}.xlsx"] = table_xlsx(table)
    for old in FILES.iterdir():
        if old.suffix not in {".py", ".md"} and old.is_file():
            old.unlink()
    for name, content in contents.items():
        (FILES / name).write_bytes(content)


if __name__ == "__main__":
    main()
