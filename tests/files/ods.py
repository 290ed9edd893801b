"""Workbooks of OpenDocument, written part by part."""

from xml.sax.saxutils import escape

from tests.files.archives import DECLARATION, archive
from tests.files.tables import PAIR


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


def ods_files() -> dict[str, bytes]:
    """Return the content of each workbook by its name."""
    return {
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
    }
