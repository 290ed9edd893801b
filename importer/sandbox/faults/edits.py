"""Changes to the JSON body of a successful batch response or read, for call faults."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from importer.sandbox import responses
from importer.sandbox.catalog import ASSOCIATION_SPECS, PRIMARY_TYPES
from importer.sandbox.faults.conditions import Call
from importer.sandbox.responses import Json, Response

_ABOVE_16_MIB = "x" * (16 * 1024 * 1024 + 1)


def only_required_fields(body: Json) -> Json:
    """Keep `status` and `results`."""
    return {key: body[key] for key in ("status", "results")}


def without_status(body: Json) -> Json:
    """Drop `status`."""
    return {key: value for key, value in body.items() if key != "status"}


def without_results(body: Json) -> Json:
    """Empty `results`."""
    return {**body, "results": []}


def without_last_result(body: Json) -> Json:
    """Drop the last result."""
    return {**body, "results": body["results"][:-1]}


def primary_results(body: Json) -> Json:
    """Name Primary in the results where it exists, instead of the unlabelled type."""
    return {
        **body,
        "results": [{**one, "associationSpec": _primary(one["associationSpec"])} for one in body["results"]],
    }


def _primary(spec: Json) -> Json:
    """Return the Primary type of the direction that this unlabelled type belongs to, or the type itself."""
    return {**spec, "associationTypeId": _PRIMARY_IDS.get(spec["associationTypeId"], spec["associationTypeId"])}


_PRIMARY_IDS = {
    ASSOCIATION_SPECS[direction]["associationTypeId"]: type_id
    for one, ids in PRIMARY_TYPES.items()
    for direction, type_id in zip((one, one[::-1]), ids, strict=True)
}
"""The id of Primary by the id of the unlabelled type of the same direction."""


def never_finished(body: Json) -> Json:
    """Report PENDING although the call was carried out."""
    return {**body, "status": "PENDING", "results": []}


def unknown_fields(body: Json) -> Json:
    """Add fields that no documentation mentions."""
    results = [
        {**result, "associationCategory": "WORK", "portalId": 1} if isinstance(result, dict) else result
        for result in body["results"]
    ]
    started = body.get("startedAt")
    return {**body, "results": results, "links": {"next": "none"}, "requestedAt": started, "traceId": [1, {}]}


def null_fields(body: Json) -> Json:
    """Set the optional fields to null."""
    return {"numErrors": None, "errors": None, "links": None, "requestedAt": None, **body}


def numeric_ids(body: Any) -> Any:
    """Turn record ids into numbers."""
    if isinstance(body, dict):
        return {key: _number(value) if key in _ID_FIELDS else numeric_ids(value) for key, value in body.items()}
    return [numeric_ids(one) for one in body] if isinstance(body, list) else body


_ID_FIELDS = frozenset({"id", "toObjectId", "fromObjectId"})


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


def first_error_only(body: Json) -> Json:
    """Keep only the first of several errors."""
    return {**body, "numErrors": 1, "errors": body["errors"][:1]} if len(body.get("errors", ())) > 1 else body


def silent_errors(call: Call, unfaulted: Response) -> Response:
    """Respond with 200 and without the errors."""
    if not unfaulted.is_success or not isinstance(unfaulted.body, dict):
        return unfaulted
    kept = {key: value for key, value in unfaulted.body.items() if key not in {"errors", "numErrors"}}
    return replace(unfaulted, status=200, body=kept)


def uncounted_error(body: Json) -> Json:
    """Count one more error than there is."""
    return {**body, "numErrors": body.get("numErrors", 0) + 1}


def index_errors(body: Json) -> Json:
    """Identify the inputs of errors by position alone."""
    errors = [{"status": "error", "category": "VALIDATION_ERROR", "message": "inputs[0] is not valid", "index": 0}]
    return {**body, "numErrors": len(body.get("errors", errors)), "errors": errors * len(body.get("errors", errors))}


def with_types(*types: Json) -> Callable[[Json], Json]:
    """List every link of a read with these types instead of the real ones."""

    def change(body: Json) -> Json:
        results = [
            {**result, "to": [{**link, "associationTypes": list(types)} for link in result["to"]]}
            for result in body["results"]
        ]
        return {**body, "results": results}

    return change


def endless_pages(body: Json) -> Json:
    """Make every page point to the first page."""
    paging = {"next": {"after": "0", "link": "?after=0"}}
    return {**body, "results": [{**result, "paging": paging} for result in body["results"]]}


def half_later(body: Json) -> Json:
    """Postpone every second record of a read."""
    results, postponed = body["results"][::2], body["results"][1::2]
    errors = [
        responses.standard_error("INTERNAL_ERROR", "Try again later.", context={"fromObjectId": [one["from"]["id"]]})
        for one in postponed
    ]
    errors += body.get("errors", ())
    return {**body, "results": results, **({"numErrors": len(errors), "errors": errors} if errors else {})}


def oversized(body: Json) -> Json:
    """Pad the body to more than 16 MiB."""
    return {**body, "links": {"padding": _ABOVE_16_MIB}}


def oversized_for_many(body: Json) -> Json:
    """Pad the body to more than 16 MiB if it is about more than 20 records."""
    return oversized(body) if len(body["results"]) + len(body.get("errors", ())) > 20 else body
