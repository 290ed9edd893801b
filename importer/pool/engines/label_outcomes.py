"""The outcomes of labelled pairs, from the types read before and after the call."""

from dataclasses import replace

from importer.hubspot.advice import RETRY_ADVICE
from importer.hubspot.association_types import parse_types, primary_type, types_text
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.engines.read_back import NOT_READ, as_sent
from importer.pool.engines.type_reader import PresentTypes
from importer.pool.stop_signal import types_of

PRIMARY_ADVICE = (
    "A record has one Primary, and another row or person may have given it to another record since: keep the label "
    "Primary only in the right row, then run importer retry."
)


def not_read(pending: PendingPair, last: Outcome) -> Outcome:
    """Return the outcome of a pair whose types could not be read, so that nothing was sent."""
    return replace(
        last,
        status=Status.UNCONFIRMED,
        api_status="",
        error_category=NOT_READ,
        error_message=f"Nothing was sent, because the present labels could not be read: {last.error_message}",
        attempts=pending.attempts,
        advice="Run importer retry later; if HubSpot refuses the read, give the token permission to read both types.",
    )


def already_linked(pending: PendingPair, found: PresentTypes) -> Outcome:
    """Return the outcome of a pair that has its labels: `linked` if an earlier call may have set them."""
    types = types_text(found.types)
    return as_sent(pending, replace(found.last, status=Status.ALREADY_LINKED, association_types=types, attempts=0))


def confirmed(sent: Outcome, found: PresentTypes) -> Outcome:
    """Return the outcome of a pair whose labels were confirmed by reading back."""
    return Outcome(
        Status.LINKED,
        http_status=sent.http_status,
        api_status=sent.api_status,
        correlation_id=sent.correlation_id,
        association_types=types_text(found.types),
        attempts=sent.attempts,
        completed_at=sent.completed_at,
    )


def unconfirmed(pending: PendingPair, sent: Outcome, found: PresentTypes | None) -> Outcome:
    """Return the outcome of a pair that HubSpot accepted, but whose labels reading back did not confirm."""
    advice = RETRY_ADVICE
    if found is None:
        message = "HubSpot accepted the labels, but the run ended before they were read back."
    elif found.unread is not None:
        message = f"HubSpot accepted the labels, but they could not be read back: {found.unread.error_message}"
    else:
        missing = parse_types(pending.goal) - found.types
        named = f"does not show {types_text(missing)}" if missing else f"shows {types_text(found.types)}"
        message = f"HubSpot accepted the labels, but reading back {named}."
        if missing == {primary_type(*types_of(pending))}:
            advice = PRIMARY_ADVICE
    return replace(
        sent,
        status=Status.UNCONFIRMED,
        error_category="NOT_CONFIRMED",
        error_message=message,
        association_types="" if found is None or found.unread is not None else types_text(found.types),
        advice=advice,
    )
