"""A rejection after an attempt that may have linked the pair is final only if it proves otherwise."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.hubspot.classify import classify_response, merge_with_earlier_attempt
from importer.model import Outcome, Status
from tests.support.responses import PAIR, error, parsed

OUTCOMES = st.builds(
    Outcome,
    st.sampled_from([Status.LINKED, Status.FAILED, Status.UNCONFIRMED, Status.NOT_SENT]),
    st.sampled_from([None, 200, 400, 401, 404, 429, 503]),
)


@given(OUTCOMES, st.none() | OUTCOMES, st.booleans())
@example(Outcome(Status.FAILED, 404), Outcome(Status.UNCONFIRMED, 503), False)
@example(Outcome(Status.FAILED, 404), Outcome(Status.UNCONFIRMED, 503), True)
@example(Outcome(Status.FAILED, 400), Outcome(Status.UNCONFIRMED, 503), False)
@example(Outcome(Status.NOT_SENT, 429), Outcome(Status.UNCONFIRMED), False)
def test_after_an_unconfirmed_attempt_a_rejection_without_proof_is_not_final(
    outcome: Outcome, earlier: Outcome | None, is_proof: bool
) -> None:
    found = merge_with_earlier_attempt(outcome, earlier, is_proof=is_proof)
    if earlier is None or earlier.status is not Status.UNCONFIRMED or is_proof or outcome.status is Status.LINKED:
        assert found is outcome
    else:
        assert found.status is Status.UNCONFIRMED


@given(st.lists(st.tuples(OUTCOMES, st.booleans()), min_size=2, max_size=6))
def test_a_pair_stays_unconfirmed_until_a_clear_response(outcomes: list[tuple[Outcome, bool]]) -> None:
    merged: Outcome | None = None
    may_be_linked = False
    for outcome, is_proof in outcomes:
        merged = merge_with_earlier_attempt(outcome, merged, is_proof=is_proof)
        may_be_linked = outcome.status is Status.UNCONFIRMED or (
            may_be_linked and outcome.status is not Status.LINKED and not is_proof
        )
        if may_be_linked:
            assert merged.status is Status.UNCONFIRMED


PROOFS: list[tuple[int, object, bool]] = [
    (404, error("OBJECT_NOT_FOUND", "companies 789 does not exist"), True),
    (404, error("OBJECT_NOT_FOUND", context={"objectId": ["123456"]}), True),
    (404, error("X", subCategory="crm.associations.TO_OBJECT_NOT_FOUND", errors=[{"message": "No 789."}]), True),
    (404, error("OBJECT_NOT_FOUND"), False),
    (404, error("OBJECT_NOT_FOUND", "companies 7890 does not exist"), False),
    (404, error("NO_SUCH_PATH", "/crm/v4/objects/contacts/123456 is no path"), False),
    (404, error("OBJECT_NOT_FOUND", "PUT /crm/v4/objects/contacts/123456/associations/default/companies/789"), False),
    (404, error("ROUTE_NOT_FOUND", "No route for contacts 123456"), False),
    (404, error("X", code="NOT_FOUND", errors=[{"message": "Cannot PUT /contacts/123456/companies/789"}]), False),
    (404, {"message": "OBJECT_NOT_FOUND 789"}, False),
    (404, b"<html>789 OBJECT_NOT_FOUND</html>", False),
    (404, b"", False),
    (400, error("OBJECT_NOT_FOUND", "companies 789 does not exist"), False),
    (403, error("FORBIDDEN", "789"), False),
]


@pytest.mark.parametrize(("status", "body", "is_proof"), PROOFS)
def test_only_a_404_of_hubspot_that_names_a_record_of_the_pair_is_proof(
    status: int, body: object, is_proof: bool
) -> None:
    assert classify_response(parsed(status, body), PAIR).is_proof is is_proof


def test_a_rejection_after_an_unclear_response_keeps_its_advice_and_its_message_ends_as_a_sentence() -> None:
    body = error("VALIDATION_ERROR", "1 is not valid (INVALID_ASSOCIATION_TYPE)")
    refused = classify_response(parsed(400, body), PAIR).outcome
    merged = merge_with_earlier_attempt(refused, Outcome(Status.UNCONFIRMED))
    assert (merged.status, merged.advice) == (Status.UNCONFIRMED, refused.advice)
    assert "no such label" in merged.advice
    assert "(INVALID_ASSOCIATION_TYPE). An earlier attempt" in merged.error_message


def test_a_message_that_ends_as_a_sentence_gets_no_second_full_stop() -> None:
    refused = Outcome(Status.FAILED, 400, error_message="No.")
    message = merge_with_earlier_attempt(refused, Outcome(Status.UNCONFIRMED)).error_message
    assert message.startswith("No. An earlier attempt")
