"""Bulk association importer for HubSpot.

The Python API, which the command line uses too:

    from importer import load_settings, run_import

    summary = run_import("pairs.csv", load_settings({"rate": "100/10"}))
    print(summary.linked, summary.failed, summary.results)

`run_import` accepts a path or a pandas data frame; the token comes from HUBSPOT_ACCESS_TOKEN. The outcome of every row
is in the results file that the `Summary` names. A wrong command, setting or file raises an `ImporterError` before
anything is sent; only `RunAbortedError` is raised after requests were sent, and the run can be resumed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    "run_import",
]

_MODULES = ("importer.errors", "importer.config", "importer.model", "importer.reporter", "importer.runner.run")
"""The modules of the names above, fastest first."""


def __getattr__(name: str) -> Any:
    """Return a name of the API. Its module is loaded on first use, so that `importer.cli` can handle Ctrl-C earlier."""
    if name in __all__:
        for module in map(import_module, _MODULES):
            if name in vars(module):
                return vars(module)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
