"""The sandbox's own pages under /sandbox/, to read and change its state. They are not counted as calls."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import web

from importer.sandbox import dump, responses
from importer.sandbox.association_types import AssociationType
from importer.sandbox.catalog import TYPE_NAMES
from importer.sandbox.faults.injector import parse_fault
from importer.sandbox.options import SandboxOptions
from importer.sandbox.pairs import Pair, Record
from importer.sandbox.service import Service
from importer.sandbox.state import State

_Body = dict[str, Any]


class Control:
    """Handles requests under /sandbox/.

        GET  /sandbox/state[?summary=1]   the state; the summary omits the lists of pairs
        GET  /sandbox/links               all links with their types, sorted: equal links give equal bytes
        POST /sandbox/records             {"add": [R…], "archive": [R…], "remove": [R…],
                                           "merge": [{"type", "id", "into"}…]}
        POST /sandbox/associations        {"add": [A…], "remove": [A…], "remove_labels": [A…]}
        POST /sandbox/labels              {"add": [L…], "rename": [L…], "remove": [L…], "limit": [L…],
                                           "remove_default": [{"from", "to"}…]}: default links are refused
        POST /sandbox/properties          {"add": [{"type", "name", "unique": true}…]}
        POST /sandbox/tokens              {"token", "refresh_token", "expire": true}: each is optional
        POST /sandbox/faults              {"faults": ["NAME=SPEC"…]}: replaces the faults in use

    R is `{"type": "contacts", "id": "7"}`; an added record may also have `"properties": {…}` (`hs_additional_emails`:
    separated by `;`). A is `{"from": R, "to": R}`, optionally with the labels to add or remove in that direction:
    `"types": ["USER_DEFINED:1"…]`. L is `{"from": "contacts", "to": "companies", "label": "Billing",
    "inverse_label": "Billed by"}` to add a label (an inverse label makes it a paired one); the other actions name
    `"type": "USER_DEFINED:1"`, a limit also `"max": 5` (null: no limit). Changes bypass the rules of the API: no limit
    refuses them, and no lead is deleted.
    """

    def __init__(self, options: SandboxOptions, state: State, service: Service) -> None:
        self._options = options
        self._state = state
        self._service = service
        self._changes: dict[str, Callable[[_Body], dict[str, Any] | None]] = {
            "/sandbox/records": self._change_records,
            "/sandbox/associations": self._change_associations,
            "/sandbox/labels": self._change_labels,
            "/sandbox/properties": self._change_properties,
            "/sandbox/tokens": self._change_tokens,
            "/sandbox/faults": self._change_faults,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle one request."""
        path = request.rel_url.path
        if request.method == "GET" and path == "/sandbox/state":
            return await self._send_state(request, with_lists=request.query.get("summary") != "1")
        if request.method == "GET" and path == "/sandbox/links":
            return await _stream(request, self._sorted_links())
        if request.method == "POST" and path in self._changes:
            return await self._change(request, self._changes[path])
        if path == "/sandbox/redirected":
            self._state.redirects_followed += 1
            return web.json_response({"message": "A redirect was followed to here."})
        return web.json_response({"message": "The sandbox has no such page."}, status=404)

    # ---- reading

    async def _send_state(self, request: web.BaseRequest, *, with_lists: bool) -> web.StreamResponse:
        summary = dump.summary(self._options, self._state)
        if not with_lists:
            return web.json_response(summary)
        return await _stream(request, self._state_with_lists(json.dumps(summary)))

    def _state_with_lists(self, summary: str) -> Iterator[bytes]:
        yield f'{summary[:-1]}, "associations": ['.encode()  # the lists go in before the closing brace
        yield from dump.associations(self._state.links)
        yield b'], "asked": ['
        yield from dump.asked(self._state.asked)
        yield b'], "removals": ['
        yield from dump.asked(self._state.removals)
        yield b"]}"

    def _sorted_links(self) -> Iterator[bytes]:
        yield b'{"links": ['
        yield from dump.sorted_links(self._state.links)
        yield b"\n]}\n"

    # ---- writing

    async def _change(self, request: web.BaseRequest, change: Callable[[_Body], dict[str, Any] | None]) -> web.Response:
        try:
            result = change(json.loads(await request.content.read()))  # of any size
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return web.json_response({"message": f"Invalid request: {error!r}"}, status=400)
        return web.json_response({**dump.summary(self._options, self._state)["counts"], **(result or {})})

    def _change_records(self, body: _Body) -> None:
        for entry in body.get("add", ()):
            self._state.records.add(_record(entry), entry.get("properties"))
        for entry in body.get("archive", ()):
            self._state.archive(_record(entry), entry.get("archived_at") or responses.now())
        for entry in body.get("remove", ()):
            self._state.records.remove(_record(entry))
        for entry in body.get("merge", ()):
            self._state.merge(_record(entry), int(entry["into"]))

    def _change_associations(self, body: _Body) -> None:
        links = self._state.links
        for entry in body.get("add", ()):
            pair, types = self._pair_with_types(entry)
            links.add(pair)
            if types:
                links.add_labels(pair, types)
        for entry in body.get("remove", ()):
            links.remove(_pair(entry))
        for entry in body.get("remove_labels", ()):
            links.remove_labels(*self._pair_with_types(entry))

    def _pair_with_types(self, entry: _Body) -> tuple[Pair, list[AssociationType]]:
        pair, types = _pair(entry), [_type(text) for text in entry.get("types", ())]
        unlabelled = self._state.types.unlabelled(pair.from_type, pair.to_type)
        for one in types:
            if self._state.types.find(pair.from_type, pair.to_type, one) is None:
                raise ValueError(f"{one} does not exist from {pair.from_type} to {pair.to_type}")
        return pair, [one for one in types if one != unlabelled]

    def _change_labels(self, body: _Body) -> dict[str, Any]:
        types, added = self._state.types, []
        for entry in body.get("add", ()):
            created = types.add_label(*_direction(entry), entry["label"], entry.get("inverse_label"))
            added.append({"type": str(created.type), "inverse": str(created.inverse)})
        for entry in body.get("rename", ()):
            types.rename_label(*_direction(entry), _type(entry["type"]), entry["label"])
        for entry in body.get("remove", ()):
            self._state.links.forget_label(*_direction(entry), _type(entry["type"]))
            types.remove_label(*_direction(entry), _type(entry["type"]))
        for entry in body.get("remove_default", ()):
            types.remove_default(*_direction(entry))
        for entry in body.get("limit", ()):
            types.set_limit(*_direction(entry), _type(entry["type"]), entry["max"])
        return {"added": added}

    def _change_properties(self, body: _Body) -> None:
        for entry in body["add"]:
            self._state.records.define(TYPE_NAMES[entry["type"]], entry["name"], is_unique=bool(entry.get("unique")))

    def _change_tokens(self, body: _Body) -> None:
        tokens = self._service.tokens
        tokens.permanent = body.get("token", tokens.permanent)
        tokens.refresh_token = body.get("refresh_token", tokens.refresh_token)
        if body.get("expire"):
            tokens.expire_all()

    def _change_faults(self, body: _Body) -> None:
        self._service.use_faults(tuple(parse_fault(text) for text in body["faults"]))


async def _stream(request: web.BaseRequest, chunks: Iterator[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for chunk in chunks:
        await response.write(chunk)
    await response.write_eof()
    return response


def _record(entry: _Body) -> Record:
    return TYPE_NAMES[entry["type"]], int(entry["id"])


def _pair(entry: _Body) -> Pair:
    return Pair(*_record(entry["from"]), *_record(entry["to"]))


def _direction(entry: _Body) -> tuple[str, str]:
    return TYPE_NAMES[entry["from"]], TYPE_NAMES[entry["to"]]


def _type(text: str) -> AssociationType:
    category, _, number = text.partition(":")
    return AssociationType(category, int(number))
