"""Requests about the check of an uploaded file: its report, the rows with problems, and corrections of cells."""

from pathlib import Path
from typing import Any

from aiohttp import web

from importer.model import Status
from importer.runner.judge import judge_row
from importer.runner.row_pages import Filter, RowPages
from importer.web.check_values import cell_text, row_values
from importer.web.edit_requests import read_edit
from importer.web.paging import PAGE_SIZE, offset_of, page_number, page_values
from importer.web.responses import RequestError, json_response, read_object
from importer.web.services import Services
from importer.web.store import Import

_MAX_EDITS = 500
"""Maximum number of corrected cells that the page lists."""


class ChecksApi:
    """The handlers of `/api/imports/{id}/check`, `/problems`, `/rows` and `/edits`."""

    def __init__(self, services: Services) -> None:
        """Use the services of the server."""
        self._services = services
        self._store = services.store

    @property
    def routes(self) -> list[web.RouteDef]:
        """The routes and their handlers."""
        return [
            web.get("/api/imports/{id}/check", self._show),
            web.post("/api/imports/{id}/check", self._start),
            web.get("/api/imports/{id}/problems", self._problems),
            web.get("/api/imports/{id}/rows/{number:[0-9]{1,9}}", self._row),
            web.put("/api/imports/{id}/edits", self._edit),
            web.delete("/api/imports/{id}/edits", self._edit),
        ]

    async def _show(self, request: web.Request) -> web.Response:
        return await self._response(self._store.load(request.match_info["id"]))

    async def _start(self, request: web.Request) -> web.Response:
        values = await read_object(request, online=bool)
        found = self._store.load(request.match_info["id"])
        await self._services.checks.start(found, online=values.get("online", False))
        return await self._response(found, 202)

    async def _problems(self, request: web.Request) -> web.Response:
        found = self._store.load(request.match_info["id"])
        code, page = request.query.get("code", ""), page_number(request)
        wanted = Filter(statuses=frozenset({Status.INVALID}), code=code)

        def read(pages: RowPages) -> dict[str, Any]:
            shown, info = pages.page(wanted, offset=offset_of(page), limit=PAGE_SIZE), pages.journal.info
            rows = [row_values(row, info.header, info.row_names) for row in shown.rows]
            return {"header": info.header, **page_values(shown.total, page), "rows": rows}

        return json_response(await self._services.rows.read(self._journal(found), read))

    async def _row(self, request: web.Request) -> web.Response:
        """Return a row as the last check of the whole file found it."""
        found, number = self._store.load(request.match_info["id"]), int(request.match_info["number"])

        def read(pages: RowPages) -> dict[str, Any]:
            row, info = pages.row(number), pages.journal.info
            if row is None:
                raise _no_row(number)
            return row_values(row, info.header, info.row_names)

        return json_response({"row": await self._services.rows.read(self._journal(found), read)})

    async def _edit(self, request: web.Request) -> web.Response:
        edit = await read_edit(request)
        found = self._store.load(request.match_info["id"])
        row = await self._judged(found.with_edit(edit), edit.row)
        self._store.save(self._store.load(found.id).with_edit(edit))
        await self._services.checks.start_again(self._store.load(found.id))
        return json_response({"row": row})

    async def _judged(self, found: Import, number: int) -> dict[str, Any]:
        """Return a row with its corrections as JSON values."""
        corrections = {column: text for (row, column), text in found.corrections.items() if row == number}

        def read(pages: RowPages) -> dict[str, Any]:
            judged, info = judge_row(pages.journal, number, corrections), pages.journal.info
            if judged is None:
                raise _no_row(number)
            return row_values(judged, info.header, info.row_names)

        return await self._services.rows.read(self._journal(found), read)

    async def _edits(self, found: Import) -> list[dict[str, Any]]:
        """Return the corrected cells as JSON values."""

        def read(pages: RowPages) -> list[dict[str, Any]]:
            header, names = pages.journal.info.header, pages.journal.info.row_names
            edits = []
            for number, column, text in found.edits[:_MAX_EDITS]:
                row = pages.row(number)
                original = row.originals.get(column, cell_text(row, column)) if row is not None else ""
                name = header[column] if column < len(header) else ""
                place = {"row": number, "name": names.of(number), "column": column, "column_name": name}
                edits.append({**place, "original": original, "text": text})
            return edits

        path = self._store.journal_of_check(found.id)
        return await self._services.rows.read(path, read) if found.edits and path.is_file() else []

    def _journal(self, found: Import) -> Path:
        """Return the journal of the last check. Raises RequestError if there is none."""
        path = self._store.journal_of_check(found.id)
        if not path.is_file():
            raise RequestError(409, "CHECK_OUTDATED", "This file has not been checked yet. Check it first.")
        return path

    async def _response(self, found: Import, status: int = 200) -> web.Response:
        state = await self._services.checks.state(found)
        account, _ = await self._services.session.account()
        number = account["id"] if account is not None else None
        return json_response(
            {
                "state": state.state,
                "stale": state.is_stale,
                "rows_read": self._services.checks.rows_read(found.id),
                "error": state.error,
                "report": state.report and {**state.report, "online": state.is_online},
                "key": state.key,
                "edits": await self._edits(found),
                "account": account,
                "button": None if state.pairs is None else {"pairs": state.pairs, "account": number},
            },
            status,
        )


def _no_row(number: int) -> RequestError:
    return RequestError(404, "ROW_NOT_FOUND", f"The file has no row {number}.")
