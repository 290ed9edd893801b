"""What one HTTP exchange said, read tolerantly: every field may be missing or odd, and none of that raises.

Source: HubSpot, OpenAPI schemas BatchResponsePublicDefaultAssociation, StandardError, ErrorDetail and Error; its error
page asks to treat every field as optional.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from importer.config import TOKEN_VARIABLE
from importer.redaction import cleaned, may_hold_secret, redact, redact_json

LONGEST_TEXT = 2_000
"""Characters of one text of an answer that are kept; a message of a megabyte would fill journals and cells."""

_LONGEST_DETAILS = 100_000
_MOST_ITEMS = 100
_DEEPEST = 8
_NOT_ABOUT_ERRORS = frozenset({"results", "startedAt", "completedAt", "requestedAt"})
_CONTEXT_ITEM = re.compile(r"(\w+)=\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """The account's own limits as an answer's headers tell them; None where they do not.

    `limit` calls in a rolling window of `interval` seconds; `daily_remaining` calls until the account's midnight.
    """

    limit: int | None = None
    interval: float | None = None
    daily_remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Association:
    """One item of `results`: a link in one direction."""

    from_id: str
    to_id: str
    category: str
    type_id: str


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """A StandardError, an ErrorDetail or the body of an Error: they share their fields.

    `context` maps a name to its values, whichever of its known spellings (map of lists, list, text) came.
    """

    category: str = ""
    sub_category: str = ""
    message: str = ""
    status: str = ""
    code: str = ""
    id: str = ""
    where: str = ""
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    errors: tuple["ErrorItem", ...] = ()

    def flattened(self) -> Iterator["ErrorItem"]:
        """The error itself and all that are nested in it."""
        yield self
        for error in self.errors:
            yield from error.flattened()


@dataclass(frozen=True, slots=True)
class Response:
    """What one HTTP exchange said.

    `is_too_large` is whether the body was too large to be read to its end.
    `is_json` is whether the body is a JSON object. `error` is the body read as an Error: its `errors` are those of a
    BatchResponse too. `details` is compact JSON of everything the body said about errors, "" if it said nothing.
    `retry_after` is in seconds. `token_origin` is where the token of the call came from, for people. Texts are cut at
    `LONGEST_TEXT` characters and have neither secrets nor control characters; `content`, the body as it came, has no
    secrets.
    """

    http_status: int
    is_json: bool
    status: str = ""
    num_errors: int | None = None
    results: tuple[Association, ...] = ()
    started_at: str = ""
    completed_at: str = ""
    requested_at: str = ""
    error: ErrorItem = ErrorItem()
    correlation_id: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    policy_name: str = ""
    details: str = ""
    retry_after: float | None = None
    rate: RateHeaders = RateHeaders()
    content: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_too_large: bool = False
    token_origin: str = TOKEN_VARIABLE


@dataclass(frozen=True, slots=True)
class NoResponse:
    """The exchange ended without an answer; `reason` says how.

    `reached` is False when no connection came about, so that HubSpot cannot have seen the request.
    """

    reason: str
    reached: bool


_NO_ERROR = ErrorItem()


def parse_response(http_status: int, body: bytes, rate: RateHeaders, retry_after: float | None) -> Response:
    """Read a body, of any kind, into an Response."""
    content = _json_object(body)
    if content is None:
        return Response(http_status, False, details=_details_of_other(body), retry_after=retry_after, rate=rate)
    num_errors = _count(content.get("numErrors"))
    error = _error_item(content, 0) if _speaks_of_errors(http_status, content) else _NO_ERROR
    return Response(
        http_status,
        True,
        _exact(content.get("status")),
        num_errors,
        tuple(_associations(content.get("results"))),
        _text(content.get("startedAt")),
        _text(content.get("completedAt")),
        _text(content.get("requestedAt")),
        error,
        _text(content.get("correlationId")),
        _links(content.get("links")),
        _text(content.get("policyName")),
        "" if error == _NO_ERROR and not num_errors else _details(content),
        retry_after,
        rate,
        content,
    )


def errors_of(answer: Response) -> Iterator[ErrorItem]:
    """Every item of `errors`, also those beyond the ones kept in `answer.error`: a batch may have thousands."""
    errors = answer.content.get("errors") or []
    return (_error_item(item, 0) for item in (errors if isinstance(errors, list) else [errors]))


def objects(items: object) -> list[dict[str, Any]]:
    """Return the JSON objects of a JSON list; nothing else is one."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
        content = _DECODER.decode(text)
        if not isinstance(content, dict):
            return None
        return redact_json(content) if may_hold_secret(text) else content
    except (ValueError, RecursionError):
        return None


def _finite(number: str) -> float | str:
    """A number as JSON can say it again: infinity it cannot."""
    value = float(number)
    return value if math.isfinite(value) else number


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=str)


def _speaks_of_errors(http_status: int, content: Mapping[str, Any]) -> bool:
    return http_status >= 300 or any(content.get(key) for key in ("errors", "category", "message", "numErrors"))


def _count(value: object) -> int | None:
    """A number of errors; something that is no such number counts as one error, since it is not a clear none."""
    if value is None:
        return None
    text = str(int(value)) if isinstance(value, bool) else str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def _links(links: object) -> Mapping[str, str]:
    return {_text(name): _text(link) for name, link in links.items()} if isinstance(links, dict) else {}


def _associations(results: object) -> Iterator[Association]:
    for item in objects(results):
        spec = item.get("associationSpec")
        spec = spec if isinstance(spec, dict) else {}
        yield Association(
            id_of(item.get("from")),
            id_of(item.get("to")),
            _text(spec.get("associationCategory")),
            _text(spec.get("associationTypeId")),
        )


def id_of(record: object) -> str:
    """Return the id of `{"id": …}` as text, "" when there is none."""
    return _exact(record.get("id")) if isinstance(record, dict) else ""


def _exact(value: object) -> str:
    """A text or a number as it stands; of anything else its JSON, which is no id and no status."""
    if isinstance(value, str):
        return shorten(value)
    return "" if value is None else shorten(_compact(value))


def _error_item(content: object, depth: int) -> ErrorItem:
    if not isinstance(content, dict) or depth > _DEEPEST:
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
        links=_links(content.get("links")),
        errors=tuple(_error_item(item, depth + 1) for item in nested[:_MOST_ITEMS]),
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
    return tuple(_text(value) for value in values[:_MOST_ITEMS]) if isinstance(values, list) else (_text(values),)


def _text(value: object) -> str:
    """A JSON value as text: strings without control characters, nothing as "", an object with a name by that name."""
    if isinstance(value, str):
        return shorten(cleaned(value))
    if value is None:
        return ""
    if type(value) is int:  # the usual one, without the way through JSON
        return shorten(str(value))
    if isinstance(value, dict):
        value = value.get("name") or value.get("value") or _compact(value)
    return shorten(cleaned(value if isinstance(value, str) else _compact(value)))


def shown(text: str) -> str:
    """A text that is not of a JSON body, fit for a report: no secrets, no control characters, not too long."""
    return shorten(cleaned(redact(text)))


def shorten(text: str) -> str:
    """`text`, cut at `LONGEST_TEXT` characters with a note of how many there were; no half of a character."""
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"
    return text if text.isascii() else _whole(text)


def _whole(text: str) -> str:
    r"""`text` with halves of characters replaced: JSON may say `\ud83d`, which UTF-8 and so the journal cannot."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _details(content: Mapping[str, Any]) -> str:
    said = {key: value for key, value in content.items() if key not in _NOT_ABOUT_ERRORS}
    details = _compact(_cut(said, 0))
    return details if len(details) <= _LONGEST_DETAILS else _compact({"body": shorten(details)})


def _details_of_other(body: bytes) -> str:
    text = shown(body.decode(json.detect_encoding(body), "replace")).strip()
    return _compact({"body": text}) if text else ""


def _cut(value: object, depth: int) -> object:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict | list) and depth > _DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {_text(key): _cut(item, depth + 1) for key, item in list(value.items())[:_MOST_ITEMS]}
    if isinstance(value, list):
        return [_cut(item, depth + 1) for item in value[:_MOST_ITEMS]]
    return value


def _compact(value: object) -> str:
    try:
        return _whole(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        return '"…"'
