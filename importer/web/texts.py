"""The sentences of the server for people at the page."""

from collections.abc import Mapping

from importer.journal import PauseReason
from importer.model import GOOD_STATUSES, Operation, Status, StopReason
from importer.reporter import RowCounts
from importer.runner.undone import Undone

_DONE = {
    Operation.LINK: ("is linked", "are linked"),
    Operation.UNLINK: ("is unlinked", "are unlinked"),
    Operation.UNDO: ("is as it was before", "are as they were before"),
    Operation.VERIFY: ("is linked", "are linked"),
}
_GOOD: Mapping[Operation, frozenset[Status]] = {
    Operation.LINK: frozenset({Status.LINKED, Status.ALREADY_LINKED}),
    Operation.UNLINK: frozenset({Status.UNLINKED}),
    Operation.UNDO: GOOD_STATUSES - {Status.BLANK},
    Operation.VERIFY: frozenset({Status.LINKED, Status.ALREADY_LINKED}),
}
"""The statuses of rows that are as `_DONE` says."""

_WAS_DONE = {Operation.LINK: "had been linked", Operation.UNLINK: "had been unlinked"}

_UNDONE: Mapping[Undone, str] = {
    Undone.FULLY: "This run was undone",
    Undone.PARTLY: "This run was undone, but not all of it",
    Undone.RUNNING: "This run is being undone",
    Undone.UNFINISHED: "The undo of this run is not finished",
    Undone.UNKNOWN: "This run was undone, at least in part",
}

REFUSED = "Refused, nothing was sent."
"""The headline of a run that HubSpot or the importer refused before anything was sent."""

REFUSALS = frozenset(
    {
        StopReason.TOKEN_REFUSED,
        StopReason.SCOPES_MISSING,
        StopReason.ACCOUNT_INACTIVE,
        StopReason.PERMISSIONS_LOST,
        StopReason.FORBIDDEN,
    }
)
"""The reasons of a stop that time alone does not remove."""

PAUSES: Mapping[PauseReason, str] = {
    PauseReason.RATE_LIMITED: "HubSpot asked us to wait",
    PauseReason.BACKOFF: "HubSpot or the network has a problem",
    PauseReason.EARLIER_RUN: "An earlier run has used up the rate limit",
}

_ADVICE: Mapping[Status, str] = {
    Status.FAILED: "HubSpot refused some rows. Their advice says why. Correct the file, or retry the failures.",
    Status.UNCONFIRMED: "Some rows got no reliable response. Retry the failures, which is safe.",
    Status.INVALID: "Some rows are not valid, and nothing was sent for them. Correct them and upload the file again.",
    Status.NOT_SENT: "Some rows were not sent. Continue the run.",
}

TO_BE_SENT = "This row is sent when the run is continued."
"""The advice for a row that was not sent while its run is unfinished."""


def headline(operation: Operation, counts: RowCounts) -> str:
    """Return the result of a run in one sentence, such as `29 of 41 rows are linked; 12 need you`."""
    done = _done(operation, counts)
    one, many = _DONE[operation]
    text = f"{done:,} of {counts.rows:,} rows {one if done == 1 else many}"
    if done == counts.rows and done:
        text = f"All {done:,} rows {many}" if done > 1 else f"The row {one}"
    if operation is Operation.UNLINK and counts.not_linked:
        text += f", {counts.not_linked:,} had nothing to remove"
    if counts.blank:
        text += f"; {counts.blank:,} {'is' if counts.blank == 1 else 'are'} blank"
    if bad := counts.bad - counts.not_sent:
        text += f"; {bad:,} {'needs' if bad == 1 else 'need'} you"
    if counts.not_sent:
        text += f"; {counts.not_sent:,} {'is' if counts.not_sent == 1 else 'are'} not sent yet"
    return f"{text}."


def undone_headline(operation: Operation, counts: RowCounts, undone: Undone) -> str:
    """Return that a run was undone, and then what it had done, in one sentence."""
    rows = f"{counts.rows:,} {'row' if counts.rows == 1 else 'rows'}"
    return f"{_UNDONE[undone]}: {_done(operation, counts):,} of {rows} {_WAS_DONE[operation]}."


def _done(operation: Operation, counts: RowCounts) -> int:
    return sum(counts.by_status[status] for status in _GOOD[operation])


def advice(counts: RowCounts) -> list[str]:
    """Return what to do about the rows that are not good."""
    return [text for status, text in _ADVICE.items() if counts.by_status[status]]


def stop_sentence(reason: StopReason | None) -> str | None:
    """Return why a run stopped before its end; None if it did not."""
    if reason is None:
        return None
    if reason.is_signal or reason is StopReason.FIRST_ROWS:
        return "The run was stopped. Everything that was sent is in its results."
    return reason.sentence
