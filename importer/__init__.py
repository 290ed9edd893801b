"""Bulk association importer for HubSpot: the Python API, which the command line uses as well.

A notebook that links contacts to companies, here in the sandbox (a local HubSpot without a network):

>>> import pandas
>>> from importer import load_settings, run_import
>>> pairs = pandas.DataFrame({"Contact ID": ["101", "102", "103", ""], "Company ID": ["201", "202", "202", "203"]})
>>> summary = run_import(pairs, load_settings({"sandbox": True, "state_dir": "state"}), fresh=True)
>>> summary.linked, summary.invalid
(3, 1)

The results are a file, and a data frame with typed columns:

>>> frame = summary.to_frame()
>>> frame[["Contact ID", "import_row", "import_status"]]
  Contact ID  import_row import_status
0        101           2        linked
1        102           3        linked
2        103           4        linked
3                      5       invalid
>>> frame["import_status"].value_counts()[lambda counts: counts > 0].to_dict()
{'linked': 3, 'invalid': 1}
>>> frame[["import_row", "import_status", "import_completed_at"]].dtypes.astype(str).to_dict()
{'import_row': 'Int64', 'import_status': 'category', 'import_completed_at': 'datetime64[us, UTC]'}

The other functions correspond to the commands of the same names: `check_file` (with `online=True` it also reads from
HubSpot what a run would find there), `verify_file`, `unlink_file` (with a `Confirmation`), `undo_run`, `resume_run`,
`retry_run`, `retry_file` and `export_links`. `read_pairs` shows what a run would read.

`run_import` takes a path or a data frame; the token comes from HUBSPOT_ACCESS_TOKEN. A wrong command, setting or file
raises an `ImporterError` with a stable `code` before anything is sent. Only `RunAbortedError` is raised after requests
were sent, and the run can then be resumed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importer.config import Settings, load_settings
    from importer.errors import (
        AccountError,
        BusyError,
        ConfirmationError,
        FileSystemError,
        HubSpotError,
        ImporterError,
        JournalError,
        OutputError,
        RunAbortedError,
        SettingsError,
        SourceError,
    )
    from importer.model import Operation, Status, StopReason
    from importer.reader.pairs_frame import read_pairs
    from importer.reporter import RunStatus, Summary
    from importer.runner.check import CheckReport, check_file
    from importer.runner.confirmation import Confirmation
    from importer.runner.export import ExportSummary, export_links
    from importer.runner.resume import resume_run
    from importer.runner.retry import retry_file, retry_run
    from importer.runner.run import run_import, unlink_file
    from importer.runner.undo import undo_run
    from importer.runner.verify import verify_file

__all__ = [
    "AccountError",
    "BusyError",
    "CheckReport",
    "Confirmation",
    "ConfirmationError",
    "ExportSummary",
    "FileSystemError",
    "HubSpotError",
    "ImporterError",
    "JournalError",
    "Operation",
    "OutputError",
    "RunAbortedError",
    "RunStatus",
    "Settings",
    "SettingsError",
    "SourceError",
    "Status",
    "StopReason",
    "Summary",
    "check_file",
    "export_links",
    "load_settings",
    "read_pairs",
    "resume_run",
    "retry_file",
    "retry_run",
    "run_import",
    "undo_run",
    "unlink_file",
    "verify_file",
]

_MODULES = (
    "importer.errors",
    "importer.config",
    "importer.model",
    "importer.reporter",
    "importer.reader.pairs_frame",
    "importer.runner.confirmation",
    "importer.runner.run",
    "importer.runner.undo",
    "importer.runner.resume",
    "importer.runner.retry",
    "importer.runner.verify",
    "importer.runner.check",
    "importer.runner.export",
)
"""The modules that define the names above, fastest to import first."""


def __getattr__(name: str) -> Any:
    """Return a name of the API. Its module is loaded on first use, so that `importer.cli` can handle Ctrl-C earlier."""
    if name in __all__:
        for module in map(import_module, _MODULES):
            if name in vars(module):
                return vars(module)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
