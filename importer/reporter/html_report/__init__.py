"""The report of a run as one HTML file without scripts, which makes no requests."""

from importer.reporter.html_report.charts import INTERVALS
from importer.reporter.html_report.data import Fact, Finding, ReportData, ReportRow
from importer.reporter.html_report.findings import failure_finding, problem_finding
from importer.reporter.html_report.page import MAX_ROWS, render
from importer.reporter.html_report.time_axis import TimeAxis, local_text

__all__ = [
    "INTERVALS",
    "MAX_ROWS",
    "Fact",
    "Finding",
    "ReportData",
    "ReportRow",
    "TimeAxis",
    "failure_finding",
    "local_text",
    "problem_finding",
    "render",
]
