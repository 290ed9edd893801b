"""A pair is linked exactly when the response says so, whatever its body is."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.hubspot.classify import Action, classify_response
from importer.model import Pair, Status
from tests.support.responses import PAIR, complete, error, parsed, result


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
