"""Reads all links of records that can have only one primary record, such as the companies of contacts."""

from collections.abc import Sequence
from dataclasses import dataclass

from importer.hubspot.association_types import TypeSet, primary_type
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import ObjectType, Outcome, RecordId
from importer.pool.engines.link_reader import ALL_LINKS, LinkReader
from importer.pool.ordering import primary_of
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of


@dataclass(frozen=True, slots=True)
class RecordLinks:
    """The types of one record's links, by the id of the other record; None if they are not known.

    `primary` holds the ids of the primary ones. `survivor` is the id of the record, that of its survivor if it was
    merged. `unread` is the outcome of the read if the links are not known.
    """

    survivor: str
    links: dict[str, TypeSet | None]
    primary: set[str]
    unread: Outcome | None = None


class RecordReader:
    """Reads all links of records from one type to another."""

    def __init__(self, client: HubSpotClient, *, is_optional: bool = False) -> None:
        """Read through `client`; an optional reader never stops the run."""
        self._links = LinkReader(client, is_optional=is_optional)

    async def read(
        self, types: Types, records: Sequence[str], about: PendingPair, sender: Sender
    ) -> dict[str, RecordLinks]:
        """Return the links of each record; `about` is a pair of the same object types."""
        wanted = dict.fromkeys(records, ALL_LINKS)
        read = await self._links.read(sender, about, types, wanted, is_complete=True)
        primary = primary_type(*types)
        found = {
            record: RecordLinks(read.merged_into.get(record, record), {}, set(), read.unread.get(record))
            for record in wanted
        }
        for (record, other), link in read.links.items():
            found[record].links[other] = link.type_set
            if primary is not None and primary in (link.type_set or ()):
                found[record].primary.add(other)
        return found


async def read_primary_side(
    reader: RecordReader, chunk: Sequence[PendingPair], sender: Sender
) -> dict[int, RecordLinks]:
    """Return, by pair number, the links of the record of each pair that can have only one primary record.

    The pairs have the same object types, and HubSpot has a Primary label between these.
    """
    records = {pending.id: record_of(pending) for pending in chunk}
    from_type, to_type = types_of(chunk[0])
    types = (from_type, to_type) if is_from_side(chunk[0]) else (to_type, from_type)
    distinct = list(dict.fromkeys(record for record, _ in records.values()))
    found = await reader.read(types, distinct, chunk[0], sender)
    return {number: found[record] for number, (record, _) in records.items()}


def has_primary(pending: PendingPair) -> bool:
    """Return whether HubSpot has a Primary label between the object types of a pair, in the direction of the file."""
    pair = pending.pair
    return primary_of(pending) is not None and primary_type(pair.from_type, pair.to_type) is not None


def is_from_side(pending: PendingPair) -> bool:
    """Return whether the record that can have only one primary record is the one to link from."""
    primary = primary_of(pending)
    return primary is not None and primary[:2] == (pending.pair.from_type, pending.pair.from_id)


def record_of(pending: PendingPair) -> tuple[RecordId, RecordId]:
    """Return the id of the record that can have only one primary record, and that of the other one."""
    pair = pending.pair
    return (pair.from_id, pair.to_id) if is_from_side(pending) else (pair.to_id, pair.from_id)


def primary_key(pending: PendingPair) -> tuple[ObjectType, RecordId, ObjectType, RecordId]:
    """Return a pair as seen from the record that can have only one primary record."""
    pair = pending.pair
    if is_from_side(pending):
        return pair.from_type, pair.from_id, pair.to_type, pair.to_id
    return pair.to_type, pair.to_id, pair.from_type, pair.from_id
