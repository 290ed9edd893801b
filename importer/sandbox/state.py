"""What the sandbox remembers: records, links, calls and the rolling window. No HTTP."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

FIRST_RECORD, LAST_RECORD = 1, 999_999
"""Every object type has the records of this range from the start; they are arithmetic, not stored."""


class Pair(NamedTuple):
    """Two records to link, as asked: type names and ids. Equal to a plain tuple of the four."""

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
    """Which records exist: the range every type starts with, and single records added, removed or merged."""

    def __init__(self) -> None:
        self.added: set[Record] = set()
        self.removed: set[Record] = set()
        self.merged: dict[Record, int] = {}

    def add(self, record: Record) -> None:
        """Let the record exist."""
        self.removed.discard(record)
        if not FIRST_RECORD <= record[1] <= LAST_RECORD:
            self.added.add(record)

    def remove(self, record: Record) -> None:
        """Let the record be unknown from now on."""
        self.added.discard(record)
        if FIRST_RECORD <= record[1] <= LAST_RECORD:
            self.removed.add(record)

    def resolve(self, object_type: str, record_id: int) -> int | None:
        """Return the id of the record that answers to this id, None if there is none."""
        record = (object_type, record_id)
        if record in self.merged:
            return self.merged[record]
        if FIRST_RECORD <= record_id <= LAST_RECORD:
            return None if record in self.removed else record_id
        return record_id if record in self.added else None


class Links:
    """Unlabelled links. A link has no direction; it is kept in the one it was first made in."""

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
        """Link the two records; harmless when they are linked already."""
        if pair in self._pairs or pair.reverse() in self._pairs:
            return
        self._pairs[pair] = None
        if self._neighbours is not None:
            _index(pair, self._neighbours)

    def remove(self, pair: Pair) -> None:
        """Remove the link, whichever direction it was made in; harmless when there is none."""
        for way in (pair, pair.reverse()):
            if way in self._pairs:
                del self._pairs[way]
                self._neighbours = None

    def of(self, object_type: str, record_id: int, to_type: str) -> list[int]:
        """Return the ids of the `to_type` records linked to this one, in the order they were linked."""
        if self._neighbours is None:  # the first read pays for the index; who only writes never does
            self._neighbours = {}
            for pair in self._pairs:
                _index(pair, self._neighbours)
        return list(self._neighbours.get((object_type, record_id, to_type), ()))


def _index(pair: Pair, neighbours: _Neighbours) -> None:
    for one in (pair, pair.reverse()):
        neighbours.setdefault((one.from_type, one.from_id, one.to_type), []).append(one.to_id)


class RollingWindow:
    """Counts arrivals in any `seconds` that end now, refused ones included, and remembers the worst count."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.worst = 0
        self._arrivals: deque[float] = deque()

    def arrive(self, now: float) -> int:
        """Count one arrival at `now` (seconds, never going back) and return how many the window then holds."""
        self._arrivals.append(now)
        count = self.count(now)
        self.worst = max(self.worst, count)
        return count

    def count(self, now: float) -> int:
        """Return how many arrivals lie within the window that ends at `now`."""
        gone = now - self.seconds
        while self._arrivals and self._arrivals[0] <= gone:
            self._arrivals.popleft()
        return len(self._arrivals)


class State:
    """Everything a sandbox remembers, live: tests in the same process read and change it directly.

    `asked` counts how often each pair was asked for, in the direction asked, whatever became of it. `calls` counts
    by kind (`put`, `batch`, `read`, `account`, `other`), `answers` by HTTP status (`dropped`: no whole answer was
    sent), `faults` how often each fault struck, `redirects_followed` the requests that came where a redirect had
    pointed.
    """

    def __init__(self, window: float) -> None:
        self.records = Records()
        self.links = Links()
        self.asked: dict[Pair, int] = {}
        self.window = RollingWindow(window)
        self.daily_used = 0
        self.calls: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.redirects_followed = 0

    @property
    def numbered_calls(self) -> int:
        """All calls so far but those for the account's details, which every client makes once in passing."""
        return self.calls.total() - self.calls["account"]

    @property
    def associations(self) -> set[Pair]:
        """All links as a new set of pairs, each in the direction it was first made in."""
        return set(self.links)

    @property
    def worst_window(self) -> int:
        """The most arrivals any rolling window has held so far."""
        return self.window.worst

    def merge(self, record: Record, survivor: int) -> None:
        """Merge a record into another of its type: links move, the old id still works, answers name the survivor."""
        self.records.merged[record] = survivor
        for pair in self.associations:
            for end in (pair, pair.reverse()):
                if (end.from_type, end.from_id) == record:
                    self.links.remove(end)
                    if (end.to_type, end.to_id) != (end.from_type, survivor):
                        self.links.add(end._replace(from_id=survivor))

    def ask(self, pairs: Iterable[Pair]) -> None:
        """Note that these pairs were asked for once more."""
        for pair in pairs:
            self.asked[pair] = self.asked.get(pair, 0) + 1
