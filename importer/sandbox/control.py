"""The sandbox's own pages under /sandbox/, to read and change its state. They are not counted as calls."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from aiohttp import web

from importer.sandbox.catalog import CUSTOM_TYPES, OBJECT_TYPES, TYPE_NAMES
from importer.sandbox.faults.injector import Fault, parse_fault
from importer.sandbox.options import SandboxOptions
from importer.sandbox.state import FIRST_RECORD, LAST_RECORD, Pair, Record, State

_CHUNK = 5_000
"""Pairs per write, so that a state of a million pairs neither fills memory nor blocks the server."""


_Body = dict[str, Any]
_UseFaults = Callable[[tuple[Fault, ...]], None]


class Control:
    """Handles requests under /sandbox/.

        GET  /sandbox/state[?summary=1]   the state; the summary omits the lists of pairs
        POST /sandbox/records             {"add": [R…], "remove": [R…], "merge": [{"type", "id", "into"}…]}
        POST /sandbox/associations        {"add": [A…], "remove": [A…]}
        POST /sandbox/faults              {"faults": ["NAME=SPEC"…]}: replaces the faults in use

    R is `{"type": "contacts", "id": "7"}`, A is `{"from": R, "to": R}`.
    """

    def __init__(self, options: SandboxOptions, state: State, use_faults: _UseFaults) -> None:
        self._options = options
        self._state = state
        self._use_faults = use_faults

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle one request."""
        match request.method, request.rel_url.path:
            case "GET", "/sandbox/state":
                return await self._send_state(request, summary=request.query.get("summary") == "1")
            case "POST", "/sandbox/records":
                return await self._change(request, self._change_records)
            case "POST", "/sandbox/associations":
                return await self._change(request, self._change_associations)
            case "POST", "/sandbox/faults":
                return await self._change(request, self._change_faults)
            case _, "/sandbox/redirected":
                self._state.redirects_followed += 1
                return web.json_response({"message": "A redirect was followed to here."})
        return web.json_response({"message": "The sandbox has no such page."}, status=404)

    # ---- reading

    def summary(self) -> dict[str, Any]:
        """Return the state without its lists of pairs."""
        state, options = self._state, self._options
        return {
            "records": self._records(),
            "counts": {
                "associations": len(state.links),
                "pairs_asked": len(state.asked),
                "calls": state.numbered_calls,
                "puts": state.calls["put"],
                "batch_calls": state.calls["batch"],
                "read_calls": state.calls["read"],
                "account_calls": state.calls["account"],
                "other_calls": state.calls["other"],
                "rate_limited": state.responses["429"],
                "redirects_followed": state.redirects_followed,
                "by_status": dict(sorted(state.responses.items())),
            },
            "rate": {
                "limit": options.limit,
                "window": options.window,
                "worst_window": state.worst_window,
                "daily_limit": options.daily_limit,
                "daily_used": state.daily_used,
            },
            "faults": dict(sorted(state.faults.items())),
        }

    def _records(self) -> dict[str, Any]:
        records = self._state.records
        return {
            name: {
                "id": type_id,
                "first": FIRST_RECORD,
                "last": LAST_RECORD,
                "added": [str(record_id) for kind, record_id in sorted(records.added) if kind == name],
                "removed": [str(record_id) for kind, record_id in sorted(records.removed) if kind == name],
            }
            for name, type_id in (OBJECT_TYPES | CUSTOM_TYPES).items()
        }

    async def _send_state(self, request: web.BaseRequest, *, summary: bool) -> web.StreamResponse:
        if summary:
            return web.json_response(self.summary())
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        head = json.dumps(self.summary())[:-1]  # the lists go in before its closing brace
        links, asked = list(self._state.links), list(self._state.asked.items())
        await response.prepare(request)
        await response.write(f'{head}, "associations": ['.encode())
        for chunk in _chunks(f"{{{_ends(pair)}}}" for pair in links):
            await response.write(chunk)
        await response.write(b'], "asked": [')
        for chunk in _chunks(f'{{{_ends(pair)}, "times": {times}}}' for pair, times in asked):
            await response.write(chunk)
        await response.write(b"]}")
        await response.write_eof()
        return response

    # ---- writing

    async def _change(self, request: web.BaseRequest, change: Callable[[_Body], None]) -> web.Response:
        try:
            change(json.loads(await request.read()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return web.json_response({"message": f"Invalid request: {error!r}"}, status=400)
        return web.json_response(self.summary()["counts"])

    def _change_records(self, body: _Body) -> None:
        for entry in body.get("add", ()):
            self._state.records.add(_record(entry))
        for entry in body.get("remove", ()):
            self._state.records.remove(_record(entry))
        for entry in body.get("merge", ()):
            self._state.merge(_record(entry), int(entry["into"]))

    def _change_faults(self, body: _Body) -> None:
        self._use_faults(tuple(parse_fault(text) for text in body["faults"]))

    def _change_associations(self, body: _Body) -> None:
        for entry in body.get("add", ()):
            self._state.links.add(_pair(entry))
        for entry in body.get("remove", ()):
            self._state.links.remove(_pair(entry))


def _record(entry: dict[str, Any]) -> Record:
    return TYPE_NAMES[entry["type"]], int(entry["id"])


def _pair(entry: dict[str, Any]) -> Pair:
    return Pair(*_record(entry["from"]), *_record(entry["to"]))


def _ends(pair: Pair) -> str:
    """Return the JSON of both ends. Names and ids need no escapes, and formatting is faster than a JSON encoder."""
    from_type, from_id, to_type, to_id = pair
    return f'"from": {{"type": "{from_type}", "id": "{from_id}"}}, "to": {{"type": "{to_type}", "id": "{to_id}"}}'


def _chunks(texts: Iterable[str]) -> Iterator[bytes]:
    """Join texts by commas, in chunks."""
    iterator, comma = iter(texts), ""
    while chunk := list(islice(iterator, _CHUNK)):
        yield (comma + ",".join(chunk)).encode()
        comma = ","
