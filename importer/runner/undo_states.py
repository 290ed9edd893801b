"""The states that an undo restores: of the pairs that a run changed, and of the records that were primary before it."""

from collections.abc import Iterator

from importer.config import LabelMode
from importer.hubspot.association_types import (
    NOT_LINKED,
    link_of,
    parse_types,
    primary_type,
    types_in_both_directions,
    types_text,
)
from importer.journal import NO_TYPES, Journal, PendingPair, StateToRestore
from importer.model import (
    ObjectType,
    Operation,
    Pair,
    PairOutcome,
    RecordId,
    RowOutcome,
    SourceBlock,
    SourceRow,
    Status,
)
from importer.pool.engines.primary_reader import primary_key
from importer.pool.engines.read_labelled import becomes_primary

_ROWS_OF_BLOCK = 1_000
_UNKNOWN = StateToRestore()

Key = tuple[ObjectType, RecordId, ObjectType, RecordId]
"""A pair as seen from the record that can have only one primary record."""


class UndoStates:
    """The pairs of an undo with the states to restore, in the order of the undone run's rows.

    Where a row made another record primary, the former primary record is an additional pair of that row.
    """

    def __init__(self, undone: Journal) -> None:
        """Read the journal of the run to undo.

        Memory grows only with the pairs that were to become Primary and, if types occur in both directions, the links.
        """
        self._undone = undone
        self._is_unlink = undone.info.operation is Operation.UNLINK
        self._replaces = undone.info.settings.get("label_mode") == LabelMode.REPLACE
        self._primaries = self._former_primaries()
        self._both_ways = self._links_in_both_directions() if undone.has_labels else {}

    def blocks(self) -> Iterator[SourceBlock]:
        """Yield the rows with their pairs to restore."""
        corrections = self._undone.corrections()
        block = SourceBlock()
        for row, pairs in self._rows():
            block.add(SourceRow(row.number, row.cells, tuple(pair for pair, _ in pairs), ()))
            block.corrections = [*block.corrections, *corrections.get(row.number, ())]
            if len(block.numbers) == _ROWS_OF_BLOCK:
                yield block
                block = SourceBlock()
        yield block

    def states(self) -> Iterator[StateToRestore]:
        """Yield the states of the pairs of `blocks`, in the same order."""
        for _, pairs in self._rows():
            yield from (state for _, state in pairs)

    def _rows(self) -> Iterator[tuple[RowOutcome, list[tuple[Pair, StateToRestore]]]]:
        left = dict(self._primaries)
        for row in self._undone.rows_to_undo():
            pairs = [(entry.pair, self._state(entry)) for entry in row.pairs]
            for entry in row.pairs:
                key = _former_primary(entry)
                if key is not None and (state := left.pop(key, None)) is not None:
                    pairs.append((Pair(*key), state))
            yield row, pairs

    def _former_primaries(self) -> dict[Key, StateToRestore]:
        """Return the records that were primary before the run, unless the run changed their own pairs too."""
        found: dict[Key, StateToRestore] = {}
        if self._is_unlink or not self._undone.has_labels:
            return found
        for row in self._undone.rows_to_undo():
            for entry in row.pairs:
                key = _former_primary(entry)
                if key is not None and entry.primary_before is not None:
                    types = entry.primary_before[1]
                    if _may_be_primary(entry):
                        found[key] = _state_of_former_primary(key, types)
                    else:  # the run may have left it as it was, so nobody but someone else has changed it since
                        found.setdefault(key, StateToRestore(types, types))
        for row in self._undone.rows_to_undo() if found else ():
            for entry in row.pairs:
                found.pop(primary_key(_pending(entry)), None)
        return found

    def _links_in_both_directions(self) -> dict[int, dict[bool, PairOutcome]]:
        """Return the pairs of each link that the run changed in both directions, which share their labels.

        The keys are the hash of the link, and whether the pair runs in reverse.
        """
        types = {(entry.pair.from_type, entry.pair.to_type) for entry in self._entries()}
        if not types_in_both_directions(types):
            return {}
        seen: dict[bool, set[int]] = {True: set(), False: set()}
        for entry in self._entries():
            link, is_reverse = link_of(entry.pair)
            seen[is_reverse].add(hash(link))
        found: dict[int, dict[bool, PairOutcome]] = {link: {} for link in seen[True] & seen[False]}
        for entry in self._entries() if found else ():
            link, is_reverse = link_of(entry.pair)
            if hash(link) in found:
                found[hash(link)][is_reverse] = entry
        return found

    def _entries(self) -> Iterator[PairOutcome]:
        return (entry for row in self._undone.rows_to_undo() for entry in row.pairs)

    def _state(self, entry: PairOutcome) -> StateToRestore:
        if entry.before is None:
            return _UNKNOWN
        if _is_unconfirmed(entry) and entry.after is None:
            return StateToRestore(left=entry.before)
        if not self._is_unlink and _is_former_primary_unknown(entry):
            return _UNKNOWN
        before = parse_types(entry.before)
        labels = parse_types(entry.goal) if entry.goal else NOT_LINKED
        if self._is_unlink:
            # A removal that was killed before it read back left nothing, if HubSpot carried it out.
            left = entry.after or (None if labels else NO_TYPES)
            added, removed = NOT_LINKED, before & labels if labels else before
        else:
            left = entry.after or (None if labels else entry.sent)
            added, removed = labels, before - labels if labels and self._replaces else NOT_LINKED
        other = self._reverse_of(entry)
        sent = reverse = None
        if other is not None and left is not None:
            after = parse_types(left)
            if _is_unconfirmed(entry):  # what it added may come from the reverse pair alone
                added = removed = NOT_LINKED
            added, removed = added | (after - before), removed | (before - after)
        is_ended = _is_unconfirmed(entry) or (entry.after is not None and other is not None and _is_ended(other))
        if other is not None and not self._is_unlink and not is_ended:
            sent, reverse = _last_known(entry), _last_known(other)
        return StateToRestore(left, entry.before, types_text(added), types_text(removed), sent, reverse)

    def _reverse_of(self, entry: PairOutcome) -> PairOutcome | None:
        """Return the reverse pair, if the run changed the link of a pair in both directions."""
        link, is_reverse = link_of(entry.pair)
        return self._both_ways[hash(link)][not is_reverse] if hash(link) in self._both_ways else None


def _is_unconfirmed(entry: PairOutcome) -> bool:
    """Return whether the run ended without knowing whether it changed a pair; it read the pair back if it could.

    Only the types read then are what the run left: a pair that has others since may have them from someone else. A pair
    in flight was not read back. It may be as it was before the run, or as the run was to leave it.
    """
    return entry.outcome.status is Status.UNCONFIRMED and not entry.is_in_flight


def _is_ended(entry: PairOutcome) -> bool:
    """Return whether the run read what it left of a pair, or ended without being able to read it."""
    return entry.after is not None or _is_unconfirmed(entry)


def _last_known(entry: PairOutcome) -> str | None:
    """Return the types that the run left, as far as it recorded them before it was cut off.

    A pair without labels has no more labels than before.
    """
    return entry.after or entry.sent or (entry.before if not entry.goal else None)


def _pending(entry: PairOutcome) -> PendingPair:
    return PendingPair(0, 0, entry.pair, before=entry.before, goal=entry.goal)


def _former_primary(entry: PairOutcome) -> Key | None:
    """Return the pair that was primary until the run made this pair primary; None if there was none."""
    if entry.primary_before is None or not entry.primary_before[0]:
        return None
    return (*primary_key(_pending(entry))[:3], RecordId(entry.primary_before[0]))


def _may_be_primary(entry: PairOutcome) -> bool:
    """Return whether the run may have left a pair, which was to become primary, as the primary one."""
    primary = primary_type(entry.pair.from_type, entry.pair.to_type)
    return not _is_unconfirmed(entry) or (entry.after is not None and primary in parse_types(entry.after))


def _is_former_primary_unknown(entry: PairOutcome) -> bool:
    """Return whether the run made a pair primary without knowing which record was primary before."""
    pending = _pending(entry)
    if not becomes_primary(pending):
        return False
    if primary_type(entry.pair.from_type, entry.pair.to_type) in parse_types(entry.before or NO_TYPES):
        return False
    return entry.primary_before is None or (bool(entry.primary_before[0]) and entry.primary_before[1] == NO_TYPES)


def _state_of_former_primary(key: Key, types: str) -> StateToRestore:
    primary = primary_type(key[0], key[2])
    kept = parse_types(types) - {primary}
    return StateToRestore(types_text(kept), types, NO_TYPES, types_text({primary} if primary else ()))
