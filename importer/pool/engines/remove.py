"""The engines of `unlink`: read what is linked, remove it in batches or one by one, and read back that it is gone.

A removed link has no recycle bin, so a pair is removed only if its types were read before, and counts as removed only
if both records could be read and neither lists the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from importer.hubspot.association_types import TypeSet, primary_type, types_text
from importer.hubspot.classify import merge_with_earlier_attempt
from importer.hubspot.classify_removal import ACCEPTED, classify_removal
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.journal import PendingPair
from importer.model import Outcome, Pair, Status
from importer.pool.engines.bisection import Bisection, CallResult
from importer.pool.engines.link_reader import MAX_RECORDS, LinkReader, LinksRead
from importer.pool.engines.read_back import NOT_READ
from importer.pool.outcomes import OutcomeRecorder, with_attempts
from importer.pool.retrying import Attempts
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

MAX_PAIRS_REMOVED = 1_000
"""Pairs in one batch. HubSpot documents no limit for removals."""

LAG_SECONDS = (2.0, 5.0, 10.0)
"""Waits before a pair that is still listed is read again: reading may lag behind writing."""

LEAD_WOULD_BE_DELETED = "LEAD_WOULD_BE_DELETED"
"""The error category of a pair whose removal may take a lead's last primary association."""

_LEADS = frozenset({"leads", "0-136"})
_READ = Outcome(Status.ALREADY_LINKED)
_ONLY_REVERSE = Outcome(Status.UNCONFIRMED, error_message="Only the record to link to lists this link.")
_NO_TYPES = Outcome(Status.UNCONFIRMED, error_message="HubSpot does not list the types of this link.")


@dataclass(frozen=True, slots=True)
class Found:
    """What reading a pair found: its types (None: not known, or it is not linked), or why it is not known."""

    types: TypeSet | None = None
    unread: Outcome | None = None
    last: Outcome = _READ
    has_primary_lead: bool = False

    @property
    def is_listed(self) -> bool:
        """Whether any side lists the link."""
        return bool(self.types) or self.unread in {_ONLY_REVERSE, _NO_TYPES}


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
    link, reverse_link = forward.links.get((pair.from_id, pair.to_id)), reverse.links.get((pair.to_id, pair.from_id))
    if link is not None:
        types = link.type_set
        of_lead = types if pair.from_type in _LEADS else reverse_link.type_set if reverse_link else None
        sides = (pair.from_type, pair.to_type)
        primary = primary_type(*(sides if pair.from_type in _LEADS else sides[::-1]))
        unknown = None if types else _NO_TYPES
        has_lead = bool(_LEADS.intersection(sides))
        return Found(types, unknown, forward.last, has_lead and (not of_lead or primary in of_lead))
    if reverse_link is not None:
        return Found(unread=_ONLY_REVERSE)
    return Found(unread=forward.unread.get(pair.from_id) or reverse.unread.get(pair.to_id), last=forward.last)


class _Reading:
    """Base of the engines that read pairs."""

    max_chunk = MAX_RECORDS

    def __init__(self, client: HubSpotClient) -> None:
        """Read through `client`."""
        self._reader = PairReader(client)

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many records of these types a read takes, as far as is known."""
        return self._reader.links.chunk_size(types_of(pending))


class ReadBeforeRemoval(_Reading):
    """Records the types of linked pairs, which stay pending; other pairs are finished."""

    def __init__(self, client: HubSpotClient, *, allow_deleting_leads: bool) -> None:
        """Read through `client`; pairs that may be a lead's last primary association are refused unless allowed."""
        super().__init__(client)
        self._allow_deleting_leads = allow_deleting_leads

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record each pair: linked (pending), `not_linked`, `unconfirmed` if unread, `failed` if a lead is at risk."""
        found = await self._reader.read(chunk, sender)
        if sender.signal.stopped is None:
            for pending in chunk:
                self._record(pending, found[pending.id], outcomes)

    def _record(self, pending: PendingPair, found: Found, outcomes: OutcomeRecorder) -> None:
        if found.unread is not None:
            outcomes.record(pending, _not_read(found.unread), is_read=True)
        elif found.types:
            if not was_sent(pending):
                outcomes.record_types_before(pending, types_text(found.types))
            if found.has_primary_lead and not self._allow_deleting_leads:
                outcomes.record(pending, _LEAD, is_read=True)
        elif was_sent(pending):
            record_removed(pending, found, outcomes)
        else:
            outcomes.record_types_before(pending, types_text(()))
            outcomes.record(pending, replace(found.last, status=Status.NOT_LINKED), is_read=True)


class ConfirmRemoved(_Reading):
    """Reads back the pairs that were sent; one that is gone is `unlinked`.

    One that is still listed stays pending or, if this is the last pass, is `unconfirmed`.
    """

    def __init__(self, client: HubSpotClient, *, is_last: bool) -> None:
        """Read through `client`."""
        super().__init__(client)
        self._is_last = is_last

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Read the pairs until none is listed, or it has been listed for too long."""
        waiting = [pending for pending in chunk if was_sent(pending)]
        for seconds in (0.0, *LAG_SECONDS):
            if not waiting:
                return
            if seconds:
                await sender.wait(seconds)
            found = await self._reader.read(waiting, sender)
            if sender.signal.stopped is not None:
                return
            for pending in waiting:
                if not found[pending.id].is_listed and found[pending.id].unread is None:
                    record_removed(pending, found[pending.id], outcomes)
            waiting = [one for one in waiting if found[one.id].is_listed or found[one.id].unread is not None]
        for pending in waiting if self._is_last else ():
            unread = found[pending.id].unread
            outcome = _STILL_LISTED if unread is None else _not_read(unread)
            attempts = pending.earlier.attempts if pending.earlier else 0
            outcomes.record(pending, with_attempts(outcome, attempts), is_read=True)


@dataclass(frozen=True, slots=True)
class _Job:
    chunk: Sequence[PendingPair]
    sender: Sender
    outcomes: OutcomeRecorder


class ArchiveEngine:
    """Removes pairs in batches. All of them stay pending: those that were sent are to be read back."""

    max_chunk = MAX_PAIRS_REMOVED

    def __init__(self, client: HubSpotClient, limiter: RateLimiter) -> None:
        """Send through `client` at the rate of `limiter`: batch calls do not count in the account's rolling window."""
        self._client = client
        self._limiter = limiter
        self._bisections: dict[Types, Bisection] = {}

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many pairs of these types a batch takes, as far as is known."""
        return self._bisection(types_of(pending)).size

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Send the pairs of the chunk whose types before are known, in parts if they are rejected together."""
        known = [pending for pending in chunk if is_known(pending)]
        if known:
            bisection = self._bisection(types_of(known[0]))
            await bisection.process(known, partial(self._send_part, _Job(known, sender, outcomes)))

    def _bisection(self, types: Types) -> Bisection:
        if types not in self._bisections:
            name = f"Removals from {types[0]} to {types[1]}"
            self._bisections[types] = Bisection(name, MAX_PAIRS_REMOVED, "The remaining pairs are removed one by one.")
        return self._bisections[types]

    async def _send_part(self, job: _Job, part: Sequence[PendingPair]) -> CallResult[PendingPair] | None:
        attempts = Attempts(job.sender, part[0], inputs=len(part), chunk=len(job.chunk))
        pairs = [pending.pair for pending in part]
        unconfirmed: Outcome | None = None
        repeat = True
        try:
            while repeat:
                response = await job.sender.send(lambda: self._client.archive(pairs), part, self._limiter)
                decision = classify_removal(response, pairs[0])
                if decision.outcome.status is Status.UNCONFIRMED:
                    unconfirmed = with_attempts(decision.outcome, attempts.count + 1)
                repeat = await attempts.retry(decision)
        finally:
            for pending in part:
                if unconfirmed is not None:
                    job.outcomes.record(pending, _added_attempts(unconfirmed, pending), final=False)
                else:
                    job.outcomes.mark_not_sent(pending)
        if job.sender.signal.stops(part[0]):
            return None
        is_done = decision.outcome.status is Status.UNCONFIRMED
        return CallResult(is_done, None, decision.outcome.error_message, attempts=attempts.count)


class DeleteEngine:
    """Removes pairs one by one, so that each one that HubSpot refuses has its own reason."""

    max_chunk = 1

    def __init__(self, client: HubSpotClient) -> None:
        """Send through `client`."""
        self._client = client

    def chunk_size(self, pending: PendingPair) -> int:
        """Return 1: a call concerns one pair."""
        return 1

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Remove the pairs whose types before are known; those that HubSpot does not refuse are to be read back."""
        for pending in filter(is_known, chunk):
            await self._process_pair(pending, sender, outcomes)

    async def _process_pair(self, pending: PendingPair, sender: Sender, outcomes: OutcomeRecorder) -> None:
        attempts = Attempts(sender, pending)
        outcome: Outcome | None = None
        repeat = not sender.signal.is_blocked(pending)
        try:
            while repeat:
                response = await sender.send(lambda: self._client.unlink(pending.pair), [pending])
                decision = classify_removal(response, pending.pair)
                merged = merge_with_earlier_attempt(decision.outcome, outcome, is_proof=decision.is_proof)
                outcome = with_attempts(merged, attempts.count + 1)
                repeat = await attempts.retry(decision)
        finally:
            if outcome is not None:
                is_final = attempts.final and outcome.status is Status.FAILED
                outcomes.record(pending, _added_attempts(outcome, pending), final=is_final)


def is_known(pending: PendingPair) -> bool:
    """Return whether a pair was linked when it was read, with known types."""
    return pending.before is not None and pending.before != types_text(())


def was_sent(pending: PendingPair) -> bool:
    """Return whether the removal of a pair was sent, by this process or an earlier one."""
    return pending.may_be_linked and is_known(pending)


def record_removed(pending: PendingPair, found: Found, outcomes: OutcomeRecorder) -> None:
    """Record that a pair that was sent is not linked any more."""
    attempts = max(1, pending.earlier.attempts) if pending.earlier else 1
    removed = Outcome(Status.UNLINKED, found.last.http_status, found.last.api_status)
    outcomes.record_types_after(pending, types_text(()))
    outcomes.record(pending, with_attempts(removed, attempts), is_read=True)


def _added_attempts(outcome: Outcome, pending: PendingPair) -> Outcome:
    before = pending.earlier.attempts if pending.earlier else 0
    return replace(outcome, attempts=outcome.attempts + before)


def _not_read(last: Outcome) -> Outcome:
    return replace(
        last,
        status=Status.UNCONFIRMED,
        api_status="",
        error_category=NOT_READ,
        error_message=f"Could not read whether these records are linked: {last.error_message}",
        advice="Retry the run later: only links whose types could be read are removed.",
    )


_STILL_LISTED = Outcome(
    Status.UNCONFIRMED,
    error_category=ACCEPTED,
    error_message="HubSpot accepted the removal, but still lists the link.",
    advice="Retry the run: removing a link twice is harmless.",
)
_LEAD = Outcome(
    Status.FAILED,
    error_category=LEAD_WOULD_BE_DELETED,
    error_message="HubSpot deletes a lead that loses its last primary association, which this link may be.",
    advice="Link the lead to another primary record first, or allow it with --allow-deleting-leads.",
)
