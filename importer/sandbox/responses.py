"""What the sandbox says: HubSpot's bodies, and how an answer leaves the house. No sockets."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from importer.sandbox.catalog import ASSOCIATION_SPECS
from importer.sandbox.state import Pair

Json = dict[str, Any]


class Delivery(Enum):
    """How an answer reaches the client."""

    WHOLE = "whole"
    BARE = "whole, without a Content-Type header"
    HALF = "the connection is closed half way through the body"
    CLOSED = "the connection is closed without an answer"
    RESET = "the connection is reset without an answer"
    NEVER = "nothing comes, the connection stays open"


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: `body` is JSON to write (object or array) or bytes as they are; `delay` is in seconds."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=utf-8"
    delivery: Delivery = Delivery.WHOLE
    delay: float = 0.0

    @property
    def is_success(self) -> bool:
        """Whether the honest work behind it succeeded."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why HubSpot does not link a pair: `status` is what a single PUT gets, the rest are fields of the body."""

    status: int
    category: str
    message: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def answer(self) -> Response:
        """Return the whole answer of a single call."""
        return Response(self.status, {**error(self.category, self.message), **self.extra})

    def item(self) -> Json:
        """Return the entry in the `errors` of an answer about several pairs."""
        return {**standard_error(self.category, self.message), **self.extra}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one pair: a refusal, or entries of `results` and `errors` and what it adds to `numErrors`."""

    refusal: Refusal | None = None
    results: tuple[Json, ...] = ()
    errors: tuple[Json, ...] = ()
    num_errors: int = 0


def now() -> str:
    """Return this moment as HubSpot writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def correlation_id() -> str:
    """Return a new correlation id."""
    return str(uuid.uuid4())


def error(category: str, message: str, **extra: Any) -> Json:
    """Return a body of the shape `Error`; `extra` adds fields (`context`, `errors`, `links`, `subCategory`)."""
    return {
        "status": "error",
        "message": message,
        "correlationId": correlation_id(),
        "category": category,
        **extra,
    }


def standard_error(category: str, message: str, **extra: Any) -> Json:
    """Return an entry of `errors` of the shape `StandardError`."""
    return {
        "status": "error",
        "category": category,
        "message": message,
        "context": {},
        "errors": [],
        "links": {},
        **extra,
    }


def both_directions(pair: Pair) -> tuple[Json, Json]:
    """Return the two entries of `results` that a link has."""
    one, other = {"id": str(pair.from_id)}, {"id": str(pair.to_id)}
    return (
        {"associationSpec": ASSOCIATION_SPECS[pair.from_type, pair.to_type], "from": one, "to": other},
        {"associationSpec": ASSOCIATION_SPECS[pair.to_type, pair.from_type], "from": other, "to": one},
    )


def batch_body(results: Iterable[Json], status: str = "COMPLETE") -> Json:
    """Return a body of the shape `BatchResponse…` without errors."""
    moment = now()
    return {"status": status, "results": list(results), "startedAt": moment, "completedAt": moment}


def put_answer(verdict: Verdict) -> Response:
    """Return the answer of a single PUT."""
    if verdict.refusal:
        return verdict.refusal.answer()
    body = batch_body(verdict.results)
    if verdict.num_errors:
        body["numErrors"] = verdict.num_errors
    if verdict.errors:
        body["errors"] = list(verdict.errors)
    return Response(200, body)


def batch_answer(verdicts: Iterable[Verdict]) -> Response:
    """Return the answer about several pairs: 200 when all went well, else 207 with `numErrors` and `errors`.

    Results name nothing that counts as an error, and come in another order than asked: HubSpot promises none.
    """
    verdicts = list(verdicts)
    linked = [verdict for verdict in reversed(verdicts) if not verdict.num_errors]
    body = batch_body(result for verdict in linked for result in verdict.results)
    errors = [item for verdict in verdicts for item in verdict.errors]
    errors.extend(verdict.refusal.item() for verdict in verdicts if verdict.refusal)
    num_errors = sum(1 if verdict.refusal else verdict.num_errors for verdict in verdicts)
    if not errors and not num_errors:
        return Response(200, body)
    return Response(207, body | {"numErrors": num_errors, "errors": errors})


def account_answer(portal_id: int) -> Response:
    """Return the details of the account. Source: HubSpot, account information API."""
    body = {
        "portalId": portal_id,
        "accountType": "DEVELOPER_TEST",
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18_000_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    return Response(200, body)


def parse_response(found: list[Json], errors: list[Json]) -> Response:
    """Return the answer of a batch read: 207 when records had no links or are unknown."""
    body = batch_body(found)
    if not errors:
        return Response(200, body)
    return Response(207, body | {"numErrors": len(errors), "errors": errors})


# ---- refusals


def unknown_record(side: str, object_type: str, record_id: int) -> Refusal:
    """Return the refusal of a record that is not there; `side` is `FROM` or `TO`."""
    return Refusal(
        404,
        "OBJECT_NOT_FOUND",
        f"Object not found: {object_type} {record_id} does not exist",
        {
            "subCategory": f"crm.associations.{side}_OBJECT_NOT_FOUND",
            "context": {"objectType": [object_type], "objectId": [str(record_id)]},
        },
    )


def invalid(message: str, **extra: Any) -> Refusal:
    """Return the refusal of something that is wrong as asked."""
    return Refusal(400, "VALIDATION_ERROR", message, extra)


def invalid_records(object_type: str, record_id: int) -> Refusal:
    """Return the refusal of a record that cannot be linked, which only its context names."""
    kind, number = object_type.upper(), str(record_id)
    context = {"INVALID_OBJECT_IDS": [f"{kind}={number} is not valid"], "objectId": [number], "objectType": [kind]}
    return invalid("One or more associations are invalid", context=context)


def link_limit(limit: int, object_type: str, record_id: int, to_type: str) -> Refusal:
    """Return the refusal of one link more than a record may have."""
    return invalid(
        f"{object_type} {record_id} has reached its limit of {limit} associated {to_type}",
        subCategory="crm.associations.ASSOCIATION_LIMIT_EXCEEDED",
        context={"limit": [str(limit)], "objectType": [object_type], "objectId": [str(record_id)]},
    )


def no_associations(object_type: str, record_id: int, to_type: str) -> Json:
    """Return what a batch read says of a record without links."""
    return standard_error(
        "OBJECT_NOT_FOUND",
        f"No {to_type} is associated with {object_type} {record_id}.",
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
        context={"fromObjectId": [str(record_id)], "fromObjectType": [object_type], "toObjectType": [to_type]},
    )


# ---- whole answers


def token_refused(category: str = "INVALID_AUTHENTICATION") -> Response:
    """Return a 401."""
    messages = {
        "INVALID_AUTHENTICATION": "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
        "EXPIRED_AUTHENTICATION": "The OAuth token used to make this call expired 3 second(s) ago.",
    }
    return Response(401, error(category, messages[category]))


def scopes_missing(object_type: str) -> Response:
    """Return a 403 that names the scope to write records of this type."""
    scopes = [f"crm.objects.{object_type}.write"]
    details = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": scopes, "missingScopes": scopes},
    }
    message = "This app hasn't been granted all required scopes to make this call."
    links = {"scopes": "https://developers.hubspot.com/scopes"}
    return Response(403, error("MISSING_SCOPES", message, errors=[details], links=links))


_LIMIT_MESSAGES = {
    "DAILY": "You have reached your daily limit.",
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
}


def over_limit(policy: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a 429 for the policy `DAILY`, `TEN_SECONDLY_ROLLING` or `SECONDLY`.

    Source: HubSpot, usage guidelines.
    """
    body = {
        "status": "error",
        "message": _LIMIT_MESSAGES[policy],
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id(),
        "policyName": policy,
        "requestId": correlation_id(),
    }
    return Response(429, body, headers or {})
