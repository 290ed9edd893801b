"""Resolve the columns of a pair from a header row and the user's settings; ambiguous headers are refused."""

from importer.config import Reading
from importer.errors import ColumnsError, MissingColumnsError, SettingsError
from importer.model import ObjectType, Role
from importer.reader.columns.headers import ColumnKind, Meaning, holds_label_names, meaning
from importer.reader.columns.object_types import flag_type, normalize_name
from importer.reader.columns.property_headers import ValueColumn, lookup_settings, value_columns
from importer.reader.columns.roles import Columns, Header, Side
from importer.reader.messages import quoted

_MAX_READINGS = 10_000
_ID_ROLES = (Role.FROM_OBJECT_ID, Role.TO_OBJECT_ID)
_TYPE_ROLE = {Role.FROM_OBJECT_ID: Role.FROM_OBJECT_TYPE, Role.TO_OBJECT_ID: Role.TO_OBJECT_TYPE}
_SIDE = {Role.FROM_OBJECT_ID: "from", Role.TO_OBJECT_ID: "to"}
_FLAG = {Role.FROM_OBJECT_ID: "--from", Role.TO_OBJECT_ID: "--to"}
_LOOKUP_FLAG = {"from_object_type": "--from", "from_by": "--from-by", "to_object_type": "--to", "to_by": "--to-by"}
_RECORD = {Role.FROM_OBJECT_ID: "the record to link from", Role.TO_OBJECT_ID: "the record to link to"}
_KIND = {
    Role.FROM_OBJECT_ID: ColumnKind.FROM,
    Role.FROM_OBJECT_TYPE: ColumnKind.FROM,
    Role.TO_OBJECT_ID: ColumnKind.TO,
    Role.TO_OBJECT_TYPE: ColumnKind.TO,
}


def find_columns(name: str, header: Header, reading: Reading) -> Columns:
    """Return the columns of the pairs in the file `name`.

    Raises `ColumnsError` if a column is missing or ambiguous, and `SettingsError` if the settings name a column that
    does not exist or an invalid type.
    """
    return _Search(name, header, reading).columns()


class _Search:
    """A search for the columns of a pair."""

    def __init__(self, name: str, header: Header, reading: Reading) -> None:
        self._name = name
        self._header = header
        self._meanings = [meaning(text) for text in header.texts]
        self._unused = reading.unused_roles
        mapped = {role: requested for role, requested in reading.columns.items() if role not in self._unused}
        self._mapped = {role: self._mapped_column(role, requested) for role, requested in mapped.items()}
        self._types = {
            Role.FROM_OBJECT_ID: flag_type("--from", reading.from_object_type),
            Role.TO_OBJECT_ID: flag_type("--to", reading.to_object_type),
        }
        self._by = {Role.FROM_OBJECT_ID: reading.from_by or "", Role.TO_OBJECT_ID: reading.to_by or ""}
        self._allow_blank = reading.allow_blank
        self._refuse_shared_column()

    def columns(self) -> Columns:
        from_column, to_column = self._id_columns()
        sides = self._side(Role.FROM_OBJECT_ID, from_column), self._side(Role.TO_OBJECT_ID, to_column)
        return Columns(*sides, self._label_column())

    # --- columns named in the settings

    def _mapped_column(self, role: Role, requested: str) -> int:
        texts = self._header.texts
        exact = [i for i, text in enumerate(texts) if text == requested != ""]
        key = normalize_name(requested)
        same = exact or [i for i, text in enumerate(texts) if text.strip() and normalize_name(text) == key]
        if len(same) > 1:
            raise SettingsError(
                "MAPPED_COLUMN_AMBIGUOUS",
                f"--map {role}={requested} matches several columns of {self._name}: {self._positions(same)}. "
                f"Give the position instead, for example --map {role}={self._header.position_name(same[0])}.",
            )
        if same:
            return same[0]
        position = int(requested[1:]) if _is_position(requested) else 0
        if position in self._header.positions:
            return self._header.positions.index(position)
        raise SettingsError(
            "MAPPED_COLUMN_MISSING", f"--map {role}={requested}: {self._name} has no such column. {self._listed()}"
        )

    def _refuse_shared_column(self) -> None:
        roles: dict[int, Role] = {}
        for role, index in self._mapped.items():
            if index in roles:
                shown = quoted(self._header.name(index))
                raise SettingsError(
                    "MAPPED_COLUMN_SHARED",
                    f"--map assigns the column {shown} to two roles, {roles[index]} and {role}. Name two columns.",
                )
            roles[index] = role

    # --- id columns

    def _id_columns(self) -> tuple[int, int]:
        from_role, to_role = _ID_ROLES
        froms, tos = self._candidates(from_role), self._candidates(to_role)
        if len(froms) * len(tos) > _MAX_READINGS:
            raise ColumnsError(
                "COLUMNS_AMBIGUOUS",
                f"{self._name} can be read in too many ways: it has {len(froms):,} possible columns for "
                f"{_RECORD[from_role]} and {len(tos):,} for {_RECORD[to_role]}. "
                f"Choose with --map {from_role}=COLUMN and --map {to_role}=COLUMN.",
            )
        candidates = [(f, t) for f in froms for t in tos if f != t]
        if not candidates:
            raise self._missing_error(froms, tos)
        matching = [
            (f, t) for f, t in candidates if self._type_matches(from_role, f) and self._type_matches(to_role, t)
        ]
        # An unlabelled link has no direction: if two columns fit either way, the left one is the from side.
        both_ways = set(matching)
        readings = [(f, t) for f, t in matching if f < t or (t, f) not in both_ways]
        if not readings:
            raise self._type_error(froms, tos)
        if len(readings) > 1:
            raise self._ambiguous_error(readings)
        return readings[0]

    def _candidates(self, role: Role) -> list[int]:
        explicit = {side: self._explicit_columns(side) for side in _ID_ROLES}
        if role in self._mapped or self._by[role] or all(explicit.values()):
            return explicit[role]
        # Every other column that could be on this side is a candidate too, so that an ambiguous header is refused.
        records, objects = self._free_columns(ColumnKind.RECORD), self._free_columns(ColumnKind.OBJECT)
        if role is Role.FROM_OBJECT_ID:
            return explicit[role] + records + objects
        return explicit[role] + self._lists(role) + objects or records

    def _lists(self, role: Role) -> list[int]:
        """Return the associated columns that could be this side, without those that repeat ids of another column."""
        lists = self._free_columns(ColumnKind.ASSOCIATED)
        repeated = {index for other in lists for index in self._sublists(other)}
        lists = [index for index in lists if index not in repeated]
        # A list of a custom object is not a candidate if another list names the requested type.
        requested = self._types[role]
        return [index for index in lists if requested and self._named_type(role, index) == requested] or lists

    def _sublists(self, index: int) -> tuple[int, ...]:
        """Return the labelled columns of the same type beside an unlabelled associated column: they repeat its ids."""
        whole = self._meanings[index]
        if whole is None or whole.label:
            return ()
        lists = [(i, self._meanings[i]) for i in self._free_columns(ColumnKind.ASSOCIATED)]
        return tuple(i for i, found in lists if found and found.label and found.is_same_list(whole))

    def _explicit_columns(self, role: Role) -> list[int]:
        """Return the columns that settings or headers explicitly assign to one side."""
        if role in self._mapped:
            return [self._mapped[role]]
        if not self._by[role]:
            return self._free_columns(_KIND[role])
        columns = [column for column in self._value_columns(role) if column.index not in self._mapped.values()]
        sided = [column for column in columns if column.kind is _KIND[role]]
        return [column.index for column in sided or columns if column.kind in (None, _KIND[role])]

    def _value_columns(self, role: Role) -> list[ValueColumn]:
        """Return the columns that may hold values of the property by which one side is looked up."""
        return value_columns(self._header.texts, self._by[role])

    def _free_columns(self, kind: ColumnKind, *, holds_type: bool = False) -> list[int]:
        taken = set(self._mapped.values())
        return [
            i
            for i, found in enumerate(self._meanings)
            if found and found.kind is kind and found.holds_type is holds_type and i not in taken
        ]

    def _type_matches(self, role: Role, index: int) -> bool:
        """Return whether a column can hold the type given with the flag of its side; a mapped column always can."""
        requested, named = self._types[role], self._named_type(role, index)
        return role in self._mapped or requested is None or named is None or requested == named

    def _named_type(self, role: Role, index: int) -> ObjectType | None:
        if self._by[role]:
            return next((column.object_type for column in self._value_columns(role) if column.index == index), None)
        found: Meaning | None = self._meanings[index]
        return found.object_type if found else None

    # --- types

    def _side(self, role: Role, id_column: int) -> Side:
        type_column = self._type_column(_TYPE_ROLE[role])
        object_type = self._types[role] or self._named_type(role, id_column)
        if type_column is None and object_type is None:
            flag, shown = _FLAG[role], quoted(self._header.name(id_column))
            raise ColumnsError(
                "NO_OBJECT_TYPE",
                f"{self._name} does not specify the type of the records in {shown}. Give it with {flag} TYPE "
                f"(for example {flag} contacts), or name its column with --map {_TYPE_ROLE[role]}=COLUMN.",
            )
        if self._by[role]:
            return Side(id_column, type_column, object_type, self._allow_blank, lookup_by=self._by[role])
        found = self._meanings[id_column]
        is_list = found is not None and found.kind is ColumnKind.ASSOCIATED
        sublists = self._sublists(id_column)
        # The labels of a list apply in the direction towards its records.
        is_labelled = role is Role.TO_OBJECT_ID and Role.LABEL not in self._unused
        return Side(
            id_column=id_column,
            type_column=type_column,
            object_type=object_type,
            may_be_blank=self._allow_blank or is_list,
            sublists=sublists,
            label=self._label_of(id_column) if is_labelled else "",
            sublist_labels=tuple(map(self._label_of, sublists)) if is_labelled else (),
        )

    def _label_of(self, index: int) -> str:
        found = self._meanings[index]
        return found.label if found else ""

    def _label_column(self) -> int | None:
        if Role.LABEL in self._mapped or Role.LABEL in self._unused:
            return self._mapped.get(Role.LABEL)
        taken = set(self._mapped.values())
        found = [i for i, text in enumerate(self._header.texts) if holds_label_names(text) and i not in taken]
        if len(found) > 1:
            raise ColumnsError(
                "LABEL_COLUMN_AMBIGUOUS",
                f"{self._name} has several columns of labels: {self._positions(found)}. Choose one with "
                f"--map {Role.LABEL}={self._header.position_name(found[0])}.",
            )
        return found[0] if found else None

    def _type_column(self, role: Role) -> int | None:
        if role in self._mapped or role in self._unused:
            return self._mapped.get(role)
        found = self._free_columns(_KIND[role], holds_type=True)
        if len(found) > 1:
            shown, first = self._positions(found), self._header.position_name(found[0])
            raise ColumnsError(
                "TYPE_COLUMN_AMBIGUOUS",
                f"{self._name} has several columns for {role}: {shown}. Choose one by position, for example with "
                f"--map {role}={first}.",
            )
        return found[0] if found else None

    # --- errors

    def _missing_error(self, froms: list[int], tos: list[int]) -> MissingColumnsError:
        # A single column that could be on both sides is the from side; the other side is missing.
        roles = [role for role, found in zip(_ID_ROLES, (froms, tos), strict=True) if not found] or [_ID_ROLES[1]]
        if len(roles) > 1:
            missing = "columns for the records to link"
        elif self._by[roles[0]]:
            missing = f"column '{self._by[roles[0]]}' for {_RECORD[roles[0]]}"
        else:
            missing = f"column for {_RECORD[roles[0]]}"
        has_names = self._header.texts[:1] != ("#1",)
        columns = {role: "COLUMN" if has_names else f"'#{_ID_ROLES.index(role) + 1}'" for role in roles}
        flags = " and ".join(f"--map {role}={column}" for role, column in columns.items())
        how = f"Name {'them' if len(roles) > 1 else 'it'} with {flags}."
        lookup = lookup_settings(
            self._header.texts, {_SIDE[role]: self._types[role] for role in roles if not self._by[role]}
        )
        if lookup:
            flags = " ".join(f"{_LOOKUP_FLAG[name]} {value}" for name, value in lookup.items())
            how += f" To look up the records in HubSpot by their values, add: {flags}"
        return MissingColumnsError("NO_ID_COLUMN", f"{self._name} has no {missing}. {self._listed()} {how}", lookup)

    def _type_error(self, froms: list[int], tos: list[int]) -> ColumnsError:
        types = {index: self._named_type(Role.TO_OBJECT_ID, index) for index in tos}
        types |= {index: self._named_type(Role.FROM_OBJECT_ID, index) for index in froms}
        requested = " ".join(f"{_FLAG[role]} {kind}" for role, kind in self._types.items() if kind)
        named = ", ".join(f"{quoted(self._header.name(i))} ({types[i] or 'any type'})" for i in sorted(types))
        return ColumnsError(
            "COLUMN_TYPE_MISMATCH",
            f"{self._name} does not have two id columns that match {requested}. Its id columns are: {named}. "
            f"Name other columns with --map {Role.FROM_OBJECT_ID}=COLUMN and --map {Role.TO_OBJECT_ID}=COLUMN.",
        )

    def _ambiguous_error(self, readings: list[tuple[int, int]]) -> ColumnsError:
        ways = "; ".join(
            f"{quoted(self._header.name(f))} to {quoted(self._header.name(t))} "
            f"({self._map_flag(Role.FROM_OBJECT_ID, f)} {self._map_flag(Role.TO_OBJECT_ID, t)})"
            for f, t in readings[:6]
        )
        more = f"; and {len(readings) - 6} more" if len(readings) > 6 else ""
        return ColumnsError(
            "COLUMNS_AMBIGUOUS", f"{self._name} can be read in {len(readings)} ways: {ways}{more}. Choose one."
        )

    def _map_flag(self, role: Role, index: int) -> str:
        text = self._header.texts[index]
        can_be_typed = text.strip() and text.isprintable() and len(text) <= 60 and '"' not in text
        is_unique = self._header.texts.count(text) == 1
        column = f'"{text}"' if can_be_typed and is_unique else self._header.position_name(index)
        return f"--map {role}={column}"

    def _listed(self) -> str:
        shown = [quoted(self._header.name(i)) for i in range(len(self._header.texts))]
        more = f" and {len(shown) - 40} more" if len(shown) > 40 else ""
        return f"Its columns are: {', '.join(shown[:40])}{more}."

    def _positions(self, indices: list[int]) -> str:
        return ", ".join(f"{self._header.position_name(i)} {quoted(self._header.texts[i])}" for i in indices)


def _is_position(text: str) -> bool:
    return text.startswith("#") and text[1:].isascii() and text[1:].isdecimal() and len(text) < 8
