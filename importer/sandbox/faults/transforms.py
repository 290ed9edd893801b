"""Building blocks of call faults: functions that return a `Transform`."""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from importer.sandbox import responses
from importer.sandbox.faults.conditions import Call
from importer.sandbox.faults.kinds import Transform
from importer.sandbox.responses import Delivery, Json, Response

STATUS_ERRORS = {
    400: ("VALIDATION_ERROR", "Invalid input JSON on line 1, column 1"),
    404: ("OBJECT_NOT_FOUND", "The requested resource could not be found."),
    405: ("METHOD_NOT_ALLOWED", "HTTP method not allowed here."),
    408: ("REQUEST_TIMEOUT", "The request took too long to arrive."),
    409: ("CONFLICT", "The resource is being changed by another request."),
    414: ("URI_TOO_LONG", "The request URL is too long."),
    423: ("LOCKED", "The resource is locked for 2 seconds while another change to it is processed."),
    477: ("MIGRATION_IN_PROGRESS", "This account is being moved to another data centre."),
    500: ("INTERNAL_ERROR", "internal error"),
    502: ("BAD_GATEWAY", "The request exceeded a processing limit."),
    503: ("SERVICE_UNAVAILABLE", "The service is temporarily unavailable."),
    504: ("GATEWAY_TIMEOUT", "The request exceeded a processing limit."),
}
"""Category and message of the error body of a status."""


def instead(make: Callable[[], Response]) -> Transform:
    """Send what `make` returns, whatever was requested."""
    return lambda call, unfaulted: make()


def status(code: int, headers: Mapping[str, str] | None = None) -> Transform:
    """Send this status with HubSpot's error body."""
    category, message = STATUS_ERRORS[code]
    return instead(lambda: Response(code, responses.error(category, message), headers or {}))


def html(code: int, title: str) -> Transform:
    """Send this status with an HTML page."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return instead(lambda: Response(code, page.encode(), content_type="text/html; charset=UTF-8"))


def refusal(code: int, category: str, message: str) -> Transform:
    """Send an error body with this category and message."""
    return instead(lambda: Response(code, responses.error(category, message)))


def batch_status(text: str) -> Transform:
    """Send a batch response that has this status and no results."""
    return instead(lambda: Response(200, responses.batch_body((), text)))


def body(value: object) -> Transform:
    """Replace the body of a success."""
    return lambda call, unfaulted: replace(unfaulted, body=value) if unfaulted.is_success else unfaulted


def edit(change: Callable[[Json], Json]) -> Transform:
    """Change the JSON object in the body of a success; an error response stays as it is."""

    def transform(call: Call, unfaulted: Response) -> Response:
        if not unfaulted.is_success or not isinstance(unfaulted.body, dict):
            return unfaulted
        return replace(unfaulted, body=change(unfaulted.body))

    return transform


def edit_batch(change: Callable[[Json], Json]) -> Transform:
    """Change bodies that have `status` and `results`, which are those of batch calls and of the default PUT."""
    return edit(lambda json_body: change(json_body) if {"status", "results"} <= json_body.keys() else json_body)


def success(code: int) -> Transform:
    """Replace the status of a success."""
    return lambda call, unfaulted: replace(unfaulted, status=code) if unfaulted.is_success else unfaulted


def deliver(delivery: Delivery) -> Transform:
    """Send the unfaulted response in another way."""
    return lambda call, unfaulted: replace(unfaulted, delivery=delivery)


def only_for(kinds: str, transform: Transform) -> Transform:
    """Apply the transform only to calls of these kinds, separated by spaces."""
    chosen = frozenset(kinds.split())
    return lambda call, unfaulted: transform(call, unfaulted) if call.kind in chosen else unfaulted


def retry_on_date(call: Call, unfaulted: Response) -> Response:
    """Send 503 with `Retry-After` as an HTTP date."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return status(503, {"Retry-After": date})(call, unfaulted)


def truncate(call: Call, unfaulted: Response) -> Response:
    """Cut the body in the middle."""
    text = _encoded(unfaulted)
    return replace(unfaulted, body=text[: len(text) // 2])


def compress(call: Call, unfaulted: Response) -> Response:
    """Compress the body."""
    data, headers = gzip.compress(_encoded(unfaulted)), {**unfaulted.headers, "Content-Encoding": "gzip"}
    return replace(unfaulted, body=data, headers=headers) if unfaulted.has_body else unfaulted


def _encoded(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
