"""The claims of a pool: the pairs that may be sent, and those of them that were not sent."""

from collections.abc import Iterable, Sequence

from importer.journal import Journal, PendingPair


class WorkQueue:
    """Claims and releases the pairs of one journal."""

    def __init__(self, journal: Journal) -> None:
        """Claim in `journal`; nothing is claimed yet."""
        self._journal = journal
        self._unsent: set[int] = set()

    def claim(self, pairs: Sequence[PendingPair]) -> None:
        """Claim in the journal the pairs to be sent next."""
        self._journal.claim(pairs)
        self._unsent.update([pending.id for pending in pairs if not pending.may_be_linked])

    def mark_sent(self, about: Iterable[PendingPair]) -> None:
        """Record that a call about these pairs is being made."""
        self._unsent.difference_update([pending.id for pending in about])

    def mark_not_sent(self, pending: PendingPair) -> None:
        """Record that a response proves that the pair was not linked, as if it had not been sent."""
        if not pending.may_be_linked:
            self._unsent.add(pending.id)

    def release(self, chunk: Iterable[PendingPair]) -> None:
        """Release the claims on the pairs of a chunk that were not sent."""
        self._release([pending.id for pending in chunk if pending.id in self._unsent])

    def release_all(self) -> None:
        """Release the claims on all pairs that were not sent."""
        self._release(list(self._unsent))

    def _release(self, pairs: Sequence[int]) -> None:
        if pairs:
            self._journal.release(pairs)
            self._unsent.difference_update(pairs)
