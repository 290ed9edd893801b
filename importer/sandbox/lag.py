"""Reads that lag behind writes: for some seconds they show links as they were before."""

from collections import deque
from collections.abc import Callable, Mapping

from importer.sandbox.association_types import AssociationType
from importer.sandbox.links import Links
from importer.sandbox.pairs import Pair, Record

Types = tuple[AssociationType, ...]
Page = tuple[list[tuple[int, Types]], bool]


class LaggingLinks:
    """Links as reads show them: changes become visible after `seconds`."""

    def __init__(self, links: Links, seconds: float, clock: Callable[[], float]) -> None:
        self._links = links
        self._seconds = seconds
        self._clock = clock
        self._changes: deque[tuple[float, Pair, Types, Types]] = deque()
        if seconds:
            links.before_change = self._note

    def _note(self, pair: Pair) -> None:
        """Remember the types of a link in both directions before it changes, () if there is no link."""
        self._changes.append((self._clock(), pair, self._links.types(pair), self._links.types(pair.reverse())))

    def page(self, record: Record, to_type: str, start: int, size: int) -> Page:
        """Return `size` of the `to_type` records linked to this one, each with its types, and whether more follow."""
        earlier = self._before(record, to_type) if self._seconds else {}
        ids = dict.fromkeys((*self._links.of(*record, to_type), *earlier))
        visible = [to_id for to_id in ids if earlier.get(to_id) != ()] if earlier else list(ids)
        found = [
            (to_id, earlier[to_id] if to_id in earlier else self._links.types(Pair(*record, to_type, to_id)))
            for to_id in visible[start : start + size]
        ]
        return found, start + size < len(visible)

    def _before(self, record: Record, to_type: str) -> Mapping[int, Types]:
        """Return the earlier types of the links that changed within the lag, () for links that did not exist."""
        visible = self._clock() - self._seconds
        while self._changes and self._changes[0][0] <= visible:
            self._changes.popleft()
        earlier: dict[int, Types] = {}
        for _, pair, types, reverse_types in self._changes:
            for end, own in ((pair, types), (pair.reverse(), reverse_types)):
                if (end.from_type, end.from_id, end.to_type) == (*record, to_type):
                    earlier.setdefault(end.to_id, own)
        return earlier
