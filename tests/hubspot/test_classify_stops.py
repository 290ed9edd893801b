"""Responses that stop a run, and the messages of these stops."""

from dataclasses import replace

import pytest

from importer.hubspot.classify import Action, classify_response
from importer.hubspot.response import NoResponse
from importer.model import Status, Stop, StopReason
from tests.hubspot.test_classify import LIMIT
from tests.support.responses import PAIR, error, parsed

STOPS = [
    (401, b"", StopReason.TOKEN_REFUSED),
    (403, error("MISSING_SCOPES"), StopReason.SCOPES_MISSING),
    (403, error("X", "This app hasn't been granted all required scopes."), StopReason.SCOPES_MISSING),
    (403, error("X", context={"missingScopes": ["a"]}), StopReason.SCOPES_MISSING),
    (403, error("ACCOUNT_INACTIVE"), StopReason.ACCOUNT_INACTIVE),
    (403, error("X", subCategory="USER_DOES_NOT_HAVE_PERMISSIONS"), StopReason.PERMISSIONS_LOST),
    (477, b"", StopReason.ACCOUNT_MIGRATING),
]


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


def test_a_run_without_any_token_stops() -> None:
    decision = classify_response(NoResponse("No token.", reached=False, is_token_refused=True), PAIR)
    assert (decision.action, decision.outcome.status) == (Action.STOP, Status.NOT_SENT)
    assert decision.stop == Stop(StopReason.TOKEN_REFUSED, "No token.")
