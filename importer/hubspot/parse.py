"""Parses responses tolerantly: any field may be missing or malformed without raising an error.

Source: HubSpot, OpenAPI schemas BatchResponsePublicDefaultAssociation, StandardError, ErrorDetail and Error; its error
page asks clients to treat every field as optional.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from importer.hubspot.response import Association, ErrorItem, RateHeaders, Response
from importer.redaction import cleaned, may_hold_secret, redact, redact_json

MAX_TEXT_LENGTH = 2_000
"""Number of characters of a text that are kept: a message of a megabyte would fill journals and cells."""

_MAX_DETAILS = 100_000
_MAX_ITEMS = 100
_MAX_DEPTH = 8
_FIELDS_WITHOUT_ERRORS = frozenset({"results", "startedAt", "completedAt", "requestedAt"})
_CONTEXT_ITEM = re.compile(r"(\w+)=\[([^\]]*)\]")

_NO_ERROR = ErrorItem()


def parse_response(http_status: int, body: bytes, rate: RateHeaders, retry_after: float | None) -> Response:
    """Parse a body of any kind."""
    content = _json_object(body)
    if content is None:
        return Response(http_status, is_json=False, details=_details_of_text(body), retry_after=retry_after, rate=rate)
    num_errors = _count(content.get("numErrors"))
    error = _error_item(content, 0) if _has_errors(http_status, content) else _NO_ERROR
    return Response(
        http_status,
        is_json=True,
        status=_exact(content.get("status")),
        num_errors=num_errors,
        results=tuple([_association(item) for item in objects(content.get("results"))]),
        completed_at=_text(content.get("completedAt")),
        error=error,
        correlation_id=_text(content.get("correlationId")),
        policy_name=_text(content.get("policyName")),
        details="" if not num_errors and (error is _NO_ERROR or error == _NO_ERROR) else _details(content),
        retry_after=retry_after,
        rate=rate,
        content=content,
    )


def errors_of(response: Response) -> Iterator[ErrorItem]:
    """Yield every item of `errors`, including those not kept in `response.error`: a batch may have thousands."""
    errors = response.content.get("errors") or []
    return (_error_item(item, 0) for item in (errors if isinstance(errors, list) else [errors]))


def objects(items: object) -> list[dict[str, Any]]:
    """Return the items of a JSON list that are objects; [] for anything else."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        text, content = _decoded(body)
        if not isinstance(content, dict):
            return None
        return redact_json(content) if may_hold_secret(text) else content
    except (ValueError, RecursionError):
        return None


def _decoded(body: bytes) -> tuple[str, Any]:
    """Return a body as text and as a JSON value. Raises ValueError or RecursionError if it is not JSON.

    orjson takes a third of the time of the json module, but accepts only strict UTF-8 and finite numbers. It returns
    integers of more than 64 bits as floats: no record id is that long.
    """
    try:
        content = orjson.loads(body)
        return body.decode(), content
    except orjson.JSONDecodeError:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
        return text, _DECODER.decode(text)


def _finite(number: str) -> float | str:
    """Return a number that JSON can represent; infinity stays text."""
    value = float(number)
    return value if math.isfinite(value) else number


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=str)


def _has_errors(http_status: int, content: Mapping[str, Any]) -> bool:
    return http_status >= 300 or bool(
        content.get("errors") or content.get("category") or content.get("message") or content.get("numErrors")
    )


def _count(value: object) -> int | None:
    """Return a number of errors; a value that is not a valid number counts as one error, since it is not clearly 0."""
    if value is None:
        return None
    text = str(int(value)) if isinstance(value, bool) else str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def _association(item: Mapping[str, Any]) -> Association:
    spec = item.get("associationSpec")
    spec = spec if isinstance(spec, dict) else {}
    return Association(
        id_of(item.get("from")) or _exact(item.get("fromObjectId")),  # the latter in labelled calls
        id_of(item.get("to")) or _exact(item.get("toObjectId")),
        _text(spec.get("associationCategory")),
        _text(spec.get("associationTypeId")),
    )


def id_of(record: object) -> str:
    """Return the id of `{"id": …}` as text, or ""."""
    value = record.get("id") if isinstance(record, dict) else None
    return value if isinstance(value, str) and value.isascii() and len(value) <= MAX_TEXT_LENGTH else _exact(value)


def id_text(value: object) -> str:
    """Return a JSON text or integer as text, not truncated; "" for anything else."""
    return value if isinstance(value, str) else str(value) if type(value) is int else ""


def _exact(value: object) -> str:
    """Return text unchanged and a number as text; for anything else its JSON, which is not a valid id or status."""
    if isinstance(value, str):
        return value if value.isascii() and len(value) <= MAX_TEXT_LENGTH else truncate(value)
    return "" if value is None else truncate(_compact(value))


def _error_item(content: object, depth: int) -> ErrorItem:
    if not isinstance(content, dict) or depth > _MAX_DEPTH:
        return ErrorItem(message=_text(content))
    nested = content.get("errors") or []
    nested = nested if isinstance(nested, list) else [nested]
    return ErrorItem(
        category=_text(content.get("category") or content.get("errorType")),
        sub_category=_text(content.get("subCategory")),
        message=_text(content.get("message")),
        status=_text(content.get("status")),
        code=_text(content.get("code")),
        id=_text(content.get("id")),
        where=_text(content.get("in")),
        context=_context(content.get("context")),
        errors=tuple(_error_item(item, depth + 1) for item in nested[:_MAX_ITEMS]),
    )


def _context(content: object) -> Mapping[str, tuple[str, ...]]:
    if isinstance(content, dict):
        return {_text(name): _texts(values) for name, values in content.items()}
    if isinstance(content, list):
        return {"context": _texts(content)}
    if isinstance(content, str) and content:
        items = {name: _texts(re.split(r",\s*", values)) for name, values in _CONTEXT_ITEM.findall(content)}
        return items or {"context": (_text(content),)}
    return {}


def _texts(values: object) -> tuple[str, ...]:
    return tuple(_text(value) for value in values[:_MAX_ITEMS]) if isinstance(values, list) else (_text(values),)


def _text(value: object) -> str:
    """Return a JSON value as text without control characters: "" for null, an object's name or value if it has one."""
    if isinstance(value, str):
        is_plain = len(value) <= MAX_TEXT_LENGTH and value.isascii() and value.isprintable()  # true of most texts
        return value if is_plain else truncate(cleaned(value))
    if value is None:
        return ""
    if type(value) is int:  # without the detour through JSON
        text = str(value)
        return text if len(text) <= MAX_TEXT_LENGTH else truncate(text)
    if isinstance(value, dict):
        value = value.get("name") or value.get("value") or _compact(value)
    return truncate(cleaned(value if isinstance(value, str) else _compact(value)))


def sanitize(text: str) -> str:
    """Return text from outside a JSON body without secrets and control characters, truncated."""
    return truncate(cleaned(redact(text)))


def truncate(text: str) -> str:
    """Return `text` truncated to `MAX_TEXT_LENGTH` characters with a note of its length, without lone surrogates."""
    if len(text) > MAX_TEXT_LENGTH:
        text = f"{text[:MAX_TEXT_LENGTH]}… ({len(text):,} characters)"
    return text if text.isascii() else _replace_surrogates(text)


def _replace_surrogates(text: str) -> str:
    r"""Return `text` with lone surrogates replaced: JSON allows `\ud83d`; UTF-8, and so the journal, does not."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _details(content: Mapping[str, Any]) -> str:
    errors = {key: value for key, value in content.items() if key not in _FIELDS_WITHOUT_ERRORS}
    details = _compact(_truncate(errors, 0))
    return details if len(details) <= _MAX_DETAILS else _compact({"body": truncate(details)})


def _details_of_text(body: bytes) -> str:
    text = sanitize(body.decode(json.detect_encoding(body), "replace")).strip()
    return _compact({"body": text}) if text else ""


def _truncate(value: object, depth: int) -> object:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict | list) and depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {_text(key): _truncate(item, depth + 1) for key, item in list(value.items())[:_MAX_ITEMS]}
    if isinstance(value, list):
        return [_truncate(item, depth + 1) for item in value[:_MAX_ITEMS]]
    return value


def _compact(value: object) -> str:
    try:
        return _replace_surrogates(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        return '"…"'
