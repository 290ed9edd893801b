"""The order of calls: pairs of one record go one after the other in the order of the file, others in parallel.

HubSpot makes the first company that a record is linked to its primary one, so the order decides. It also locks a record
while it is written (423). Source: HubSpot, associations guide and error page.
"""

from collections import deque
from collections.abc import Hashable, Sequence

from importer.journal import PendingPair
from importer.model import ObjectType

Types = tuple[ObjectType, ObjectType]

_COMPANIES = frozenset({"companies", "0-2"})


def order_keys(pending: PendingPair) -> tuple[Hashable, ...]:
    """Return the records of a pair that keep the order of the file: the from-record.

    When that is a company, the other record too, since it is the one that has a primary company.
    """
    pair = pending.pair
    from_record = (pair.from_type, pair.from_id)
    return (from_record, (pair.to_type, pair.to_id)) if pair.from_type in _COMPANIES else (from_record,)


class OrderedPairs:
    """Claimed pairs that wait to be sent, given out in chunks of equal object types.

    A pair waits until every earlier pair of its records is done, or goes in the same chunk behind them.
    """

    def __init__(self) -> None:
        """Begin without pairs."""
        self._ready: dict[Types, deque[PendingPair]] = {}
        self._last: dict[Hashable, int] = {}
        self._blockers: dict[int, int] = {}
        self._followers: dict[int, list[PendingPair]] = {}
        self._waiting = 0

    def __len__(self) -> int:
        """Return how many pairs wait to be given out."""
        return self._waiting

    def add(self, pending: PendingPair) -> None:
        """Add a pair behind all that were added before."""
        blockers = 0
        for key in order_keys(pending):
            before = self._last.get(key)
            if before is not None:
                self._followers.setdefault(before, []).append(pending)
                blockers += 1
            self._last[key] = pending.id
        self._waiting += 1
        if blockers:
            self._blockers[pending.id] = blockers
        else:
            self._ready.setdefault(_types(pending), deque()).append(pending)

    def largest(self) -> PendingPair | None:
        """Return a pair of the object types of which most can go now; None while none can."""
        ready = max(self._ready.values(), key=len, default=None)
        return ready[0] if ready else None

    def ready(self, pending: PendingPair) -> int:
        """Return how many pairs of the object types of `pending` can go now."""
        return len(self._ready.get(_types(pending), ()))

    def take(self, first: PendingPair, size: int) -> list[PendingPair]:
        """Give out up to `size` pairs of the object types of `first` that can go now."""
        types = _types(first)
        ready = self._ready[types]
        chunk: list[PendingPair] = []
        released: dict[int, int] = {}
        queue: deque[PendingPair] = deque()
        while len(chunk) < size and (queue or ready):
            pending = queue.popleft() if queue else ready.popleft()
            chunk.append(pending)
            for follower in self._followers.get(pending.id, ()):
                released[follower.id] = released.get(follower.id, 0) + 1
                if released[follower.id] == self._blockers[follower.id] and _types(follower) == types:
                    queue.append(follower)
        for pending in chunk:
            self._blockers.pop(pending.id, None)
        if not ready:
            del self._ready[types]
        self._waiting -= len(chunk)
        return chunk

    def done(self, chunk: Sequence[PendingPair]) -> None:
        """Let the pairs that waited for those of `chunk` go."""
        for pending in chunk:
            for key in order_keys(pending):
                if self._last.get(key) == pending.id:
                    del self._last[key]
            for follower in self._followers.pop(pending.id, ()):
                if follower.id not in self._blockers:
                    continue  # it went in the same chunk
                self._blockers[follower.id] -= 1
                if not self._blockers[follower.id]:
                    del self._blockers[follower.id]
                    self._ready.setdefault(_types(follower), deque()).append(follower)


def _types(pending: PendingPair) -> Types:
    return pending.pair.from_type, pending.pair.to_type
