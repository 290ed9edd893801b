"""Parsing of request paths and bodies; invalid ones become responses."""

import json
from dataclasses import dataclass
from urllib.parse import unquote

from importer.sandbox import responses
from importer.sandbox.catalog import TYPE_NAMES
from importer.sandbox.responses import Json, Refusal, Response
from importer.sandbox.state import Pair

VERSIONS = ("v4", "2026-03", "2026-09")
"""The supported API versions. `v4` is in front of the area in the path, the others are behind it."""

_MAX_ID_DIGITS = 19


@dataclass(frozen=True, slots=True)
class PutRoute:
    """One pair to link, or the refusal of invalid ids."""

    pair: Pair | Refusal


@dataclass(frozen=True, slots=True)
class BatchRoute:
    """A batch of inputs to link (`read` False) or of records to read back (`read` True) between two types."""

    from_type: str
    to_type: str
    read: bool


@dataclass(frozen=True, slots=True)
class AccountRoute:
    """A request for the details of the account."""


Route = PutRoute | BatchRoute | AccountRoute | Response


def find(method: str, raw_path: str) -> Route:
    """Return the route of the request line, or the response that refuses it (404, 405 or 400)."""
    parts = raw_path.partition("?")[0].split("/")
    if "%" in raw_path:
        parts = [unquote(part) for part in parts]
    if parts[:2] == ["", "account-info"] and parts[2:] in [["v3", "details"], *([v, "details"] for v in VERSIONS[1:])]:
        return AccountRoute() if method == "GET" else _not_allowed(method)
    match _without_version(parts):
        case ["objects", from_type, from_id, "associations", "default", to_type, to_id]:
            return _put_route(from_type, from_id, to_type, to_id) if method == "PUT" else _not_allowed(method)
        case ["associations", from_type, to_type, "batch", "associate", "default"]:
            return _batch_route(from_type, to_type, read=False) if method == "POST" else _not_allowed(method)
        case ["associations", from_type, to_type, "batch", "read"]:
            return _batch_route(from_type, to_type, read=True) if method == "POST" else _not_allowed(method)
    return Response(404, responses.error("OBJECT_NOT_FOUND", "The requested path could not be found."))


def _without_version(parts: list[str]) -> list[str]:
    match parts:
        case ["", "crm", "v4", *rest]:
            return rest
        case ["", "crm", area, "2026-03" | "2026-09", *rest]:
            return [area, *rest]
    return []


def _not_allowed(method: str) -> Response:
    return Response(405, responses.error("METHOD_NOT_ALLOWED", f"HTTP {method} is not allowed here."))


def _put_route(from_type: str, from_id: str, to_type: str, to_id: str) -> Route:
    if refusal := unknown_type(from_type) or unknown_type(to_type):
        return PutRoute(refusal)
    return PutRoute(pair_of(TYPE_NAMES[from_type], from_id, TYPE_NAMES[to_type], to_id))


def _batch_route(from_type: str, to_type: str, *, read: bool) -> Route:
    if refusal := unknown_type(from_type) or unknown_type(to_type):
        return refusal.response()
    return BatchRoute(TYPE_NAMES[from_type], TYPE_NAMES[to_type], read)


def unknown_type(name: str) -> Refusal | None:
    """Return the refusal of a type that the account does not have."""
    if name in TYPE_NAMES:
        return None
    return responses.invalid(f"Unable to infer object type from: {name}", context={"objectType": [name]})


def pair_of(from_type: str, from_id: str, to_type: str, to_id: str) -> Pair | Refusal:
    """Return the pair of two known types and two ids as texts, or the refusal of an invalid id."""
    for text in (from_id, to_id):
        if not is_id(text):
            return responses.invalid(f"Invalid object id: {text[:100]}", context={"id": [text[:100]]})
    return Pair(from_type, int(from_id), to_type, int(to_id))


def is_id(text: str) -> bool:
    """Return whether this is a record id: ASCII digits that fit into 64 bits."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_ID_DIGITS


def inputs(body: bytes, maximum: int) -> list[Json] | Response:
    """Return the `inputs` of a batch body, or the 400 that refuses it."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):  # the second for JSON nested too deep
        return responses.invalid("Invalid input JSON on line 1, column 1").response()
    found = parsed.get("inputs") if isinstance(parsed, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return responses.invalid("Invalid input JSON: 'inputs' must be a list of objects").response()
    if not 0 < len(found) <= maximum:
        return responses.invalid(f"'inputs' has {len(found)} entries; 1 to {maximum} are allowed").response()
    return found


def input_pair(from_type: str, to_type: str, entry: Json) -> Pair | Refusal:
    """Return the pair of one entry `{"from": {"id"}, "to": {"id"}}`."""
    return pair_of(from_type, input_id(entry.get("from")), to_type, input_id(entry.get("to")))


def input_id(end: object) -> str:
    """Return the id of `{"id": "7"}` as text, "" if it is missing."""
    return str(end.get("id", "")) if isinstance(end, dict) else ""
