"""The rows in the report: as many as fit, and readable whatever their cells hold."""

import re
from typing import Any

import pytest

from importer.journal import ActivityTotals
from importer.model import Operation, Status
from importer.reporter import RunStatus, Summary
from importer.reporter.html_report import ReportData, ReportRow, render
from importer.reporter.html_report.page import _fitting

HEADER = ("Contact ID", "Website", "City", "Owner", "Notes", "Company ID")
REASON = "the cell is empty; a HubSpot record id is required. " * 5


def page(row: ReportRow) -> str:
    """Return the report of a run with one row that needs work."""
    counts: dict[str, Any] = {str(status): int(status is row.status) for status in Status}
    summary = Summary(
        run_id="R",
        operation=Operation.LINK,
        file="pairs.csv",
        status=RunStatus.FINISHED,
        stopped_by=None,
        rows=1,
        pairs=0,
        **counts,
        duplicates=0,
        calls=0,
        reads=0,
        retries=0,
        rate_limited=0,
        seconds=0.0,
        results=None,
        failures=None,
    )
    return render(
        ReportData(
            summary=summary,
            version="",
            notice="",
            facts=(),
            settings=(),
            header=HEADER,
            axis=None,
            processes=(),
            pauses=(),
            completed=(),
            interval=1,
            calls=(),
            totals=ActivityTotals(0, 0, 0, 0, 0, 0),
            latencies=(None, None),
            fullest=None,
            findings=(),
            changes=(),
            rows=(row,),
        )
    )


@pytest.mark.parametrize(("character", "rows"), [("a", 395), ("é", 243), ("日", 175), ('"', 95)])
def test_only_the_rows_that_fit_are_shown(character: str, rows: int) -> None:
    row = ReportRow("2", Status.FAILED, (character * 1_000,) * 6, character * 1_000, character * 1_000)
    assert len(list(_fitting([row] * 500, HEADER))) == rows
    assert len(list(_fitting([row] * 10, HEADER))) == 10


def test_the_reason_has_the_widest_column_and_long_cells_are_cut_so_that_it_stays_readable() -> None:
    website = f"https://example.com/{'path' * 100}"
    html = page(ReportRow("2", Status.INVALID, ("", website, "Ulm", "", "x", "1"), REASON, "Fill it in."))
    widths = [float(width) for width in re.findall(r'<col style="width: ([\d.]+)%">', html)]
    assert sum(widths) == 100
    assert widths[-1] == max(widths)
    assert website[:59] + "…" in html
    assert website[:60] not in html
    assert REASON in html
    assert ".fixed { table-layout: fixed;" in html
    shown = re.findall(r'<span class="quiet">([^<]*):</span>', html)
    assert shown == ["Website", "City", "Notes", "Company ID"]  # empty cells take no space
