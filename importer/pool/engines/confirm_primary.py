"""The engine that reads pairs that became Primary again at the end of a run.

By then another pair of the run may have taken it: rows that compete for Primary are refused, but it may not have been
known that two ids were those of one merged record.
"""

from collections.abc import Sequence

from importer.hubspot.association_types import parse_types, types_text
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.pool.engines import label, label_outcomes
from importer.pool.engines.link_reader import MAX_RECORDS
from importer.pool.engines.read_labelled import becomes_primary
from importer.pool.engines.type_reader import PresentTypes, TypeReader
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender
from importer.pool.stop_signal import types_of


class ConfirmPrimary:
    """Records pairs that have lost Primary since they were sent as `unconfirmed`, and the types of the others."""

    max_chunk = MAX_RECORDS

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self._reader = TypeReader(client, is_optional=True)

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many records of these types a read may have, as learnt so far."""
        return min(self.max_chunk, self._reader.chunk_size(types_of(pending)))

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record what can be read; pairs that cannot be read stay as they were."""
        pairs = lost = [pending for pending in chunk if becomes_primary(pending)]
        found: dict[int, PresentTypes] = {}
        for wait in (0.0, *label.READ_BACK_WAITS):
            if not lost or sender.signal.stopped is not None:
                break
            if wait:
                await sender.wait(wait)
            found |= await self._reader.read(lost, sender)
            lost = [one for one in lost if _has_lost(one, found[one.id])]
        for pending in pairs:
            present = found.get(pending.id)
            if present is None or present.unread is not None:
                continue
            if pending.before is not None:
                outcomes.record_types_after(pending, types_text(present.types))
            if _has_lost(pending, present) and pending.earlier is not None:
                outcomes.replace_outcome(pending, label_outcomes.unconfirmed(pending, pending.earlier, present))


def _has_lost(pending: PendingPair, present: PresentTypes) -> bool:
    return present.unread is None and not present.include(parse_types(pending.goal))
