"""The order of calls: pairs of one record are sent one after the other in the file's order, others in parallel.

HubSpot makes the first company that a record is linked to its primary one, so the order decides. It also locks a record
while it is written (423). Source: HubSpot, associations guide and error page.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from importer.journal import PendingPair
from importer.model import ObjectType, RecordId, Status
from importer.pool.stop_signal import Types, types_of

Record = tuple[ObjectType, RecordId]
Primary = tuple[ObjectType, RecordId, ObjectType]
"""A record, and the object type of its primary record."""

_COMPANIES = frozenset({"companies", "0-2"})
_LEADS = frozenset({"leads", "0-136"})
_HELD_SLOTS = 1 << 22


@lru_cache(maxsize=256)
def _primary_side(types: Types) -> str:
    """Return which record of a pair may get the other as its primary record: `from`, `to`, or "" if neither."""
    from_type, to_type = types
    if from_type in _LEADS or to_type in _LEADS:
        return "" if from_type in _LEADS and to_type in _LEADS else "from" if from_type in _LEADS else "to"
    if (from_type in _COMPANIES) == (to_type in _COMPANIES):
        return ""
    return "from" if to_type in _COMPANIES else "to"


def order_keys(pending: PendingPair) -> tuple[Record, ...]:
    """Return the records of a pair whose pairs must stay in file order: the from-record, and sometimes the other one.

    The other one is included if it is the one that gets a primary record, such as a contact linked from a company.
    """
    pair = pending.pair
    from_record = (pair.from_type, pair.from_id)
    if _primary_side((pair.from_type, pair.to_type)) == "to":
        return from_record, (pair.to_type, pair.to_id)
    return (from_record,)


def primary_of(pending: PendingPair) -> Primary | None:
    """Return the record whose primary record this pair may decide, None if there is none."""
    pair = pending.pair
    side = _primary_side(types_of(pending))
    if not side:
        return None
    return (
        (pair.from_type, pair.from_id, pair.to_type) if side == "from" else (pair.to_type, pair.to_id, pair.from_type)
    )


class OrderedPairs:
    """Pairs waiting to be sent, handed out in chunks of the same object types.

    A pair waits until every earlier pair of its records is done, or follows them in the same chunk. Pairs that may
    decide the primary record of the same record are sent one by one until one is linked, because HubSpot does not
    document the order within a batch call. If one of them ends without a final outcome, the others are dropped; the
    next pass sends them after it.
    """

    def __init__(self) -> None:
        """Begin without pairs."""
        self._ready: dict[Types, deque[PendingPair]] = {}
        self._last: dict[Record, int] = {}
        self._blockers: dict[int, int] = {}
        self._followers: dict[int, list[PendingPair]] = {}
        self._decided: set[int] = set()
        """Pairs whose record already has its primary record: they may be sent together."""
        self._held = bytearray()
        """Marks by hash, in constant memory; a collision only defers a pair to the next pass."""
        self._waiting = 0

    def __len__(self) -> int:
        """Return how many pairs are waiting to be handed out."""
        return self._waiting

    def add(self, found: Iterable[PendingPair]) -> None:
        """Append pairs."""
        for pending in found:
            if self._held and self._is_held(pending):
                continue
            blockers = 0
            for record in order_keys(pending):
                before = self._last.get(record)
                if before is not None:
                    self._followers.setdefault(before, []).append(pending)
                    blockers += 1
                self._last[record] = pending.id
            self._waiting += 1
            if blockers:
                self._blockers[pending.id] = blockers
            else:
                self._make_ready(pending)

    def largest(self) -> PendingPair | None:
        """Return a pair of the object types with the most pairs that can be sent now; None if there are none."""
        ready = max(self._ready.values(), key=len, default=None)
        return ready[0] if ready else None

    def ready(self, pending: PendingPair) -> int:
        """Return how many pairs of the object types of `pending` can be sent now."""
        return len(self._ready.get(types_of(pending), ()))

    def take(self, first: PendingPair, size: int) -> list[PendingPair]:
        """Hand out up to `size` pairs of the object types of `first` that can be sent now."""
        types = types_of(first)
        side = _primary_side(types)
        ready = self._ready[types]
        chunk: list[PendingPair] = []
        released: dict[int, int] = {}
        joining: deque[PendingPair] = deque()
        while len(chunk) < size and (joining or ready):
            pending = joining.popleft() if joining else ready.popleft()
            chunk.append(pending)
            for follower in self._followers.get(pending.id, ()):
                if types_of(follower) != types or self._is_held(follower):
                    continue
                if self._may_join(follower, pending, side):
                    released[follower.id] = released.get(follower.id, 0) + 1
                    if released[follower.id] == self._blockers[follower.id]:
                        joining.append(follower)
        if released:
            for pending in chunk:
                self._blockers.pop(pending.id, None)
        if not ready:
            del self._ready[types]
        self._waiting -= len(chunk)
        return chunk

    def done(self, chunk: Sequence[PendingPair], final: Mapping[int, Status]) -> None:
        """Release the pairs that waited for those in `chunk`; `final` maps pair numbers to final statuses."""
        finished = deque(chunk)
        while finished:
            pending = finished.popleft()
            status = final.get(pending.id)
            for record in order_keys(pending):
                if self._last.get(record) == pending.id:
                    del self._last[record]
            is_decided = pending.id in self._decided
            self._decided.discard(pending.id)
            if status is None and not is_decided:
                self._hold(pending)
            for follower in self._followers.pop(pending.id, ()):
                if follower.id not in self._blockers:
                    continue  # it went in the same chunk
                if is_decided or status is Status.LINKED or status is Status.ALREADY_LINKED:
                    self._decide(follower, pending)
                if self._unblock(follower):
                    if self._is_held(follower):
                        self._waiting -= 1
                        finished.append(follower)
                    else:
                        self._make_ready(follower)

    def _may_join(self, follower: PendingPair, before: PendingPair, side: str) -> bool:
        """Return whether a pair may go in the same chunk as the one before it, which has the same object types."""
        if side == "" or (side == "to" and follower.pair.to_id != before.pair.to_id):
            return True
        if before.id not in self._decided:
            return False
        self._decided.add(follower.id)
        return True

    def _decide(self, follower: PendingPair, before: PendingPair) -> None:
        """Mark a pair as decided if the pair before it has decided the same primary record."""
        primary = primary_of(follower)
        if primary is not None and primary == primary_of(before):
            self._decided.add(follower.id)

    def _unblock(self, follower: PendingPair) -> bool:
        """Remove one of the pairs that a pair waits for; return True if it can be sent now."""
        self._blockers[follower.id] -= 1
        if self._blockers[follower.id]:
            return False
        del self._blockers[follower.id]
        return True

    def _make_ready(self, pending: PendingPair) -> None:
        types = types_of(pending)
        ready = self._ready.get(types)
        if ready is None:
            ready = self._ready[types] = deque()
        ready.append(pending)

    def _hold(self, pending: PendingPair) -> None:
        primary = primary_of(pending)
        if primary is not None:
            self._held = self._held or bytearray(_HELD_SLOTS)
            self._held[hash(primary) % _HELD_SLOTS] = 1

    def _is_held(self, pending: PendingPair) -> bool:
        primary = primary_of(pending) if self._held else None
        return primary is not None and self._held[hash(primary) % _HELD_SLOTS] == 1
