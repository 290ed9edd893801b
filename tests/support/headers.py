"""Tables in three formats, and the columns that are found in them."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from importer.config import Reading
from importer.errors import SourceError
from importer.model import Role
from importer.reader import open_source
from importer.reader.source_info import SourceInfo
from tests.support.blocks import rows_of
from tests.support.errors import raises

Table = Sequence[Sequence[str]]


Write = Callable[[Path, Table], Path]


FIRST_TWO = {Role.FROM_OBJECT_ID: "#1", Role.TO_OBJECT_ID: "#2"}


BY_POSITION = Reading("contacts", "companies", FIRST_TWO)


NO_HEADER = Reading("contacts", "companies", FIRST_TWO, no_header=True)


def write_csv(folder: Path, table: Table) -> Path:
    path = folder / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)
    return path


def write_semicolons(folder: Path, table: Table) -> Path:
    path = folder / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(table)
    return path


def write_xlsx(folder: Path, table: Table) -> Path:
    path = folder / "table.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(table):
            for column, text in enumerate(cells):
                if text:
                    sheet.write_string(row, column, text)
    return path


@pytest.fixture(params=[write_csv, write_semicolons, write_xlsx], ids=["csv", "semicolons", "xlsx"])
def write(request: pytest.FixtureRequest) -> Write:
    function: Write = request.param
    return function


def read(path: Path, reading: Reading) -> tuple[SourceInfo, list[str]]:
    """Return the properties of the source, and every row as `number:from>to …` or its codes."""
    with open_source(path, reading) as source:
        rows = rows_of(source.blocks())
        return source.info, [
            f"{row.number}:"
            + " ".join([*(f"{p.from_id}>{p.to_id}" for p in row.pairs), *(q.code for q in row.problems)])
            for row in rows
        ]


def refused(path: Path, reading: Reading, code: str) -> str:
    with raises(SourceError, code) as error, open_source(path, reading):
        pass
    return str(error.value)
