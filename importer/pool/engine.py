"""The protocol of engines: how a chunk of pairs becomes outcomes."""

from collections.abc import Sequence
from typing import Protocol

from importer.journal import PendingPair
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender


class Engine(Protocol):
    """Turns chunks of at most `max_chunk` pairs of the same object types into outcomes."""

    max_chunk: int

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many pairs with the types of `pending` the next chunk should have, at most `max_chunk`."""

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Make the calls that the chunk needs and record the outcomes, including those known when a call raises."""
