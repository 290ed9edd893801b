"""The states that `unlink` and `undo` aim at, and the outcomes of their pairs."""

from dataclasses import replace

from importer.hubspot.association_types import types_text
from importer.hubspot.classify_removal import ACCEPTED
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.engines.pair_reader import Found
from importer.pool.engines.read_back import NOT_READ
from importer.pool.outcomes import OutcomeRecorder, with_attempts

LEAD_WOULD_BE_DELETED = "LEAD_WOULD_BE_DELETED"
"""The error category of a pair whose removal may take a lead's last primary association."""

STATE_UNKNOWN = "UNDO_STATE_UNKNOWN"
"""The error category of a pair of an undo whose state before or after the run is not known."""

CHANGED_SINCE = "CHANGED_SINCE_RUN"
"""The error category of a pair of an undo that is not what the undone run left."""

NONE = types_text(())
"""The text of the types of a pair that is not linked."""


def goal(pending: PendingPair) -> str:
    """Return the types that a pair is to have: none or, in an undo, those before the undone run."""
    return pending.target or NONE


def is_known(pending: PendingPair) -> bool:
    """Return whether a pair was read, and had other types than it is to have."""
    return pending.before is not None and pending.before != goal(pending)


def was_sent(pending: PendingPair) -> bool:
    """Return whether the change of a pair was sent, by this process or an earlier one."""
    return pending.may_be_linked and is_known(pending)


def record_done(pending: PendingPair, found: Found, outcomes: OutcomeRecorder) -> None:
    """Record that a pair that was sent has the wanted types."""
    attempts = max(1, pending.earlier.attempts) if pending.earlier else 1
    status = Status.LINKED if found.types else Status.UNLINKED
    done = Outcome(status, found.last.http_status, found.last.api_status, association_types=found.text.strip(NONE))
    outcomes.record_types_after(pending, found.text)
    outcomes.record(pending, with_attempts(done, attempts), is_read=True)


def added_attempts(outcome: Outcome, pending: PendingPair) -> Outcome:
    """Return the outcome with the attempts of earlier calls added."""
    before = pending.earlier.attempts if pending.earlier else 0
    return replace(outcome, attempts=outcome.attempts + before)


def not_read(last: Outcome) -> Outcome:
    """Return the outcome of a pair that could not be read; `last` is that of the last attempt."""
    return replace(
        last,
        status=Status.UNCONFIRMED,
        api_status="",
        attempts=0,
        error_category=NOT_READ,
        error_message=f"Could not read whether these records are linked: {last.error_message}",
        advice="Retry the run later: only links whose types could be read are removed.",
    )


NOT_CHANGED = Outcome(
    Status.UNCONFIRMED,
    error_category=ACCEPTED,
    error_message="HubSpot did not refuse the change, but still lists the pair as it was.",
    advice="Retry the run: changing a pair twice is harmless.",
)
UNKNOWN_STATE = Outcome(
    Status.FAILED,
    error_category=STATE_UNKNOWN,
    error_message="It is not known what this pair was before the run, or what the run left, so it was left alone.",
    advice="Look at the pair in HubSpot. Runs with --no-read-first and runs that were not finished cannot be undone.",
)
CHANGED_PAIR = Outcome(
    Status.FAILED,
    error_category=CHANGED_SINCE,
    error_message="This pair was changed since the run, so it was left alone.",
    advice="Look at the pair in HubSpot: import_association_types has what it is now.",
)
LEAD_AT_RISK = Outcome(
    Status.FAILED,
    error_category=LEAD_WOULD_BE_DELETED,
    error_message="HubSpot deletes a lead that loses its last primary association, which this link may be.",
    advice="Link the lead to another primary record first, or (importer unlink) allow it with --allow-deleting-leads.",
)
