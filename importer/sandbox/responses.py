"""HubSpot's response bodies, and how a response is delivered. No sockets."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from importer.sandbox.catalog import ASSOCIATION_SPECS, TYPE_IDS
from importer.sandbox.pairs import Pair

Json = dict[str, Any]


class Delivery(Enum):
    """How a response is delivered to the client."""

    WHOLE = "whole"
    BARE = "whole, without a Content-Type header"
    HALF = "the connection is closed halfway through the body"
    CLOSED = "the connection is closed without a response"
    RESET = "the connection is reset without a response"
    NEVER = "nothing is sent, the connection stays open"


@dataclass(frozen=True, slots=True)
class Response:
    """One response: `body` is JSON to serialize (object or array) or bytes as they are; `delay` is in seconds."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=utf-8"
    delivery: Delivery = Delivery.WHOLE
    delay: float = 0.0
    has_rate_headers: bool = True

    @property
    def is_success(self) -> bool:
        """True if the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def has_body(self) -> bool:
        """True unless the status is 204."""
        return self.status != 204


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why HubSpot refuses a pair: `status` for a single call, and fields of the body."""

    status: int
    category: str
    message: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the whole response to a single call."""
        return Response(self.status, {**error(self.category, self.message), **self.extra})

    def item(self) -> Json:
        """Return the entry in the `errors` of a response about several pairs."""
        return {**standard_error(self.category, self.message), **self.extra}


@dataclass(frozen=True, slots=True)
class PairResult:
    """The part of a response about one pair: a refusal, or its `results`, `errors` and share of `numErrors`."""

    refusal: Refusal | None = None
    results: tuple[Json, ...] = ()
    errors: tuple[Json, ...] = ()
    num_errors: int = 0


def now() -> str:
    """Return the current time as HubSpot formats it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def correlation_id() -> str:
    """Return a new correlation id."""
    return str(uuid.uuid4())


def error(category: str, message: str, **extra: Any) -> Json:
    """Return a body with the schema `Error`; `extra` adds fields (`context`, `errors`, `links`, `subCategory`)."""
    return {
        "status": "error",
        "message": message,
        "correlationId": correlation_id(),
        "category": category,
        **extra,
    }


def standard_error(category: str, message: str, **extra: Any) -> Json:
    """Return an entry of `errors` with the schema `StandardError`."""
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
    """Return a body with the schema `BatchResponse…` without errors."""
    moment = now()
    return {"status": status, "results": list(results), "startedAt": moment, "completedAt": moment}


def put_response(pair_result: PairResult) -> Response:
    """Return the response to a single PUT."""
    if pair_result.refusal:
        return pair_result.refusal.response()
    body = batch_body(pair_result.results)
    if pair_result.num_errors:
        body["numErrors"] = pair_result.num_errors
    if pair_result.errors:
        body["errors"] = list(pair_result.errors)
    return Response(200, body)


def batch_response(pair_results: Iterable[PairResult], success: int = 200) -> Response:
    """Return the response about several pairs: `success` if all succeeded, else 207 with `numErrors` and `errors`.

    Results name no pair that counts as an error. Their order differs from the request's, since HubSpot promises none.
    """
    pair_results = list(pair_results)
    linked = [pair_result for pair_result in reversed(pair_results) if not pair_result.num_errors]
    body = batch_body(result for pair_result in linked for result in pair_result.results)
    errors = [item for pair_result in pair_results for item in pair_result.errors]
    errors.extend(pair_result.refusal.item() for pair_result in pair_results if pair_result.refusal)
    num_errors = sum(1 if pair_result.refusal else pair_result.num_errors for pair_result in pair_results)
    if not errors and not num_errors:
        return Response(success, body)
    return Response(207, body | {"numErrors": num_errors, "errors": errors})


def account_details(portal_id: int, account_type: str, time_zone: str) -> Response:
    """Return the details of the account. Source: HubSpot, account information API."""
    try:
        local = datetime.now(ZoneInfo(time_zone))
    except ZoneInfoNotFoundError:  # a machine without a time zone database
        local = datetime.now(UTC)
    body = {
        "portalId": portal_id,
        "accountType": account_type,
        "timeZone": time_zone,
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:],
        "utcOffsetMilliseconds": int((local.utcoffset() or timedelta()).total_seconds() * 1000),
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    return Response(200, body)


def archive_response(version: str, pair_results: Iterable[PairResult]) -> Response:
    """Return the response to a batch that removes: in v4 a 204 without a body, even if pairs were refused."""
    if version == "v4":
        return Response(204)
    pair_results = list(pair_results)
    errors = [item for result in pair_results for item in result.errors]
    errors.extend(result.refusal.item() for result in pair_results if result.refusal)
    num_errors = sum(1 if result.refusal else result.num_errors for result in pair_results)
    extra = {"numErrors": num_errors, "errors": errors} if errors or num_errors else {}
    return Response(200, batch_body(()) | extra)


def labels_item(pair: Pair, labels: Iterable[str]) -> Json:
    """Return the `LabelsBetweenObjectPair` of a link."""
    return {
        "fromObjectTypeId": TYPE_IDS[pair.from_type],
        "fromObjectId": str(pair.from_id),
        "toObjectTypeId": TYPE_IDS[pair.to_type],
        "toObjectId": str(pair.to_id),
        "labels": list(labels),
    }


def read_response(found: list[Json], errors: list[Json]) -> Response:
    """Return the response to a batch read: 207 if records have no links or are unknown."""
    body = batch_body(found)
    if not errors:
        return Response(200, body)
    return Response(207, body | {"numErrors": len(errors), "errors": errors})


_SAMPLES = 100


def record_limits(limit: int, full: Sequence[int], near: Sequence[tuple[int, int]]) -> Response:
    """Return the response about a limit of links per record: records at it, and records near it with their numbers.

    Source: HubSpot, limits tracking API.
    """
    body = {
        "limit": limit,
        "totalRecordsAtLimit": len(full),
        "totalRecordsNearLimit": len(near),
        "atLimitFromRecordSamples": [{"objectId": one, "label": f"Record {one}"} for one in full[:_SAMPLES]],
        "nearLimitFromRecordSamples": [
            {"objectId": one, "label": f"Record {one}", "usage": used, "percentage": round(100 * used / limit, 1)}
            for one, used in near[:_SAMPLES]
        ],
    }
    return Response(200, body)
