"""The queue of a pool: pairs from the journal in chunks, and which of the claimed ones were not sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from importer.journal import Journal, PendingPair
from importer.pool.stop_signal import Types, types_of

_MIN_CLAIM = 100
"""Pairs claimed from the journal at a time, at least: few, since after a crash all of them are unconfirmed."""

MAX_CLAIMED = 40_000
"""Pairs that all workers hold together, at most: more would cost memory and leave more unconfirmed after a crash."""

Source = Callable[[int, int], list[PendingPair]]
"""Returns the next pairs numbered above the first argument, at most as many as the second."""


class WorkQueue:
    """Hands out the pairs of one journal."""

    def __init__(self, journal: Journal) -> None:
        """Read from `journal`; nothing is claimed yet."""
        self._journal = journal
        self._unsent: set[int] = set()

    def claim(self, after: int, limit: int) -> list[PendingPair]:
        """Return the next pairs to send that have no labels, claimed in the journal."""
        return self._claimed(self._journal.claim(after, limit))

    def claim_all(self, after: int, limit: int) -> list[PendingPair]:
        """Return the next pairs to send, with and without labels, claimed in the journal."""
        return self._claimed(self._journal.claim_all(after, limit))

    def _claimed(self, claimed: list[PendingPair]) -> list[PendingPair]:
        self._unsent.update(pending.id for pending in claimed if not pending.may_be_linked)
        return claimed

    def mark_sent(self, about: Iterable[PendingPair]) -> None:
        """Note that a call about these pairs is being made."""
        self._unsent.difference_update([pending.id for pending in about])

    def mark_not_sent(self, pending: PendingPair) -> None:
        """Note that a response proves that the pair was not linked: it is as if it had not been sent."""
        if not pending.may_be_linked:
            self._unsent.add(pending.id)

    def release(self, chunk: Iterable[PendingPair]) -> None:
        """Release the claims of those pairs of a chunk that were not sent."""
        self._release([pending.id for pending in chunk if pending.id in self._unsent])

    def release_all(self) -> None:
        """Release the claims of all pairs that were not sent."""
        self._release(list(self._unsent))

    def _release(self, pairs: Sequence[int]) -> None:
        if pairs:
            self._journal.release(pairs)
            self._unsent.difference_update(pairs)


def chunks_of(source: Source, max_chunk: int, chunk_size: Callable[[PendingPair], int]) -> Iterator[list[PendingPair]]:
    """Yield the pairs of `source` in chunks of the same object types, each as long as `chunk_size` returns at the time.

    At most one chunk for each combination of object types waits to be filled.
    """
    filling: dict[Types, list[PendingPair]] = {}
    last = 0
    while found := source(last, max(max_chunk, _MIN_CLAIM)):
        last = found[-1].id
        for pending in found:
            types = types_of(pending)
            chunk = filling.setdefault(types, [])
            chunk.append(pending)
            if len(chunk) >= chunk_size(pending):
                yield filling.pop(types)
    yield from filling.values()
