"""What the status of a row means, in one sentence for people."""

from collections.abc import Mapping

from importer.model import Operation, Status

_MEANINGS: Mapping[Status, str] = {
    Status.LINKED: "HubSpot confirmed the link.",
    Status.ALREADY_LINKED: "The records were already linked; nothing was sent.",
    Status.UNLINKED: "The link was removed; reading it back confirmed that.",
    Status.NOT_LINKED: "The records were not linked; nothing was sent.",
    Status.BLANK: "The row has no id to link.",
    Status.FAILED: "The link was refused, by HubSpot or before sending; sending it again unchanged would fail again.",
    Status.UNCONFIRMED: "It may have been sent, but HubSpot did not confirm it; it is safe to retry.",
    Status.INVALID: "The row could not be read as a pair of records; nothing was sent for it.",
    Status.NOT_SENT: "The run ended before this row's turn.",
}

_OF_OPERATIONS: Mapping[Operation, Mapping[Status, str]] = {
    Operation.LINK: {},
    Operation.UNLINK: {
        Status.NOT_LINKED: "There was nothing to remove; nothing was sent.",
        Status.FAILED: "Nothing was removed: HubSpot refused it, or the pair was left alone. Its row has the reason.",
    },
    Operation.UNDO: {
        Status.LINKED: "The link is as it was before the run; reading it back confirmed that.",
        Status.ALREADY_LINKED: "The link was already as it was before the run; nothing was sent.",
        Status.UNLINKED: "The link that the run made was removed; reading it back confirmed that.",
        Status.NOT_LINKED: "The link was already gone, as before the run; nothing was sent.",
        Status.FAILED: "Not undone: the pair was left alone, or HubSpot refused the change. Its row has the reason.",
    },
    Operation.VERIFY: {
        Status.ALREADY_LINKED: "The records are linked.",
        Status.UNCONFIRMED: "Whether the records are linked could not be read.",
        Status.NOT_SENT: "The records are not linked; nothing was sent.",
    },
}

_WHILE_RUNNING: Mapping[Status, str] = {
    Status.UNCONFIRMED: "Not decided yet: it may have been sent.",
    Status.NOT_SENT: "Not decided yet: the run has not reached it.",
}


def meaning(status: Status, operation: Operation, *, is_running: bool = False) -> str:
    """Return what a status means after an operation, or while the run is working."""
    found = _WHILE_RUNNING.get(status) if is_running else None
    return found or _OF_OPERATIONS[operation].get(status) or _MEANINGS[status]
