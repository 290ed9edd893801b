"""Protects the last primary association of a lead unless its removal is allowed: HubSpot then deletes the lead.

Source: HubSpot, associations v4 guide. A lead may have a primary contact, a primary company and a primary deal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from importer.hubspot.association_types import LEAD_PARTNERS, TypeSet, parse_types, plural_name, primary_type
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import ObjectType, Outcome, Pair
from importer.pool.engines.change import surplus
from importer.pool.engines.link_reader import MAX_RECORDS
from importer.pool.engines.primary_reader import RecordLinks, RecordReader
from importer.pool.engines.remove_outcomes import LEAD_AT_RISK, is_known, lead_not_read
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender

_LEADS = frozenset({"leads", "0-136"})


class _Partner(NamedTuple):
    """A record that a lead is linked to."""

    lead: str
    object_type: ObjectType
    record: str


Links = Mapping[ObjectType, Mapping[str, RecordLinks]]
"""The links of leads, by the type of the other records and the lead's id."""


def concerns_leads(object_types: Iterable[ObjectType]) -> bool:
    """Return whether leads are among these object types."""
    return not _LEADS.isdisjoint(object_types)


def may_lose_primary(pair: Pair, lost: TypeSet) -> bool:
    """Return whether removing the types `lost` from a pair removes, or may remove, a lead's primary record."""
    if pair.from_type in _LEADS:
        return primary_type(pair.from_type, pair.to_type) in lost
    # The type of Primary is not documented in this direction, so any label may be it.
    return pair.to_type in _LEADS and bool(lost)


def replaces_primary(pending: PendingPair) -> bool:
    """Return whether replacing the labels of a pair with those of its goal may remove a lead's primary record."""
    pair, goal = pending.pair, parse_types(pending.goal) if pending.goal else None
    if goal is None:
        return False
    if pair.from_type in _LEADS:
        return primary_type(pair.from_type, pair.to_type) not in goal
    return pair.to_type in _LEADS


class LastPrimaries:
    """Finds the pairs whose change removes, or may remove, a lead's last primary association.

    Primary associations that the same run removes do not count as remaining, so if it would remove all of several, it
    removes none of them.
    """

    def __init__(self, client: HubSpotClient, removed: Callable[[], Iterable[Pair]]) -> None:
        """Read through `client`; `removed` yields all pairs from which the run removes, or may remove, Primary."""
        self._reader = RecordReader(client)
        self._removed_pairs = removed
        self._removed: set[_Partner] | None = None

    async def refusals(self, pairs: Sequence[PendingPair], sender: Sender) -> dict[int, Outcome]:
        """Return, by pair number, the outcomes of those pairs that must not be changed; all of them may lose Primary.

        They have the same object types. If the run stops meanwhile, the result is incomplete.
        """
        if not pairs:
            return {}
        if self._removed is None:
            self._removed = {_partner(pair) for pair in self._removed_pairs()}
        partners = {pending.id: _partner(pending.pair) for pending in pairs}
        leads = list(dict.fromkeys(partner.lead for partner in partners.values()))
        own = _type_of_lead(pairs[0].pair)
        links = {kind: await self._reader.read((own, kind), leads, pairs[0], sender) for kind in LEAD_PARTNERS}
        found = {number: _refusal(partner, links, self._removed) for number, partner in partners.items()}
        return {number: outcome for number, outcome in found.items() if outcome is not None}


class RefuseLastPrimaries:
    """Refuses pairs whose removal costs, or may cost, a lead its last primary association; others stay pending."""

    max_chunk = MAX_RECORDS

    def __init__(self, client: HubSpotClient, pairs: Callable[[], Iterable[PendingPair]]) -> None:
        """Read through `client`; `pairs` yields all pairs that the run is to change."""
        self._last = LastPrimaries(client, lambda: (one.pair for one in pairs() if _is_at_risk(one)))

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many pairs are checked together."""
        return self.max_chunk

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record the pairs that must not be changed as `failed`."""
        refused = await self._last.refusals([one for one in chunk if _is_at_risk(one)], sender)
        if sender.signal.stopped is not None:
            return
        for pending in chunk:
            if pending.id in refused:
                outcomes.record(pending, refused[pending.id], is_read=True)


def _is_at_risk(pending: PendingPair) -> bool:
    return is_known(pending) and may_lose_primary(pending.pair, surplus(pending))


def _refusal(partner: _Partner, links: Links, removed: set[_Partner]) -> Outcome | None:
    """Return the outcome of a pair that must not be changed, None if it may be."""
    own = links.get(partner.object_type, {}).get(partner.lead)
    if own is None or (own.unread is None and partner.record not in own.primary):
        return None  # it is not a primary association
    read = [(kind, found[partner.lead]) for kind, found in links.items()]
    primary = {_Partner(partner.lead, kind, other) for kind, found in read for other in found.primary}
    if primary - removed - {partner}:
        return None
    unread = next((found.unread for _, found in read if found.unread is not None), None)
    return LEAD_AT_RISK if unread is None else lead_not_read(unread)


def _partner(pair: Pair) -> _Partner:
    """Return the lead of a pair with leads and the other record."""
    if pair.from_type in _LEADS:
        return _Partner(pair.from_id, plural_name(pair.to_type), pair.to_id)
    return _Partner(pair.to_id, plural_name(pair.from_type), pair.from_id)


def _type_of_lead(pair: Pair) -> ObjectType:
    return pair.from_type if pair.from_type in _LEADS else pair.to_type
