"""The report of a run as one HTML file without scripts, which makes no requests."""

from importer.reporter.html_report.data import Fact, Finding, ReportData, ReportRow, findings_of
from importer.reporter.html_report.page import MAX_ROWS, render

__all__ = ["MAX_ROWS", "Fact", "Finding", "ReportData", "ReportRow", "findings_of", "render"]
