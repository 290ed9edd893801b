"""The meaning of every response; above all, nothing is linked that HubSpot did not clearly confirm."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.hubspot.classify import Action, classify_response
from importer.hubspot.response import NoResponse
from importer.model import ObjectType, Pair, RecordId, Status, Stop, StopReason
from tests.support.responses import PAIR, complete, error, parsed, result

# ---- the strict rule


def strictly_linked(status: int, body: object, pair: Pair) -> bool:
    """Apply the strict success rule, written independently of the code."""
    if not 200 <= status <= 299 or not isinstance(body, dict) or body.get("status") != "COMPLETE":
        return False
    number = body.get("numErrors")
    if not (number is None or number == "0" or (isinstance(number, int) and number == 0)) or body.get("errors"):
        return False
    results = body.get("results")
    ends = [(_id(item, "from"), _id(item, "to")) for item in results] if isinstance(results, list) else []
    return (pair.from_id, pair.to_id) in ends or (pair.to_id, pair.from_id) in ends


def _id(item: object, side: str) -> str | None:
    end = item.get(side) if isinstance(item, dict) else None
    value = end.get("id") if isinstance(end, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


ODD = st.sampled_from([None, True, False, 0, 1, 1.5, "", "x", "789", [], {}, [None], {"name": "COMPLETE"}])
IDS = st.sampled_from(["123456", "789", 123456, 789, "12345", "7890", {"name": "789"}, ["789"]]) | ODD
RESULTS = st.lists(st.builds(result, IDS, IDS) | st.just(result()) | st.just(result("789", "123456")) | ODD, max_size=3)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["COMPLETE"] * 9 + ["PENDING", "PROCESSING", "CANCELED", "complete"]) | ODD,
        "results": RESULTS | st.just([result()]) | ODD,
        "numErrors": st.sampled_from([0, 0, 0, "0", None, 1, -1, 7, "1", 0.5, "none", [], {}]),
        "errors": st.sampled_from([[], [], None, {}, [{}], [error()], {"a": 1}, "broken", [None]]),
        "category": ODD,
        "message": ODD,
        "completedAt": ODD,
        "links": ODD,
        "unheard_of": ODD,
    },
)


@given(st.sampled_from([200, 201, 202, 207, 299, 199, 300, 302, 400, 404, 500, 503]), BODIES | ODD)
@example(200, complete())
@example(207, complete())
@example(200, complete(results=[result("789", "123456")]))
@example(200, complete(results=[result(123456, 789)]))
@example(200, complete(results=[result("123456", {"name": "789"})]))
@example(200, complete(status={"name": "COMPLETE"}))
@example(200, complete(numErrors=1))
@example(200, complete(errors=[{}]))
@example(400, complete())
def test_linked_exactly_when_the_strict_rule_holds(status: int, body: object) -> None:
    decision = classify_response(parsed(status, body), PAIR)
    assert (decision.outcome.status is Status.LINKED) is strictly_linked(status, body, PAIR)
    if decision.outcome.status is Status.LINKED:
        assert decision.action is Action.DONE
        assert (decision.outcome.num_errors, decision.outcome.advice, decision.outcome.error_message) == (0, "", "")
    else:
        assert decision.outcome.advice
        assert decision.outcome.error_message
        assert decision.outcome.error_category


@given(st.binary(max_size=200), st.integers(100, 599))
def test_a_body_that_is_not_a_json_object_is_never_linked(body: bytes, status: int) -> None:
    assert classify_response(parsed(status, body), PAIR).outcome.status is not Status.LINKED


@pytest.mark.parametrize("cut", [0, 1, 30, 100, 200, -2, -1])
def test_a_truncated_success_is_retried_and_not_linked(cut: int) -> None:
    decision = classify_response(parsed(200, json.dumps(complete()).encode()[:cut]), PAIR)
    assert decision.action is Action.RETRY
    assert decision.outcome.status is Status.UNCONFIRMED


def test_both_directions_are_reported_with_their_types() -> None:
    outcome = classify_response(parsed(201, complete()), PAIR).outcome
    assert (outcome.http_status, outcome.api_status) == (201, "COMPLETE")
    assert outcome.association_types == "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"
    assert outcome.completed_at == "2026-05-01T10:00:01.000Z"


# ---- one table: response, action, status


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


STOPS = [
    (401, b"", StopReason.TOKEN_REFUSED),
    (403, error("MISSING_SCOPES"), StopReason.SCOPES_MISSING),
    (403, error("X", "This app hasn't been granted all required scopes."), StopReason.SCOPES_MISSING),
    (403, error("X", context={"missingScopes": ["a"]}), StopReason.SCOPES_MISSING),
    (403, error("ACCOUNT_INACTIVE"), StopReason.ACCOUNT_INACTIVE),
    (403, error("X", subCategory="USER_DOES_NOT_HAVE_PERMISSIONS"), StopReason.PERMISSIONS_LOST),
    (477, b"", StopReason.ACCOUNT_MIGRATING),
]


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


WHOLE = [
    (error("X", "This hapikey doesn't have proper permissions! (requires any of [crm-objects])"), "scopes_missing"),
    (error("X", "One or more of the following scopes are required."), "scopes_missing"),
    (error("X", "The token lacks scopes."), "scopes_missing"),
    (error("X", context={"requiredGranularScopes": ["a.write"]}), "scopes_missing"),
    (error("X", "Portal 123 is disabled"), "account_inactive"),
    (error("X", "This HubSpot account has been deactivated."), "account_inactive"),
    (error("X", "The account is currently not active."), "account_inactive"),
    ({"status": "error", "message": "USER_DOES_NOT_HAVE_PERMISSIONS"}, "permissions_lost"),
]


@pytest.mark.parametrize(("body", "reason"), WHOLE)
def test_a_403_whose_message_denies_everything_stops_the_run(body: object, reason: str) -> None:
    stop = classify_response(parsed(403, body), PAIR).stop
    assert stop is not None
    assert stop.reason == reason


@pytest.mark.parametrize(("http_status", "body", "reason"), STOPS)
def test_the_stop_message_has_the_http_status(http_status: int, body: object, reason: StopReason) -> None:
    stop = classify_response(parsed(http_status, body), PAIR).stop
    assert stop is not None
    assert stop.reason is reason
    assert str(http_status) in stop.message


def test_the_message_about_a_rejected_token_names_its_origin() -> None:
    decision = classify_response(replace(parsed(401, b""), token_origin="the file /run/token"), PAIR)
    assert decision.stop is not None
    assert "the token in the file /run/token is not accepted" in decision.stop.message
    assert "in the file /run/token" in decision.outcome.advice


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


def test_the_daily_limit_stops_the_run() -> None:
    stop = classify_response(parsed(429, LIMIT | {"policyName": "DAILY"}), PAIR).stop
    assert stop is not None
    assert stop.reason is StopReason.DAILY_LIMIT


def test_a_migration_stops_the_run_with_its_duration() -> None:
    decision = classify_response(parsed(477, b"", retry_after=5400), PAIR)
    assert decision.stop is not None
    assert "1:30:00" in decision.stop.message
    assert classify_response(parsed(477, b""), PAIR).wait == 24 * 3600


def test_missing_scopes_are_named_for_these_types() -> None:
    details = {"message": "Needed.", "context": {"missingScopes": ["a.read", "b.write"], "requiredScopes": ["b.write"]}}
    decision = classify_response(parsed(403, error("MISSING_SCOPES", errors=[details])), PAIR)
    assert decision.stop is not None
    assert "a.read, b.write needed to link contacts to companies" in decision.stop.message
    assert "a.read, b.write" in decision.outcome.advice


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


def test_a_401_to_a_token_that_has_been_replaced_since_is_repeated() -> None:
    decision = classify_response(replace(parsed(401, b""), has_new_token=True), PAIR)
    assert (decision.action, decision.outcome.status, decision.stop) == (Action.RETRY, Status.NOT_SENT, None)


def test_a_run_without_any_token_stops() -> None:
    decision = classify_response(NoResponse("No token.", reached=False, is_token_refused=True), PAIR)
    assert (decision.action, decision.outcome.status) == (Action.STOP, Status.NOT_SENT)
    assert decision.stop == Stop(StopReason.TOKEN_REFUSED, "No token.")
