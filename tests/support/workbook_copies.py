"""A formatted workbook and the results of importing it."""

import hashlib
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles import Font, PatternFill

from importer.config import Reading
from importer.model import RowOutcome
from importer.reader import open_source
from importer.reporter import Layout, RunDescription, SourceWorkbook, WorkbookContext, write_results
from tests.support.blocks import rows_of
from tests.support.row_outcomes import FAILED, LINKED, pair_outcome

RUN_ID = "20261125-120000-00000"
ANY_READING = Reading()
HEADER = ("Contact ID", "Company ID", "Name")


class Copying:
    """A workbook, the results of importing it, and the notices about the results."""

    def __init__(self, folder: Path, reading: Reading = ANY_READING) -> None:
        self.source = folder / "deals.xlsx"
        self.results = folder / "deals.results.xlsx"
        self.reading = reading
        self.notices: list[str] = []
        self.rows: list[RowOutcome] = []

    def write(self, *, is_partial: bool = False) -> None:
        """Read the source as a run does and write its results."""
        sha256 = hashlib.sha256(self.source.read_bytes()).hexdigest()
        with open_source(self.source, self.reading) as source:
            header = source.header
            found = list(rows_of(source.blocks()))
        self.rows = [
            RowOutcome(
                row.number,
                row.cells,
                row.problems,
                tuple(
                    pair_outcome(FAILED if row.number % 3 else LINKED, row.number, pair.from_id) for pair in row.pairs
                ),
            )
            for row in found
        ]
        extra = any(len(row.cells) > len(header) for row in self.rows)
        workbook = SourceWorkbook(self.source, sha256, self.reading, is_partial)
        context = WorkbookContext(RunDescription(RUN_ID, str(self.source), "123"), workbook, self.notices.append)
        write_results(self.results, Layout(header, ",", RUN_ID, extra), self.rows, None, workbook=context)

    @property
    def book(self) -> Any:
        return openpyxl.load_workbook(self.results)


def formatted(path: Path) -> None:
    """Write a workbook of two sheets whose table begins in row 3, with formats, a formula and a blank row."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Contacts"
    sheet["A1"] = "Spring campaign"
    sheet.merge_cells("A1:C1")
    for column, text in enumerate(HEADER, 1):
        sheet.cell(3, column, text).font = Font(bold=True, color="FF0000")
    for row in (4, 5, 7):
        sheet.cell(row, 1, 1000 + row)
        sheet.cell(row, 2, 2000 + row)
        sheet.cell(row, 3, f"Person {row}").fill = PatternFill("solid", fgColor="FFF2CC")
    sheet.column_dimensions["C"].width = 33
    sheet.row_dimensions[5].hidden = True
    other: Any = book.create_sheet("Notes")
    other["A1"], other["A2"] = "=Contacts!A4*2", "Ask Ann"
    book.save(path)
