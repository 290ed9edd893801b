"""Responses to a labelled PUT: `linked` means that the pair is named; the labels are still to be read back."""

import json
from typing import Any

import pytest

from importer.config import ApiVersion
from importer.hubspot import paths
from importer.hubspot.classify import Action
from importer.hubspot.classify_labelled import classify_labelled_response
from importer.hubspot.parse import parse_response
from importer.hubspot.response import RateHeaders, Response
from importer.model import Status
from tests.support.responses import PAIR

NAMED = {"fromObjectId": PAIR.from_id, "toObjectId": PAIR.to_id, "labels": ["Decision maker"]}


def response(status: int, body: Any) -> Response:
    return parse_response(status, json.dumps(body).encode(), RateHeaders(), None)


@pytest.mark.parametrize(
    "body",
    [
        NAMED,
        {"fromObjectId": int(PAIR.from_id), "toObjectId": int(PAIR.to_id)},
        {"fromObjectId": PAIR.to_id, "toObjectId": PAIR.from_id},
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_a_response_that_names_the_pair_is_accepted(status: int, body: object) -> None:
    decision = classify_labelled_response(response(status, body), PAIR)
    assert (decision.action, decision.outcome.status) == (Action.DONE, Status.LINKED)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (201, {}, Status.UNCONFIRMED),
        (201, [], Status.UNCONFIRMED),
        (201, {**NAMED, "toObjectId": "1"}, Status.UNCONFIRMED),
        (201, {**NAMED, "status": "PENDING"}, Status.UNCONFIRMED),
        (201, {**NAMED, "numErrors": 1}, Status.FAILED),
        (201, {**NAMED, "errors": [{"message": "no"}]}, Status.FAILED),
        (400, {"category": "VALIDATION_ERROR", "message": "no"}, Status.FAILED),
        (503, {}, Status.UNCONFIRMED),
        (429, {"policyName": "SECONDLY"}, Status.NOT_SENT),
    ],
)
def test_any_other_response_is_not_accepted(status: int, body: object, expected: Status) -> None:
    assert classify_labelled_response(response(status, body), PAIR).outcome.status is expected


def test_an_unknown_type_has_advice_about_the_direction() -> None:
    body = {"category": "VALIDATION_ERROR", "subCategory": "crm.associations.INVALID_ASSOCIATION_TYPE", "message": "x"}
    outcome = classify_labelled_response(response(400, body), PAIR).outcome
    assert outcome.status is Status.FAILED
    assert "swap the columns" in outcome.advice


@pytest.mark.parametrize(
    ("version", "put", "create", "labels"),
    [
        (
            "v4",
            "/crm/v4/objects/contacts/123456/associations/companies/789",
            "/crm/v4/associations/contacts/companies/batch/create",
            ("/crm/associations/v4/contacts/companies/labels", "/crm/v4/associations/contacts/companies/labels"),
        ),
        (
            "2026-09",
            "/crm/objects/2026-09/contacts/123456/associations/companies/789",
            "/crm/associations/2026-09/contacts/companies/batch/create",
            ("/crm/associations/2026-09/contacts/companies/labels",),
        ),
    ],
)
def test_each_version_has_its_paths_for_labels(version: str, put: str, create: str, labels: tuple[str, ...]) -> None:
    chosen = ApiVersion(version)
    assert paths.association(chosen, PAIR) == put
    assert paths.batch_create(chosen, PAIR.from_type, PAIR.to_type) == create
    assert paths.labels(chosen, PAIR.from_type, PAIR.to_type) == labels
