"""Reads pairs of an undo again just before a call that would overwrite what someone else has changed.

Removing a link removes all its types, and restoring one replaces its labels: whatever someone else has added since the
undo read the pair would be lost. HubSpot has no call that requires an expected state, so the time between reading and
writing is kept short instead. Labels are removed by a call that names them, which needs no such care.
"""

from collections.abc import Sequence

from importer.hubspot.association_types import TypeSet, parse_types, primary_type
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome
from importer.pool.engines.pair_reader import Found, PairReader
from importer.pool.engines.remove_outcomes import NONE, changed, goal, merged, not_read
from importer.pool.engines.siblings import PrimaryGuard, Siblings
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender
from importer.pool.stop_signal import types_of


class UnchangedPairs:
    """Finds the pairs that are still as the undo has read them, and that may be given Primary if they had it."""

    def __init__(self, client: HubSpotClient, siblings: Siblings) -> None:
        """Read through `client`."""
        self._reader = PairReader(client)
        self._guard = PrimaryGuard(client, siblings)

    async def among(
        self, pairs: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder
    ) -> Sequence[PendingPair]:
        """Return the unchanged pairs, and record the others as left alone; none once the run has stopped.

        Pairs of an `unlink` are removed whatever their types are now. Both directions of a link between records of the
        same type may be in an undo, and each changes the other, so they are not read again.
        """
        if not pairs or pairs[0].target is None or pairs[0].pair.from_type == pairs[0].pair.to_type:
            return pairs
        found = await self._reader.read(pairs, sender)
        refused = await self._guard.refusals(pairs, found, sender)
        if sender.signal.stopped is not None:
            return ()
        unchanged = []
        for pending in pairs:
            reason = _reason(pending, found[pending.id]) or refused.get(pending.id)
            if reason is None:
                unchanged.append(pending)
            else:
                outcomes.record(pending, reason, is_read=True)
        return unchanged


def _reason(pending: PendingPair, found: Found) -> Outcome | None:
    """Return the outcome of a pair that is left alone; None if, apart from Primary, it is as read or at its goal."""
    if found.merged_into:
        return merged(pending, found)
    if found.unread is not None:
        return not_read(found.unread)
    expected = parse_types(pending.before or NONE), goal(pending)
    if _without_primary(pending, found.types) in {_without_primary(pending, types) for types in expected}:
        return None
    return changed(pending, found)


def _without_primary(pending: PendingPair, types: TypeSet) -> TypeSet:
    """Return the types without Primary, which the undo itself moves."""
    primary = primary_type(*types_of(pending))
    return types if primary is None else types - {primary}
