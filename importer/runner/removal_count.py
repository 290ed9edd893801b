"""The number of links, or of labels, that an `unlink` removes: what is confirmed before anything is removed.

A to B and B to A are one link, so that a link, or a label, that rows name from both sides is counted once. HubSpot says
by the name only which label of one direction is which of the other: a paired one, which has two names, counts as two if
rows name it from both sides by both of them.
"""

from collections.abc import Iterator

from importer.hubspot.association_types import link_of, types_in_both_directions
from importer.hubspot.labels import label_key
from importer.journal import Journal


def number_to_remove(journal: Journal) -> int:
    """Return the number of links or labels that were read before and are not refused, with those removed already."""
    return _number(journal, only_done=False)


def number_removed(journal: Journal) -> int:
    """Return how many of those that `number_to_remove` counts the run has removed already."""
    return _number(journal, only_done=True)


def _number(journal: Journal, *, only_done: bool) -> int:
    found = _removed(journal, only_done=only_done)
    if not types_in_both_directions(journal.types_of_pairs()):  # then memory use does not grow with the links
        return sum(1 for _ in found)
    return len(set(found))


def _removed(journal: Journal, *, only_done: bool) -> Iterator[int]:
    """Yield a hash of every link, or of every label."""
    names = journal.label_names
    for pair, before, goal in journal.types_to_remove(only_done=only_done):
        link, _ = link_of(pair)
        if not journal.has_labels:
            yield hash(link)
            continue
        for kind in set(before.split(";")).intersection(goal.split(";")):
            name = names.get((pair.from_type, pair.to_type, kind))
            yield hash((link, kind if name is None else label_key(name)))
