"""Reads the types of pairs from both sides: a pair counts as not linked only if neither side lists it."""

from collections.abc import Sequence
from dataclasses import dataclass

from importer.hubspot.association_types import NOT_LINKED, TypeSet, types_text
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome, Pair, Status
from importer.pool.engines.link_reader import LinkReader, LinksRead
from importer.pool.sender import Sender
from importer.pool.stop_signal import types_of

_READ = Outcome(Status.ALREADY_LINKED)
_ONLY_REVERSE = Outcome(Status.UNCONFIRMED, error_message="Only the record to link to lists this link.")
_NO_TYPES = Outcome(Status.UNCONFIRMED, error_message="HubSpot does not list the types of this link.")


@dataclass(frozen=True, slots=True)
class Found:
    """The result of reading a pair: its types (empty if it is not linked), or `unread` if they are not known.

    `labels` holds those of its types that have a label. `merged_into` is the survivor if a record of the pair was
    merged into another one; such a pair is not read. `is_reverse_as_left` is used by an undo: the reverse pair has the
    types that the undone run left.
    """

    types: TypeSet = NOT_LINKED
    labels: TypeSet = NOT_LINKED
    unread: Outcome | None = None
    last: Outcome = _READ
    merged_into: str = ""
    is_reverse_as_left: bool = False

    @property
    def text(self) -> str:
        """The types as text, `-` if the pair is not linked. Meaningless if it could not be read."""
        return types_text(self.types)


class PairReader:
    """Reads chunks of pairs from both sides."""

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self.links = LinkReader(client)

    async def read(self, chunk: Sequence[PendingPair], sender: Sender) -> dict[int, Found]:
        """Return the results by pair number."""
        forward = await self._read(chunk, sender, is_reverse=False)
        others = [one for one in chunk if (one.pair.from_id, one.pair.to_id) not in forward.links]
        reverse = await self._read(others, sender, is_reverse=True) if others else LinksRead({})
        return {pending.id: _found(pending.pair, forward, reverse) for pending in chunk}

    async def _read(self, chunk: Sequence[PendingPair], sender: Sender, *, is_reverse: bool) -> LinksRead:
        wanted: dict[str, set[str]] = {}
        for pending in chunk:
            ends = pending.pair.from_id, pending.pair.to_id
            record, other = ends[::-1] if is_reverse else ends
            wanted.setdefault(record, set()).add(other)
        types = types_of(chunk[0])
        return await self.links.read(sender, chunk[0], types[::-1] if is_reverse else types, wanted)


def _found(pair: Pair, forward: LinksRead, reverse: LinksRead) -> Found:
    merged_into = forward.merged_into.get(pair.from_id) or reverse.merged_into.get(pair.to_id)
    if merged_into is not None:
        return Found(merged_into=merged_into)
    link = forward.links.get((pair.from_id, pair.to_id))
    if link is not None:
        types = link.type_set
        if not types:
            return Found(unread=_NO_TYPES)
        return Found(types, link.label_set, last=forward.last)
    if (pair.to_id, pair.from_id) in reverse.links:
        return Found(unread=_ONLY_REVERSE)
    return Found(unread=forward.unread.get(pair.from_id) or reverse.unread.get(pair.to_id), last=forward.last)
