"""Requests about uploaded files: upload, columns, and the start of a run."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from importer.errors import JournalError
from importer.model import Operation
from importer.runner.state_directory import journal_path
from importer.web.import_values import column_names, import_values
from importer.web.protocol import JobKind
from importer.web.readings import REMEMBERED, header_key, merged
from importer.web.responses import RequestError, json_response, read_object
from importer.web.services import Services
from importer.web.store import Import
from importer.web.uploads import SAMPLES, copy_sample, receive

_OPERATIONS = {str(Operation.LINK), str(Operation.UNLINK)}
_LABEL_MODES = {"add", "replace"}
_RUN_KEYS: dict[str, type | tuple[type, ...]] = {
    "first_rows": (int, type(None)),
    "pairs": int,
    "account": (int, type(None)),
    "sandbox": bool,
    "key": str,
    "run_id": (str, type(None)),
}
"""Of a request for a run: what to send, and what the page showed. A run of anything else is refused."""


class ImportsApi:
    """The handlers of `/api/imports`."""

    def __init__(self, services: Services) -> None:
        """Use the services of the server."""
        self._services = services
        self._store = services.store

    @property
    def routes(self) -> list[web.RouteDef]:
        """The routes and their handlers."""
        return [
            web.get("/api/samples", self._samples),
            web.get("/api/imports", self._list),
            web.post("/api/imports", self._upload),
            web.post("/api/imports/sample", self._copy_sample),
            web.get("/api/imports/{id}", self._show),
            web.patch("/api/imports/{id}", self._change),
            web.delete("/api/imports/{id}", self._delete),
            web.post("/api/imports/{id}/run", self._run),
        ]

    async def _samples(self, request: web.Request) -> web.Response:
        return json_response([{"name": name, "about": about} for name, about in SAMPLES.items()])

    async def _list(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(lambda: list(self._store.all()))
        keys = ("id", "name", "created_at", "operation", "run_id")
        return json_response([{key: getattr(one, key) for key in keys} for one in found])

    async def _upload(self, request: web.Request) -> web.Response:
        return json_response({"id": (await receive(request, self._store)).id}, 201)

    async def _copy_sample(self, request: web.Request) -> web.Response:
        values = await read_object(request, name=str)
        created = await asyncio.to_thread(copy_sample, values.get("name", next(iter(SAMPLES))), self._store)
        return json_response({"id": created.id}, 201)

    async def _show(self, request: web.Request) -> web.Response:
        found = self._store.load(request.match_info["id"])
        is_first = self._store.read(found.id, "preview") is None
        preview = await self._preview(found)
        if is_first and not found.reading:
            found, preview = await self._prefilled(found, preview)
        return self._response(found, preview)

    async def _prefilled(self, found: Import, preview: dict[str, Any]) -> tuple[Import, dict[str, Any]]:
        """Return a new import with the settings that fit its header, remembered or suggested ones, and its preview."""
        remembered = self._store.remembered(header_key(column_names(preview)))
        suggested = None if remembered else preview.get("lookup")
        if not remembered and not suggested:
            return found, preview
        filled = replace(
            found, reading=remembered or suggested or {}, is_remembered=bool(remembered), is_suggested=bool(suggested)
        )
        preview_of_filled = await self._preview(filled)
        if suggested and preview_of_filled["error"] is not None:
            return found, preview
        self._store.save(filled)
        return filled, preview_of_filled

    async def _change(self, request: web.Request) -> web.Response:
        values = await read_object(request, operation=str, label_mode=str, reading=dict)
        found = self._store.load(request.match_info["id"])
        if values.get("operation", found.operation) not in _OPERATIONS:
            raise RequestError(400, "WRONG_TYPE", "The operation must be link or unlink.")
        if values.get("label_mode", found.label_mode) not in _LABEL_MODES:
            raise RequestError(400, "WRONG_TYPE", "The label mode must be add or replace.")
        columns = (await self._preview(found)).get("columns", ())
        found = self._store.load(found.id)
        reading = merged(found.reading, values.get("reading", {}), columns)
        changed = replace(
            found,
            operation=values.get("operation", found.operation),
            label_mode=values.get("label_mode", found.label_mode),
            reading=reading,
            is_remembered=found.is_remembered and reading == found.reading,
            is_suggested=found.is_suggested and reading == found.reading,
        )
        self._store.save(changed)
        return self._response(changed, await self._preview(changed))

    async def _delete(self, request: web.Request) -> web.Response:
        found = self._store.load(request.match_info["id"])
        if found.run_id is not None:
            raise RequestError(409, "IMPORT_HAS_RUN", "This file has a run. Delete the run instead.")
        await asyncio.to_thread(self._store.remove, found.id)
        return web.Response(status=204)

    async def _run(self, request: web.Request) -> web.Response:
        values = await read_object(request, **_RUN_KEYS)
        found = self._store.load(request.match_info["id"])
        services = self._services
        await self._require_shown(found, values)
        preview = await self._preview(found)
        remembered = {key: value for key, value in found.reading.items() if key in REMEMBERED}
        self._store.remember(header_key(column_names(preview)), remembered)
        arguments = {
            "file": str(self._store.source(found)),
            "edits": found.edits,
            "operation": found.operation,
            "first_rows": values.get("first_rows"),
        }
        job = await services.session.job(JobKind.RUN, arguments, await services.checks.flags(found))
        start = await services.starts.begin(job, found.id, on_run=lambda run_id: self._set_run(found.id, run_id))
        if start.job is not None:
            start.job.result.add_done_callback(lambda _: self._drop_discarded(found))
        return json_response({"start": start.id}, 202)

    async def _require_shown(self, found: Import, values: Mapping[str, Any]) -> None:
        """Raise RequestError unless a page that asks for a run shows the import as it is now."""
        services = self._services
        if found.run_id is not None and services.starts.is_running(found.run_id):
            raise RequestError(409, "RUN_BUSY", "This file is already being sent. Open its run.")
        if values.get("run_id", found.run_id) != found.run_id:
            raise RequestError(
                409,
                "RUN_BUSY",
                "This file has been sent since this page was loaded. Reload the page, which shows the run.",
            )
        state = await services.checks.state(found)
        account, _ = await services.session.account()
        shown = values.get("account"), values.get("sandbox", services.session.is_sandbox)
        if shown != (account["id"] if account is not None else None, services.session.is_sandbox):
            raise RequestError(
                409, "ACCOUNT_CHANGED", "The HubSpot account has changed since this page was loaded. Reload the page."
            )
        if state.pairs is None or (state.pairs, state.key) != (values.get("pairs"), values.get("key", state.key)):
            raise RequestError(
                409,
                "CHECK_OUTDATED",
                "A correction or a setting has changed since the file was checked. Check it again.",
            )

    def _drop_discarded(self, before: Import) -> None:
        """Restore the earlier run of an import if the new one was discarded, like a removal that was not confirmed."""
        with contextlib.suppress(RequestError):  # the import was deleted meanwhile
            found = self._store.load(before.id)
            try:
                if found.run_id is not None:
                    journal_path(self._services.launch.settings, found.run_id)
            except JournalError:
                self._store.save(replace(found, run_id=before.run_id))

    def _set_run(self, import_id: str, run_id: str) -> None:
        self._store.save(replace(self._store.load(import_id), run_id=run_id))

    async def _preview(self, found: Import) -> dict[str, Any]:
        """Return the preview of a file, read with the choices made so far."""
        stored = self._store.read(found.id, "preview")
        if stored is not None and stored["reading"] == json.loads(json.dumps(found.reading)):
            return dict(stored["preview"])
        job = await self._services.session.job(
            JobKind.PREVIEW, {"file": str(self._store.source(found))}, await self._services.checks.flags(found)
        )
        preview: dict[str, Any] = await self._services.workers.run(job)
        self._store.write(found.id, "preview", {"reading": found.reading, "preview": preview})
        return preview

    def _response(self, found: Import, preview: dict[str, Any]) -> web.Response:
        start = self._services.starts.starting(found.id)
        return json_response(import_values(found, preview, start.id if start is not None else None))
