"""Responses as JSON, and how errors become responses."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from importer.errors import BusyError, ImporterError
from importer.web.protocol import error_values
from importer.web.workers import JobError

_NOT_FOUND = {"RUN_NOT_FOUND", "JOURNAL_MISSING"}
_CONFLICTS = {"RUN_BUSY", "COMMAND_BUSY", "TOKEN_IN_USE"}


class RequestError(Exception):
    """A request that cannot be carried out: the HTTP status, a stable code and a sentence for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Store the status, the code and the message."""
        self.status = status
        self.code = code
        super().__init__(message)


def json_response(value: Any, status: int = 200) -> web.Response:
    """Return a value as JSON."""
    return web.Response(body=json.dumps(value).encode(), status=status, content_type="application/json")


def error_response(error: Exception) -> web.Response:
    """Return an error as JSON with its code and its redacted sentence."""
    match error:
        case RequestError():
            status, code = error.status, error.code
        case JobError():
            status, code = status_of(error.code), error.code
        case ImporterError():
            status, code = 409 if isinstance(error, BusyError) else status_of(error.code), error.code
        case _:
            raise error
    return json_response(error_values(code, str(error)), status)


def status_of(code: str) -> int:
    """Return the HTTP status for the code of an ImporterError."""
    if code in _NOT_FOUND:
        return 404
    if code in _CONFLICTS:
        return 409
    return 500 if code in {"INTERNAL_ERROR", "WORKER_ENDED"} else 422


async def read_object(request: web.Request, **kinds: type | tuple[type, ...]) -> Mapping[str, Any]:
    """Return the JSON object in a request; `kinds` has the type of the value of each key. Every key is optional.

    Raises RequestError if the request has anything else.
    """
    try:
        value = json.loads(await request.read() or b"{}")
    except ValueError:
        raise RequestError(400, "NOT_JSON", "The request is not valid JSON.") from None
    if not isinstance(value, dict):
        raise RequestError(400, "NOT_JSON", "The request is not a JSON object.")
    for key, item in value.items():
        if key not in kinds:
            raise RequestError(400, "UNKNOWN_KEY", f"The request has an unknown key {key!r}.")
        if not isinstance(item, kinds[key]) or (isinstance(item, bool) and not _allows_bool(kinds[key])):
            raise RequestError(400, "WRONG_TYPE", f"The value of {key!r} in the request has the wrong type.")
    return value


def _allows_bool(kind: type | tuple[type, ...]) -> bool:
    return kind is bool or (isinstance(kind, tuple) and bool in kind)
