"""The meaning of every response; above all, nothing is linked that HubSpot did not clearly confirm."""

import json
from dataclasses import replace
from typing import Any

import pytest

from importer.hubspot.classify import Action, classify_response
from importer.hubspot.response import NoResponse
from importer.model import ObjectType, Pair, RecordId, Status
from tests.support.responses import PAIR, complete, error, parsed, result


def batch(**changes: Any) -> dict[str, Any]:
    return complete(results=[], **changes)


LIMIT = {"errorType": "RATE_LIMIT", "message": "You have reached your limit.", "status": "error"}


TABLE: list[tuple[int, object, Action, Status, str]] = [
    (200, complete(), Action.DONE, Status.LINKED, ""),
    (202, complete(numErrors=None, errors=None, links=None, requestedAt=None), Action.DONE, Status.LINKED, ""),
    (200, complete(startedAt=..., completedAt=...), Action.DONE, Status.LINKED, ""),
    (200, batch(), Action.DONE, Status.UNCONFIRMED, "NOT_IN_RESULTS"),
    (200, complete(results=...), Action.DONE, Status.UNCONFIRMED, "NOT_IN_RESULTS"),
    (200, complete(results=[result("9", "10")]), Action.DONE, Status.UNCONFIRMED, "NOT_IN_RESULTS"),
    (200, complete(results=[result("123456", "10")]), Action.DONE, Status.UNCONFIRMED, "NOT_IN_RESULTS"),
    (200, complete(numErrors=1), Action.DONE, Status.FAILED, "HTTP_200"),
    (207, complete(numErrors=1, errors=[error("RULE")]), Action.DONE, Status.FAILED, "RULE"),
    (207, complete(errors=[error("RULE")]), Action.DONE, Status.FAILED, "RULE"),
    (200, complete(errors=[{"code": "X1"}]), Action.DONE, Status.FAILED, "X1"),
    (200, batch(status="PENDING"), Action.POLL, Status.UNCONFIRMED, "NOT_COMPLETE"),
    (200, complete(status="PROCESSING"), Action.POLL, Status.UNCONFIRMED, "NOT_COMPLETE"),
    (200, complete(status="CANCELED"), Action.DONE, Status.UNCONFIRMED, "NOT_COMPLETE"),
    (200, complete(status="CANCELLED"), Action.DONE, Status.UNCONFIRMED, "NOT_COMPLETE"),
    (200, complete(status="DEFERRED"), Action.DONE, Status.UNCONFIRMED, "NOT_COMPLETE"),
    (200, complete(status=...), Action.DONE, Status.UNCONFIRMED, "NOT_COMPLETE"),
    (200, {}, Action.DONE, Status.UNCONFIRMED, "NOT_COMPLETE"),
    (200, b"", Action.RETRY, Status.UNCONFIRMED, "UNREADABLE_ANSWER"),
    (204, b"", Action.RETRY, Status.UNCONFIRMED, "UNREADABLE_ANSWER"),
    (200, [], Action.RETRY, Status.UNCONFIRMED, "UNREADABLE_ANSWER"),
    (200, b"<html>guest network</html>", Action.NOT_HUBSPOT, Status.UNCONFIRMED, "NOT_HUBSPOT"),
    *(
        (status, body, Action.NOT_HUBSPOT, Status.UNCONFIRMED, "NOT_HUBSPOT")
        for status in (302, 307, 400, 403, 404, 405, 406, 407, 410, 451)
        for body in (b"", b"<html>Blocked</html>", b"no such page", b"[]", {"message": "Forbidden"}, {"status": 404})
    ),
    (401, b"<html>Sign in</html>", Action.NOT_HUBSPOT, Status.UNCONFIRMED, "NOT_HUBSPOT"),
    (400, error(), Action.DONE, Status.FAILED, "VALIDATION_ERROR"),
    (400, complete(), Action.DONE, Status.FAILED, "HTTP_400"),
    (404, error("OBJECT_NOT_FOUND"), Action.DONE, Status.FAILED, "OBJECT_NOT_FOUND"),
    (405, error("METHOD_NOT_ALLOWED"), Action.DONE, Status.FAILED, "METHOD_NOT_ALLOWED"),
    (409, error("CONFLICT"), Action.RETRY, Status.UNCONFIRMED, "CONFLICT"),
    (413, b"<html>Request Entity Too Large</html>", Action.DONE, Status.FAILED, "HTTP_413"),
    (413, b"", Action.DONE, Status.FAILED, "HTTP_413"),
    (413, {"message": "Too large"}, Action.DONE, Status.FAILED, "HTTP_413"),
    (414, b"<html>", Action.DONE, Status.FAILED, "HTTP_414"),
    (408, b"", Action.RETRY, Status.UNCONFIRMED, "HTTP_408"),
    (423, error("LOCKED"), Action.RETRY, Status.UNCONFIRMED, "LOCKED"),
    (425, b"", Action.RETRY, Status.UNCONFIRMED, "HTTP_425"),
    (401, error("INVALID_AUTHENTICATION"), Action.RECHECK, Status.NOT_SENT, "INVALID_AUTHENTICATION"),
    (401, error("EXPIRED_AUTHENTICATION"), Action.STOP, Status.NOT_SENT, "EXPIRED_AUTHENTICATION"),
    (401, error("ACCOUNT_INACTIVE"), Action.STOP, Status.NOT_SENT, "ACCOUNT_INACTIVE"),
    (401, b"", Action.RECHECK, Status.NOT_SENT, "HTTP_401"),
    (403, error("MISSING_SCOPES"), Action.STOP_TYPES, Status.FAILED, "MISSING_SCOPES"),
    (403, error("FORBIDDEN"), Action.DONE, Status.FAILED, "FORBIDDEN"),
    (403, error("ACCOUNT_INACTIVE"), Action.STOP, Status.NOT_SENT, "ACCOUNT_INACTIVE"),
    (403, error("FORBIDDEN", "This portal is suspended."), Action.STOP, Status.NOT_SENT, "FORBIDDEN"),
    (403, error("USER_DOES_NOT_HAVE_PERMISSIONS"), Action.STOP, Status.NOT_SENT, "USER_DOES_NOT_HAVE_PERMISSIONS"),
    (429, LIMIT | {"policyName": "TEN_SECONDLY_ROLLING"}, Action.PAUSE, Status.NOT_SENT, "TEN_SECONDLY_ROLLING"),
    (429, LIMIT | {"policyName": "SECONDLY"}, Action.PAUSE, Status.NOT_SENT, "SECONDLY"),
    (429, LIMIT | {"policyName": "DAILY"}, Action.STOP, Status.NOT_SENT, "DAILY"),
    (429, LIMIT | {"message": "You have reached your daily limit."}, Action.STOP, Status.NOT_SENT, "RATE_LIMIT"),
    (429, b"", Action.PAUSE, Status.NOT_SENT, "RATE_LIMIT"),
    (429, b"<html>", Action.PAUSE, Status.NOT_SENT, "RATE_LIMIT"),
    (477, b"", Action.STOP, Status.NOT_SENT, "HTTP_477"),
    (477, error("MIGRATION_IN_PROGRESS"), Action.STOP, Status.NOT_SENT, "MIGRATION_IN_PROGRESS"),
    *((status, b"<html>", Action.RETRY, Status.UNCONFIRMED, f"HTTP_{status}") for status in (500, 502, 503, 504)),
    *((status, b"", Action.RETRY, Status.UNCONFIRMED, f"HTTP_{status}") for status in (521, 522, 523, 524, 525, 526)),
]


@pytest.mark.parametrize(("http_status", "body", "action", "status", "category"), TABLE)
def test_every_response_has_its_decision(
    http_status: int, body: object, action: Action, status: Status, category: str
) -> None:
    decision = classify_response(parsed(http_status, body), PAIR)
    outcome = decision.outcome
    assert (decision.action, outcome.status, outcome.error_category) == (action, status, category)
    assert outcome.http_status == http_status
    assert (decision.stop is not None) is (action in {Action.RECHECK, Action.STOP, Action.STOP_TYPES})
    assert bool(outcome.error_message) is bool(outcome.advice) is (status is not Status.LINKED)
    assert outcome.num_errors >= (status is Status.FAILED)


RECORDS_ALONE = [
    error("FORBIDDEN", "This contact is outside the scope of your team"),
    error("FORBIDDEN", "Editing this contact requires any of the roles: owner"),
    error("FORBIDDEN", "You do not have permissions to edit this contact", context={"accessScope": ["OWNED_ONLY"]}),
    error("FORBIDDEN", "In this account the contact has been deleted"),
    error("FORBIDDEN", "The record belongs to a closed deal of the account; suspended"),
    error("FORBIDDEN", "USER_DOES_NOT_HAVE_PERMISSIONS to edit contact 123456"),
    error("FORBIDDEN", "The contact was closed.", errors=[{"message": "The account owner is disabled."}]),
]


@pytest.mark.parametrize("body", RECORDS_ALONE)
def test_a_403_about_a_record_fails_only_its_pair_whatever_its_wording(body: object) -> None:
    decision = classify_response(parsed(403, body), PAIR)
    assert (decision.action, decision.outcome.status) == (Action.DONE, Status.FAILED)
    assert "permission to edit" in decision.outcome.advice


PAGES = [
    ("<html><head><title>Attention\nRequired!</title></head><body>x</body></html>", "'Attention Required!'"),
    ("<h2>HTTP ERROR 404</h2><style>p {}</style><p>No such path</p>", "'HTTP ERROR 404 No such path'"),
    ("Access denied", "'Access denied'"),
    ("<p>" + "word " * 100, "word …'"),
    ("", "returned 404."),
]


@pytest.mark.parametrize(("page", "expected"), PAGES)
def test_an_html_page_is_reported_with_its_title_or_first_words_and_advice(page: str, expected: str) -> None:
    outcome = classify_response(parsed(404, page.encode()), PAIR).outcome
    assert expected in outcome.error_message
    assert "This is not HubSpot: check base_url" in outcome.advice
    assert "firewall" in classify_response(parsed(403, page.encode()), PAIR).outcome.advice
    assert (
        "redirects to another address: check base_url"
        in classify_response(parsed(302, page.encode()), PAIR).outcome.advice
    )


WAITS = [
    (423, None, None, 2.0),
    (423, 1.0, None, 2.0),
    (423, 30.0, None, 30.0),
    (503, 7.0, None, 7.0),
    (503, None, None, None),
    (429, None, None, 10.0),
    (429, None, 60.0, 60.0),
    (429, 3.0, None, 10.0),
    (429, 90.0, None, 90.0),
]


@pytest.mark.parametrize(("status", "retry_after", "interval", "wait"), WAITS)
def test_a_wait_is_never_shorter_than_requested(
    status: int, retry_after: float | None, interval: float | None, wait: float | None
) -> None:
    assert classify_response(parsed(status, b"", retry_after=retry_after, interval=interval), PAIR).wait == wait


def test_the_limit_of_one_second_waits_one_second() -> None:
    assert classify_response(parsed(429, {"policyName": "SECONDLY"}, interval=10.0), PAIR).wait == 1.0


def test_no_response_is_unconfirmed_if_the_request_may_have_arrived() -> None:
    decision = classify_response(NoResponse("the request timed out", reached=True), PAIR)
    assert (decision.action, decision.outcome.status) == (Action.RETRY, Status.UNCONFIRMED)


def test_no_response_is_not_sent_if_no_connection_was_established() -> None:
    decision = classify_response(NoResponse("refused", reached=False), PAIR)
    assert (decision.action, decision.outcome.status) == (Action.RETRY, Status.NOT_SENT)
    assert "base_url" in decision.outcome.advice


def test_num_errors_is_the_bodys_or_the_length_of_its_errors_or_one() -> None:
    bodies = [complete(numErrors=5, errors=[error()]), complete(errors=[error(), error()]), complete(numErrors=1)]
    assert [classify_response(parsed(207, body), PAIR).outcome.num_errors for body in bodies] == [5, 2, 1]
    assert classify_response(parsed(400, error()), PAIR).outcome.num_errors == 1
    assert classify_response(parsed(400, error(errors=[{}, {}, {}])), PAIR).outcome.num_errors == 3


def test_the_details_keep_everything_in_a_response_about_errors() -> None:
    body = complete(numErrors=1, errors=[error(errors=[{"message": "deep", "context": {"a": ["b"]}}])])
    details = json.loads(classify_response(parsed(207, body), PAIR).outcome.error_details)
    assert details == {"status": "COMPLETE", "numErrors": 1, "errors": body["errors"]}


def test_a_status_that_is_reported_has_no_control_characters() -> None:
    outcome = classify_response(parsed(200, complete(status="COMPLETE\x1b[2J\n")), PAIR).outcome
    assert (outcome.status, outcome.api_status) == (Status.UNCONFIRMED, "COMPLETE[2J ")


def test_records_with_the_same_id_on_both_sides_are_a_normal_pair() -> None:
    pair = Pair(ObjectType("contacts"), RecordId("5"), ObjectType("companies"), RecordId("5"))
    assert classify_response(parsed(200, complete(results=[result("5", "5")])), pair).outcome.status is Status.LINKED
    assert (
        classify_response(parsed(200, complete(results=[result("5", "6")])), pair).outcome.status is Status.UNCONFIRMED
    )


def test_a_401_to_a_token_that_has_since_been_replaced_is_retried() -> None:
    decision = classify_response(replace(parsed(401, b""), has_new_token=True), PAIR)
    assert (decision.action, decision.outcome.status, decision.stop) == (Action.RETRY, Status.NOT_SENT, None)
