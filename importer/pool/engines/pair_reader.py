"""Reading what pairs are, from both sides: a pair that is not listed must be so on both."""

from collections.abc import Sequence
from dataclasses import dataclass

from importer.hubspot.association_types import TypeSet, primary_type, types_text
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome, Pair, Status
from importer.pool.engines.link_reader import LinkReader, LinksRead
from importer.pool.sender import Sender
from importer.pool.stop_signal import types_of

_LEADS = frozenset({"leads", "0-136"})
_READ = Outcome(Status.ALREADY_LINKED)
_ONLY_REVERSE = Outcome(Status.UNCONFIRMED, error_message="Only the record to link to lists this link.")
_MERGED = Outcome(Status.UNCONFIRMED, error_message="One of these records was merged into another one.")
_NO_TYPES = Outcome(Status.UNCONFIRMED, error_message="HubSpot does not list the types of this link.")


@dataclass(frozen=True, slots=True)
class Found:
    """What reading a pair found: its types (None: not known, or it is not linked), or why it is not known.

    `is_plain`: it has the unlabelled type, and no label but Primary.
    """

    types: TypeSet | None = None
    unread: Outcome | None = None
    last: Outcome = _READ
    has_primary_lead: bool = False
    is_plain: bool = False

    @property
    def text(self) -> str:
        """The types as text, `-` if the pair is not linked. Meaningless if it could not be read."""
        return types_text(self.types or ())


class PairReader:
    """Reads chunks of pairs from both sides; `has_primary_lead` is read from the lead's side."""

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self.links = LinkReader(client)

    async def read(self, chunk: Sequence[PendingPair], sender: Sender) -> dict[int, Found]:
        """Return what was found, by the number of the pair."""
        first = chunk[0].pair
        forward = await self._read(chunk, sender, is_reverse=False)
        to_lead = first.to_type in _LEADS
        others = [one for one in chunk if to_lead or (one.pair.from_id, one.pair.to_id) not in forward.links]
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
    if pair.from_id in forward.merged_into or pair.to_id in reverse.merged_into:
        return Found(unread=_MERGED)
    link, reverse_link = forward.links.get((pair.from_id, pair.to_id)), reverse.links.get((pair.to_id, pair.from_id))
    if link is not None:
        types = link.type_set
        of_lead = types if pair.from_type in _LEADS else reverse_link.type_set if reverse_link else None
        sides = (pair.from_type, pair.to_type)
        primary = primary_type(*(sides if pair.from_type in _LEADS else sides[::-1]))
        unknown = None if types else _NO_TYPES
        has_lead = bool(_LEADS.intersection(sides))
        own_primary = primary_type(pair.from_type, pair.to_type)
        return Found(
            types=types,
            unread=unknown,
            last=forward.last,
            has_primary_lead=has_lead and (not of_lead or primary in of_lead),
            is_plain=link.is_unlabelled and len((types or frozenset()) - {own_primary}) == 1,
        )
    if reverse_link is not None:
        return Found(unread=_ONLY_REVERSE)
    return Found(unread=forward.unread.get(pair.from_id) or reverse.unread.get(pair.to_id), last=forward.last)
