"""The size of the report does not depend on what its rows hold."""

import pytest

from importer.model import Status
from importer.reporter.html_report.data import ReportRow
from importer.reporter.html_report.page import _fitting


@pytest.mark.parametrize(("character", "rows"), [("a", 313), ("é", 171), ("日", 117), ('"', 60)])
def test_only_the_rows_that_fit_are_shown(character: str, rows: int) -> None:
    row = ReportRow("2", Status.FAILED, (character * 1_000,) * 6, character * 1_000, character * 1_000)
    assert len(list(_fitting([row] * 500))) == rows
    assert len(list(_fitting([row] * 10))) == 10
