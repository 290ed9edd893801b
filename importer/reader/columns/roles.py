"""The columns of a file and the roles they have in a pair, as values."""

from dataclasses import dataclass

from importer.model import ObjectType, Role
from importer.reader.messages import visible


@dataclass(frozen=True, slots=True)
class Side:
    """Columns of one record of a pair, as indices from 0.

    `object_type` applies where the type cell is blank or there is no type column. If `may_be_blank`, a row without an
    id here has nothing to link. The ids in the columns `sublists` must also be in `id_column`: `Associated Company IDs
    (Primary)` beside `Associated Company IDs`. If `lookup_by` is not "", the id column holds values of that property.
    `label` is the label in the header of `id_column` and applies to all of its records; `sublist_labels` are those of
    the sublists. A label is "" where there is none.
    """

    id_column: int
    type_column: int | None
    object_type: ObjectType | None
    may_be_blank: bool = False
    sublists: tuple[int, ...] = ()
    lookup_by: str = ""
    label: str = ""
    sublist_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of the source without those of previous results: header texts, and positions in the file from 1."""

    texts: tuple[str, ...]
    positions: tuple[int, ...]

    def name(self, index: int) -> str:
        """Return the name of a column for messages: its header, or its position (`#2`) if the header is blank."""
        text = self.texts[index]
        return visible(text) if text.strip() else self.position_name(index)

    def position_name(self, index: int) -> str:
        """Return the position of a column in the form that `--map` accepts: `#2`."""
        return f"#{self.positions[index]}"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a pair; `label_column` is None if no column holds labels."""

    from_side: Side
    to_side: Side
    label_column: int | None = None

    def roles(self) -> dict[Role, int]:
        """Return the column index of each role that has a column."""
        indices = {
            Role.FROM_OBJECT_TYPE: self.from_side.type_column,
            Role.FROM_OBJECT_ID: self.from_side.id_column,
            Role.TO_OBJECT_TYPE: self.to_side.type_column,
            Role.TO_OBJECT_ID: self.to_side.id_column,
            Role.LABEL: self.label_column,
        }
        return {role: index for role, index in indices.items() if index is not None}

    def used(self) -> frozenset[int]:
        """Return the indices of all columns that the pairs of a row depend on."""
        return frozenset({*self.roles().values(), *self.from_side.sublists, *self.to_side.sublists})
