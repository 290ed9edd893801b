"""A batch links no pair that the strict rule does not link."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.hubspot.classify import Action, classify_response
from importer.hubspot.classify_batch import BatchDecision, classify_batch_response
from importer.model import Pair, RecordId, Status
from tests.hubspot.test_strict_rule import BODIES, ODD, strictly_linked
from tests.support.responses import PAIR, complete, error, parsed, result

OTHER = Pair(PAIR.from_type, RecordId("55"), PAIR.to_type, RecordId("66"))
PAIRS = [PAIR, OTHER]


@given(st.sampled_from([200, 201, 207, 300, 400, 503]), BODIES | ODD)
def test_a_batch_links_no_pair_that_its_results_do_not_name(status: int, body: object) -> None:
    for pair, outcome in classify_batch_response(parsed(status, body), PAIRS).outcomes.items():
        assert isinstance(body, dict)
        alone = {"status": body.get("status"), "results": body.get("results")}
        assert strictly_linked(status, alone, pair) or outcome.status is Status.UNCONFIRMED


@given(st.sampled_from([200, 201, 207, 300, 400, 503]), BODIES | ODD)
def test_a_batch_of_one_pair_is_as_strict_as_a_single_call(status: int, body: object) -> None:
    for outcome in classify_batch_response(parsed(status, body), [PAIR]).outcomes.values():
        assert strictly_linked(status, body, PAIR) or outcome.status is Status.UNCONFIRMED


def statuses(batch: BatchDecision) -> dict[Pair, Status]:
    return {pair: outcome.status for pair, outcome in batch.outcomes.items()}


def test_a_batch_links_named_pairs_and_leaves_unexplained_ones_unconfirmed() -> None:
    batch = classify_batch_response(parsed(200, complete()), PAIRS)
    assert batch.is_accepted
    assert statuses(batch) == {PAIR: Status.LINKED, OTHER: Status.UNCONFIRMED}
    assert batch.outcomes[PAIR].association_types.startswith("HUBSPOT_DEFINED:279")


def test_a_batch_with_errors_rejects_the_pairs_it_does_not_name() -> None:
    body = complete(numErrors=1, errors=[error(context={"toObjectId": ["66"]})])
    batch = classify_batch_response(parsed(207, body), PAIRS)
    assert batch.is_accepted
    assert statuses(batch) == {PAIR: Status.LINKED}


def test_a_batch_does_not_confirm_a_pair_by_its_mirror_image() -> None:
    mirror = Pair(PAIR.from_type, PAIR.to_id, PAIR.to_type, PAIR.from_id)  # other records: the types stay
    body = complete(results=[result(), result(PAIR.to_id, PAIR.from_id)])
    batch = classify_batch_response(parsed(200, body), [PAIR, mirror])
    assert set(statuses(batch).values()) == {Status.UNCONFIRMED}
    assert not batch.is_accepted, "each can be distinguished if sent alone"


def test_a_pair_whose_two_records_have_the_same_id_is_confirmed() -> None:
    alike = Pair(PAIR.from_type, RecordId("7"), PAIR.to_type, RecordId("7"))
    batch = classify_batch_response(parsed(200, complete(results=[result(), result("7", "7")])), [PAIR, alike])
    assert statuses(batch) == {PAIR: Status.LINKED, alike: Status.LINKED}


BOTH = [result(), result("55", "66")]

ATTRIBUTED = [
    error(context={"ids": ["789"]}),
    error(context={"INVALID_OBJECT_IDS": ["CONTACT=123456 is not valid"]}),
    error(context="{toObjectId=[789]}"),
    error(message="Record 123456 is locked."),
    error(errors=[error(context={"fromObjectId": ["123456"], "objectType": ["0-1"]})]),
]


@pytest.mark.parametrize("item", ATTRIBUTED)
def test_an_error_that_names_a_record_leaves_only_its_pairs_unconfirmed(item: dict[str, Any]) -> None:
    batch = classify_batch_response(parsed(207, complete(results=BOTH, numErrors=1, errors=[item])), PAIRS)
    assert batch.is_accepted
    assert statuses(batch) == {PAIR: Status.UNCONFIRMED, OTHER: Status.LINKED}


def test_any_number_in_an_error_may_be_a_record_so_its_pairs_stay_unconfirmed() -> None:
    item = error(message="Rule 55 forbids it", context={"objectId": ["789"]})
    batch = classify_batch_response(parsed(207, complete(results=BOTH, numErrors=1, errors=[item])), PAIRS)
    assert statuses(batch) == dict.fromkeys(PAIRS, Status.UNCONFIRMED)


UNATTRIBUTED = [
    {"numErrors": 1},
    {"numErrors": "1"},
    {"numErrors": True},
    {"numErrors": 2, "errors": [error(context={"objectId": ["789"]})]},
    {"errors": [error()]},
    {"errors": [{}]},
    {"errors": ["one input failed"]},
    {"errors": {"message": "one input failed"}},
    {"errors": [error(index=0)]},
    {"errors": [error(context={"index": ["1"]})]},
    {"errors": [error(message="inputs[0] is not valid")]},
    {"errors": [error(id="789")]},  # the id of the error, not of a record
    {"errors": [error(message="Rule 789 forbids it")]},
    {"errors": [error(context={"limit": ["66"], "teamId": ["55"]})]},
    {"errors": [error(context={"objectId": ["999"]})]},  # that record was not requested
    {"errors": [error(message="0-55 may have no more")]},
    {"errors": [error(context={"objectId": ["789"]}), error(message="and another")]},
    {"errors": [error(errors=[error(message="deep inside")])]},
]


@pytest.mark.parametrize("body", UNATTRIBUTED)
@pytest.mark.parametrize("status", [200, 207])
def test_an_error_that_may_apply_to_any_pair_leaves_every_pair_unconfirmed(status: int, body: dict[str, Any]) -> None:
    batch = classify_batch_response(parsed(status, complete(results=BOTH, **body)), PAIRS)
    assert not batch.is_accepted
    assert statuses(batch) == dict.fromkeys(PAIRS, Status.UNCONFIRMED)
    alone = classify_batch_response(parsed(status, complete(results=[result()], **body)), [PAIR])
    assert statuses(alone) == {PAIR: Status.UNCONFIRMED}
    assert classify_response(parsed(status, complete(**body)), PAIR).outcome.status is Status.FAILED


THIRD = Pair(PAIR.from_type, RecordId("77"), PAIR.to_type, RecordId("88"))
ALL = [*BOTH, result("77", "88")]


@pytest.mark.parametrize(
    "item",
    [
        error(message="contact 123456 cannot be linked to company 789"),
        error(context={"ids": ["123456", "789"]}),
        error(context={"fromObjectId": ["123456"], "toObjectId": ["789"]}),
        error(context={"ids": ["123456", "55"]}),
        error(errors=[error(context={"objectId": ["123456"]}), error(context={"objectId": ["55"]})]),
    ],
)
def test_an_error_that_names_several_records_is_one_and_a_further_counted_one_may_apply_to_any_pair(
    item: dict[str, Any],
) -> None:
    wanted = [*PAIRS, THIRD]
    batch = classify_batch_response(parsed(207, complete(results=ALL, numErrors=2, errors=[item])), wanted)
    assert not batch.is_accepted
    assert statuses(batch) == dict.fromkeys(wanted, Status.UNCONFIRMED)
    batch = classify_batch_response(parsed(207, complete(results=ALL, numErrors=1, errors=[item])), wanted)
    assert batch.is_accepted
    assert statuses(batch)[THIRD] is Status.LINKED


EXPLAINED = [
    {"numErrors": 2},
    {"numErrors": 2, "errors": [error(index=0), error(index=1)]},
    {"numErrors": 2, "errors": [error(context={"objectId": ["123456"]})]},
    {"numErrors": 1, "errors": [error(context={"ids": ["123456", "55"]})]},
    {"errors": [error(context={"objectId": ["123456"]}), error(context={"objectId": ["66"]})]},
]


@pytest.mark.parametrize("body", EXPLAINED)
def test_pairs_missing_from_results_are_rejected_if_errors_explain_all_of_them(body: dict[str, Any]) -> None:
    batch = classify_batch_response(parsed(207, complete(results=[result("77", "88")], **body)), [*PAIRS, THIRD])
    assert statuses(batch).keys() <= {THIRD}


def test_a_pair_not_named_at_all_is_unconfirmed_beside_a_rejected_one() -> None:
    body = complete(results=[result("77", "88")], numErrors=1, errors=[error(context={"objectId": ["123456"]})])
    batch = classify_batch_response(parsed(207, body), [*PAIRS, THIRD])
    assert statuses(batch) == {OTHER: Status.UNCONFIRMED, THIRD: Status.LINKED}


@pytest.mark.parametrize("number", [1, 3])
def test_empty_results_leave_every_pair_unconfirmed_unless_each_has_an_error(number: int) -> None:
    wanted = [PAIR, OTHER]
    items = [error(context={"objectId": ["123456"]})] * number
    batch = classify_batch_response(parsed(207, complete(results=[], numErrors=number, errors=items)), wanted)
    assert statuses(batch) == dict.fromkeys(wanted, Status.UNCONFIRMED)


def test_thousands_of_errors_are_all_considered() -> None:
    wanted = [
        Pair(PAIR.from_type, RecordId(str(1000 + number)), PAIR.to_type, RecordId(str(5000 + number)))
        for number in range(500)
    ]
    items = [error(context={"objectId": [pair.from_id]}) for pair in wanted[:499]]
    results = [result(pair.from_id, pair.to_id) for pair in wanted]
    batch = classify_batch_response(parsed(207, complete(numErrors=499, errors=items, results=results)), wanted)
    assert [pair for pair, status in statuses(batch).items() if status is Status.LINKED] == wanted[499:]
    batch = classify_batch_response(parsed(207, complete(errors=[*items, error()], results=results)), wanted)
    assert Status.LINKED not in statuses(batch).values()


def test_a_batch_that_names_no_pair_is_not_accepted() -> None:
    batch = classify_batch_response(parsed(200, complete(results=[])), PAIRS)
    assert not batch.is_accepted
    assert statuses(batch) == dict.fromkeys(PAIRS, Status.UNCONFIRMED)


@pytest.mark.slow
def test_errors_nested_too_deep_leave_a_batch_unlinked_and_do_not_raise() -> None:
    named = json.dumps([result()])
    for depth in range(800, 1030):
        deep = "[" * depth + "]" * depth
        body = f'{{"status": "COMPLETE", "results": {named}, "errors": [{deep}]}}'
        batch = classify_batch_response(parsed(207, body.encode()), PAIRS)
        assert Status.LINKED not in statuses(batch).values()


@pytest.mark.parametrize("status", [400, 401, 403, 429, 477, 500, 503])
def test_a_batch_rejected_as_a_whole_is_classified_like_a_single_call(status: int) -> None:
    batch = classify_batch_response(parsed(status, error("X")), PAIRS)
    assert batch.decision == classify_response(parsed(status, error("X")), PAIR)
    assert (batch.outcomes, batch.is_accepted) == ({}, False)


@pytest.mark.parametrize(
    ("body", "action"),
    [
        (complete(status="PENDING"), Action.POLL),
        (complete(status="CANCELED"), Action.DONE),
        (b"", Action.RETRY),
        (b"<html>", Action.NOT_HUBSPOT),
    ],
)
def test_a_batch_that_is_not_complete_links_nothing(body: object, action: Action) -> None:
    batch = classify_batch_response(parsed(200, body), PAIRS)
    assert (batch.decision.action, batch.decision.outcome.status) == (action, Status.UNCONFIRMED)
    assert (batch.outcomes, batch.is_accepted) == ({}, False)
