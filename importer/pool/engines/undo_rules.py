"""The rules of `undo`: is a pair still as the undone run left it? Pure functions of what was read and journalled.

Labels are compared with what the run can have left: the state before it, plus what it added, minus what it removed.
Primary is different: HubSpot gives it to a record's first company by itself, and removes it when another company gets
it. It is therefore compared with what the run left, and with the record that is primary now.
"""

from collections.abc import Collection
from dataclasses import dataclass

from importer.hubspot.association_types import NOT_LINKED, TypeSet, parse_types, primary_type
from importer.journal import PendingPair
from importer.model import Pair
from importer.pool.engines.pair_reader import Found
from importer.pool.engines.primary_reader import RecordLinks, has_primary, primary_key
from importer.pool.engines.remove_outcomes import NONE, was_sent


@dataclass(frozen=True, slots=True)
class UndoState:
    """The types of a pair: those to restore, those that the run left (None if unknown), and its changes.

    `primary` holds the Primary type of the pair's direction, if HubSpot has one.
    """

    target: TypeSet
    left: TypeSet | None
    added: TypeSet
    removed: TypeSet
    primary: TypeSet

    @classmethod
    def of(cls, pending: PendingPair) -> "UndoState":
        """Return the state of a pair whose target is known."""
        pair = pending.pair
        primary = primary_type(pair.from_type, pair.to_type) if has_primary(pending) else None
        return cls(
            target=parse_types(pending.target or NONE),
            left=None if pending.left is None else parse_types(pending.left),
            added=parse_types(pending.added),
            removed=parse_types(pending.removed),
            primary=NOT_LINKED if primary is None else frozenset({primary}),
        )

    @property
    def was_removed(self) -> bool:
        """True if the run removed the whole link."""
        return bool(self.target) and self.target <= self.removed and not self.added

    @property
    def may_have_primary(self) -> bool:
        """True if the pair may be primary now: it was before the run, or the run may have made it primary."""
        given = self.target | (self.added if self.left is None else self.left)
        return bool(self.primary & given) or (self.left is None and not self.target and bool(self.primary))


def is_as_left(pending: PendingPair, found: Found) -> bool:
    """Return whether a pair is as the run left it, apart from Primary; `found` differs from the target.

    Both directions of a link share their labels, so the labels of one direction may come from the row with the other.
    There, the types that the run left decide, in the direction in which they are known.
    """
    state = UndoState.of(pending)
    primary = state.primary
    if found.types and found.types - primary == state.target - primary and (was_sent(pending) or state.left is None):
        return True  # restored, but HubSpot has made it primary by itself; or the run was cut off before it changed it
    if is_known_in_both_directions(pending):
        return has_labels(found, pending.pair, pending.sent) or found.is_reverse_as_left
    if state.left is not None and not _differ_only_in(primary, found.types, state.left):
        return False
    if not found.types or state.was_removed:
        return not found.types and state.was_removed
    if state.left is not None and pending.pair.from_type == pending.pair.to_type:
        return True
    surplus = found.labels - primary - state.target - state.added
    missing = ((state.target - state.removed) | state.added) - primary - found.types
    kept = (state.removed - state.added - primary) & found.labels
    return not (surplus or missing or kept)


def _differ_only_in(primary: TypeSet, types: TypeSet, others: TypeSet) -> bool:
    return types - primary == others - primary and bool(types) == bool(others)


def is_known_in_both_directions(pending: PendingPair) -> bool:
    """Return whether the undone run was cut off after it had labelled the link of a pair from both sides."""
    return pending.sent is not None or pending.reverse is not None


def has_labels(found: Found, pair: Pair, sent: str | None) -> bool:
    """Return whether a pair is linked with the labels among the types `sent`, and no others apart from Primary."""
    if sent is None or not found.types:
        return False
    ignored = (found.types - found.labels) | {primary_type(pair.from_type, pair.to_type)}
    return found.types - ignored == parse_types(sent) - ignored


def needs_primary(pending: PendingPair, found: Found) -> bool:
    """Return whether judging a pair requires the links of the record that has one primary record."""
    state = UndoState.of(pending)
    if not state.primary:
        return False
    if state.primary & found.types:
        return not state.primary & (state.target | state.added) and state.left is None
    return bool(state.primary & (state.target | (state.left or NOT_LINKED)))


def gets_primary(pending: PendingPair, found: Found) -> bool:
    """Return whether restoring a pair, whose types now are those of `found`, makes it primary."""
    state = UndoState.of(pending)
    return bool(state.primary & state.target) and not state.primary & found.types


def keeps_primary(
    pending: PendingPair, found: Found, record: RecordLinks | None, moved: Collection[int], made: Collection[int]
) -> bool:
    """Return whether undoing a pair changes no primary record that someone else has chosen since the run.

    `record` holds the links of the record that has one primary record, if `needs_primary` is true. `moved` holds the
    hashes of pairs that the run, or this undo, may have made primary, `made` those of pairs that the run linked.
    """
    state = UndoState.of(pending)
    primary, left = state.primary, state.left
    if primary & found.types:
        if primary & state.target or was_sent(pending):
            return True
        if left is not None:
            return bool(primary & left)
        if primary & state.added:
            return True
        # The run was cut off: if it made all links of the record, HubSpot made the first of them primary by itself.
        return not state.target and record is not None and all(hash_of(pending, one) in made for one in record.links)
    if record is None or not primary:
        return True
    if not record.primary:
        return not primary & (left or NOT_LINKED) or was_sent(pending)
    return all(hash_of(pending, one) in moved for one in record.primary)


def hash_of(pending: PendingPair, other: str) -> int:
    """Return the hash of the pair that the record with one primary record has with `other`."""
    return hash((*primary_key(pending)[:3], other))
