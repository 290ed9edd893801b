"""The meaning of responses to removals and restorations: no success confirms a pair; only reading back does."""

from dataclasses import replace

from importer.hubspot.advice import RETRY_ADVICE
from importer.hubspot.classify import Action, Decision, classify_response, incomplete
from importer.hubspot.response import NoResponse, Reply
from importer.model import Outcome, Pair, Status

ACCEPTED = "NOT_CONFIRMED"
"""The error category of a pair whose removal was accepted and not read back yet."""


def classify_removal(response: Reply, pair: Pair, *, restores: bool = False) -> Decision:
    """Return the meaning of the response to a DELETE of `pair`, or to a batch that includes it; or to restoring it.

    A success is `unconfirmed` until the pair is read back: v4 responds 204 without a body even if it refused pairs.
    """
    if isinstance(response, NoResponse) or not 200 <= response.http_status < 300:
        return _about_change(classify_response(response, pair), "restore" if restores else "remove")
    if response.status in {"PENDING", "PROCESSING"}:
        return incomplete(response)
    outcome = Outcome(
        Status.UNCONFIRMED,
        http_status=response.http_status,
        api_status=response.status,
        num_errors=response.num_errors or len(response.error.errors),
        error_category=ACCEPTED,
        error_message="HubSpot accepted the removal, but reading the pair back has not confirmed it.",
        error_details=response.details,
        correlation_id=response.correlation_id,
        advice=RETRY_ADVICE,
    )
    return Decision(Action.DONE, outcome)


def _about_change(decision: Decision, verb: str) -> Decision:
    """Return a decision whose advice fits a change of a link that HubSpot refused."""
    if decision.outcome.status is not Status.FAILED:
        return decision
    advice = f"HubSpot refused to {verb} this link; import_error_message says why."
    return replace(decision, outcome=replace(decision.outcome, advice=advice))
