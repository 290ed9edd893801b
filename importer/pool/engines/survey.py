"""The engine of `check --online`: reads what a run would find, and records nothing.

It reads as a run does, and applies the same rules, so that it announces what the run then does.
"""

from collections.abc import Mapping, Sequence

from importer.config import LabelMode
from importer.hubspot.association_types import TypeSet, primary_type
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome
from importer.pool.engines.findings import FIRST, Findings, LeadAtRisk, PrimaryMove, ReplacedLabels
from importer.pool.engines.label_rules import LabelRules
from importer.pool.engines.lead_check import LastPrimaries
from importer.pool.engines.link_limits import LinkLimits
from importer.pool.engines.link_reader import LinkReader
from importer.pool.engines.primary_reader import RecordReader, has_primary, read_primary_side, record_of
from importer.pool.engines.read_first import MAX_PAIRS_READ, has_more_records_to, key_of, wanted_links
from importer.pool.engines.type_reader import PresentTypes, TypeReader
from importer.pool.operation import LINK
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of


class Survey:
    """Reads the links of chunks of pairs, and adds to `findings`."""

    max_chunk = MAX_PAIRS_READ

    def __init__(
        self,
        client: HubSpotClient,
        label_mode: LabelMode = LabelMode.ADD,
        last_primaries: LastPrimaries | None = None,
        *,
        may_delete_leads: bool = False,
    ) -> None:
        """Read through `client` for a run that sets labels in this mode.

        Unless it may delete leads, it refuses what `last_primaries` finds.
        """
        self.findings = Findings(may_delete_leads=may_delete_leads)
        self._rules = LabelRules(label_mode)
        self._last_primaries = last_primaries
        self._links = LinkReader(client, is_optional=True)
        self._types = TypeReader(client, is_optional=True)
        self._records = RecordReader(client, is_optional=True)
        self._limits = LinkLimits(client, self.findings)
        self._moved: set[tuple[Types, str]] = set()

    def chunk_size(self, pending: PendingPair) -> int:
        """Return the number of pairs in a chunk."""
        return self.max_chunk

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Add what the run would find in the chunk to the findings."""
        labelled = [pending for pending in chunk if pending.goal]
        plain = [pending for pending in chunk if not pending.goal]
        new, numbers = await self._process_plain(plain, sender) if plain else ([], {})
        new += await self._process_labelled(labelled, sender) if labelled else []
        await self._limits.add(new, sender, numbers)

    # ---- pairs without labels

    async def _process_plain(
        self, chunk: Sequence[PendingPair], sender: Sender
    ) -> tuple[list[PendingPair], dict[tuple[Types, str], int]]:
        """Count pairs; return those that are not linked, and the number of links of each record that was read."""
        is_reverse = has_more_records_to(chunk)
        types = types_of(chunk[0])[::-1] if is_reverse else types_of(chunk[0])
        read = await self._links.read(sender, chunk[0], types, wanted_links(chunk, is_reverse=is_reverse), len(chunk))
        new: list[PendingPair] = []
        for pending in chunk:
            key = key_of(pending.pair, is_reverse=is_reverse)
            link, unread = read.links.get(key), read.unread.get(key[0])
            if link is None and unread is not None:
                self._add_unread(unread)
                continue
            is_done = link is not None and LINK.is_goal_state(link)
            self.findings.already_linked += is_done
            self.findings.to_link += not is_done
            if link is None:
                new.append(pending)
        return new, {(types, record): number for record, number in read.numbers.items()}

    def _add_unread(self, unread: Outcome) -> None:
        self.findings.unread += 1
        self.findings.reason = self.findings.reason or unread.error_message

    # ---- pairs with labels

    async def _process_labelled(self, chunk: Sequence[PendingPair], sender: Sender) -> list[PendingPair]:
        """Count pairs; return those that are not linked."""
        present = await self._types.read(chunk, sender)
        to_send: list[PendingPair] = []
        for pending in chunk:
            found = present[pending.id]
            if found.unread is not None:
                self._add_unread(found.unread)
            elif self._rules.is_goal_state(pending, found):
                self.findings.already_linked += 1
            else:
                to_send.append(pending)
        to_send = await self._without_last_primaries(to_send, present, sender)
        self.findings.to_link += len(to_send)
        for pending in to_send:
            self._add_replaced(pending, present[pending.id])
        await self._add_moves(to_send, present, sender)
        return [pending for pending in to_send if not present[pending.id].types]

    async def _without_last_primaries(
        self, to_send: list[PendingPair], present: Mapping[int, PresentTypes], sender: Sender
    ) -> list[PendingPair]:
        if self._last_primaries is None:
            return to_send
        refused = await self._last_primaries.refusals(self._rules.at_risk(to_send, present), sender)
        if sender.signal.stopped is not None:
            return []
        self.findings.leads_at_risk += len(refused)
        for pending in to_send:
            if pending.id in refused and len(self.findings.first_leads_at_risk) < FIRST:
                category = refused[pending.id].error_category
                self.findings.first_leads_at_risk.append(LeadAtRisk(pending.row, pending.pair, category))
        return [one for one in to_send if one.id not in refused or self.findings.may_delete_leads]

    def _add_replaced(self, pending: PendingPair, present: PresentTypes) -> None:
        lost = self._rules.lost(pending, present)
        if not lost:
            return
        self.findings.replaced += 1
        self.findings.replaced_primary += primary_type(*types_of(pending)) in lost
        if len(self.findings.first_replaced) < FIRST:
            self.findings.first_replaced.append(ReplacedLabels(pending.row, pending.pair, _names(present, lost)))

    async def _add_moves(
        self, to_send: Sequence[PendingPair], present: Mapping[int, PresentTypes], sender: Sender
    ) -> None:
        """Add the records whose Primary another record has: the pair itself does not have it yet."""
        becoming = [
            one
            for one in to_send
            if self._rules.wants_primary(one) and has_primary(one) and not self._has_primary(one, present)
        ]
        records = await read_primary_side(self._records, becoming, sender) if becoming else {}
        for pending in becoming:
            links, (record, other) = records[pending.id], record_of(pending)
            key = types_of(pending), links.survivor
            if not links.primary or key in self._moved:
                continue
            self._moved.add(key)
            self.findings.moved += 1
            if len(self.findings.first_moved) < FIRST:
                holder = min(links.primary, key=int)
                object_type = types_of(pending)[record != pending.pair.from_id]
                self.findings.first_moved.append(PrimaryMove(pending.row, object_type, record, holder, other))

    def _has_primary(self, pending: PendingPair, present: Mapping[int, PresentTypes]) -> bool:
        return primary_type(*types_of(pending)) in present[pending.id].types


def _names(present: PresentTypes, types: TypeSet) -> tuple[str, ...]:
    """Return the names of labels, `CATEGORY:ID` where a label has none that can be read."""
    texts = {str(one) for one in types}
    return tuple(sorted(text or kind for text, kind in present.texts if kind in texts))
