"""XLSX workbooks with a header and one row, and their readings."""

from pathlib import Path
from typing import Any

from importer.config import Reading
from importer.model import SourceRow
from importer.reader import open_source
from tests.files.archives import DECLARATION
from tests.files.xlsx import MAIN, data, texts, xlsx
from tests.support.blocks import rows_of

HEADER = texts([["from_id", "to_id"]])
STRINGS = "<si><t>first</t></si><si><t>777</t></si>"
NINE = '<c r="B2"><v>9</v></c>'


def rows(path: Path, sheet: str | None = None) -> list[SourceRow]:
    with open_source(path, Reading("contacts", "companies", sheet=sheet)) as source:
        return rows_of(source.blocks())


def written(tmp_path: Path, cells: str, **others: Any) -> Path:
    """Write a workbook with a header and one more row."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx(data(HEADER + f'<row r="2">{cells}</row>'), strings=STRINGS, **others))
    return path


def made(path: Path) -> list[str]:
    """Return the ids to link from and the problem codes of the only row."""
    (row,) = rows(path)
    return [pair.from_id for pair in row.pairs] + [problem.code for problem in row.problems]


CONTROL = (
    '<controls><control shapeId="1025"><controlPr><anchor><from><xdr:row>0</xdr:row></from></anchor></controlPr>'
    "</control></controls>"
)
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"


def with_control(sheet: str) -> bytes:
    whole = f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:xdr="{DRAWING}">{sheet}</worksheet>'
    return xlsx("", replaced={"xl/worksheets/sheet1.xml": whole})
