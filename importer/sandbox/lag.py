"""Reads that lag behind writes: for some seconds they show links as they were before."""

from collections import deque
from collections.abc import Callable, Mapping

from importer.sandbox.association_types import AssociationType
from importer.sandbox.links import Links
from importer.sandbox.pairs import Pair

Types = tuple[AssociationType, ...]


class LaggingLinks:
    """Links as reads show them: changes become visible `seconds` after they were made."""

    def __init__(self, links: Links, seconds: float, clock: Callable[[], float]) -> None:
        self._links = links
        self._seconds = seconds
        self._clock = clock
        self._changes: deque[tuple[float, Pair, Types, Types]] = deque()
        if seconds:
            links.before_change = self._note

    def _note(self, pair: Pair) -> None:
        """Remember the types of a link, () if there is none, in both directions before it is changed."""
        self._changes.append((self._clock(), pair, self._links.types(pair), self._links.types(pair.reverse())))

    def of(self, object_type: str, record_id: int, to_type: str) -> dict[int, Types]:
        """Return the ids of the `to_type` records linked to this one, each with the types of the link."""
        found = {
            to_id: self._links.types(Pair(object_type, record_id, to_type, to_id))
            for to_id in self._links.of(object_type, record_id, to_type)
        }
        if self._seconds:
            found.update(self._before(object_type, record_id, to_type))
        return {to_id: types for to_id, types in found.items() if types}

    def _before(self, object_type: str, record_id: int, to_type: str) -> Mapping[int, Types]:
        visible = self._clock() - self._seconds
        while self._changes and self._changes[0][0] <= visible:
            self._changes.popleft()
        earlier: dict[int, Types] = {}
        for _, pair, types, reverse_types in self._changes:
            for end, own in ((pair, types), (pair.reverse(), reverse_types)):
                if (end.from_type, end.from_id, end.to_type) == (object_type, record_id, to_type):
                    earlier.setdefault(end.to_id, own)
        return earlier
