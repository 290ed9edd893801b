"""Requests about runs: their progress, their rows and files, and what can be done with them."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from importer.errors import JournalError
from importer.journal import ProcessSpan
from importer.model import GOOD_STATUSES, ROW_RESULT_COLUMNS, Operation, Problem, RowOutcome, Status
from importer.reporter import row_result
from importer.runner.corrected_rows import correctable_columns
from importer.runner.merged_rows import with_merged
from importer.runner.remove_run import remove_run
from importer.runner.row_pages import Filter, RowPages
from importer.runner.state_directory import journal_path
from importer.web.check_values import looked_up_columns
from importer.web.commands import command_values
from importer.web.downloads import prepare_download
from importer.web.edits import RunEdits, listed
from importer.web.links import record_links
from importer.web.paging import PAGE_SIZE, offset_of, page_number, page_values
from importer.web.protocol import JobKind
from importer.web.responses import RequestError, json_response, read_object
from importer.web.run_edits_api import judged_values
from importer.web.run_targets import other_target, require_target
from importer.web.run_values import run_values
from importer.web.services import Services
from importer.web.starts import Start
from importer.web.texts import TO_BE_SENT

_SECONDS_BETWEEN_EVENTS = 1.0

_MESSAGE, _DETAILS, _ADVICE = (
    ROW_RESULT_COLUMNS.index(f"import_{name}") for name in ("error_message", "error_details", "advice")
)
_GROUPS = {"good": GOOD_STATUSES, "bad": frozenset(Status) - GOOD_STATUSES - {Status.NOT_SENT}}


class RunsApi:
    """The handlers of `/api/runs` and `/api/starts`."""

    def __init__(self, services: Services) -> None:
        """Use the services of the server."""
        self._services = services
        self._settings = services.launch.settings

    @property
    def routes(self) -> list[web.RouteDef]:
        """The routes and their handlers."""
        run = "/api/runs/{run_id}"
        return [
            web.get("/api/runs", self._list),
            web.get("/api/starts/{id}", self._start),
            web.get(run, self._show),
            web.get(f"{run}/events", self._events),
            web.get(f"{run}/rows", self._rows),
            web.get(f"{run}/command", self._command),
            web.get(f"{run}/{{name:(results|failures)\\.(csv|xlsx)|report\\.html}}", self._download),
            web.post(f"{run}/stop", self._stop),
            web.post(f"{run}/confirm", self._confirm),
            web.post(f"{run}/{{action:continue|retry|undo}}", self._act),
            web.delete(run, self._delete),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return json_response(await asyncio.to_thread(self._services.runs.all))

    async def _start(self, request: web.Request) -> web.Response:
        return json_response(self._services.starts.get(request.match_info["id"]).values)

    async def _show(self, request: web.Request) -> web.Response:
        return json_response(await self._values(request.match_info["run_id"]))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send the run once a second until it has ended."""
        run_id = request.match_info["run_id"]
        values = await self._values(run_id)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while not self._services.workers.closing or values["state"] == "running":
            await response.write(f"data: {json.dumps(values)}\n\n".encode())
            if values["state"] != "running":
                await response.write(b"event: end\ndata: {}\n\n")
                break
            await asyncio.sleep(_SECONDS_BETWEEN_EVENTS)
            try:
                values = await self._values(run_id)
            except JournalError:  # a removal that was not confirmed leaves no run
                await response.write(b"event: gone\ndata: {}\n\n")
                break
        return response

    async def _rows(self, request: web.Request) -> web.Response:
        path = journal_path(self._settings, request.match_info["run_id"])
        wanted, page = _wanted(request), page_number(request)
        account, _ = await self._services.session.account()
        edits = self._services.store.run_edits(request.match_info["run_id"])

        def read(pages: RowPages) -> dict[str, Any]:
            found, info = pages.page(wanted, offset=offset_of(page), limit=PAGE_SIZE), pages.journal.info
            merged = with_merged(found.rows, pages.journal.merged)
            rows = [{**_row_values(row, pages, account or {}), **_edit_values(row, pages, edits)} for row in merged]
            return {
                **page_values(found.total, page),
                "header": info.header,
                "rows": rows,
                "looked_up": looked_up_columns(info),
            }

        return json_response(await self._services.rows.read(path, read))

    async def _command(self, request: web.Request) -> web.Response:
        path = journal_path(self._settings, request.match_info["run_id"])

        def read(pages: RowPages) -> dict[str, Any]:
            return {
                **command_values(pages.journal.info, self._services.launch),
                "has_corrections": pages.journal.has_corrections(),
            }

        return json_response(await self._services.rows.read(path, read))

    async def _download(self, request: web.Request) -> web.StreamResponse:
        run_id, name = request.match_info["run_id"], request.match_info["name"]
        values = await self._values(run_id)
        if not values["results_ready"]:
            raise RequestError(
                404, "REPORT_NOT_READY", "The run is still running. Its results are written when it ends."
            )
        return await prepare_download(run_id, name, self._services)

    async def _stop(self, request: web.Request) -> web.Response:
        start = self._services.starts.running(request.match_info["run_id"])
        if start.job is not None:
            start.job.stop()
        return json_response({}, 202)

    async def _confirm(self, request: web.Request) -> web.Response:
        values = await read_object(request, number=(str, type(None)), sandbox=bool)
        run_id, number = request.match_info["run_id"], values.get("number")
        if number is not None:
            await self._require_target(await self._values(run_id), values.get("sandbox"))
        self._services.starts.confirm(run_id, number)
        return json_response({}, 202)

    async def _act(self, request: web.Request) -> web.Response:
        run_id, action = request.match_info["run_id"], request.match_info["action"]
        values = await read_object(request, confirm=int, sandbox=bool)
        run = await self._values(run_id)
        if not run["can"][action]:
            raise RequestError(
                409, "NOT_POSSIBLE", "This is no longer possible, because the run has changed. Reload the page."
            )
        if action == "undo" and values.get("confirm") != run["undo_pairs"]:
            raise RequestError(409, "CHECK_OUTDATED", "The number of pairs to undo has changed. Check it again.")
        await self._require_target(run, values.get("sandbox"))
        store, edits = self._services.store, self._services.store.run_edits(run_id)
        arguments = {"run_id": run_id, "edits": listed(edits.cells)}
        job = await self._services.session.job(JobKind(action), arguments)
        sent = edits if action == "retry" else RunEdits()
        start = await self._services.starts.begin(job, run_id, on_run=lambda _: store.mark_sent(run_id, sent))
        return json_response({"start": start.id}, 202)

    async def _require_target(self, run: dict[str, Any], shown_sandbox: bool | None) -> None:
        """Raise RequestError unless the page is set to the account of a run."""
        await self._services.session.account()  # requests it from HubSpot if it is not known
        require_target(run, self._services.session, shown_sandbox)

    async def _delete(self, request: web.Request) -> web.Response:
        run_id = request.match_info["run_id"]
        path, services = journal_path(self._settings, run_id), self._services
        source = await services.rows.read(path, lambda pages: pages.journal.info.source)
        await services.rows.forget(path)
        await asyncio.to_thread(remove_run, run_id, self._settings)
        services.store.remove_downloads(run_id)
        import_id = services.store.of_source(source)
        if import_id is not None:
            await self._release(import_id)
        return web.Response(status=204)

    async def _release(self, import_id: str) -> None:
        """Delete an import whose only run was deleted; an import with other runs gets the latest of them."""
        store = self._services.store
        runs = await asyncio.to_thread(self._services.runs.all)
        others = [run["run_id"] for run in runs if run["import_id"] == import_id]
        if others:
            store.save(replace(store.load(import_id), run_id=others[0]))
            return
        await self._services.rows.forget(store.journal_of_check(import_id))
        await asyncio.to_thread(store.remove, import_id)

    async def _values(self, run_id: str) -> dict[str, Any]:
        """Return a run as JSON values, with what its process reports in addition to the journal."""
        path, services = journal_path(self._settings, run_id), self._services
        edits = services.store.run_edits(path.stem)
        values, processes = await services.rows.read(
            path, lambda pages: (run_values(pages, services.runs, edits), pages.journal.processes())
        )
        of_run, starting = services.starts.of_run(run_id), services.starts.starting(run_id)
        is_ours = of_run is not None and not of_run.has_ended
        values["can"]["stop"] = values["can"]["stop"] and is_ours
        if is_ours and values["state"] != "running":
            values["can"] = dict.fromkeys(values["can"], False)  # its process is about to begin, or to end
        return {
            **values,
            "notices": list(of_run.notices) if of_run is not None else [],
            "error": values["error"] or _error_of_start(of_run, values, processes),
            "confirm": of_run.confirmation if of_run is not None else None,
            "start": starting.id if starting is not None else None,
            "other_target": other_target(values, services.session),
        }


def _error_of_start(
    start: Start | None, values: dict[str, Any], processes: Sequence[ProcessSpan]
) -> dict[str, str] | None:
    """Return the error of the last start here that its journal does not have, as its process never began or was killed.

    It no longer holds once the run was undone, or another process, such as a command, has worked on it.
    """
    if start is None or start.ended_at is None or values["state"] != "unfinished" or values["undone"] is not None:
        return None
    return None if any(process.start > start.ended_at for process in processes) else start.error


def _wanted(request: web.Request) -> Filter:
    status = request.query.get("status", "")
    if status and status not in {*Status, *_GROUPS}:
        raise RequestError(400, "WRONG_TYPE", f"A row cannot have the status {status!r}.")
    statuses = _GROUPS.get(status) or (frozenset({Status(status)}) if status else frozenset())
    return Filter(statuses=statuses, text=request.query.get("q", ""))


def _problem_text(problem: Problem) -> str:
    return f"{problem.column}: {problem.message}" if problem.column else problem.message


def _edit_values(row: RowOutcome, pages: RowPages, edits: RunEdits) -> dict[str, Any]:
    """Return which cells of a row can be corrected, the corrections so far, and the row with them, as JSON values."""
    status, _ = row_result(row, pages.journal.info.row_names)
    texts = edits.of_row(row.number)
    return {
        "editable": correctable_columns(pages.journal, row, status),
        "edits": texts,
        "judged": judged_values(pages, row.number, texts) if texts else None,
    }


def _row_values(row: RowOutcome, pages: RowPages, account: dict[str, Any]) -> dict[str, Any]:
    """Return a row of a run as JSON values."""
    info, owner = pages.journal.info, pages.journal.account
    status, texts = row_result(row, info.row_names)
    portal_id = owner.portal_id if owner is not None else None
    domain = account.get("domain", "") if account.get("id") == portal_id else ""
    is_to_be_sent = (
        status is Status.NOT_SENT and not pages.journal.is_finished and info.operation is not Operation.VERIFY
    )
    return {
        "number": row.number,
        "name": info.row_names.of(row.number),
        "status": status,
        "message": " ".join(map(_problem_text, row.problems)) or texts[_MESSAGE],
        "advice": TO_BE_SENT if is_to_be_sent else texts[_ADVICE],
        "details": texts[_DETAILS],
        "cells": row.cells,
        "original": row.originals,
        "links": [record_links(pair, portal_id, domain) for pair in row.pairs],
    }
