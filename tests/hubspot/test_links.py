"""A batch read says which records are linked; what it does not say stays unknown."""

import pytest

from importer.hubspot.links import judge_read
from importer.hubspot.verdict import Action, judge
from importer.model import Status
from tests.hubspot.shapes import PAIR, answer, error


def test_a_read_that_names_results_can_be_trusted() -> None:
    for status in (200, 207):
        verdict = judge_read(answer(status, {"status": "COMPLETE", "results": [], "errors": [error()]}), PAIR)
        assert (verdict.action, verdict.outcome.status) == (Action.SETTLE, Status.ALREADY_LINKED)


@pytest.mark.parametrize("body", [b"", b"<html>", [], {}, {"results": None}, {"results": {"a": 1}}])
def test_a_read_without_results_is_read_again(body: object) -> None:
    verdict = judge_read(answer(200, body), PAIR)
    action = Action.FOREIGN if body == b"<html>" else Action.AGAIN
    assert (verdict.action, verdict.outcome.status) == (action, Status.UNCONFIRMED)


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_a_refused_read_is_judged_as_any_call(status: int) -> None:
    assert judge_read(answer(status, b""), PAIR) == judge(answer(status, b""), PAIR)
