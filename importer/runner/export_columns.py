"""The columns of an export that hold properties, by which its records can be looked up in another account."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from importer.errors import SettingsError
from importer.hubspot.client import HubSpotClient
from importer.hubspot.lookup import unique_properties
from importer.model import ObjectType, Stop, StopReason
from importer.pool.record_values import RecordValues
from importer.pool.retrying import read
from importer.pool.sender import Sender
from importer.pool.stop_signal import pair_of_types

_REQUEST = re.compile(r"(?:(?P<side>from|to):)?(?P<name>[a-z0-9_]{1,250})")
_SIDES = ("from", "to")

Types = tuple[ObjectType, ObjectType]


@dataclass(frozen=True, slots=True)
class PropertyRequest:
    """A property that was requested, such as `email`; `side` is 0 for `from:email`, 1 for `to:email`, None for both.

    Without a side, it is read from every side whose object type has it.
    """

    name: str
    side: int | None = None


@dataclass(frozen=True, slots=True)
class PropertyColumn:
    """A column with a property of the records on one side: 0 is the from side, 1 the to side."""

    name: str
    side: int

    @property
    def header(self) -> str:
        """The header, by which `--from-by` and `--to-by` find the column."""
        return f"{_SIDES[self.side]}_{self.name}"

    def swapped(self) -> "PropertyColumn":
        """Return the column of the same property with the sides swapped."""
        return replace(self, side=1 - self.side)


def parse_requests(texts: Iterable[str]) -> list[PropertyRequest]:
    """Return the properties that `texts` name. Raises SettingsError."""
    found = []
    for text in texts:
        match = _REQUEST.fullmatch(text.strip())
        if match is None:
            raise SettingsError(
                "EXPORT_PROPERTY_INVALID",
                f"--with {text[:100]!r}: expected the internal name of a HubSpot property, such as email, or for one "
                "side from:email or to:domain (see the property's details in HubSpot).",
            )
        found.append(PropertyRequest(match["name"], _SIDES.index(match["side"]) if match["side"] else None))
    return list(dict.fromkeys(found))


async def find_columns(
    client: HubSpotClient, sender: Sender, types: Types, requests: Sequence[PropertyRequest]
) -> list[PropertyColumn] | Stop:
    """Return the columns of the requested properties, or why the properties of the account could not be read.

    Raises SettingsError if a type does not have a property, and StoppedError if the run is stopped.
    """
    known: dict[ObjectType, Mapping[str, bool]] = {}
    for object_type in dict.fromkeys(types) if requests else ():
        about = pair_of_types(object_type, object_type)
        response, decision = await read(sender, about, partial(client.properties, object_type))
        properties = unique_properties(response) if response is not None else None
        if properties is None:
            reason = decision.outcome.error_message or "the list of properties is not readable"
            stop = Stop(StopReason.UNREADABLE, f"The properties of {object_type} could not be read: {reason}")
            return sender.signal.reason or stop
        known[object_type] = properties
    columns = [column for request in requests for column in _columns_of(request, types, known)]
    return sorted(dict.fromkeys(columns), key=lambda column: column.side)


def _columns_of(
    request: PropertyRequest, types: Types, known: Mapping[ObjectType, Mapping[str, bool]]
) -> list[PropertyColumn]:
    sides = (0, 1) if request.side is None else (request.side,)
    found = [PropertyColumn(request.name, side) for side in sides if request.name in known[types[side]]]
    if not found:
        names = " and ".join(dict.fromkeys(types[side] for side in sides))
        raise SettingsError(
            "UNKNOWN_PROPERTY",
            f"--with {request.name}: in this HubSpot account {names} have no such property. Give the internal name of "
            "a property, such as email of contacts or domain of companies.",
        )
    return found


class ColumnValues:
    """Reads the values of the columns of an export, and counts the empty cells of each."""

    def __init__(self, client: HubSpotClient, sender: Sender, types: Types, columns: Sequence[PropertyColumn]) -> None:
        """Read through `client` at the rate of `sender`."""
        self._types = types
        self._columns = columns
        self._readers = {
            (types[column.side], column.name): RecordValues(client, sender, types[column.side], column.name)
            for column in columns
        }
        self._empty = dict.fromkeys(columns, 0)

    async def read(self, links: Sequence[tuple[str, str]]) -> list[list[str]]:
        """Return the values of each column for these links. Raises StoppedError if the run is stopped."""
        found = []
        for column in self._columns:
            ids = [link[column.side] for link in links]
            values = await self._readers[self._types[column.side], column.name].read(ids)
            found.append([values[one] for one in ids])
            self._empty[column] += found[-1].count("")
        return found

    def unread(self) -> dict[tuple[ObjectType, str], str]:
        """Return the reason for each record with an unknown value, by object type and id."""
        return {
            (object_type, record): reason
            for (object_type, _), reader in self._readers.items()
            for record, reason in reader.unread.items()
        }

    def notices(self) -> list[str]:
        """Return a sentence for each column that has empty cells."""
        return [
            f"Empty cells in the column {column.header}: {number:,} ({self._types[column.side]} without {column.name})."
            for column, number in self._empty.items()
            if number
        ]
