"""The links of an account with their association types. No rules about which records may be linked."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from importer.sandbox.association_types import AssociationType, AssociationTypes
from importer.sandbox.pairs import Pair, Record

_Labels = tuple[AssociationType, ...]
_Neighbours = dict[tuple[str, int, str], list[int]]


class Links:
    """Links between records.

    A link has no direction. It is stored in the direction in which it was created, with its sorted labels. Every link
    also has the unlabelled type, which is not stored. Methods take and return labels as the types in the direction of
    the given pair; the types in the other direction follow from the definitions.

    The first company that a record is linked to becomes its primary company. `before_change` is called with a pair
    before its link changes.
    """

    def __init__(self, types: AssociationTypes | None = None) -> None:
        self.before_change: Callable[[Pair], None] = _ignore
        self._types = types or AssociationTypes()
        self._labels: dict[Pair, _Labels] = {}
        self._neighbours: _Neighbours | None = None
        self._counts: dict[tuple[str, str], Counter[int]] = {}
        self._primary: dict[tuple[str, str], dict[int, int]] = {}

    def __len__(self) -> int:
        return len(self._labels)

    def __contains__(self, pair: object) -> bool:
        return isinstance(pair, tuple) and self._stored(Pair(*pair)) is not None

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._labels)

    def _stored(self, pair: Pair) -> Pair | None:
        if pair in self._labels:
            return pair
        reverse = pair.reverse()
        return reverse if reverse in self._labels else None

    # ---- reading

    def labels(self, pair: Pair) -> _Labels:
        """Return the labels of a link in this direction, sorted; () if the records are not linked."""
        stored = self._stored(pair)
        if stored is None:
            return ()
        return self._labels[stored] if stored == pair else self._inverse(stored, self._labels[stored])

    def types(self, pair: Pair) -> _Labels:
        """Return all types of a link in this direction, the unlabelled one last; () if the records are not linked."""
        if self._stored(pair) is None:
            return ()
        return (*self.labels(pair), self._types.unlabelled(pair.from_type, pair.to_type))

    def _inverse(self, pair: Pair, labels: _Labels) -> _Labels:
        return tuple(sorted(self._types.inverse(pair.from_type, pair.to_type, label) for label in labels))

    def of(self, object_type: str, record_id: int, to_type: str) -> list[int]:
        """Return the ids of the `to_type` records linked to this one, in the order they were linked."""
        return list(self._indexed().get((object_type, record_id, to_type), ()))

    def link_counts(self, object_type: str, to_type: str) -> Iterator[tuple[int, int]]:
        """Yield the id of each record that has links to `to_type`, and the number of those links."""
        for (own_type, record_id, other_type), others in self._indexed().items():
            if (own_type, other_type) == (object_type, to_type) and others:
                yield record_id, len(others)

    def linked(self, object_type: str) -> set[int]:
        """Return the ids of the records of a type that have links."""
        return {record_id for (kind, record_id, _), others in self._indexed().items() if kind == object_type and others}

    def _indexed(self) -> _Neighbours:
        if self._neighbours is None:  # built by the first read: write-only use never builds it
            self._neighbours = {}
            for pair in self._labels:
                _index(pair, self._neighbours)
        return self._neighbours

    def primary_records(self, record: Record) -> set[Record]:
        """Return the records, of any type, that are primary for this one."""
        object_type, record_id = record
        return {
            (to_type, primaries[record_id])
            for (from_type, to_type), primaries in self._primary.items()
            if from_type == object_type and record_id in primaries
        }

    # ---- writing

    def add(self, pair: Pair) -> None:
        """Link the two records if they are not linked already."""
        if self._stored(pair) is not None:
            return
        self.before_change(pair)
        self._labels[pair] = ()
        if self._neighbours is not None:
            _index(pair, self._neighbours)
        for end in (pair, pair.reverse()):
            if primary := self._types.primary(end.from_type, end.to_type):
                self._count_new(pair, end, primary)

    def _count_new(self, pair: Pair, end: Pair, primary: AssociationType) -> None:
        """Count a new link of this end's record, and make its first company the primary one."""
        direction = end.from_type, end.to_type
        counts = self._counts.setdefault(direction, Counter())
        counts[end.from_id] += 1
        if counts[end.from_id] == 1 and end.to_type == "companies" and end.from_type != "leads":
            self._primary.setdefault(direction, {})[end.from_id] = end.to_id
            self._labels[pair] = (primary if end == pair else self._types.inverse(*direction, primary),)

    def add_labels(self, pair: Pair, labels: Iterable[AssociationType]) -> None:
        """Link the two records, adding these labels to those of an existing link."""
        self.set_labels(pair, {*self.labels(pair), *labels})

    def set_labels(self, pair: Pair, labels: Iterable[AssociationType]) -> None:
        """Link the two records with exactly these labels.

        A new link that is the first of its record to a company is also Primary.
        """
        wanted, is_new = set(labels), self._stored(pair) is None
        if is_new:
            self.add(pair)
            wanted.update(self.labels(pair))
        stored = self._stored(pair) or pair
        self.before_change(stored)
        for end, own in ((pair, wanted), (pair.reverse(), set(self._inverse(pair, tuple(wanted))))):
            self._set_primary(end, own)
        self._labels[stored] = tuple(sorted(wanted)) if stored == pair else self._inverse(pair, tuple(wanted))

    def _set_primary(self, end: Pair, labels: set[AssociationType]) -> None:
        """Store whether the other record is primary for this end's record, in place of an earlier primary record."""
        primary = self._types.primary(end.from_type, end.to_type)
        if primary is None:
            return
        primaries = self._primary.setdefault((end.from_type, end.to_type), {})
        before = primaries.get(end.from_id)
        if primary in labels:
            primaries[end.from_id] = end.to_id
            if before is not None and before != end.to_id:
                self._drop_label(end._replace(to_id=before), primary)
        elif before == end.to_id:
            del primaries[end.from_id]

    def _drop_label(self, pair: Pair, label: AssociationType) -> None:
        stored = self._stored(pair)
        if stored is None:
            return
        self.before_change(stored)
        kept = tuple(one for one in self.labels(pair) if one != label)
        self._labels[stored] = kept if stored == pair else self._inverse(pair, kept)

    def remove_labels(self, pair: Pair, labels: Iterable[AssociationType]) -> None:
        """Remove these labels from a link; naming the unlabelled type removes the link."""
        if self._stored(pair) is None:
            return
        removed = set(labels)
        if self._types.unlabelled(pair.from_type, pair.to_type) in removed:
            self.remove(pair)
        else:
            self.set_labels(pair, set(self.labels(pair)) - removed)

    def remove(self, pair: Pair) -> None:
        """Remove the link with all its types, if there is one, whichever direction it was created in."""
        stored = self._stored(pair)
        if stored is None:
            return
        self.before_change(stored)
        for end in (stored, stored.reverse()):
            self._set_primary(end, set())
            if counts := self._counts.get((end.from_type, end.to_type)):
                counts[end.from_id] -= 1
            if self._neighbours is not None:
                _unindex(end, self._neighbours)
        del self._labels[stored]

    def forget_label(self, from_type: str, to_type: str, label: AssociationType) -> None:
        """Remove a label from all links, before its definition is deleted."""
        for pair in list(self._labels):
            for end in (pair, pair.reverse()):
                if (end.from_type, end.to_type) == (from_type, to_type) and label in self.labels(end):
                    self.remove_labels(end, [label])


def _ignore(pair: Pair) -> None:
    pass


def _index(pair: Pair, neighbours: _Neighbours) -> None:
    for one in (pair, pair.reverse()):
        neighbours.setdefault((one.from_type, one.from_id, one.to_type), []).append(one.to_id)


def _unindex(end: Pair, neighbours: _Neighbours) -> None:
    found = neighbours[end.from_type, end.from_id, end.to_type]
    found.remove(end.to_id)
