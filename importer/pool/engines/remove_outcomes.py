"""The states that `unlink` and `undo` aim at, and the outcomes of their pairs."""

from dataclasses import replace

from importer.hubspot.association_types import NOT_LINKED, TypeSet, parse_types, types_text
from importer.hubspot.classify_removal import ACCEPTED
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.engines.pair_reader import Found
from importer.pool.engines.read_back import NOT_READ
from importer.pool.outcomes import OutcomeRecorder, with_attempts
from importer.result_columns import CHANGED_SINCE, PRIMARY_CHANGED, STATE_UNKNOWN

LEAD_WOULD_BE_DELETED = "LEAD_WOULD_BE_DELETED"
"""The error category of a pair whose removal would cost a lead its last primary association."""

LEAD_NOT_READ = "LEAD_NOT_READ"
"""The error category of a pair whose removal might do so: the lead's other associations could not be read."""

RECORD_MERGED = "RECORD_MERGED"
"""The error category of a pair with a record that was merged into another one."""

UNLABELLED_TYPE = "UNLABELLED_TYPE"
"""The error category of a pair from which the unlabelled type cannot be removed alone."""

NONE = types_text(())
"""The types of a pair that is not linked, as text."""


def labels_to_remove(pending: PendingPair) -> TypeSet:
    """Return the labels that an `unlink` removes from a pair; empty if it removes the whole link, and in an undo."""
    return parse_types(pending.goal) if pending.goal and pending.target is None else NOT_LINKED


def goal(pending: PendingPair) -> TypeSet:
    """Return the types that a pair is to have.

    In an undo, these are the types before the undone run; in an `unlink`, none, or those read before minus the labels.
    """
    if pending.target is not None:
        return parse_types(pending.target)
    labels = labels_to_remove(pending)
    return parse_types(pending.before or NONE) - labels if labels else NOT_LINKED


def is_reached(pending: PendingPair, types: TypeSet) -> bool:
    """Return whether a pair with these types has reached its goal; types other than the labels to remove may remain."""
    labels = labels_to_remove(pending)
    return not types & labels if labels else types == goal(pending)


def is_known(pending: PendingPair) -> bool:
    """Return whether a pair was read and its types differ from its goal."""
    return pending.before is not None and not is_reached(pending, parse_types(pending.before))


def was_sent(pending: PendingPair) -> bool:
    """Return whether the change of a pair was sent, by this process or an earlier one."""
    return pending.may_be_linked and is_known(pending)


def record_done(pending: PendingPair, found: Found, outcomes: OutcomeRecorder) -> None:
    """Record that a pair that was sent has the wanted types."""
    is_restored = pending.target is not None and bool(found.types)
    status = Status.LINKED if is_restored else Status.UNLINKED
    last, text = found.last, found.text.strip(NONE)
    done = Outcome(status, last.http_status, last.api_status, association_types=text, completed_at=last.completed_at)
    outcomes.record_types_after(pending, found.text)
    outcomes.record(pending, with_attempts(done, max(1, pending.attempts)), is_read=True)


def added_attempts(outcome: Outcome, pending: PendingPair) -> Outcome:
    """Return the outcome with the attempts of earlier calls added."""
    return replace(outcome, attempts=outcome.attempts + pending.attempts)


def not_read(last: Outcome) -> Outcome:
    """Return the outcome of a pair that could not be read; `last` is that of the last attempt."""
    return replace(
        last,
        status=Status.UNCONFIRMED,
        api_status="",
        attempts=0,
        error_category=NOT_READ,
        error_message=f"Could not read whether these records are linked: {last.error_message}",
        advice="Retry the run later: only links whose types could be read are changed.",
    )


def merged(pending: PendingPair, found: Found) -> Outcome:
    """Return the outcome of a pair with a record that was merged into another one: it is not (further) changed."""
    if was_sent(pending):
        message = f"One of these records was merged into {found.merged_into} meanwhile."
        return not_read(Outcome(Status.UNCONFIRMED, error_message=message))
    return Outcome(
        Status.FAILED,
        error_category=RECORD_MERGED,
        error_message=f"One of these records was merged into {found.merged_into}, so the pair was left alone.",
        advice="Look at the surviving record in HubSpot: its links may have been made by someone else.",
    )


def changed(pending: PendingPair, found: Found) -> Outcome:
    """Return the outcome of a pair that someone has changed since the run.

    The message names the pair: it may be that of a former primary record, which the row itself does not name.
    """
    return Outcome(
        Status.FAILED,
        error_category=CHANGED_SINCE,
        error_message=f"The link {_ends(pending)} was changed since the run, so it was left alone.",
        association_types=found.text,
        advice="Look at the link in HubSpot: import_association_types has its present types.",
    )


def primary_elsewhere(found: Found) -> Outcome:
    """Return the outcome of a pair that was primary, where someone has chosen another primary record since the run."""
    return replace(PRIMARY_ELSEWHERE, association_types=found.text)


def taker_changed(pending: PendingPair, taker: PendingPair, found: Found) -> Outcome:
    """Return the outcome of a pair that was primary, where someone has changed the pair that the run made primary."""
    return replace(
        primary_elsewhere(found),
        error_message=f"The run moved Primary from the link {_ends(pending)} to the link {_ends(taker)}. "
        "The latter was changed since, or could not be read, so both were left alone.",
    )


def _ends(pending: PendingPair) -> str:
    pair = pending.pair
    return f"from {pair.from_type} {pair.from_id} to {pair.to_type} {pair.to_id}"


NOT_CHANGED = Outcome(
    Status.UNCONFIRMED,
    error_category=ACCEPTED,
    error_message="HubSpot did not refuse the change, but still lists the pair as it was.",
    advice="Retry the run: changing a pair twice is harmless.",
)
NAMES_UNLABELLED = Outcome(
    Status.FAILED,
    error_category=UNLABELLED_TYPE,
    error_message="Removing the unlabelled type would remove the whole link with all of its labels.",
    advice="Name labels only. To remove whole links, use importer unlink without labels.",
)
UNKNOWN_STATE = Outcome(
    Status.FAILED,
    error_category=STATE_UNKNOWN,
    error_message="The state of this pair before the run, or after it, is not known, so the pair was left alone.",
    advice="Look at the pair in HubSpot. Runs with --no-read-first cannot be undone; resume an unfinished run first.",
)
PRIMARY_ELSEWHERE = Outcome(
    Status.FAILED,
    error_category=PRIMARY_CHANGED,
    error_message="Another record was made the primary one since the run, so this pair was left alone.",
    advice="If it is to be the primary one again, set that in HubSpot, or with importer run and the label Primary.",
)
LEAD_AT_RISK = Outcome(
    Status.FAILED,
    error_category=LEAD_WOULD_BE_DELETED,
    error_message="This is the lead's last primary association: HubSpot deletes a lead that loses it.",
    advice="Link the lead to another primary record first, or allow it with --allow-deleting-leads (not in an undo).",
)


def lead_not_read(last: Outcome) -> Outcome:
    """Return the outcome of a pair that may be a lead's last primary association; `last` is the failed read."""
    return replace(
        LEAD_AT_RISK,
        error_category=LEAD_NOT_READ,
        error_message=f"This may be the lead's last primary association, without which HubSpot deletes the lead. "
        f"Whether it has others could not be read: {last.error_message}",
        advice="Retry the run later, or allow it with --allow-deleting-leads (not in an undo).",
    )
