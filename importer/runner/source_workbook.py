"""The facts that a results workbook shows besides its rows, from the journal of a run."""

from pathlib import Path

from importer.config import Reading
from importer.journal import SANDBOX, Journal, RunInfo
from importer.reporter import RunDescription, SourceWorkbook, WorkbookContext
from importer.runner.context import RunContext
from importer.runner.source_file import UNNAMED_SOURCES

_COPIED = frozenset({".xlsx", ".xlsm"})
"""Extensions of source files whose results are a copy of the workbook where possible."""


def workbook_context(journal: Journal, context: RunContext) -> WorkbookContext:
    """Return what a results workbook shows besides its rows; its notices go to the handler of `context`."""
    info = journal.info
    run = RunDescription(run_id=info.run_id, source=info.source, account=_account(journal), operation=info.operation)
    return WorkbookContext(run, _source_workbook(info), context.notify)


def _account(journal: Journal) -> str:
    if journal.info.target == SANDBOX:
        return "sandbox (no HubSpot account)"
    account = journal.account
    return str(account.portal_id) if account is not None and account.portal_id else ""


def _source_workbook(info: RunInfo) -> SourceWorkbook | None:
    path = Path(info.source)
    if info.source in UNNAMED_SOURCES or path.suffix.lower() not in _COPIED or info.parts:
        return None
    reading = Reading(
        sheet=info.reading.get("sheet"),
        header_row=info.reading.get("header_row"),
        no_header=bool(info.reading.get("no_header")),
    )
    is_partial = info.parent is not None or any(
        info.reading.get(name) not in (None, False) for name in ("limit", "statuses", "visible_rows_only")
    )
    return SourceWorkbook(path, info.source_sha256, reading, is_partial)
