"""The texts of `importer help TOPIC`: the reference of results files and exit codes, at most 80 columns wide."""

import textwrap
from collections.abc import Callable, Mapping

from importer.exit_codes import ExitCode
from importer.model import EXTRA_CELLS_COLUMN, ORIGINAL_CELLS_COLUMN, TYPES_BEFORE_COLUMN, UNDONE_RUN_COLUMN, Status

WIDTH = 80

STATUSES: Mapping[str, str] = {
    Status.LINKED: "HubSpot confirmed this pair: complete, without errors, and the response names the pair.",
    Status.ALREADY_LINKED: "The pair was read before sending and was linked already; nothing was sent.",
    Status.UNLINKED: "Reading the pair back confirmed that its link was removed.",
    Status.NOT_LINKED: "The pair was read before sending and was not linked; nothing was sent.",
    Status.BLANK: "There is nothing to link: an id cell is empty where that is allowed, or the file has the results of "
    "importer unlink and the pair was not linked.",
    Status.FAILED: "The pair was refused, by HubSpot or before sending; sending it again unchanged would fail again.",
    Status.UNCONFIRMED: "The pair may have been sent, but no response clearly confirmed or refused it: it may or may "
    "not be linked. It is safe to retry.",
    Status.INVALID: "The row does not yield a pair; nothing was sent for it.",
    Status.NOT_SENT: "The run ended before this pair's turn.",
}
"""The meaning of each value of `import_status`."""

COLUMNS: Mapping[str, str] = {
    "import_row": "Row number as a spreadsheet shows it (the header is row 1); FILE:ROW if there are several files.",
    "import_status": "Outcome of the row: see importer help results.",
    "import_http_status": "HTTP status of the last response.",
    "import_api_status": "Status in the body of the last response, such as COMPLETE.",
    "import_num_errors": "Number of errors in the last response.",
    "import_error_category": "HubSpot's error category, or the code of the row's problem.",
    "import_error_message": "What is wrong. In a good row: the records that others were merged into.",
    "import_error_details": "Everything the response said about errors, as JSON. If the row has several pairs: each "
    "pair that is not linked.",
    "import_correlation_id": "HubSpot's id of the request, for HubSpot's support.",
    "import_association_types": "Association types that HubSpot created, such as HUBSPOT_DEFINED:279.",
    "import_attempts": "How many times the pair was sent.",
    "import_duplicate_of": "The import_row of the first row with the same pair.",
    "import_completed_at": "When HubSpot completed the request.",
    "import_advice": "What to do, in one sentence; empty if the row is good.",
    "import_run_id": "The run that wrote the row.",
    UNDONE_RUN_COLUMN: "In the results of importer undo: the run that was undone.",
    TYPES_BEFORE_COLUMN: "Only if any were read: the pair's association types before sending, - if it had none. "
    "Several pairs that differ have one entry each, separated by |. importer run restores them from the results of "
    "importer unlink.",
    "import_from_id": "With --from-by or --to-by: the ids of the records to link from.",
    "import_to_id": "With --from-by or --to-by: the ids of the records to link to.",
    EXTRA_CELLS_COLUMN: "Only if needed: the cells of a row beyond the header, as a JSON list. The row is invalid "
    "until this cell is empty.",
    ORIGINAL_CELLS_COLUMN: "Only if needed: the original texts of corrected cells, as a JSON object by column.",
}
"""The meaning of each column that a results file adds."""

EXIT_CODES: Mapping[ExitCode, str] = {
    ExitCode.OK: "Every row is good: linked, already linked, unlinked, not linked, or blank.",
    ExitCode.SOME_ROWS_BAD: "The run completed; some rows are failed, unconfirmed or invalid.",
    ExitCode.WRONG_INPUT: "The command, the config or the file is wrong; nothing was sent.",
    ExitCode.STOPPED: "The run stopped early and can be resumed: token rejected, scopes missing, daily limit, "
    "too many failures, and so on (stopped_by in the JSON summary).",
    ExitCode.INTERNAL_ERROR: "A bug in the importer; a traceback is printed. The run can be resumed.",
    ExitCode.INTERRUPTED: "Interrupted by Ctrl-C (SIGINT); the run can be resumed.",
    ExitCode.TERMINATED: "Terminated by SIGTERM or SIGHUP; the run can be resumed.",
}
"""The meaning of each exit code."""

_RESULTS = """\
A run writes two files beside the input:

  NAME.results.EXT   every row, in the order of the input: its cells unchanged,
                     then the import_ columns (importer help columns).
                     --out PATH writes it elsewhere; PATH.xlsx is written as a
                     workbook. For an XLSX file, the results are a copy of your
                     workbook; if the copy would lose something, they are a
                     plain workbook, and a notice gives the reason
  NAME.failures.csv  the rows that are not linked, with their own columns only;
                     written if there are any

Correct either file and import it again: old import_ columns are replaced.
A file of that name that was edited, or that another command wrote, is never
overwritten: it is kept as NAME.results.1.csv (the next free number).

Every row has exactly one import_status:
"""

_RESULTS_END = """
A pair in several rows is sent once; every row shows its outcome. A row with
several pairs (ids separated by ;) has the worst of their outcomes. The summary
counts every row: the statuses add up to the number of rows."""


_EXIT_CODES_END = """
Errors that end a command are printed with a stable code, such as
[TOKEN_MISSING]; with --log-format json it is the key "code". The exit code does
not depend on whether the output could be written.

A command that finishes earlier runs before its own (finish_unfinished,
on_changed_source) exits with the worst of their codes and its own; --json lists
them under earlier_runs. If one of them stops for a reason that would also stop
the next, such as the daily limit, the command's own run stops for that reason
before it sends anything, and a later night finishes both. If its file could not
even be read, because its labels or records had to be read from HubSpot first,
the JSON object describes the earlier run, and its key not_started has the path
of the file: import it again. With code 2, nothing was sent for the command's
own file."""


def _results() -> str:
    return f"{_RESULTS}\n{_table(STATUSES)}\n{_RESULTS_END}"


def _columns() -> str:
    return f"A results file has all columns of the input, then these:\n\n{_table(COLUMNS)}"


def _exit_codes() -> str:
    codes = _table({str(int(code)): meaning for code, meaning in EXIT_CODES.items()})
    return f"{codes}\n{_EXIT_CODES_END}"


def _faults() -> str:
    from importer.sandbox import FAULT_SPEC_HELP, FAULTS  # noqa: PLC0415 - the server takes long to load

    faults = {
        name: f"{fault.description}{' (links the pair)' if fault.links else ''}" for name, fault in FAULTS.items()
    }
    return f"Faults of importer sandbox --fault NAME=SPEC\n\n{FAULT_SPEC_HELP.strip()}\n\n{_table(faults)}"


def _table(meanings: Mapping[str, str]) -> str:
    """Return names and meanings in two columns, the second of them wrapped."""
    width = max(map(len, meanings)) + 2
    return "\n".join(
        textwrap.fill(meaning, WIDTH, initial_indent=f"  {name:<{width}}", subsequent_indent=" " * (width + 2))
        for name, meaning in meanings.items()
    )


TOPICS: Mapping[str, Callable[[], str]] = {
    "results": _results,
    "columns": _columns,
    "exit-codes": _exit_codes,
    "faults": _faults,
}
"""The topics of `importer help` and the functions that return their texts."""


def text(topic: str) -> str:
    """Return the text of a topic. Raises KeyError for an unknown one."""
    return TOPICS[topic]()
