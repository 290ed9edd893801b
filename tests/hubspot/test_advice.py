"""The advice for an operations person about a row that HubSpot rejected."""

import re
from typing import Any

import pytest

from importer.hubspot.advice import RETRY_ADVICE, refusal_advice
from importer.hubspot.permissions import missing_scopes
from importer.model import ObjectType, Pair, RecordId
from importer.sandbox import FAULTS, PairFault
from importer.sandbox.state import Pair as SandboxPair
from tests.support.responses import PAIR, error, parsed


def advice(status: int, body: object, pair: Pair = PAIR) -> str:
    return refusal_advice(parsed(status, body), pair)


@pytest.mark.parametrize(
    "context",
    [
        {"missingScopes": ["a.write", "b.read", "a.write"]},
        "{missingScopes=[a.write, b.read]}",
        {"requiredGranularScopes": ["c.read"], "missingScopes": ["a.write", "b.read"]},
        {"requiredGranularScopes": ["a.write", "b.read"]},
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_missing_scopes_are_named_once_each(context: object, nested: bool) -> None:
    body = (
        error("MISSING_SCOPES", errors=[{"context": context}]) if nested else error("MISSING_SCOPES", context=context)
    )
    assert missing_scopes(parsed(403, body)) == ("a.write", "b.read")
    assert "the scopes a.write, b.read" in advice(403, body)


def test_missing_scopes_that_are_not_named_are_those_of_both_types() -> None:
    assert "scopes for both object types" in advice(403, error("MISSING_SCOPES"))
    assert "service key or private app" in advice(403, error("MISSING_SCOPES"))


RECORDS: list[tuple[dict[str, Any], str]] = [
    ({"message": "You do not have permissions to edit this contact"}, "(contacts 123456)"),
    ({"message": "You do not have permissions to edit this company"}, "(companies 789)"),
    ({"message": "No.", "context": {"objectId": ["789"]}}, "(companies 789)"),
    ({"message": "No."}, "both records (contacts 123456 and companies 789)"),
]


@pytest.mark.parametrize(("fields", "expected"), RECORDS)
def test_a_record_that_may_not_be_edited_is_named_and_no_scope(fields: dict[str, Any], expected: str) -> None:
    found = advice(403, error("FORBIDDEN") | fields)
    assert expected in found
    assert "permission" in found
    assert "scope" not in found


FROM_SIDE, TO_SIDE = "the record to link from (contacts 123456)", "the record to link to (companies 789)"
UNKNOWN: list[tuple[dict[str, Any], str]] = [
    ({"message": "Object not found: companies 789 does not exist"}, TO_SIDE),
    ({"message": "Object not found: contacts 123456 does not exist"}, FROM_SIDE),
    ({"context": {"objectId": ["789"]}}, TO_SIDE),
    ({"subCategory": "crm.associations.FROM_OBJECT_NOT_FOUND"}, FROM_SIDE),
    ({"subCategory": "crm.associations.TO_OBJECT_NOT_FOUND"}, TO_SIDE),
    ({"subCategory": {"name": "crm.associations.TO_OBJECT_NOT_FOUND"}}, TO_SIDE),
    ({"context": {"fromObjectId": ["123456"]}}, FROM_SIDE),
    ({"errors": [{"message": "No company 789."}]}, TO_SIDE),
    ({"message": "Neither 123456 nor 789 exist"}, "both records"),
    ({"message": "Not found"}, "both records"),
    ({"message": "Not found", "correlationId": "0f-789-aa"}, "both records"),
    ({"message": "contacts 1234567 and companies 17890"}, "both records"),
]


@pytest.mark.parametrize(("fields", "expected"), UNKNOWN)
def test_an_unknown_record_is_named_by_its_side(fields: dict[str, Any], expected: str) -> None:
    assert expected in advice(404, error("OBJECT_NOT_FOUND") | fields)


def test_the_side_is_found_although_both_ids_are_the_same() -> None:
    pair = Pair(ObjectType("contacts"), RecordId("5"), ObjectType("companies"), RecordId("5"))
    body = error("OBJECT_NOT_FOUND", "companies 5 does not exist", subCategory="crm.associations.TO_OBJECT_NOT_FOUND")
    assert "the record to link to (companies 5)" in advice(404, body, pair)


LIMITS: list[tuple[dict[str, Any], str]] = [
    ({"message": "contacts 123456 has reached its limit of 50 associated companies"}, "its limit of 50 for"),
    ({"message": "contacts 99 has reached its limit of 50, and no more."}, "its limit of 50 for"),
    ({"message": "The limit is 10,000, reached."}, "its limit of 10,000 for"),
    ({"message": "contacts 123456 exceeds the 50 association limit"}, "its limit of 50 for"),
    ({"message": "Association limit reached.", "context": {"limit": ["50"], "objectId": ["9"]}}, "its limit of 50 for"),
    ({"message": "Association limit reached for record 123456"}, "its limit for"),
    ({"message": "Record 123456 has reached its limit"}, "its limit for"),
    ({"message": "No more.", "subCategory": "crm.associations.ASSOCIATION_LIMIT_EXCEEDED"}, "its limit for"),
]


@pytest.mark.parametrize(("fields", "expected"), LIMITS)
def test_advice_about_a_limit_has_the_number_if_the_response_has_it(fields: dict[str, Any], expected: str) -> None:
    found = advice(400, error() | fields)
    assert expected in found
    assert "association settings" in found


def test_advice_about_an_unknown_object_type_names_the_types() -> None:
    found = advice(400, error(message="Unable to infer object type from: widgets"))
    assert "'contacts'" in found
    assert "'companies'" in found


def test_advice_about_a_redirect_mentions_base_url() -> None:
    assert "base_url" in advice(302, b"")


def test_a_record_named_only_in_the_context_of_a_400_is_in_the_advice() -> None:
    context = {"INVALID_OBJECT_IDS": ["CONTACT=123456 is not valid"], "objectId": ["123456"], "objectType": ["CONTACT"]}
    assert f"Check {FROM_SIDE}" in advice(400, error(message="One or more associations are invalid", context=context))


def test_advice_about_invalid_values_names_their_record() -> None:
    assert f"these values of {TO_SIDE}" in advice(400, error(context={"objectId": ["789"]}))


def test_advice_about_a_404_without_a_record_also_mentions_base_url() -> None:
    found = advice(404, error("OBJECT_NOT_FOUND", "Not found"))
    assert "base_url and api_version" in found


def test_advice_about_an_invalid_value_mentions_the_error_message() -> None:
    assert "import_error_message" in advice(400, error())


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 405, 409, 414, 418])
@pytest.mark.parametrize("body", [b"", b"<html>", error(), error("MISSING_SCOPES"), error(message="limit\n\n=1+1")])
def test_advice_about_every_rejection_is_one_plain_sentence(status: int, body: object) -> None:
    found = advice(status, body)
    assert re.fullmatch(r"[A-Z][^\n]*\.", found)
    assert found != RETRY_ADVICE


SANDBOX_SAYS = {
    "unknown_record": TO_SIDE,
    "invalid_record_ids": f"Check {FROM_SIDE}",
    "record_403": "permission to edit both records",
    "association_limit": "its limit of 1 for",
    "association_limit_unnamed": "its limit for",
    "validation_rule": "correct the row",
}


@pytest.mark.parametrize("name", SANDBOX_SAYS)
def test_rejections_of_the_sandbox_get_the_right_advice(name: str) -> None:
    fault = FAULTS[name]
    assert isinstance(fault, PairFault)
    refusal = fault.result(SandboxPair("contacts", 123456, "companies", 789)).refusal
    assert refusal is not None
    said = refusal.response()
    assert SANDBOX_SAYS[name] in advice(said.status, said.body)
