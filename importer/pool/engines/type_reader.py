"""Reads all association types of pairs: a call that replaces labels must be based on them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from importer.hubspot.association_types import NOT_LINKED, TypeSet, parse_types
from importer.hubspot.batch_read import Link
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.engines.link_reader import LinkReader, LinksRead
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

_LEADS = frozenset({"leads", "0-136"})
"""Links to leads are listed from the lead's side only. Source: measured on an account."""

_MAX_KNOWN = 100_000
"""Maximum number of merged records whose survivors are remembered."""

_READ = Outcome(Status.ALREADY_LINKED)
_OTHER_SIDE = Outcome(
    Status.UNCONFIRMED, error_message="HubSpot lists these records as linked from the other side only."
)
_UNREADABLE_TYPES = Outcome(Status.UNCONFIRMED, error_message="HubSpot lists association types that cannot be read.")


@dataclass(frozen=True, slots=True)
class PresentTypes:
    """The types of a pair as read, empty if it is not linked; `unread` is set if they are not known.

    `labels` holds those of its types that have a label, and `texts` the text of each label ("" if it is unreadable)
    with its type as text. `last` is the outcome of the last readable response.
    """

    types: TypeSet = NOT_LINKED
    is_unlabelled: bool = False
    unread: Outcome | None = None
    last: Outcome = _READ
    labels: TypeSet = NOT_LINKED
    texts: tuple[tuple[str, str], ...] = ()

    def include(self, goal: TypeSet) -> bool:
        """Return whether the pair is linked with all types of `goal`."""
        return self.unread is None and goal <= self.types

    def are_exactly(self, goal: TypeSet) -> bool:
        """Return whether the pair is linked with the types of `goal` and, apart from the unlabelled one, no others."""
        return self.include(goal) and len(self.types - goal) <= self.is_unlabelled


class TypeReader:
    """Reads the types of pairs in the direction of the file, including records that were merged into others."""

    def __init__(self, client: HubSpotClient, *, is_optional: bool = False) -> None:
        """Read through `client`; an optional reader never stops the run."""
        self._links = LinkReader(client, is_optional=is_optional)
        self._survivors: dict[tuple[Types, str], str] = {}

    def chunk_size(self, types: Types) -> int:
        """Return how many records of these types the next read may request."""
        return self._links.chunk_size(types)

    async def read(self, chunk: Sequence[PendingPair], sender: Sender) -> dict[int, PresentTypes]:
        """Return the types of each pair of the chunk, by its number; they have the same object types."""
        found = await self._read_forward(chunk, sender, {})
        missing = [p for p in chunk if not found[p.id].types and found[p.id].unread is None]
        if missing:
            found |= await self._look_for_others(missing, found, sender)
        return found

    async def _read_forward(
        self, chunk: Sequence[PendingPair], sender: Sender, survivors: dict[str, str]
    ) -> dict[int, PresentTypes]:
        wanted: dict[str, set[str]] = {}
        for pending in chunk:
            to_id = survivors.get(pending.pair.to_id, pending.pair.to_id)
            wanted.setdefault(pending.pair.from_id, set()).add(to_id)
        read = await self._links.read(sender, chunk[0], types_of(chunk[0]), wanted, is_complete=True)
        found: dict[int, PresentTypes] = {}
        for pending in chunk:
            pair = pending.pair
            link = read.links.get((pair.from_id, survivors.get(pair.to_id, pair.to_id)))
            unread = read.unread.get(pair.from_id)
            found[pending.id] = replace(_present(link, unread), last=read.last)
        return found

    async def _look_for_others(
        self, missing: Sequence[PendingPair], found: dict[int, PresentTypes], sender: Sender
    ) -> dict[int, PresentTypes]:
        """Look at the other side of pairs that are not listed: records merged into others, and links to leads."""
        types = types_of(missing[0])
        is_lead = types[1] in _LEADS
        to_ids: set[str] = {pending.pair.to_id for pending in missing}
        survivors = {to_id: self._survivors[types, to_id] for to_id in to_ids if (types, to_id) in self._survivors}
        wanted: dict[str, set[str]] = {to_id: set() for to_id in to_ids if is_lead or to_id not in survivors}
        for pending in missing if is_lead else ():
            wanted[pending.pair.to_id].add(pending.pair.from_id)
        read = await self._links.read(sender, missing[0], (types[1], types[0]), wanted) if wanted else LinksRead({})
        survivors |= {to_id: read.merged_into.get(to_id, to_id) for to_id in wanted.keys() - read.unread.keys()}
        self._remember(types, survivors)
        changed: dict[int, PresentTypes] = {}
        for pending in missing:
            is_listed = (pending.pair.to_id, pending.pair.from_id) in read.links
            unread = _OTHER_SIDE if is_listed else read.unread.get(pending.pair.to_id)
            if unread is not None:
                changed[pending.id] = replace(found[pending.id], unread=unread)
        merged = [p for p in missing if p.id not in changed and survivors[p.pair.to_id] != p.pair.to_id]
        return changed | (await self._read_forward(merged, sender, survivors) if merged else {})

    def _remember(self, types: Types, survivors: dict[str, str]) -> None:
        if len(self._survivors) > _MAX_KNOWN:
            self._survivors.clear()
        self._survivors.update({(types, record): survivor for record, survivor in survivors.items()})


def _present(link: Link | None, unread: Outcome | None) -> PresentTypes:
    if unread is not None:
        return PresentTypes(unread=unread)
    if link is None:
        return PresentTypes()
    try:
        return PresentTypes(parse_types(link.types), link.is_unlabelled, labels=link.label_set, texts=link.labels)
    except ValueError:
        return PresentTypes(unread=_UNREADABLE_TYPES)
