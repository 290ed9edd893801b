"""The state of a sandbox: records, links, counts of calls and the rolling window. No HTTP."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from importer.sandbox.calls import UNNUMBERED_KINDS
from importer.sandbox.limits import RollingWindow

FIRST_RECORD, LAST_RECORD = 1, 999_999
"""Every object type has the records of this range from the start; they are computed, not stored."""


class Pair(NamedTuple):
    """Two records to link, as requested: type names and ids. Equal to a plain tuple of the four."""

    from_type: str
    from_id: int
    to_type: str
    to_id: int

    def reverse(self) -> "Pair":
        """Return the same link seen from its other end."""
        return Pair(self.to_type, self.to_id, self.from_type, self.from_id)


Record = tuple[str, int]
"""A type name and an id."""

_Neighbours = dict[tuple[str, int, str], list[int]]


class Records:
    """The existing records: the range every type starts with, and single records added, removed or merged."""

    def __init__(self) -> None:
        self.added: set[Record] = set()
        self.removed: set[Record] = set()
        self.merged: dict[Record, int] = {}

    def add(self, record: Record) -> None:
        """Create the record."""
        self.removed.discard(record)
        if not FIRST_RECORD <= record[1] <= LAST_RECORD:
            self.added.add(record)

    def remove(self, record: Record) -> None:
        """Delete the record."""
        self.added.discard(record)
        if FIRST_RECORD <= record[1] <= LAST_RECORD:
            self.removed.add(record)

    def resolve(self, object_type: str, record_id: int) -> int | None:
        """Return the id of the record found by this id (after a merge the survivor's), or None."""
        record = (object_type, record_id)
        if record in self.merged:
            return self.merged[record]
        if FIRST_RECORD <= record_id <= LAST_RECORD:
            return None if record in self.removed else record_id
        return record_id if record in self.added else None


class Links:
    """Unlabelled links. A link has no direction; it is stored in the one it was created in."""

    def __init__(self) -> None:
        self._pairs: dict[Pair, None] = {}
        self._neighbours: _Neighbours | None = None

    def __len__(self) -> int:
        return len(self._pairs)

    def __contains__(self, pair: object) -> bool:
        return isinstance(pair, tuple) and (pair in self._pairs or Pair(*pair).reverse() in self._pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._pairs)

    def add(self, pair: Pair) -> None:
        """Link the two records if they are not linked already."""
        if pair in self._pairs or pair.reverse() in self._pairs:
            return
        self._pairs[pair] = None
        if self._neighbours is not None:
            _index(pair, self._neighbours)

    def remove(self, pair: Pair) -> None:
        """Remove the link, if there is one, whichever direction it was created in."""
        for way in (pair, pair.reverse()):
            if way in self._pairs:
                del self._pairs[way]
                self._neighbours = None

    def of(self, object_type: str, record_id: int, to_type: str) -> list[int]:
        """Return the ids of the `to_type` records linked to this one, in the order they were linked."""
        if self._neighbours is None:  # built by the first read: write-only use never builds it
            self._neighbours = {}
            for pair in self._pairs:
                _index(pair, self._neighbours)
        return list(self._neighbours.get((object_type, record_id, to_type), ()))


def _index(pair: Pair, neighbours: _Neighbours) -> None:
    for one in (pair, pair.reverse()):
        neighbours.setdefault((one.from_type, one.from_id, one.to_type), []).append(one.to_id)


class State:
    """The live state of a sandbox: tests in the same process read and change it directly.

    `asked` counts how often each pair was requested to be linked, in that direction, whatever the result. `calls`
    counts by kind, `responses` by HTTP status (`dropped`: no complete response was sent), `faults` how often each
    fault struck, `redirects_followed` the requests to the target of a redirect.
    """

    def __init__(self, window: float) -> None:
        self.records = Records()
        self.links = Links()
        self.asked: dict[Pair, int] = {}
        self.window = RollingWindow(window)
        self.daily_used = 0
        self.calls: Counter[str] = Counter()
        self.responses: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.redirects_followed = 0

    @property
    def numbered_calls(self) -> int:
        """All calls so far except those of `UNNUMBERED_KINDS`."""
        return self.calls.total() - sum(self.calls[kind] for kind in UNNUMBERED_KINDS)

    @property
    def associations(self) -> set[Pair]:
        """All links as a new set of pairs, each in the direction it was created in."""
        return set(self.links)

    @property
    def worst_window(self) -> int:
        """The maximum of arrivals in any rolling window so far."""
        return self.window.worst

    def merge(self, record: Record, survivor: int) -> None:
        """Merge a record into another of its type: links move, the old id still works, responses name the survivor."""
        self.records.merged[record] = survivor
        for pair in self.associations:
            for end in (pair, pair.reverse()):
                if (end.from_type, end.from_id) == record:
                    self.links.remove(end)
                    if (end.to_type, end.to_id) != (end.from_type, survivor):
                        self.links.add(end._replace(from_id=survivor))

    def ask(self, pairs: Iterable[Pair]) -> None:
        """Count one more request for each of these pairs."""
        for pair in pairs:
            self.asked[pair] = self.asked.get(pair, 0) + 1
