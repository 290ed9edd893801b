"""The engines that read back which pairs are linked; they change nothing in HubSpot."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from importer.hubspot.association_types import NOT_LINKED, types_text
from importer.hubspot.batch_read import Link
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome, Pair, Status, Stop, StopReason
from importer.pool.engines.link_reader import MAX_RECORDS, LinkReader, LinksRead
from importer.pool.operation import LINK, Operation
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender

MISSING = Outcome(
    Status.NOT_SENT,
    error_category="MISSING",
    error_message="HubSpot lists no link between these two records.",
    advice="Link it with importer run.",
)
"""The outcome of a pair that is not linked."""

_ONLY_LABELLED = replace(
    MISSING,
    error_category="ONLY_LABELLED",
    error_message="HubSpot lists these two records without the unlabelled type, which every link should have.",
)

_LABEL_MISSING = replace(
    MISSING,
    error_category="LABEL_MISSING",
    error_message="HubSpot lists these two records without all of the row's labels.",
    advice="Set the labels with importer run.",
)

_OTHER_SIDE = Outcome(
    Status.UNCONFIRMED, error_message="HubSpot lists these records as linked from the other side only."
)

NOT_READ = "NOT_READ"
"""The error category of a pair that could not be read back."""


class _Reader:
    """Base of the engines below: reads chunks of pairs of the same object types."""

    max_chunk = MAX_RECORDS

    def __init__(self, client: HubSpotClient, operation: Operation = LINK) -> None:
        """Read through `client` whether pairs are in the goal state of `operation`."""
        self._links = LinkReader(client)
        self._operation = operation
        self._unread = 0

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many records of these types a read may have, as learnt so far."""
        return self._links.chunk_size((pending.pair.from_type, pending.pair.to_type))

    async def _read_forward(self, chunk: Sequence[PendingPair], sender: Sender) -> LinksRead:
        """Read the links of the records to link from."""
        pair = chunk[0].pair
        wanted: dict[str, set[str]] = {}
        for pending in chunk:
            wanted.setdefault(pending.pair.from_id, set()).add(pending.pair.to_id)
        types = (pair.from_type, pair.to_type)
        is_labelled = any(pending.goal for pending in chunk)
        return await self._links.read(sender, chunk[0], types, wanted, is_complete=is_labelled)

    def _is_in_goal_state(self, pending: PendingPair, link: Link | None) -> bool:
        """Return whether a pair that is listed as `link` in the file's direction has everything that it is to have."""
        if link is None or not pending.goal:
            return self._operation.is_goal_state(link)
        return set(pending.goal.split(";")) <= set(link.types.split(";"))

    async def _look_up(self, chunk: Sequence[PendingPair], sender: Sender) -> Iterator[tuple[PendingPair, Outcome]]:
        """Return each pair with `already_linked`, `not_sent` if it is not linked, or `unconfirmed` if that is unknown.

        A merged record can be read by its old id, but is listed with the id of the record it was merged into, and some
        links can be read from one side only. Links that one side does not list are looked for from the other side too,
        and count as missing only if both sides could be read.
        """
        forward = await self._read_forward(chunk, sender)
        wanted: dict[str, set[str]] = {}
        for pending in chunk:
            pair = pending.pair
            if not self._is_in_goal_state(pending, forward.links.get((pair.from_id, pair.to_id))):
                ids = {pair.from_id, forward.merged_into.get(pair.from_id, pair.from_id)}
                wanted.setdefault(pair.to_id, set()).update(ids)
        reverse = LinksRead({})
        if wanted:
            pair = chunk[0].pair
            reverse = await self._links.read(sender, chunk[0], (pair.to_type, pair.from_type), wanted)
        await self._read_labels_of_survivors(chunk, sender, forward, reverse)
        return ((pending, self._outcome_between(pending, forward, reverse)) for pending in chunk)

    async def _read_labels_of_survivors(
        self, chunk: Sequence[PendingPair], sender: Sender, forward: LinksRead, reverse: LinksRead
    ) -> None:
        """Add the links to merged records' survivors to `forward`: labels have the types of the file's direction."""
        wanted: dict[str, set[str]] = {}
        for pending in chunk:
            survivor = reverse.merged_into.get(pending.pair.to_id)
            if pending.goal and survivor is not None:
                wanted.setdefault(pending.pair.from_id, set()).add(survivor)
        if wanted:
            types = (chunk[0].pair.from_type, chunk[0].pair.to_type)
            read = await self._links.read(sender, chunk[0], types, wanted, is_complete=True)
            forward.links.update(read.links)
            forward.unread.update(read.unread)

    def _outcome_between(self, pending: PendingPair, forward: LinksRead, reverse: LinksRead) -> Outcome:
        """Return the outcome of a pair from the links of both sides, including those of merged records' survivors."""
        pair = pending.pair
        from_ids = (pair.from_id, forward.merged_into.get(pair.from_id, pair.from_id))
        to_ids = (pair.to_id, reverse.merged_into.get(pair.to_id, pair.to_id))
        listed = [forward.links.get((pair.from_id, to_id)) for to_id in to_ids]
        others = [reverse.links.get((pair.to_id, from_id)) for from_id in from_ids]
        listed += others if not pending.goal else []  # labels have other types in the other direction
        links = [link for link in listed if link is not None]
        link = next((link for link in links if self._is_in_goal_state(pending, link)), None)
        if link is not None:
            return linked(forward.last, link, _merged_records(pair, forward, reverse))
        unread = forward.unread.get(pair.from_id) or reverse.unread.get(pair.to_id)
        if unread is not None:
            return _not_read(unread)
        if any(others) and not links:
            return _not_read(_OTHER_SIDE)
        kind = _LABEL_MISSING if pending.goal else _ONLY_LABELLED
        outcome = replace(kind, association_types=links[0].types) if links else MISSING
        last = reverse.last
        return replace(outcome, http_status=last.http_status, completed_at=last.completed_at)


class Verify(_Reader):
    """Records for every pair whether it is linked."""

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record each pair as `already_linked`, `not_sent` with the reason, or `unconfirmed` if it cannot be read."""
        for pending, outcome in await self._look_up(chunk, sender):
            is_read = outcome.status is not Status.UNCONFIRMED
            self._unread += not is_read
            is_interrupted = not is_read and sender.signal.stopped is not None
            outcomes.record(
                pending, replace(outcome, status=Status.NOT_SENT) if is_interrupted else outcome, is_read=True
            )

    def unread_stop(self) -> Stop | None:
        """Return the reason if not every pair could be read, None if all were."""
        if not self._unread:
            return None
        sentence = f"Could not read whether {self._unread:,} pairs are linked."
        return self._links.refusal or Stop(StopReason.UNREADABLE, sentence)


class ReadBack(_Reader):
    """Reads back the pairs that were sent without a trustworthy response."""

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record the pairs that are linked as `linked`; the others stay `unconfirmed`, with the types that they have.

        An undo leaves alone whatever is added to them later: it was not this run.
        """
        for pending, outcome in await self._look_up(chunk, sender):
            if outcome.status is Status.ALREADY_LINKED:
                outcomes.replace_outcome(pending, as_sent(pending, outcome))
            elif outcome.status is Status.NOT_SENT and pending.before is not None:
                types = Link(outcome.association_types, is_unlabelled=False).type_set
                if types is not None or not outcome.association_types:
                    outcomes.record_types_after(pending, types_text(types or NOT_LINKED))


def as_sent(pending: PendingPair, found: Outcome) -> Outcome:
    """Return the outcome of a pair found linked: `linked`, with its attempts, if an earlier call may have linked it."""
    if pending.earlier is None or not pending.may_be_linked or pending.earlier.error_category == NOT_READ:
        return found
    return replace(found, status=Status.LINKED, attempts=pending.attempts)


def _not_read(last: Outcome) -> Outcome:
    """Return the outcome of a pair that could not be read."""
    return replace(
        last,
        status=Status.UNCONFIRMED,
        api_status="",
        error_category=NOT_READ,
        error_message=f"Could not read whether these records are linked: {last.error_message}",
        advice="Run importer verify again later; import_error_message says why there was no usable response.",
    )


def _merged_records(pair: Pair, forward: LinksRead, reverse: LinksRead) -> dict[str, str]:
    """Return the records of `pair` that were merged, each with the one it was merged into."""
    sides = ((pair.from_type, pair.from_id, forward), (pair.to_type, pair.to_id, reverse))
    return {f"{kind} {record}": side.merged_into[record] for kind, record, side in sides if record in side.merged_into}


def linked(last: Outcome, link: Link, merged: Mapping[str, str]) -> Outcome:
    """Return the outcome of a pair that was found as `link`; `last` is that of the read."""
    message = " ".join(f"{record} was merged into {survivor}." for record, survivor in merged.items())
    return Outcome(
        Status.ALREADY_LINKED,
        http_status=last.http_status,
        api_status=last.api_status,
        error_message=message,
        error_details=json.dumps({"merged": merged}, separators=(",", ":")) if merged else "",
        association_types=link.types,
        attempts=last.attempts,
        completed_at=last.completed_at,
    )
