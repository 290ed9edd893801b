"""The meaning of a refusal to remove or to restore a link."""

import pytest

from importer.hubspot.classify_removal import classify_removal
from importer.model import Status
from tests.support.responses import PAIR, error, parsed


@pytest.mark.parametrize(("restores", "verb"), [(False, "remove"), (True, "restore")])
def test_the_advice_names_what_hubspot_refused(restores: bool, verb: str) -> None:
    outcome = classify_removal(parsed(400, error("VALIDATION_ERROR")), PAIR, restores=restores).outcome
    assert outcome.status is Status.FAILED
    assert outcome.advice.startswith(f"HubSpot refused to {verb} this link")
