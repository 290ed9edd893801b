"""The rules of linking with labels: which types a call names, and which types prove that it worked. Pure functions."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from importer.config import LabelMode
from importer.hubspot.association_types import NOT_LINKED, TypeSet, parse_types, primary_type
from importer.journal import PendingPair
from importer.pool.engines.lead_check import may_lose_primary
from importer.pool.engines.type_reader import PresentTypes
from importer.pool.stop_signal import types_of

_COMPANIES = frozenset({"companies", "0-2"})


@dataclass(frozen=True, slots=True)
class LabelRules:
    """The rules for adding labels, or for replacing the present ones."""

    mode: LabelMode

    def types_to_send(self, pending: PendingPair, present: PresentTypes, *, is_primary_moved: bool = False) -> TypeSet:
        """Return all types that a pair is to have after the call.

        `is_primary_moved` means that an earlier pair has become Primary since the present types were read.
        """
        goal = parse_types(pending.goal)
        if self.mode is LabelMode.REPLACE:
            return goal
        primary = primary_type(*types_of(pending))
        return goal | (present.types - {primary} if is_primary_moved and primary is not None else present.types)

    def lost(self, pending: PendingPair, present: PresentTypes) -> TypeSet:
        """Return the labels that the call removes from a pair."""
        return NOT_LINKED if self.mode is LabelMode.ADD else present.labels - parse_types(pending.goal)

    def at_risk(self, pairs: Iterable[PendingPair], present: Mapping[int, PresentTypes]) -> list[PendingPair]:
        """Return the pairs whose call removes, or may remove, a lead's primary record."""
        return [one for one in pairs if one.goal and may_lose_primary(one.pair, self.lost(one, present[one.id]))]

    def wants_primary(self, pending: PendingPair) -> bool:
        """Return whether a pair is to get Primary."""
        return bool(pending.goal) and primary_type(*types_of(pending)) in parse_types(pending.goal)

    def moves_primary(self, pairs: Sequence[PendingPair], present: Mapping[int, PresentTypes]) -> bool:
        """Return whether one of a record's pairs gets Primary while another one, which keeps its types, has it."""
        if self.mode is LabelMode.REPLACE or not any(map(self.wants_primary, pairs)):
            return False
        primary = primary_type(*types_of(pairs[0]))
        kept = [one for one in pairs if one.goal and not self.wants_primary(one)]
        return any(primary in present[one.id].types for one in kept)

    def is_goal_state(self, pending: PendingPair, found: PresentTypes) -> bool:
        """Return whether nothing need be sent for a pair."""
        goal = parse_types(pending.goal)
        return found.are_exactly(goal) if self.mode is LabelMode.REPLACE else found.include(goal)

    def is_confirmed(self, pending: PendingPair, before: PresentTypes, found: PresentTypes) -> bool:
        """Return whether the goal labels are present and replaced ones are gone; HubSpot may have added Primary."""
        goal = parse_types(pending.goal)
        is_replaced = self.mode is LabelMode.ADD or len(found.types & (before.types - goal)) <= 1  # the unlabelled one
        return found.include(goal) and is_replaced


def record_with_primary(pending: PendingPair) -> Hashable:
    """Return the record that can have only one primary link, whose pairs are sent in the order of the file."""
    pair = pending.pair
    return (pair.to_type, pair.to_id) if pair.from_type in _COMPANIES else (pair.from_type, pair.from_id)


def without_mirrored(chunk: Sequence[PendingPair]) -> list[list[PendingPair]]:
    """Return the pairs in up to two parts: A to B and B to A are one link, so the second is read later."""
    if types_of(chunk[0])[0] != types_of(chunk[0])[1]:
        return [list(chunk)]
    seen: set[tuple[str, str]] = set()
    parts: tuple[list[PendingPair], list[PendingPair]] = ([], [])
    for pending in chunk:
        pair = pending.pair
        parts[(pair.to_id, pair.from_id) in seen].append(pending)
        seen.add((pair.from_id, pair.to_id))
    return [part for part in parts if part]
