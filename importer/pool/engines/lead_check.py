"""The engine that refuses to take a lead's last primary association: HubSpot deletes a lead that loses it.

Source: HubSpot, associations v4 guide. A lead may have a primary contact, a primary company and a primary deal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from importer.hubspot.association_types import LEAD_PARTNERS, parse_types, plural_name, primary_type
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import ObjectType, Outcome
from importer.pool.engines.change import surplus
from importer.pool.engines.link_reader import MAX_RECORDS
from importer.pool.engines.primary_reader import RecordLinks, RecordReader
from importer.pool.engines.remove_outcomes import LEAD_AT_RISK, NONE, goal, is_known, lead_not_read
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender

_LEADS = frozenset({"leads", "0-136"})


class _Partner(NamedTuple):
    """A record that a lead is linked to."""

    lead: str
    object_type: ObjectType
    record: str


Links = Mapping[ObjectType, Mapping[str, RecordLinks]]
"""The links of leads, by the type of their partners and their own ids."""


def concerns_leads(object_types: Iterable[ObjectType]) -> bool:
    """Return whether leads are among these object types."""
    return not _LEADS.isdisjoint(object_types)


class RefuseLastPrimaries:
    """Refuses the pairs whose change takes a lead's last primary association, or may do so; others stay pending.

    Primary associations that the same run removes do not count as remaining ones, so none of several is removed.
    """

    max_chunk = MAX_RECORDS

    def __init__(self, client: HubSpotClient, pairs: Callable[[], Iterable[PendingPair]]) -> None:
        """Read through `client`; `pairs` yields all pairs that the run is to change."""
        self._reader = RecordReader(client)
        self._pairs = pairs
        self._removed: set[_Partner] | None = None

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many pairs are checked together."""
        return self.max_chunk

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record the pairs that must not be changed as `failed`."""
        partners = {pending.id: partner for pending in chunk if (partner := _removed_partner(pending)) is not None}
        if not partners:
            return
        if self._removed is None:
            self._removed = {one for pending in self._pairs() if (one := _removed_partner(pending)) is not None}
        about = next(pending for pending in chunk if pending.id in partners)
        leads = list(dict.fromkeys(partner.lead for partner in partners.values()))
        links = {
            kind: await self._reader.read((_type_of_lead(about), kind), leads, about, sender) for kind in LEAD_PARTNERS
        }
        if sender.signal.stopped is not None:
            return
        for pending in chunk:
            partner = partners.get(pending.id)
            outcome = None if partner is None else _refusal(partner, links, self._removed)
            if outcome is not None:
                outcomes.record(pending, outcome, is_read=True)


def _refusal(partner: _Partner, links: Links, removed: set[_Partner]) -> Outcome | None:
    """Return why a pair must not be changed, None if it may be."""
    own = links.get(partner.object_type, {}).get(partner.lead)
    if own is None or (own.unread is None and partner.record not in own.primary):
        return None  # it is not a primary association
    read = [(kind, found[partner.lead]) for kind, found in links.items()]
    primary = {_Partner(partner.lead, kind, other) for kind, found in read for other in found.primary}
    if primary - removed - {partner}:
        return None
    unread = next((found.unread for _, found in read if found.unread is not None), None)
    return LEAD_AT_RISK if unread is None else lead_not_read(unread)


def _removed_partner(pending: PendingPair) -> _Partner | None:
    """Return the lead of a pair and its partner, if the change may take Primary off the pair."""
    pair = pending.pair
    is_from = pair.from_type in _LEADS
    if not is_known(pending) or not (is_from or pair.to_type in _LEADS):
        return None
    if is_from:
        own = primary_type(pair.from_type, pair.to_type)
        if own is None or own in goal(pending) or own not in parse_types(pending.before or NONE):
            return None
        return _Partner(pair.from_id, plural_name(pair.to_type), pair.to_id)
    # The type of Primary is not documented in this direction, so that any label may be it.
    return _Partner(pair.to_id, plural_name(pair.from_type), pair.from_id) if surplus(pending) else None


def _type_of_lead(pending: PendingPair) -> ObjectType:
    pair = pending.pair
    return pair.from_type if pair.from_type in _LEADS else pair.to_type
