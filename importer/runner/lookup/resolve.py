"""Replaces the values in the pairs of blocks by the ids of the records that have them.

Blocks wait until all their values are known, so that values are looked up in full calls across blocks; they are yielded
in the original order.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Protocol

from importer.hubspot.lookup import Found, Key, Result
from importer.journal import MergedRecord
from importer.model import Labels, ObjectType, Pair, PairColumns, Problem, RecordId, SourceBlock
from importer.reader.rows.problems import self_association
from importer.runner.lookup.known_values import KnownValues
from importer.runner.lookup.problems import problem_of
from importer.runner.lookup_counts import LookupCounts

BATCH = 5_000
"""Number of values that are collected before a lookup, to fill whole calls and to use the connection well."""

MAX_HELD_ROWS = 50_000
"""Maximum number of rows that wait; beyond it, the values of the first block are looked up even in a partial call."""

MAX_MERGED = 10_000
"""Maximum number of merged records that the results name, so that memory use does not grow with the source."""


class FindValues(Protocol):
    """Looks up values; with `in_full_calls` perhaps only the first ones (see `LookupSession.find`)."""

    def __call__(self, key: Key, values: list[str], *, in_full_calls: bool = False) -> dict[str, Result]:
        """Return the results by value."""


@dataclass(frozen=True, slots=True)
class LookupSide:
    """A side of the pairs whose records are looked up: the property, and the column with its values."""

    is_from: bool
    name: str
    column: str

    def types(self, pairs: PairColumns) -> list[ObjectType]:
        """Return the object types of this side."""
        return pairs.from_types if self.is_from else pairs.to_types

    def values(self, pairs: PairColumns) -> list[RecordId]:
        """Return the values, which are in place of the ids."""
        return pairs.from_ids if self.is_from else pairs.to_ids

    def by_key(self, pairs: PairColumns) -> dict[Key, dict[str, None]]:
        """Return the distinct values in order, by object type and property."""
        found: dict[ObjectType, dict[str, None]] = {}
        for object_type, value in zip(self.types(pairs), self.values(pairs), strict=True):
            found.setdefault(object_type, {})[value] = None
        return {Key(object_type, self.name): values for object_type, values in found.items()}


@dataclass(slots=True)
class _Queue:
    """The values of one key that are not known yet, numbered from 1 in the order in which they will be looked up."""

    numbers: dict[str, int] = field(default_factory=dict)
    last: int = 0
    done: int = 0

    def add(self, values: Iterable[str]) -> None:
        for value in values:
            self.last += 1
            self.numbers[value] = self.last

    def remove(self, values: Iterable[str]) -> None:
        for value in values:
            self.done = self.numbers.pop(value)


@dataclass(frozen=True, slots=True)
class _Held:
    """A block, and for each key the number of values that must be known before it can be resolved."""

    block: SourceBlock
    needs: Mapping[Key, int]


class Resolver:
    """Resolves the blocks of one source. `counts` and `merged` are complete after the last block.

    `merged` has the found records that others were merged into, but at most `MAX_MERGED` of them.
    """

    def __init__(
        self,
        sides: Iterable[LookupSide],
        known: KnownValues,
        find: FindValues,
        on_found: Callable[[LookupCounts], None] = lambda counts: None,
    ) -> None:
        """Look up values with `find`; `on_found` is called after each lookup."""
        self.counts = LookupCounts()
        self.merged: list[MergedRecord] = []
        self._sides = tuple(sides)
        self._known = known
        self._find = find
        self._on_found = on_found
        self._queues: dict[Key, _Queue] = {}
        self._held: deque[_Held] = deque()
        self._held_rows = 0

    def resolve(self, blocks: Iterable[SourceBlock]) -> Iterator[SourceBlock]:
        """Yield the blocks with ids in place of values; a row with a value that no single record has gets a problem."""
        for block in blocks:
            self._hold(block)
            for key, queue in self._queues.items():
                if len(queue.numbers) >= BATCH:
                    self._look_up(key, in_full_calls=True)
            yield from self._ready()
            while self._held_rows > MAX_HELD_ROWS:
                self._complete_first()
                yield from self._ready()
        while self._held:
            self._complete_first()
            yield from self._ready()

    def _hold(self, block: SourceBlock) -> None:
        needs: dict[Key, int] = {}
        for side in self._sides:
            for key, values in side.by_key(block.pairs).items():
                queue = self._queues.setdefault(key, _Queue())
                new = [value for value in values if value not in queue.numbers]
                known = self._known.get(key, new)
                queue.add(value for value in new if value not in known)
                needs[key] = max(needs.get(key, 0), *(queue.numbers.get(value, 0) for value in values))
        self._held.append(_Held(block, needs))
        self._held_rows += len(block.numbers)

    def _complete_first(self) -> None:
        for key, number in self._held[0].needs.items():
            if number > self._queues[key].done:
                self._look_up(key)

    def _look_up(self, key: Key, *, in_full_calls: bool = False) -> None:
        queue = self._queues[key]
        results = self._find(key, list(queue.numbers), in_full_calls=in_full_calls)
        self._known.add(key, results)
        queue.remove(results)
        self.counts.add(results.values())
        for value, result in results.items():
            if isinstance(result, Found) and result.merged and len(self.merged) < MAX_MERGED:
                self.merged.append(MergedRecord(key.object_type, result.record_id, value, result.merged))
        self._on_found(self.counts)

    def _ready(self) -> Iterator[SourceBlock]:
        while self._held and all(number <= self._queues[key].done for key, number in self._held[0].needs.items()):
            block = self._held.popleft().block
            self._held_rows -= len(block.numbers)
            yield self._resolved(block)

    # ---- one block

    def _resolved(self, block: SourceBlock) -> SourceBlock:
        pairs = block.pairs
        problems: dict[int, dict[Problem, None]] = {}
        from_ids, to_ids = pairs.from_ids, pairs.to_ids
        for side in self._sides:
            ids = self._ids(side, pairs, problems)
            from_ids, to_ids = (ids, to_ids) if side.is_from else (from_ids, ids)
        resolved = PairColumns(pairs.rows, pairs.from_types, from_ids, pairs.to_types, to_ids, pairs.labels)
        self._check_self_associations(resolved, problems)
        added = [(row, problem) for row, found in problems.items() for problem in found]
        block.problems = sorted([*block.problems, *added], key=lambda one: one[0])
        block.pairs = _distinct(resolved, problems)
        return block

    def _ids(self, side: LookupSide, pairs: PairColumns, problems: dict[int, dict[Problem, None]]) -> list[RecordId]:
        """Return the ids of one side; where there is none, keep the value and add a problem to the row."""
        by_type = {key.object_type: self._known.get(key, values) for key, values in side.by_key(pairs).items()}
        ids: list[RecordId] = []
        for row, object_type, value in zip(pairs.rows, side.types(pairs), side.values(pairs), strict=True):
            result = by_type[object_type][value]
            if isinstance(result, Found):
                ids.append(result.record_id)
            else:
                ids.append(value)
                problem = problem_of(result, Key(object_type, side.name), value, side.column)
                problems.setdefault(row, {})[problem] = None
        return ids

    def _check_self_associations(self, pairs: PairColumns, problems: dict[int, dict[Problem, None]]) -> None:
        column = self._sides[-1].column
        columns = zip(pairs.rows, pairs.from_types, pairs.from_ids, pairs.to_types, pairs.to_ids, strict=True)
        for row, from_type, from_id, to_type, to_id in columns:
            if from_id == to_id and from_type == to_type and row not in problems:
                problems[row] = {self_association(from_id, column): None}


def _distinct(pairs: PairColumns, problems: Mapping[int, object]) -> PairColumns:
    """Return the distinct pairs of the rows without problems.

    Two values of a row may belong to the same record; their pair has the labels of both.
    """
    found = PairColumns()
    row_before, seen = 0, dict[Pair, Labels]()
    labels_of_all: Iterable[Labels] = pairs.labels or repeat((), len(pairs.rows))
    columns = zip(
        pairs.rows, pairs.from_types, pairs.from_ids, pairs.to_types, pairs.to_ids, labels_of_all, strict=True
    )
    for row, from_type, from_id, to_type, to_id, labels in columns:
        if row in problems:
            continue
        if row != row_before:
            _add(found, row_before, seen)
            row_before, seen = row, {}
        pair = Pair(from_type, from_id, to_type, to_id)
        seen[pair] = tuple(dict.fromkeys((*seen.get(pair, ()), *labels)))
    _add(found, row_before, seen)
    return found


def _add(found: PairColumns, row: int, pairs: Mapping[Pair, Labels]) -> None:
    for pair, labels in pairs.items():
        found.add(row, pair, labels)
