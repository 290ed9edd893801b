"""Bulk association importer for HubSpot.

What an orchestrator's task calls, and what the command line itself calls:

    from importer import load_settings, run_import

    summary = run_import("pairs.csv", load_settings({"rate": "100/10"}))
    print(summary.linked, summary.failed, summary.results)

`run_import` takes a path or a pandas data frame; the token comes from HUBSPOT_ACCESS_TOKEN. What became of the rows is
in the `Summary` and in its results file; what is wrong with the command, the settings or the file raises an
`ImporterError` before anything is sent; only a `RunAbortedError` comes after calls were made, and the run can go on.
"""

from importer.config import Settings, load_settings
from importer.errors import (
    AccountError,
    BusyError,
    FileSystemError,
    ImporterError,
    JournalError,
    OutputError,
    RunAbortedError,
    SettingsError,
    SourceError,
)
from importer.model import Status, StopReason
from importer.reader.pairs_frame import read_pairs
from importer.reporter import RunStatus, Summary
from importer.runner.run import run_import

__all__ = [
    "AccountError",
    "BusyError",
    "FileSystemError",
    "ImporterError",
    "JournalError",
    "OutputError",
    "RunAbortedError",
    "RunStatus",
    "Settings",
    "SettingsError",
    "SourceError",
    "Status",
    "StopReason",
    "Summary",
    "load_settings",
    "read_pairs",
    "run_import",
]
