"""Rows that replace the labels of one link from both of its sides, with different ones.

A to B and B to A are one link, and each call replaces its labels: the second would take off those of the first, whose
row would be reported as linked. HubSpot does not say which label of one direction is which of the other, other than by
its name, so that the labels of both rows cannot be set together. Which of them are right is not known: none is sent.
"""

from collections.abc import Callable, Collection
from functools import cache

from importer.config import LabelMode
from importer.hubspot.association_types import plural_name
from importer.journal import Journal, LabelledSide
from importer.model import Labels, ObjectType, Operation, Outcome, Pair, RowNames, Status

LABELS_DIFFER = "LABELS_DIFFER_BY_DIRECTION"
"""The error category of a pair that is not sent because the row with the other direction has other labels."""

NameOf = Callable[[ObjectType, ObjectType, str], str]
"""Returns the name of the label that a text names between two object types; "" for the unlabelled type."""

_FIRST_ROWS = 10
_AT_ONCE = 1_000
_ADVICE = "Write all labels of the link into one row, delete the row with the other direction, and then retry the file."


def refuse_differing_labels(
    journal: Journal, types: Collection[tuple[ObjectType, ObjectType]], name_of: NameOf
) -> list[int]:
    """Record the pairs of such rows as `failed`, and return the rows; `types` are those of all labelled pairs."""
    replaces = journal.info.settings.get("label_mode") == LabelMode.REPLACE
    known = {(plural_name(one), plural_name(other)) for one, other in types}
    if journal.info.operation is not Operation.LINK or not replaces or not any(pair[::-1] in known for pair in known):
        return []

    name_of = cache(name_of)

    def side(pair: Pair, texts: Labels) -> LabelledSide | None:
        ends = (plural_name(pair.from_type), str(pair.from_id)), (plural_name(pair.to_type), str(pair.to_id))
        names = frozenset(name for text in texts if (name := name_of(pair.from_type, pair.to_type, text)))
        is_reverse = ends[0] > ends[1]
        return LabelledSide(ends[::-1] if is_reverse else ends, is_reverse, names) if names else None

    refused: list[tuple[int, Outcome]] = []
    found: list[int] = []
    for rows, pairs in journal.differing_sides(side):
        found += rows
        outcome = _outcome(rows, journal.info.row_names)
        refused += [(number, outcome) for number in pairs]
        if len(refused) >= _AT_ONCE:
            journal.record(refused)
            refused = []
    journal.record(refused)
    return sorted(set(found))


def differing_labels_warning(rows: Collection[int], names: RowNames) -> str:
    """Return a sentence for the start of a run; `rows` are those that are not sent."""
    return (
        f"The labels of a link are replaced from one side: {len(rows):,} rows will not be sent, as other rows give the "
        f"same links other labels from the other side (rows {_listed(rows, names)})."
    )


def _outcome(rows: Collection[int], names: RowNames) -> Outcome:
    message = (
        f"Rows {_listed(rows, names)} replace the labels of the same link from both sides, with different labels. "
        "Nothing was sent for them."
    )
    return Outcome(Status.FAILED, error_category=LABELS_DIFFER, error_message=message, advice=_ADVICE)


def _listed(rows: Collection[int], names: RowNames) -> str:
    return ", ".join(map(names.of, list(rows)[:_FIRST_ROWS])) + (", …" if len(rows) > _FIRST_ROWS else "")
