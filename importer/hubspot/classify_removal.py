"""The meaning of responses to removals and restorations. A success proves nothing; only reading back does."""

from dataclasses import replace

from importer.hubspot.advice import RETRY_ADVICE
from importer.hubspot.classify import Action, Decision, classify_response, incomplete
from importer.hubspot.response import NoResponse, Reply
from importer.model import Outcome, Pair, Status

ACCEPTED = "NOT_CONFIRMED"
"""The error category of a pair whose change was accepted but not yet read back."""


def classify_removal(response: Reply, pair: Pair, *, restores: bool = False) -> Decision:
    """Return the meaning of the response to removing `pair`, alone or in a batch, or (`restores`) to restoring it.

    A success is `unconfirmed` until the pair is read back: v4 returns 204 without a body even if it refused pairs.
    """
    if isinstance(response, NoResponse) or not 200 <= response.http_status < 300:
        return _about_change(classify_response(response, pair), "restore" if restores else "remove")
    if response.status in {"PENDING", "PROCESSING"}:
        return incomplete(response)
    change = "restoration" if restores else "removal"
    outcome = Outcome(
        Status.UNCONFIRMED,
        http_status=response.http_status,
        api_status=response.status,
        num_errors=response.num_errors or len(response.error.errors),
        error_category=ACCEPTED,
        error_message=f"HubSpot accepted the {change}, but reading the pair back has not confirmed it.",
        error_details=response.details,
        correlation_id=response.correlation_id,
        advice=RETRY_ADVICE,
    )
    return Decision(Action.DONE, outcome)


def _about_change(decision: Decision, verb: str) -> Decision:
    """Return the decision, with advice about the change of a link if HubSpot refused it."""
    if decision.outcome.status is not Status.FAILED:
        return decision
    advice = f"HubSpot refused to {verb} this link; import_error_message says why."
    return replace(decision, outcome=replace(decision.outcome, advice=advice))
