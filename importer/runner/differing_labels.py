"""Refuses rows that replace the labels of one link from both sides with different labels.

A to B and B to A are one link, and each call replaces its labels: the second call would remove the labels of the first,
whose row would still be reported as linked. HubSpot relates the labels of the two directions only by their names, so
the labels of both rows cannot be set together. It is unknown which row is right, so neither is sent.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache

from importer.config import LabelMode
from importer.hubspot.association_types import link_of, types_in_both_directions
from importer.journal import Journal, LabelledSide
from importer.model import Labels, ObjectType, Operation, Outcome, Pair, RowNames, Status
from importer.runner.refused_rows import listed_rows, record_refusals

LABELS_DIFFER = "LABELS_DIFFER_BY_DIRECTION"
"""The error category of a pair that is not sent because the row with the other direction has other labels."""

NameOf = Callable[[ObjectType, ObjectType, str], str]
"""Returns the name of the label that a text refers to between two object types; "" for the unlabelled type."""

_ADVICE = "Write all labels of the link into one row, delete the row with the other direction, and then retry the file."


def refuse_differing_labels(
    journal: Journal, types: Collection[tuple[ObjectType, ObjectType]], name_of: NameOf
) -> list[int]:
    """Record the pairs of these rows as `failed` and return the rows; `types` has the types of all labelled pairs."""
    replaces = journal.info.settings.get("label_mode") == LabelMode.REPLACE
    if journal.info.operation is not Operation.LINK or not replaces or not types_in_both_directions(types):
        return []

    name_of = cache(name_of)

    def side(pair: Pair, texts: Labels) -> LabelledSide | None:
        names = frozenset(name for text in texts if (name := name_of(pair.from_type, pair.to_type, text)))
        return LabelledSide(*link_of(pair), names) if names else None

    found: set[int] = set()

    def refusals() -> Iterator[tuple[Sequence[int], Outcome]]:
        for rows, pairs in journal.differing_sides(side):
            found.update(rows)
            yield pairs, _outcome(rows, journal.info.row_names)

    record_refusals(journal, refusals())
    return sorted(found)


def differing_labels_warning(rows: Sequence[int], names: RowNames) -> str:
    """Return a warning for the start of a run about the `rows` that will not be sent."""
    return (
        f"The labels of a link are replaced from one side: {len(rows):,} rows will not be sent, as other rows give the "
        f"same links other labels from the other side (rows {listed_rows(rows, names)})."
    )


def _outcome(rows: Sequence[int], names: RowNames) -> Outcome:
    message = (
        f"Rows {listed_rows(rows, names)} replace the labels of the same link from both sides, with different labels. "
        "Nothing was sent for them."
    )
    return Outcome(Status.FAILED, error_category=LABELS_DIFFER, error_message=message, advice=_ADVICE)
