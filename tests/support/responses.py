"""Responses as HubSpot writes them."""

import json
from typing import Any

from importer.hubspot.parse import parse_response
from importer.hubspot.response import RateHeaders, Response
from importer.model import ObjectType, Pair, RecordId

PAIR = Pair(ObjectType("contacts"), RecordId("123456"), ObjectType("companies"), RecordId("789"))


def result(from_id: object = "123456", to_id: object = "789", **spec: Any) -> dict[str, Any]:
    """Return one item of `results`."""
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279} | spec
    return {"associationSpec": kind, "from": {"id": from_id}, "to": {"id": to_id}}


def complete(**changes: Any) -> dict[str, Any]:
    """Return the body of a success with changed or additional fields; a field set to `...` is omitted."""
    body = {
        "status": "COMPLETE",
        "results": [result(), result("789", "123456", associationTypeId=280)],
        "startedAt": "2026-05-01T10:00:00.000Z",
        "completedAt": "2026-05-01T10:00:01.000Z",
    }
    return {key: value for key, value in (body | changes).items() if value is not ...}


def error(category: str = "VALIDATION_ERROR", message: str = "No.", **extra: Any) -> dict[str, Any]:
    """Return a body of the schema Error, or an item of `errors`."""
    return {"status": "error", "category": category, "message": message, "correlationId": "c-1", **extra}


def parsed(status: int, body: object, *, retry_after: float | None = None, interval: float | None = None) -> Response:
    """Return a response as the client parses it; `body` is bytes or a JSON value, `interval` the account's window."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_response(status, text, RateHeaders(interval=interval), retry_after)
