"""The state of a sandbox: records, links, counts of calls and the rolling windows. No HTTP."""

from collections import Counter
from collections.abc import Iterable

from importer.sandbox.association_types import AssociationTypes
from importer.sandbox.calls import UNNUMBERED_KINDS, WRITE_KINDS
from importer.sandbox.catalog import TYPE_IDS
from importer.sandbox.limits import RollingWindow
from importer.sandbox.links import Links
from importer.sandbox.pairs import Pair, Record
from importer.sandbox.records import FIRST_RECORD, LAST_RECORD, Records

__all__ = ["FIRST_RECORD", "LAST_RECORD", "Links", "Pair", "Record", "Records", "State"]


class State:
    """The live state of a sandbox: tests in the same process read and change it directly.

    `asked` counts the requests to link each pair, in that direction and whatever the result, `removals` those to unlink
    it or to remove labels. `calls` are counted by kind, `responses` by HTTP status (`dropped`: no complete response was
    sent), `faults` by name. `redirects_followed` counts the requests to the target of a redirect. `window` has the
    calls that the ten-second limit applies to, `association_window` the single association calls among them, `searches`
    the searches of the last second.
    """

    def __init__(self, window: float = 10.0, last_record: int = LAST_RECORD) -> None:
        self.records = Records(last_record)
        self.types = AssociationTypes()
        self.links = Links(self.types)
        self.asked: dict[Pair, int] = {}
        self.removals: dict[Pair, int] = {}
        self.window = RollingWindow(window)
        self.association_window = RollingWindow(window)
        self.searches = RollingWindow(1.0)
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
    def writes(self) -> int:
        """All calls so far that could change links."""
        return sum(self.calls[kind] for kind in WRITE_KINDS)

    @property
    def associations(self) -> set[Pair]:
        """All links as a new set of pairs, each in the direction it was created in."""
        return set(self.links)

    @property
    def worst_window(self) -> int:
        """The maximum number of arrivals in any rolling window so far."""
        return self.window.worst

    def merge(self, record: Record, survivor: int) -> None:
        """Merge a record into another of its type, the survivor, which keeps its own primary records.

        The links move to the survivor. The old id still works, and responses name the survivor.
        """
        links = self.links_of(record) if self.links else []
        self.records.merge(record, survivor)
        for pair in links:
            labels = set(self.links.labels(pair))
            self.links.remove(pair)
            if any(kind == pair.to_type for kind, _ in self.links.primary_records((pair.from_type, survivor))):
                labels = {one for one in labels if one != self.types.primary(pair.from_type, pair.to_type)}
            if (pair.to_type, pair.to_id) != (pair.from_type, survivor):
                self.links.add_labels(pair._replace(from_id=survivor), labels)

    def links_of(self, record: Record) -> list[Pair]:
        """Return all links of a record, seen from it."""
        return [Pair(*record, to_type, to_id) for to_type in TYPE_IDS for to_id in self.links.of(*record, to_type)]

    def archive(self, record: Record, archived_at: str) -> None:
        """Delete a record and its links; the record can still be read as an archived one."""
        for pair in self.links_of(record) if self.links else ():
            self.links.remove(pair)
        self.records.archive(record, archived_at)

    def ask(self, pairs: Iterable[Pair]) -> None:
        """Count one more request to link each of these pairs."""
        for pair in pairs:
            self.asked[pair] = self.asked.get(pair, 0) + 1

    def ask_removal(self, pairs: Iterable[Pair]) -> None:
        """Count one more request to unlink each of these pairs or to remove labels from it."""
        for pair in pairs:
            self.removals[pair] = self.removals.get(pair, 0) + 1

    def times_asked(self, pair: Pair) -> int:
        """Return how often a call that changes links has named this pair."""
        return self.asked.get(pair, 0) + self.removals.get(pair, 0)
