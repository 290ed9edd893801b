"""The engine that reads, before an undo, which pairs are still as the undone run left them and may be restored."""

from collections.abc import Sequence
from dataclasses import replace

from importer.hubspot.association_types import parse_types
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.engines.pair_reader import Found
from importer.pool.engines.primary_reader import RecordLinks, RecordReader, read_primary_side
from importer.pool.engines.remove import PairEngine
from importer.pool.engines.remove_outcomes import (
    NAMES_UNLABELLED,
    UNKNOWN_STATE,
    changed,
    goal,
    is_reached,
    merged,
    not_read,
    primary_elsewhere,
    record_done,
    was_sent,
)
from importer.pool.engines.siblings import Siblings, read_both_ways
from importer.pool.engines.undo_rules import is_as_left, keeps_primary, needs_primary
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender


class ReadBeforeUndo(PairEngine):
    """Records the present types of pairs that are as the undone run left them; these stay pending, others are final."""

    def __init__(self, client: HubSpotClient, siblings: Siblings) -> None:
        """Read through `client`; `siblings` are those of the undo's pairs."""
        super().__init__(client)
        self._records = RecordReader(client)
        self._siblings = siblings

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record each pair: to be restored (it stays pending), already restored, or the reason why it is left alone."""
        found = await read_both_ways(self._reader, chunk, sender)
        left = [pending for pending in chunk if _is_undecided(pending, found[pending.id])]
        unclear = [pending for pending in left if needs_primary(pending, found[pending.id])]
        records = await read_primary_side(self._records, unclear, sender) if unclear else {}
        if sender.signal.stopped is not None:
            return
        for pending in chunk:
            outcome = self._reason(pending, found[pending.id], records.get(pending.id))
            if outcome is not None:
                outcomes.record(pending, outcome, is_read=True)
            elif is_reached(pending, found[pending.id].types):
                _record_reached(pending, found[pending.id], outcomes)
            elif not was_sent(pending):
                outcomes.record_types_before(pending, found[pending.id].text)

    def _reason(self, pending: PendingPair, found: Found, record: RecordLinks | None) -> Outcome | None:
        """Return the outcome of a pair that is left alone; None if it may be restored or needs no change."""
        if pending.target is None:
            return _as_before(found) if _is_as_before(pending, found) else UNKNOWN_STATE
        if found.merged_into:
            return merged(pending, found)
        if found.unread is not None:
            return not_read(found.unread)
        if is_reached(pending, found.types):
            return None
        if not is_as_left(pending, found):
            return changed(pending, found)
        if record is not None and record.unread is not None:
            return not_read(record.unread)
        siblings = Siblings(tuple) if record is None else self._siblings.collect()
        if not keeps_primary(pending, found, record, siblings.moved, siblings.made):
            is_moved = record is not None and bool(record.primary) and not goal(pending) <= found.types
            return primary_elsewhere(found) if is_moved else changed(pending, found)
        if goal(pending) and (found.types - found.labels) - goal(pending):
            return NAMES_UNLABELLED  # and the link had only labels before
        return None


def _is_undecided(pending: PendingPair, found: Found) -> bool:
    is_read = found.unread is None and not found.merged_into
    if pending.target is None or not is_read or is_reached(pending, found.types):
        return False
    return is_as_left(pending, found)


def _is_as_before(pending: PendingPair, found: Found) -> bool:
    """Return whether a pair that may not be changed needs no change."""
    is_read = found.unread is None and not found.merged_into
    return pending.left is not None and is_read and found.types == parse_types(pending.left)


def _as_before(found: Found) -> Outcome:
    return replace(found.last, status=Status.ALREADY_LINKED if found.types else Status.NOT_LINKED)


def _record_reached(pending: PendingPair, found: Found, outcomes: OutcomeRecorder) -> None:
    if was_sent(pending):
        record_done(pending, found, outcomes)
        return
    outcomes.record_types_before(pending, found.text)
    outcomes.record(pending, _as_before(found), is_read=True)
