"""The meaning of responses to removing or restoring a link."""

import pytest

from importer.hubspot.classify_removal import ACCEPTED, classify_removal
from importer.model import Status
from tests.support.responses import PAIR, error, parsed


@pytest.mark.parametrize(("restores", "verb"), [(False, "remove"), (True, "restore")])
def test_the_advice_names_what_hubspot_refused(restores: bool, verb: str) -> None:
    outcome = classify_removal(parsed(400, error("VALIDATION_ERROR")), PAIR, restores=restores).outcome
    assert outcome.status is Status.FAILED
    assert outcome.advice.startswith(f"HubSpot refused to {verb} this link")


@pytest.mark.parametrize(("restores", "change"), [(False, "removal"), (True, "restoration")])
def test_an_accepted_change_is_unconfirmed_and_named_in_the_message(restores: bool, change: str) -> None:
    outcome = classify_removal(parsed(200, {"status": "COMPLETE", "results": []}), PAIR, restores=restores).outcome
    assert (outcome.status, outcome.error_category) == (Status.UNCONFIRMED, ACCEPTED)
    assert f"accepted the {change}" in outcome.error_message
