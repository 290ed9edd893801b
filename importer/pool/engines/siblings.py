"""The pairs of an undo that share a record which can have only one primary record.

Giving Primary back to one of them takes it from another. So whether one may be restored depends on the others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from importer.hubspot.association_types import NOT_LINKED
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome, Pair
from importer.pool.engines.pair_reader import Found, PairReader
from importer.pool.engines.primary_reader import RecordReader, primary_key, read_primary_side, record_of
from importer.pool.engines.remove_outcomes import is_reached, not_read, primary_elsewhere, taker_changed, was_sent
from importer.pool.engines.undo_rules import UndoState, gets_primary, has_labels, is_as_left, keeps_primary
from importer.pool.ordering import Primary
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of


@dataclass(slots=True)
class Siblings:
    """Pairs of an undo that concern Primary; few undos need them, so they are collected on first use.

    `moved` holds the hashes of the pairs that the undone run, or the undo, may have made primary, `made` those of the
    run's new links (60 bytes per pair). `takers` holds, by the record, the pairs to which the run may have moved
    Primary from another pair of the undo.
    """

    pairs: Callable[[], Iterable[PendingPair]]
    moved: set[int] = field(default_factory=set)
    made: set[int] = field(default_factory=set)
    takers: dict[Primary, list[PendingPair]] = field(default_factory=dict)
    is_collected: bool = False

    def collect(self) -> Self:
        """Collect the pairs, once."""
        if self.is_collected:
            return self
        self.is_collected = True
        losing = set()
        for pending, state in self._with_primary():
            key = primary_key(pending)
            if state.may_have_primary:
                self.moved.add(hash(key))
            if not state.target and state.left != NOT_LINKED:
                self.made.add(hash(key))
            if state.primary & state.target:
                losing.add(hash(key[:3]))
        for pending, state in self._with_primary() if losing else ():
            record = primary_key(pending)[:3]
            if hash(record) in losing and state.may_have_primary and not state.primary & state.target:
                self.takers.setdefault(record, []).append(pending)
        return self

    def _with_primary(self) -> Iterable[tuple[PendingPair, UndoState]]:
        states = ((one, UndoState.of(one)) for one in self.pairs() if one.target is not None)
        return ((pending, state) for pending, state in states if state.primary)


class PrimaryGuard:
    """Refuses to give Primary back to a pair if that would take it from a link that someone has changed or chosen."""

    def __init__(self, client: HubSpotClient, siblings: Siblings) -> None:
        """Read through `client`."""
        self._pairs = PairReader(client)
        self._records = RecordReader(client)
        self._siblings = siblings

    async def refusals(
        self, pairs: Sequence[PendingPair], found: dict[int, Found], sender: Sender
    ) -> dict[int, Outcome]:
        """Return, by pair number, the outcomes of the pairs that must not get Primary; `found` has their types now.

        The pairs have the same object types. If the run stops meanwhile, the result is incomplete.
        """
        getting = [one for one in pairs if gets_primary(one, found[one.id])]
        if not getting:
            return {}
        siblings = self._siblings.collect()
        takers = {one.id: siblings.takers.get(primary_key(one)[:3], ()) for one in getting}
        read = await self._read([taker for own in takers.values() for taker in own], sender)
        records = await read_primary_side(self._records, getting, sender)  # last: the reverse pair may be restored now
        refused: dict[int, Outcome] = {}
        for one in getting:
            record = records[one.id]
            if record.unread is not None:
                refused[one.id] = not_read(record.unread)
            elif record_of(one)[1] in record.primary:
                continue
            elif not keeps_primary(one, found[one.id], record, siblings.moved, siblings.made):
                refused[one.id] = primary_elsewhere(found[one.id])
            elif changed := [taker for taker in takers[one.id] if _is_changed(taker, read[taker.id], was_sent(one))]:
                refused[one.id] = taker_changed(one, changed[0], found[one.id])
        return refused

    async def _read(self, takers: Sequence[PendingPair], sender: Sender) -> dict[int, Found]:
        by_types: dict[Types, dict[int, PendingPair]] = defaultdict(dict)
        for taker in takers:
            by_types[types_of(taker)][taker.id] = taker
        found: dict[int, Found] = {}
        for chunk in by_types.values():
            found.update(await read_both_ways(self._pairs, list(chunk.values()), sender))
        return found


def _reverse(pair: Pair) -> Pair:
    return Pair(pair.to_type, pair.to_id, pair.from_type, pair.from_id)


async def read_both_ways(reader: PairReader, chunk: Sequence[PendingPair], sender: Sender) -> dict[int, Found]:
    """Return the types of the pairs of an undo, by pair number; all have the same object types.

    HubSpot does not say which label of one direction is which of the other. So a pair whose link the undone run
    labelled from both sides is also read in reverse, unless it is as the run left it in its own direction.
    """
    found = await reader.read(chunk, sender)
    others = [
        replace(one, pair=_reverse(one.pair))
        for one in chunk
        if one.reverse is not None and found[one.id].types and not is_as_left(one, found[one.id])
    ]
    reverse = await reader.read(others, sender) if others else {}
    for one in others:
        if has_labels(reverse[one.id], one.pair, one.reverse):
            found[one.id] = replace(found[one.id], is_reverse_as_left=True)
    return found


def _is_changed(taker: PendingPair, found: Found, is_sent: bool) -> bool:
    """Return whether a pair is left alone that has Primary, or that the run gave it; `found` are its types now.

    `is_sent` means that this undo may have taken Primary from it already.
    """
    if found.unread is not None:
        return True
    if is_reached(taker, found.types):
        return False
    state = UndoState.of(taker)
    is_given = bool(state.primary & (state.added | (state.left or NOT_LINKED)))
    is_primary = bool(state.primary & found.types)
    if is_as_left(taker, found) and not found.merged_into:
        is_changed = not is_primary and bool(state.primary & (state.left or NOT_LINKED))
    else:
        is_changed = True
    return is_changed and (is_primary or (is_given and not is_sent))
