"""The association types of an account: unlabelled, Primary and custom labels, each with an id per direction."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from importer.sandbox.catalog import ASSOCIATION_SPECS, PRIMARY_TYPES

MAX_LABELS = 50
"""Maximum labels for a pair of object types; another one is refused with 437. Source: measured on an account."""

_FIRST_CUSTOM_ID = 1
"""First id of a custom label: low, so that USER_DEFINED ids coincide with HUBSPOT_DEFINED ones."""


class AssociationType(NamedTuple):
    """The identity of a type: category and id, never the id alone."""

    category: str
    type_id: int

    def __str__(self) -> str:
        return f"{self.category}:{self.type_id}"


@dataclass(frozen=True, slots=True)
class Definition:
    """One association type in one direction.

    `inverse`: the type that the same link has in the other direction. `label`: None for the unlabelled type.
    `is_primary`: the from-record has at most one link of this type. `max_links`: set by an admin.
    """

    type: AssociationType
    inverse: AssociationType
    label: str | None = None
    is_primary: bool = False
    max_links: int | None = None


_PRIMARY = {direction: AssociationType("HUBSPOT_DEFINED", ids[0]) for direction, ids in PRIMARY_TYPES.items()}


class AssociationTypes:
    """All definitions of an account, by direction."""

    def __init__(self) -> None:
        self._labels: dict[tuple[str, str], dict[AssociationType, Definition]] = {}
        self._limits: dict[tuple[str, str, AssociationType], int] = {}
        self._without_default: set[frozenset[str]] = set()
        self._next_id = _FIRST_CUSTOM_ID
        for (from_type, to_type), (type_id, inverse_id) in PRIMARY_TYPES.items():
            forward = AssociationType("HUBSPOT_DEFINED", type_id)
            reverse = AssociationType("HUBSPOT_DEFINED", inverse_id)
            self._define(from_type, to_type, Definition(forward, reverse, "Primary", is_primary=True))
            self._define(to_type, from_type, Definition(reverse, forward, "Primary"))

    def _define(self, from_type: str, to_type: str, definition: Definition) -> None:
        self._labels.setdefault((from_type, to_type), {})[definition.type] = definition

    def unlabelled(self, from_type: str, to_type: str) -> AssociationType:
        """Return the type that every link in this direction has."""
        spec = ASSOCIATION_SPECS[from_type, to_type]
        return AssociationType(spec["associationCategory"], spec["associationTypeId"])

    def all(self, from_type: str, to_type: str) -> list[Definition]:
        """Return the definitions of this direction, the unlabelled one last."""
        plain = Definition(self.unlabelled(from_type, to_type), self.unlabelled(to_type, from_type))
        found = list(self._labels.get((from_type, to_type), {}).values())
        if self.has_default(from_type, to_type):
            found.append(plain)
        return [self._with_limit(from_type, to_type, one) for one in found]

    def has_default(self, from_type: str, to_type: str) -> bool:
        """Return whether an unlabelled type is defined; for a custom object an admin may have to create it first."""
        return frozenset((from_type, to_type)) not in self._without_default

    def remove_default(self, from_type: str, to_type: str) -> None:
        """Remove the definition of the unlabelled type, so that default links are refused."""
        self._without_default.add(frozenset((from_type, to_type)))

    def find(self, from_type: str, to_type: str, wanted: AssociationType) -> Definition | None:
        """Return the definition of this type in this direction."""
        if wanted == self.unlabelled(from_type, to_type):
            plain = Definition(wanted, self.unlabelled(to_type, from_type))
            return self._with_limit(from_type, to_type, plain)
        found = self._labels.get((from_type, to_type), {}).get(wanted)
        return self._with_limit(from_type, to_type, found) if found else None

    def _with_limit(self, from_type: str, to_type: str, definition: Definition) -> Definition:
        limit = self._limits.get((from_type, to_type, definition.type))
        return definition if limit is None else replace(definition, max_links=limit)

    @property
    def has_limits(self) -> bool:
        """True if an admin has set a limit for any type."""
        return bool(self._limits)

    def limit(self, from_type: str, to_type: str, limited: AssociationType) -> int | None:
        """Return the maximum number of links of this type that a from-record may have, None if unlimited."""
        return self._limits.get((from_type, to_type, limited))

    def set_limit(self, from_type: str, to_type: str, limited: AssociationType, limit: int | None) -> None:
        """Set or remove (None) the maximum number of links of this type that a from-record may have."""
        if limit is None:
            self._limits.pop((from_type, to_type, limited), None)
        else:
            self._limits[from_type, to_type, limited] = limit

    def primary(self, from_type: str, to_type: str) -> AssociationType | None:
        """Return the Primary type of this direction, if it has one. A from-record has at most one link of this type."""
        return _PRIMARY.get((from_type, to_type))

    def inverse(self, from_type: str, to_type: str, known: AssociationType) -> AssociationType:
        """Return the type that a link with this type has in the other direction."""
        return self._labels[from_type, to_type][known].inverse

    def add_label(self, from_type: str, to_type: str, label: str, inverse_label: str | None = None) -> Definition:
        """Create a label, or with an `inverse_label` a paired one, whose text differs in the other direction.

        Raises ValueError if the pair of types already has the maximum number of labels.
        """
        custom = [one for one in self._labels.get((from_type, to_type), {}).values() if one.type[0] == "USER_DEFINED"]
        if len(custom) >= MAX_LABELS:
            raise ValueError(f"{from_type} and {to_type} already have {MAX_LABELS} labels.")
        forward = self._new_type()
        reverse = forward if from_type == to_type and inverse_label is None else self._new_type()
        created = Definition(forward, reverse, label)
        self._define(from_type, to_type, created)
        reverse_label = label if inverse_label is None else inverse_label
        self._define(to_type, from_type, Definition(reverse, forward, reverse_label))
        return created

    def _new_type(self) -> AssociationType:
        created = AssociationType("USER_DEFINED", self._next_id)
        self._next_id += 1
        return created

    def rename_label(self, from_type: str, to_type: str, known: AssociationType, label: str) -> None:
        """Change the text of a label in this direction. Raises KeyError if there is no such label."""
        labels = self._labels[from_type, to_type]
        labels[known] = replace(labels[known], label=label)

    def remove_label(self, from_type: str, to_type: str, removed: AssociationType) -> None:
        """Delete a label in both directions. Raises KeyError if there is no such label."""
        definition = self._labels[from_type, to_type].pop(removed)
        self._labels[to_type, from_type].pop(definition.inverse, None)
