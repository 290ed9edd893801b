"""The records of an account with their properties, including archived and merged ones."""

import heapq
from collections.abc import Iterable, Iterator, Mapping

from importer.sandbox.pairs import Record
from importer.sandbox.properties import DEFAULT_PROPERTIES, Property

FIRST_RECORD, LAST_RECORD = 1, 999_999
"""Every object type has the records of this range from the start; they are computed, not stored."""

LISTED_RECORDS = 1_000
"""Records of the range that lists always name; listing all would take a client hours at HubSpot's rate."""

Values = dict[str, str]


class Records:
    """The existing records: the range every type starts with, and single records added, archived, removed or merged.

    `added` and `removed` are records outside and inside the range. `archived` maps deleted records that can still be
    read to the time of deletion.
    """

    def __init__(self, last: int = LAST_RECORD) -> None:
        self.first, self.last = FIRST_RECORD, last
        self.added: set[Record] = set()
        self.removed: set[Record] = set()
        self.merged: dict[Record, int] = {}
        self.archived: dict[Record, str] = {}
        self.properties = {object_type: dict(known) for object_type, known in DEFAULT_PROPERTIES.items()}
        self._values: dict[Record, Values] = {}
        self._index: dict[tuple[str, str, str], set[int]] = {}

    # ---- existence

    def add(self, record: Record, values: Mapping[str, str] | None = None) -> None:
        """Create the record, or restore it; `values` replace those that are already set."""
        self.removed.discard(record)
        self.archived.pop(record, None)
        self.merged.pop(record, None)
        if not self.first <= record[1] <= self.last:
            self.added.add(record)
        if values:
            self._set({**self._values.get(record, {}), **values}, record)

    def remove(self, record: Record) -> None:
        """Delete the record without a trace."""
        self.added.discard(record)
        if self.first <= record[1] <= self.last:
            self.removed.add(record)

    def archive(self, record: Record, archived_at: str) -> None:
        """Delete the record; it can still be read with `archived=true`."""
        self.remove(record)
        self.archived[record] = archived_at

    def resolve(self, object_type: str, record_id: int) -> int | None:
        """Return the id of the record found by this id (after a merge the survivor's), or None."""
        while (object_type, record_id) in self.merged:
            record_id = self.merged[object_type, record_id]
        record = (object_type, record_id)
        if self.first <= record_id <= self.last:
            return None if record in self.removed else record_id
        return record_id if record in self.added else None

    def merge(self, record: Record, survivor: int) -> None:
        """Merge a record into another of its type: its id and its email addresses lead to the survivor."""
        object_type = record[0]
        emails = [*self.emails(record), *self.emails((object_type, survivor))]
        self.added.discard(record)
        self.merged[record] = survivor
        if object_type == "contacts":
            own = self.value((object_type, survivor), "email") or ""
            others = dict.fromkeys(one for one in emails if one != own)
            self.add((object_type, survivor), {"hs_additional_emails": ";".join(others)})

    def listed_ids(self, object_type: str, after: int, linked: Iterable[int]) -> Iterator[int]:
        """Yield the ids of the records above `after` that a list names, ascending.

        These are the first records of the range, and any others that were added, have values, or are `linked`.
        """
        first, last = max(after + 1, self.first), min(self.last, self.first + LISTED_RECORDS - 1)
        added = (record_id for kind, record_id in self.added if kind == object_type)
        others = {one for ids in (added, self.with_values(object_type), linked) for one in ids if one > after}
        outside = sorted(one for one in others if not first <= one <= last)
        for one in heapq.merge(range(first, last + 1), outside):
            if self.resolve(object_type, one) == one:
                yield one

    # ---- properties

    def value(self, record: Record, name: str) -> str | None:
        """Return the value of a property of a record, None if it has none."""
        object_type, record_id = record
        if name == "hs_object_id":
            return str(record_id)
        if name == "hs_merged_object_ids":
            merged = sorted(old for kind, old in self.merged if self._ends_at(kind, old, record))
            return ";".join(map(str, merged)) or None
        if name in {"createdate", "hs_lastmodifieddate"}:
            return CREATED_AT
        if (own := self._values.get(record, {}).get(name)) is not None:
            return own
        known = self.properties[object_type].get(name)
        return known.default(record_id) if known else None

    def _ends_at(self, object_type: str, record_id: int, survivor: Record) -> bool:
        while (object_type, record_id) in self.merged:
            record_id = self.merged[object_type, record_id]
        return (object_type, record_id) == survivor

    def emails(self, record: Record) -> list[str]:
        """Return all email addresses of a contact, the primary one first."""
        both = (self.value(record, "email"), *(self.value(record, "hs_additional_emails") or "").split(";"))
        return [one for one in both if one]

    def find(self, object_type: str, name: str, value: str) -> set[int]:
        """Return the ids of records with this value, ignoring case, including archived and removed records."""
        if name == "hs_object_id":
            return {int(value)} if value.isascii() and value.isdigit() and len(value) < 20 else set()
        found = set(self._index.get((object_type, name, value.lower()), ()))
        known = self.properties[object_type].get(name)
        computed = known.record_with_default(value) if known else None
        if computed is not None and name not in self._values.get((object_type, computed), {}):
            found.add(computed)
        return found

    def find_by_email(self, value: str) -> set[int]:
        """Return the ids of contacts with this primary or additional email address."""
        additional = self._index.get(("contacts", "hs_additional_emails", value.lower()), ())
        return self.find("contacts", "email", value) | set(additional)

    def with_values(self, object_type: str) -> set[int]:
        """Return the ids of records that have values set."""
        return {record_id for kind, record_id in self._values if kind == object_type}

    def define(self, object_type: str, name: str, *, is_unique: bool) -> None:
        """Create a property."""
        self.properties[object_type][name] = Property(name, name.replace("_", " ").capitalize(), is_unique)

    def _set(self, values: Values, record: Record) -> None:
        object_type, record_id = record
        for name, value in self._values.get(record, {}).items():
            for key in _keys(name, value):
                self._index[object_type, name, key].discard(record_id)
        self._values[record] = values
        for name, value in values.items():
            if name not in self.properties[object_type]:
                self.define(object_type, name, is_unique=False)
            for key in _keys(name, value):
                self._index.setdefault((object_type, name, key), set()).add(record_id)


def _keys(name: str, value: str) -> list[str]:
    values = value.split(";") if name == "hs_additional_emails" else [value]
    return [one.strip().lower() for one in values]


CREATED_AT = "2024-03-01T09:00:00.000Z"
"""Time of creation of every record."""
