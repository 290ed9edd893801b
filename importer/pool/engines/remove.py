"""The engines that read before `unlink` removes anything, and after `unlink` and `undo` have changed something.

A removed link has no recycle bin, so a pair is removed only if its types were read before, and counts as removed only
if both records could be read and neither lists the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Status
from importer.pool.engines.change import Change, change_of, surplus
from importer.pool.engines.link_reader import MAX_RECORDS
from importer.pool.engines.pair_reader import Found, PairReader
from importer.pool.engines.remove_outcomes import (
    NAMES_UNLABELLED,
    NOT_CHANGED,
    goal,
    is_reached,
    labels_to_remove,
    merged,
    not_read,
    record_done,
    was_sent,
)
from importer.pool.outcomes import OutcomeRecorder, with_attempts
from importer.pool.sender import Sender
from importer.pool.stop_signal import types_of

LAG_SECONDS = (2.0, 5.0, 10.0)
"""Seconds to wait before a pair that is still listed is read again: reads may lag behind writes."""


class PairEngine:
    """Base of the engines that read pairs."""

    max_chunk = MAX_RECORDS

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self._reader = PairReader(client)

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many records of these types a read may have, as learnt so far."""
        return self._reader.links.chunk_size(types_of(pending))


class ReadBeforeRemoval(PairEngine):
    """Records the types of pairs; those with a link, or labels, to remove stay pending, the others are finished."""

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record each pair: types to remove (it stays pending), `not_linked`, or why it cannot be removed."""
        found = await self._reader.read(chunk, sender)
        if sender.signal.stopped is None:
            for pending in chunk:
                self._record(pending, found[pending.id], outcomes)

    def _record(self, pending: PendingPair, found: Found, outcomes: OutcomeRecorder) -> None:
        if found.merged_into:
            outcomes.record(pending, merged(pending, found), is_read=True)
            return
        if found.unread is not None:
            outcomes.record(pending, not_read(found.unread), is_read=True)
            return
        is_done = is_reached(pending, found.types)
        if was_sent(pending):
            if is_done:
                record_done(pending, found, outcomes)
            return
        outcomes.record_types_before(pending, found.text)
        if is_done:
            types = found.text if found.types else ""
            done = replace(found.last, status=Status.NOT_LINKED, association_types=types)
            outcomes.record(pending, done, is_read=True)
        elif labels_to_remove(pending) & (found.types - found.labels):
            outcomes.record(pending, NAMES_UNLABELLED, is_read=True)


class ConfirmChanged(PairEngine):
    """Reads back the pairs that were sent; a pair with the wanted types is done.

    Any other pair stays pending or, in the last pass, becomes `unconfirmed`.
    """

    def __init__(
        self, client: HubSpotClient, *, is_last: bool, wanted: Callable[[PendingPair], bool] = was_sent
    ) -> None:
        """Read the `wanted` pairs through `client`."""
        super().__init__(client)
        self._is_last = is_last
        self._wanted = wanted

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Read the pairs until all have the wanted types, or until the waits are used up."""
        waiting = [pending for pending in chunk if self._wanted(pending)]
        found: dict[int, Found] = {}
        for seconds in (0.0, *LAG_SECONDS):
            if not waiting:
                return
            if seconds:
                await sender.wait(seconds)
            found = await self._reader.read(waiting, sender)
            if sender.signal.stopped is not None:
                return
            done = {one.id for one in waiting if _is_done(one, found[one.id])}
            for pending in waiting:
                if pending.id in done:
                    record_done(pending, found[pending.id], outcomes)
            waiting = [one for one in waiting if one.id not in done]
        for pending in waiting if self._is_last else ():
            last = found[pending.id]
            outcome = not_read(last.unread) if last.unread is not None else NOT_CHANGED
            outcome = merged(pending, last) if last.merged_into else outcome
            if last.unread is None and not last.merged_into:
                outcomes.record_types_after(pending, last.text)
            outcomes.record(pending, with_attempts(outcome, pending.attempts), is_read=True)


def _is_done(pending: PendingPair, found: Found) -> bool:
    """Return whether a pair has reached its goal; labels that someone else has added meanwhile are kept."""
    if found.unread is not None or found.merged_into:
        return False
    if is_reached(pending, found.types):
        return True
    removes_labels = change_of(pending) is Change.REMOVE_LABELS
    return removes_labels and goal(pending) <= found.types and not surplus(pending) & found.types
