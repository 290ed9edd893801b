"""Requests that correct cells of a run before it is retried."""

from typing import Any

from aiohttp import web

from importer.reporter import row_result
from importer.runner.corrected_rows import correctable_columns, judge_correction
from importer.runner.row_pages import RowPages
from importer.runner.state_directory import journal_path
from importer.web.check_values import row_values
from importer.web.edit_requests import read_edit
from importer.web.edits import Edit, RunEdits
from importer.web.responses import RequestError, json_response
from importer.web.services import Services


class RunEditsApi:
    """The handlers of `/api/runs/{run_id}/edits`."""

    def __init__(self, services: Services) -> None:
        """Use the services of the server."""
        self._services = services

    @property
    def routes(self) -> list[web.RouteDef]:
        """The routes and their handlers."""
        path = "/api/runs/{run_id}/edits"
        return [web.put(path, self._edit), web.delete(path, self._edit)]

    async def _edit(self, request: web.Request) -> web.Response:
        """Judge a row with a corrected cell, and keep the correction for the retry."""
        run_id, edit = request.match_info["run_id"], await read_edit(request)
        path, store = journal_path(self._services.launch.settings, run_id), self._services.store
        of_row = RunEdits(edit.added_to(store.run_edits(run_id).cells)).of_row(edit.row)
        row = await self._services.rows.read(path, lambda pages: _judged(pages, edit, of_row))
        before = store.run_edits(run_id)
        ready = before.ready - {edit.row} | ({edit.row} if of_row and not row["problems"] else frozenset())
        store.save_run_edits(run_id, RunEdits(edit.added_to(before.cells), ready, before.sent - {edit.row}))
        return json_response({"row": row})


def _judged(pages: RowPages, edit: Edit, texts: dict[int, str]) -> dict[str, Any]:
    """Return a row with its corrections as JSON values. Raises RequestError if the cell cannot be corrected here."""
    found, info = pages.row(edit.row), pages.journal.info
    if found is None:
        raise RequestError(404, "ROW_NOT_FOUND", f"The run has no row {edit.row}.")
    status, _ = row_result(found, info.row_names)
    if edit.column not in correctable_columns(pages.journal, found, status):
        raise RequestError(409, "NOT_POSSIBLE", "This cell cannot be corrected here. Correct it in your spreadsheet.")
    return judged_values(pages, edit.row, texts)


def judged_values(pages: RowPages, number: int, texts: dict[int, str]) -> dict[str, Any]:
    """Return a row of a run, judged again with corrections of its cells, as JSON values."""
    judged, info = judge_correction(pages.journal, number, texts), pages.journal.info
    if judged is None:
        raise RequestError(404, "ROW_NOT_FOUND", f"The run has no row {number}.")
    return row_values(judged, info.header, info.row_names)
