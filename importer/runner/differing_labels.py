"""Refuses rows that replace the labels of one link from both sides with different labels.

A to B and B to A are one link, and each call replaces its labels: the second call would remove the labels of the first,
whose row would still be reported as linked. HubSpot relates the labels of the two directions only by their names, so
the labels of both rows cannot be set together. It is unknown which row is right, so neither is sent.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from importer.config import LabelMode
from importer.hubspot.association_types import (
    PRIMARY_NAME,
    link_of,
    parse_type,
    primary_type,
    types_in_both_directions,
)
from importer.hubspot.labels import label_key
from importer.journal import Journal, LabelledSide
from importer.model import Labels, ObjectType, Operation, Outcome, Pair, RowNames, Status
from importer.runner.refused_rows import LISTED_ROWS, listed_rows, record_refusals

LABELS_DIFFER = "LABELS_DIFFER_BY_DIRECTION"
"""The error category of a pair that is not sent because the row with the other direction has other labels."""

NameOf = Callable[[ObjectType, ObjectType, str], str | None]
"""Returns the name of the label that a text names between two object types.

"" for the unlabelled type, None if it is not known: such a link is not compared.
"""

_ADVICE = "Write all labels of the link into one row, delete the row with the other direction, and then retry the file."


@dataclass(frozen=True, slots=True)
class DifferingLabels:
    """The rows of a source that replace each other's labels: how many, and the first of them."""

    rows: int = 0
    first: tuple[int, ...] = ()

    def warning(self, names: RowNames) -> str:
        """Return a sentence for the start of a run; `names` are those of the rows."""
        return (
            f"The labels of a link are replaced from one side: {self.rows:,} rows will not be sent, as other rows give "
            f"the same links other labels from the other side (rows {listed_rows(self.first, names)})."
        )


NONE_DIFFER = DifferingLabels()


def name_without_account(from_type: ObjectType, to_type: ObjectType, text: str) -> str | None:
    """Return the name of the label that a text names, as far as it is known without the labels of the account."""
    given = parse_type(text)
    if given is None:
        return label_key(text)
    return PRIMARY_NAME if given == primary_type(from_type, to_type) else None


def refuse_differing_labels(journal: Journal, name_of: NameOf) -> DifferingLabels:
    """Record the pairs of such rows as `failed`, and return the rows."""
    replaces = journal.info.settings.get("label_mode") == LabelMode.REPLACE
    if journal.info.operation is not Operation.LINK or not replaces:
        return NONE_DIFFER
    if not types_in_both_directions({key[:2] for key in journal.label_uses()}):
        return NONE_DIFFER

    name_of = cache(name_of)

    def side(pair: Pair, texts: Labels) -> LabelledSide | None:
        labels = frozenset(name for text in texts if (name := name_of(pair.from_type, pair.to_type, text)) != "")
        return LabelledSide(*link_of(pair), labels) if labels else None

    found: set[int] = set()

    def refusals() -> Iterator[tuple[Sequence[int], Outcome]]:
        for rows, pairs in journal.differing_sides(side):
            found.update(rows)
            yield pairs, _outcome(rows, journal.info.row_names)

    record_refusals(journal, refusals())
    return DifferingLabels(len(found), tuple(sorted(found)[: LISTED_ROWS + 1]))


def _outcome(rows: Sequence[int], names: RowNames) -> Outcome:
    message = (
        f"Rows {listed_rows(rows, names)} replace the labels of the same link from both sides, with different labels. "
        "Nothing was sent for them."
    )
    return Outcome(Status.FAILED, error_category=LABELS_DIFFER, error_message=message, advice=_ADVICE)
