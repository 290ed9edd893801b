"""Which column is what: from a header row and the user's settings to the columns of a pair, or a refusal to guess."""

from dataclasses import dataclass

from importer.config import Reading
from importer.errors import SettingsError, SourceError
from importer.model import ObjectType, Role
from importer.reader.columns.headers import Meaning, Place, meaning
from importer.reader.columns.object_types import parse_object_type, plain
from importer.reader.messages import quoted, visible


@dataclass(frozen=True, slots=True)
class Side:
    """Where one record of a pair is read: positions from 0; `object_type` is the type when no cell says otherwise.

    `may_be_blank` says that a row without an id here has nothing to link. `sublists` are columns whose ids must be
    among those of `id_column`: `Associated Company IDs (Primary)` beside `Associated Company IDs`.
    """

    id_column: int
    type_column: int | None
    object_type: ObjectType | None
    may_be_blank: bool = False
    sublists: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """The columns that matter: their header texts, and their positions in the file, from 1."""

    texts: tuple[str, ...]
    positions: tuple[int, ...]

    def name(self, index: int) -> str:
        """Return how a message names a column: its header, or its position (`#2`) when that is blank."""
        text = self.texts[index]
        return visible(text) if text.strip() else self.place(index)

    def place(self, index: int) -> str:
        """Return a column's position as `--map` takes it: `#2`."""
        return f"#{self.positions[index]}"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a pair."""

    from_side: Side
    to_side: Side

    def roles(self) -> dict[Role, int]:
        """Return the column of each role that one plays."""
        places = {
            Role.FROM_OBJECT_TYPE: self.from_side.type_column,
            Role.FROM_OBJECT_ID: self.from_side.id_column,
            Role.TO_OBJECT_TYPE: self.to_side.type_column,
            Role.TO_OBJECT_ID: self.to_side.id_column,
        }
        return {role: index for role, index in places.items() if index is not None}


_MOST_READINGS = 10_000
_ID_ROLES = (Role.FROM_OBJECT_ID, Role.TO_OBJECT_ID)
_TYPE_ROLE = {Role.FROM_OBJECT_ID: Role.FROM_OBJECT_TYPE, Role.TO_OBJECT_ID: Role.TO_OBJECT_TYPE}
_FLAG = {Role.FROM_OBJECT_ID: "--from", Role.TO_OBJECT_ID: "--to"}
_RECORD = {Role.FROM_OBJECT_ID: "the record to link from", Role.TO_OBJECT_ID: "the record to link to"}
_PLACE = {
    Role.FROM_OBJECT_ID: Place.FROM,
    Role.FROM_OBJECT_TYPE: Place.FROM,
    Role.TO_OBJECT_ID: Place.TO,
    Role.TO_OBJECT_TYPE: Place.TO,
}


def find_columns(name: str, header: Header, reading: Reading) -> Columns:
    """Return which columns make the pairs of the file `name`.

    Raises `SourceError` when a column is missing or can be read in two ways, and `SettingsError` when the settings name
    a column or a type that cannot be.
    """
    return _Search(name, header, reading).columns()


def flag_type(flag: str, text: str | None) -> ObjectType | None:
    """Return the type that a flag such as `--from` gives, None when it is not used; raises `SettingsError`."""
    if text is None:
        return None
    object_type = parse_object_type(text)
    if object_type is None:
        raise SettingsError(
            f"{flag} {quoted(text)} is not an object type. Write a name such as contacts, or an id such as 2-123."
        )
    return object_type


class _Search:
    """One search for the columns of a pair."""

    def __init__(self, name: str, header: Header, reading: Reading) -> None:
        self._name = name
        self._header = header
        self._meanings = [meaning(text) for text in header.texts]
        self._mapped = {role: self._mapped_column(role, wish) for role, wish in reading.columns.items()}
        self._types = {
            Role.FROM_OBJECT_ID: flag_type("--from", reading.from_object_type),
            Role.TO_OBJECT_ID: flag_type("--to", reading.to_object_type),
        }
        self._allow_blank = reading.allow_blank
        self._refuse_shared_column()

    def columns(self) -> Columns:
        from_column, to_column = self._id_columns()
        return Columns(self._side(Role.FROM_OBJECT_ID, from_column), self._side(Role.TO_OBJECT_ID, to_column))

    # --- the columns that settings name

    def _mapped_column(self, role: Role, wish: str) -> int:
        texts = self._header.texts
        exact = [i for i, text in enumerate(texts) if text == wish]
        same = exact or [i for i, text in enumerate(texts) if text.strip() and plain(text) == plain(wish)]
        if len(same) > 1:
            raise SettingsError(
                f"--map {role}={wish} fits several columns of {self._name}: {self._places(same)}. "
                f"Write one of them by its position, for example --map {role}={self._header.place(same[0])}."
            )
        if same:
            return same[0]
        position = int(wish[1:]) if _is_position(wish) else 0
        if position in self._header.positions:
            return self._header.positions.index(position)
        raise SettingsError(f"--map {role}={wish}: {self._name} has no such column. {self._listed()}")

    def _refuse_shared_column(self) -> None:
        roles: dict[int, Role] = {}
        for role, index in self._mapped.items():
            if index in roles:
                shown = quoted(self._header.name(index))
                raise SettingsError(
                    f"--map gives the column {shown} two roles, {roles[index]} and {role}. Name two columns."
                )
            roles[index] = role

    # --- the columns of ids

    def _id_columns(self) -> tuple[int, int]:
        from_role, to_role = _ID_ROLES
        froms, tos = self._candidates(from_role), self._candidates(to_role)
        if len(froms) * len(tos) > _MOST_READINGS:
            raise SourceError(
                f"{self._name} can be read in too many ways: it has {len(froms):,} columns for {_RECORD[from_role]}, "
                f"{len(tos):,} for {_RECORD[to_role]}. Choose with --map {from_role}=COLUMN and --map {to_role}=COLUMN."
            )
        every = [(f, t) for f in froms for t in tos if f != t]
        if not every:
            self._refuse_missing(froms, tos)
        fitting = {(f, t): None for f, t in every if self._fits(from_role, f) and self._fits(to_role, t)}
        # An unlabelled link has no direction: of the same two columns, the left one is taken as the first.
        readings = [(f, t) for f, t in fitting if f < t or (t, f) not in fitting]
        if not readings:
            self._refuse_types(sorted({*froms, *tos}))
        if len(readings) > 1:
            self._refuse_several(readings)
        return readings[0]

    def _candidates(self, role: Role) -> list[int]:
        outright = {side: self._outright(side) for side in _ID_ROLES}
        if role in self._mapped or all(outright.values()):
            return outright[role]
        # Every other column that could stand on this side is a candidate too: one reading too many is refused.
        of = {place: self._free_columns(place) for place in (Place.RECORD, Place.OBJECT)}
        if role is Role.FROM_OBJECT_ID:
            return outright[role] + of[Place.RECORD] + of[Place.OBJECT]
        return outright[role] + self._lists(role) + of[Place.OBJECT] or of[Place.RECORD]

    def _lists(self, role: Role) -> list[int]:
        """Return the associated columns that one side may be, without those that only repeat ids of another one."""
        lists = self._free_columns(Place.ASSOCIATED)
        repeated = {index for other in lists for index in self._sublists(other)}
        lists = [index for index in lists if index not in repeated]
        # A list of an object of the account's own is not the one that the flag asks for where another one is named so.
        wanted = self._types[role]
        return [index for index in lists if wanted and self._named_type(index) == wanted] or lists

    def _sublists(self, index: int) -> tuple[int, ...]:
        """Return the labelled columns beside an associated column without a label: they hold some of its records."""
        whole = self._meanings[index]
        if whole is None or whole.label:
            return ()
        lists = [(i, self._meanings[i]) for i in self._free_columns(Place.ASSOCIATED)]
        return tuple(i for i, found in lists if found and found.label and found.is_same_list(whole))

    def _outright(self, role: Role) -> list[int]:
        """Return the columns that the settings or their headers put on one side."""
        return [self._mapped[role]] if role in self._mapped else self._free_columns(_PLACE[role])

    def _free_columns(self, place: Place, *, holds_type: bool = False) -> list[int]:
        taken = set(self._mapped.values())
        return [
            i
            for i, found in enumerate(self._meanings)
            if found and found.place is place and found.holds_type is holds_type and i not in taken
        ]

    def _fits(self, role: Role, index: int) -> bool:
        """Tell whether a column can hold the type that the flag of its side asks for; a mapped column always can."""
        wanted, named = self._types[role], self._named_type(index)
        return role in self._mapped or wanted is None or named is None or wanted == named

    def _named_type(self, index: int) -> ObjectType | None:
        found: Meaning | None = self._meanings[index]
        return found.object_type if found else None

    # --- the types

    def _side(self, role: Role, id_column: int) -> Side:
        type_column = self._type_column(_TYPE_ROLE[role])
        object_type = self._types[role] or self._named_type(id_column)
        if type_column is None and object_type is None:
            flag, shown = _FLAG[role], quoted(self._header.name(id_column))
            raise SourceError(
                f"{self._name} does not say which type of record {shown} holds. Give it with {flag} TYPE "
                f"(for example {flag} contacts), or name its column with --map {_TYPE_ROLE[role]}=COLUMN."
            )
        found = self._meanings[id_column]
        is_list = found is not None and found.place is Place.ASSOCIATED
        return Side(id_column, type_column, object_type, self._allow_blank or is_list, self._sublists(id_column))

    def _type_column(self, role: Role) -> int | None:
        if role in self._mapped:
            return self._mapped[role]
        found = self._free_columns(_PLACE[role], holds_type=True)
        if len(found) > 1:
            shown, first = self._places(found), self._header.place(found[0])
            raise SourceError(
                f"{self._name} has several columns for {role}: {shown}. "
                f"Choose one with --map {role}={first}, or another position."
            )
        return found[0] if found else None

    # --- refusals

    def _refuse_missing(self, froms: list[int], tos: list[int]) -> None:
        both = not froms and not tos
        # A single column that fits both sides is taken as the first; the other is what is missing.
        role = Role.FROM_OBJECT_ID if not froms else Role.TO_OBJECT_ID
        missing = "columns for the records to link" if both else f"column for {_RECORD[role]}"
        how = (
            f"Name them with --map {Role.FROM_OBJECT_ID}=COLUMN and --map {Role.TO_OBJECT_ID}=COLUMN."
            if both
            else f"Name it with --map {role}=COLUMN."
        )
        raise SourceError(f"{self._name} has no {missing}. {self._listed()} {how}")

    def _refuse_types(self, columns: list[int]) -> None:
        wanted = " ".join(f"{_FLAG[role]} {kind}" for role, kind in self._types.items() if kind)
        named = ", ".join(f"{quoted(self._header.name(i))} ({self._named_type(i) or 'any type'})" for i in columns)
        raise SourceError(
            f"{self._name} has no two columns that fit {wanted}. Its columns of ids are: {named}. "
            f"Name others with --map {Role.FROM_OBJECT_ID}=COLUMN and --map {Role.TO_OBJECT_ID}=COLUMN."
        )

    def _refuse_several(self, readings: list[tuple[int, int]]) -> None:
        ways = "; ".join(
            f"{quoted(self._header.name(f))} to {quoted(self._header.name(t))} "
            f"({self._map_flag(Role.FROM_OBJECT_ID, f)} {self._map_flag(Role.TO_OBJECT_ID, t)})"
            for f, t in readings[:6]
        )
        more = f"; and {len(readings) - 6} more" if len(readings) > 6 else ""
        raise SourceError(f"{self._name} can be read in {len(readings)} ways: {ways}{more}. Choose one.")

    def _map_flag(self, role: Role, index: int) -> str:
        text = self._header.texts[index]
        can_be_typed = text.strip() and text.isprintable() and len(text) <= 60 and '"' not in text
        is_unique = self._header.texts.count(text) == 1
        return (
            f'--map {role}="{text}"' if can_be_typed and is_unique else f"--map {role}=#{self._header.positions[index]}"
        )

    def _listed(self) -> str:
        shown = [quoted(self._header.name(i)) for i in range(len(self._header.texts))]
        more = f" and {len(shown) - 40} more" if len(shown) > 40 else ""
        return f"Its columns are: {', '.join(shown[:40])}{more}."

    def _places(self, indices: list[int]) -> str:
        return ", ".join(f"{self._header.place(i)} {quoted(self._header.texts[i])}" for i in indices)


def _is_position(wish: str) -> bool:
    return wish.startswith("#") and wish[1:].isascii() and wish[1:].isdecimal() and len(wish) < 8
