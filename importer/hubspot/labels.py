"""Association labels by name: the labels of an account between two object types, and which of them a text names.

Labels are read in the direction from → to, since every label has an id for each direction.
Source: HubSpot, associations v4 guide, "Retrieve association labels".
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from importer.hubspot.association_types import AssociationType, parse_type
from importer.hubspot.parse import objects
from importer.hubspot.response import Response
from importer.redaction import cleaned

_SEMICOLONS = re.compile("[;；]")


def label_key(text: str) -> str:
    """Return the form in which labels are compared: without surrounding spaces, and in any case of letters."""
    return text.strip().casefold()


@dataclass(frozen=True, slots=True)
class Label:
    """One association type of an account; `text` is "" for the unlabelled type."""

    type: AssociationType
    text: str

    @property
    def key(self) -> str:
        """The text in the form in which labels are compared."""
        return label_key(self.text)


@dataclass(frozen=True, slots=True)
class UnknownLabel:
    """A text that names no label in this direction.

    `existing` holds the labels that exist. `is_reversed` means that the text names a label in the other direction, so
    the columns are swapped. `split` holds the labels whose own text has a `;`, which separates the labels of a cell,
    and the text beside it.
    """

    text: str
    existing: tuple[str, ...]
    is_reversed: bool
    split: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class AmbiguousLabel:
    """A text that several labels share; `candidates` are their types."""

    text: str
    candidates: tuple[AssociationType, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of an account in one direction between two object types, and those in the other direction."""

    forward: tuple[Label, ...]
    reverse: tuple[Label, ...] = ()

    @property
    def unlabelled(self) -> AssociationType | None:
        """The type without a label; None if the account does not define one, as with some custom objects."""
        return next((label.type for label in self.forward if not label.text), None)

    @property
    def names(self) -> dict[AssociationType, str]:
        """The texts of the types whose text, in the form in which labels are compared, no other type has."""
        uses = Counter(label.key for label in self.forward)
        return {label.type: label.text for label in self.forward if uses[label.key] == 1}

    def name_of(self, kind: AssociationType) -> str:
        """Return the label of a type in lower case: "" for the unlabelled type, `CATEGORY:ID` for an unknown one."""
        return next((label.key for label in self.forward if label.type == kind), str(kind))

    def resolve(self, text: str) -> AssociationType | UnknownLabel | AmbiguousLabel:
        """Return the type that `text` names: a label, ignoring case and surrounding spaces, or `CATEGORY:ID`."""
        given = parse_type(text)
        matches = _named(self.forward, text)
        if given is not None and not matches:
            matches = [label.type for label in self.forward if label.type == given]
        if len(matches) == 1:
            return matches[0]
        if matches:
            return AmbiguousLabel(text.strip(), tuple(matches))
        existing = tuple(sorted(label.text for label in self.forward if label.text))
        split = tuple(label for label in self.forward if label_key(text) in _parts(label))
        return UnknownLabel(text.strip(), existing, bool(_named(self.reverse, text)), split)


def parse_labels(response: Response) -> tuple[Label, ...] | None:
    """Return the labels that a 2xx response lists; None if any item cannot be read, as no label may be missed."""
    results = response.content.get("results")
    if not 200 <= response.http_status < 300 or not isinstance(results, list) or response.is_too_large:
        return None
    labels = [_label(item) for item in objects(results)]
    complete = tuple(label for label in labels if label is not None)
    return complete if len(complete) == len(results) else None


def labelled_body(types: Sequence[AssociationType]) -> list[dict[str, str | int]]:
    """Return the body of a labelled PUT, or `types` of one batch input. Sending it replaces the labels of the pair."""
    return [{"associationCategory": kind.category, "associationTypeId": kind.type_id} for kind in types]


def _parts(label: Label) -> list[str]:
    """Return the parts of a label with a semicolon, in the form in which labels are compared; none for another one."""
    parts = _SEMICOLONS.split(label.key)
    return [part.strip() for part in parts] if len(parts) > 1 else []


def _named(labels: Sequence[Label], text: str) -> list[AssociationType]:
    return [label.type for label in labels if label.text and label.key == label_key(text)]


def _label(item: dict[str, object]) -> Label | None:
    category, type_id, text = item.get("category"), item.get("typeId"), item.get("label")
    is_number = type(type_id) is int or (isinstance(type_id, str) and type_id.isascii() and type_id.isdigit())
    if not isinstance(category, str) or not is_number or not isinstance(text, str | None):
        return None
    kind = parse_type(f"{category}:{type_id}")
    return None if kind is None else Label(kind, cleaned(text or ""))
