"""The engine that reads labelled pairs before anything is sent, so that the run can be undone.

The label engine reads a pair again just before it sends it. By then the run itself may have moved Primary from it, or
have labelled the same link in the other direction.
"""

import logging
from collections.abc import Collection, Sequence

from importer.config import LabelMode
from importer.hubspot.association_types import NOT_LINKED, parse_types, primary_type, types_text
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.pool.engines.link_reader import MAX_RECORDS
from importer.pool.engines.pair_reader import Found, PairReader
from importer.pool.engines.primary_reader import RecordReader, has_primary, read_primary_side, record_of
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

logger = logging.getLogger(__name__)


class ReadLabelledFirst:
    """Records the types of labelled pairs, and for those that are to become Primary the record that is Primary before.

    All pairs stay pending. Only pairs that the run may change by sending other pairs are read; if labels are replaced,
    all pairs are, to report how many lose labels.
    """

    max_chunk = MAX_RECORDS

    def __init__(self, client: HubSpotClient, mode: LabelMode, both_ways: Collection[Types] = ()) -> None:
        """Read through `client` for a run that sets labels in this mode.

        `both_ways` has the object types of which the run has pairs in both directions.
        """
        self._reader = PairReader(client)
        self._records = RecordReader(client)
        self._replaces = mode is LabelMode.REPLACE
        self._both_ways = both_ways
        self._losing_primary = self._losing_labels = 0

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many records of these types a read may have, as learnt so far."""
        return self._reader.links.chunk_size(types_of(pending))

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record what can be read; the rest cannot be undone."""
        pairs = [pending for pending in chunk if self._is_to_be_read(pending)]
        if not pairs:
            return
        found = await self._reader.read(pairs, sender)
        becoming = [pending for pending in pairs if becomes_primary(pending)]
        records = await read_primary_side(self._records, becoming, sender) if becoming else {}
        for pending in pairs:  # a pair with types is not read again, so both are recorded only once both were read
            one = found[pending.id]
            if one.unread is None and not one.merged_into:
                outcomes.record_types_before(pending, one.text)
                self._count_lost(pending, one)
        for pending in becoming:
            record = records[pending.id]
            _, own = record_of(pending)
            other = next(iter(sorted(record.primary - {own})), "")
            if record.unread is None:
                outcomes.record_primary_before(pending, other, types_text(record.links.get(other) or NOT_LINKED))

    def _is_to_be_read(self, pending: PendingPair) -> bool:
        is_first = pending.before is None and pending.is_untouched
        return bool(pending.goal) and is_first and (self._replaces or is_shared(pending, self._both_ways))

    def _count_lost(self, pending: PendingPair, found: Found) -> None:
        lost = found.labels - parse_types(pending.goal) if self._replaces else NOT_LINKED
        self._losing_labels += bool(lost)
        self._losing_primary += primary_type(*types_of(pending)) in lost

    def report(self) -> None:
        """Log a warning if replacing labels removes some."""
        if self._losing_labels:
            logger.warning(
                "Labels are replaced: %s %s labels that the rows do not name, %s of them Primary. importer undo gives "
                "them back.",
                f"{self._losing_labels:,}",
                "pair loses" if self._losing_labels == 1 else "pairs lose",
                f"{self._losing_primary:,}",
            )


def becomes_primary(pending: PendingPair) -> bool:
    """Return whether Primary is among the labels that a pair is to have."""
    pair = pending.pair
    primary = primary_type(pair.from_type, pair.to_type)
    return bool(pending.goal) and primary in parse_types(pending.goal) and has_primary(pending)


def is_shared(pending: PendingPair, both_ways: Collection[Types]) -> bool:
    """Return whether sending other pairs may change the types of this one: by moving Primary, or as its reverse.

    Its types after sending are known only at the end of the run.
    """
    return has_primary(pending) or types_of(pending) in both_ways
