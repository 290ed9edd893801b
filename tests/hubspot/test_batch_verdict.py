"""A batch links no pair that the strict rule does not link."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.hubspot.batch_verdict import judge_batch
from importer.hubspot.verdict import Action, judge
from importer.model import Pair, RecordId, Status
from tests.hubspot.shapes import PAIR, answer, complete, error, result
from tests.hubspot.test_verdict import BODIES, ODD, strictly_linked

OTHER = Pair(PAIR.from_type, RecordId("55"), PAIR.to_type, RecordId("66"))
PAIRS = [PAIR, OTHER]


@given(st.sampled_from([200, 201, 207, 300, 400, 503]), BODIES | ODD)
def test_a_batch_links_no_pair_that_its_results_do_not_name(status: int, body: object) -> None:
    _, said = judge_batch(answer(status, body), PAIRS)
    for pair, outcome in said.items():
        assert isinstance(body, dict)
        alone = {"status": body.get("status"), "results": body.get("results")}
        assert strictly_linked(status, alone, pair) or outcome.status is Status.UNCONFIRMED


def test_a_batch_links_what_it_names_and_doubts_what_neither_results_nor_errors_explain() -> None:
    verdict, said = judge_batch(answer(200, complete()), PAIRS)
    assert verdict.action is Action.SETTLE
    assert [outcome.status for outcome in said.values()] == [Status.LINKED, Status.UNCONFIRMED]
    assert said[PAIR].association_types.startswith("HUBSPOT_DEFINED:279")


def test_a_batch_with_errors_has_refused_what_it_does_not_name() -> None:
    _, said = judge_batch(answer(207, complete(numErrors=1, errors=[error(id=66)])), PAIRS)
    assert [(pair, outcome.status) for pair, outcome in said.items()] == [(PAIR, Status.LINKED)]


def test_a_batch_confirms_no_pair_by_the_other_direction_of_its_mirror_image() -> None:
    mirror = Pair(PAIR.from_type, PAIR.to_id, PAIR.to_type, PAIR.from_id)  # other records: the types stay
    body = complete(results=[result(), result(PAIR.to_id, PAIR.from_id)])
    _, said = judge_batch(answer(200, body), [PAIR, mirror])
    assert {outcome.status for outcome in said.values()} == {Status.UNCONFIRMED}


@pytest.mark.parametrize(
    "item", [error(context={"ids": ["789"]}), error(message="Record 123456 is locked."), error(id=789)]
)
def test_a_batch_does_not_link_a_pair_whose_record_stands_in_an_error(item: dict[str, Any]) -> None:
    results = [result(), result("55", "66")]
    verdict, said = judge_batch(answer(207, complete(results=results, numErrors=1, errors=[item])), PAIRS)
    assert verdict.outcome.status is Status.LINKED
    assert {pair: outcome.status for pair, outcome in said.items()} == {
        PAIR: Status.UNCONFIRMED,
        OTHER: Status.LINKED,
    }


def test_errors_too_deep_to_read_leave_a_batch_unlinked_rather_than_raise() -> None:
    named = json.dumps([result()])
    for depth in range(800, 1000):
        deep = "[" * depth + "]" * depth
        body = f'{{"status": "COMPLETE", "results": {named}, "errors": [{deep}]}}'
        _, linked = judge_batch(answer(207, body.encode()), PAIRS)
        assert set(linked) <= {PAIR}


@pytest.mark.parametrize("status", [400, 401, 403, 429, 477, 500, 503])
def test_a_batch_refused_as_a_whole_is_judged_as_a_single_call_is(status: int) -> None:
    verdict, linked = judge_batch(answer(status, error("X")), PAIRS)
    assert verdict == judge(answer(status, error("X")), PAIR)
    assert linked == {}


@pytest.mark.parametrize(
    ("body", "action"),
    [
        (complete(status="PENDING"), Action.POLL),
        (complete(status="CANCELED"), Action.SETTLE),
        (b"", Action.AGAIN),
        (b"<html>", Action.FOREIGN),
    ],
)
def test_a_batch_that_is_not_complete_links_nothing(body: object, action: Action) -> None:
    verdict, linked = judge_batch(answer(200, body), PAIRS)
    assert (verdict.action, verdict.outcome.status) == (action, Status.UNCONFIRMED)
    assert linked == {}
