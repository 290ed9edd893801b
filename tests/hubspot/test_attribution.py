"""The number of inputs that a rejection allows, if it names one."""

import pytest

from importer.hubspot.attribution import inputs_allowed
from tests.support.responses import error, parsed

MESSAGES = [
    ("'inputs' has 2000 entries, from 1 to 1999 are allowed", 1999),
    ("Batch size must be at most 1,000", 1000),
    ("too many inputs: the limit is 100.", 100),
    ("The maximum number of inputs is 500 per request", 500),
    ("Invalid object id: 1234", None),  # no limit
    ("at most 100 inputs in a batch, 50 for this account", None),  # ambiguous
    ("at most 2000 inputs are allowed", None),  # not fewer than were sent
    ("Batch refused", None),
]


@pytest.mark.parametrize(("message", "allowed"), MESSAGES)
def test_the_number_of_inputs_that_a_rejection_allows_is_found_if_it_is_certain(
    message: str, allowed: int | None
) -> None:
    assert inputs_allowed(parsed(400, error(message=message)), 2000) == allowed
    assert inputs_allowed(parsed(400, error(errors=[error(message=message)])), 2000) == allowed


def test_only_a_rejection_limits_the_number_of_inputs() -> None:
    for status in (207, 500, 503):
        assert inputs_allowed(parsed(status, error(message="at most 100 inputs")), 2000) is None
