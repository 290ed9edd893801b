"""Refusals: error bodies and error entries, a function for each cause."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from importer.sandbox import responses
from importer.sandbox.association_types import AssociationType
from importer.sandbox.responses import Json, Refusal, Response


def unknown_record(side: str, object_type: str, record_id: int) -> Refusal:
    """Return the refusal of a record that does not exist; `side` is `FROM` or `TO`."""
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
    """Return the refusal of an invalid request."""
    return Refusal(400, "VALIDATION_ERROR", message, extra)


def invalid_records(object_type: str, record_id: int) -> Refusal:
    """Return the refusal of a record that cannot be linked, which is named only in the context."""
    kind, number = object_type.upper(), str(record_id)
    context = {"INVALID_OBJECT_IDS": [f"{kind}={number} is not valid"], "objectId": [number], "objectType": [kind]}
    return invalid("One or more associations are invalid", context=context)


def link_limit(limit: int, object_type: str, record_id: int, to_type: str) -> Refusal:
    """Return the refusal of a link above a record's limit."""
    return invalid(
        f"{object_type} {record_id} has reached its limit of {limit} associated {to_type}",
        subCategory="crm.associations.ASSOCIATION_LIMIT_EXCEEDED",
        context={"limit": [str(limit)], "objectType": [object_type], "objectId": [str(record_id)]},
    )


def no_associations(object_type: str, record_id: int, to_type: str) -> Json:
    """Return the error entry of a batch read for a record without links."""
    return responses.standard_error(
        "OBJECT_NOT_FOUND",
        f"No {to_type} is associated with {object_type} {record_id}.",
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
        context={"fromObjectId": [str(record_id)], "fromObjectType": [object_type], "toObjectType": [to_type]},
    )


def invalid_association_type(unknown: AssociationType) -> Refusal:
    """Return the refusal of a type that does not exist between the two object types in this direction."""
    name = f"{unknown.category}={unknown.type_id}"
    context = {
        "associationSpec": [name],
        "INVALID_ASSOCIATION_TYPE_ID": [f"{name} is not a valid association definition id"],
    }
    sub_category = "crm.associations.INVALID_ASSOCIATION_TYPE"
    return invalid("One or more associations are invalid", subCategory=sub_category, context=context)


def label_limit(limit: int, label: str | None, object_type: str, record_id: int) -> Refusal:
    """Return the refusal of a link above the limit that an admin set for this label."""
    return invalid(
        f"{object_type} {record_id} has reached its limit of {limit} associations labelled {label or 'unlabelled'}",
        subCategory="crm.associations.ASSOCIATION_LIMIT_EXCEEDED",
        context={"limit": [str(limit)], "objectType": [object_type], "objectId": [str(record_id)]},
    )


# ---- whole responses


def token_refused(category: str = "INVALID_AUTHENTICATION") -> Response:
    """Return a 401."""
    messages = {
        "INVALID_AUTHENTICATION": "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
        "EXPIRED_AUTHENTICATION": "The OAuth token used to make this call expired 3 second(s) ago.",
    }
    return Response(401, responses.error(category, messages[category]))


def scopes_missing(scope: str) -> Response:
    """Return a 403 that names the scope, such as `contacts.write`."""
    scopes = [f"crm.objects.{scope}"]
    details = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": scopes, "missingScopes": scopes},
    }
    message = "This app hasn't been granted all required scopes to make this call."
    links = {"scopes": "https://developers.hubspot.com/scopes"}
    return Response(403, responses.error("MISSING_SCOPES", message, errors=[details], links=links))


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
        "correlationId": responses.correlation_id(),
        "policyName": policy,
        "requestId": responses.correlation_id(),
    }
    return Response(429, body, headers or {})


def over_search_limit() -> Response:
    """Return the 429 of a search: it has no rate headers. Source: HubSpot, search guide."""
    return replace(over_limit("SECONDLY"), has_rate_headers=False)
