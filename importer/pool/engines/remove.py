"""The engines of `unlink` and `undo`: read what is linked, change it, and read back that the change is there.

A removed link has no recycle bin, so a pair is removed only if its types were read before, and counts as removed only
if both records could be read and neither lists the other.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from importer.hubspot.association_types import parse_types, types_text
from importer.hubspot.classify import merge_with_earlier_attempt
from importer.hubspot.classify_removal import classify_removal
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import NoResponse, Response
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.engines.bisection import Bisection, CallResult
from importer.pool.engines.link_reader import MAX_RECORDS
from importer.pool.engines.pair_reader import Found, PairReader
from importer.pool.engines.remove_outcomes import (
    CHANGED_PAIR,
    LEAD_AT_RISK,
    NONE,
    NOT_CHANGED,
    UNKNOWN_STATE,
    added_attempts,
    goal,
    is_known,
    not_read,
    record_done,
    was_sent,
)
from importer.pool.outcomes import OutcomeRecorder, with_attempts
from importer.pool.retrying import Attempts
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

MAX_PAIRS_REMOVED = 1_000
"""Pairs in one batch. HubSpot documents no limit for removals."""

LAG_SECONDS = (2.0, 5.0, 10.0)
"""Waits before a pair that is still listed is read again: reading may lag behind writing."""


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
            outcomes.record(pending, not_read(found.unread), is_read=True)
        elif found.types:
            if not was_sent(pending):
                outcomes.record_types_before(pending, types_text(found.types))
            if found.has_primary_lead and not self._allow_deleting_leads:
                outcomes.record(pending, LEAD_AT_RISK, is_read=True)
        elif was_sent(pending):
            record_done(pending, found, outcomes)
        else:
            outcomes.record_types_before(pending, NONE)
            outcomes.record(pending, replace(found.last, status=Status.NOT_LINKED), is_read=True)


class ReadBeforeUndo(_Reading):
    """Records the present types of pairs that are as the undone run left them, which stay pending; others are left.

    If the run was killed before it read what it left, a pair that was not linked before is as the run left it when it
    has the unlabelled type and at most Primary besides, which HubSpot adds by itself.
    """

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Record each pair: to be restored (pending), restored already, or why it is left alone."""
        found = await self._reader.read(chunk, sender)
        if sender.signal.stopped is None:
            for pending in chunk:
                self._record(pending, found[pending.id], outcomes)

    def _record(self, pending: PendingPair, found: Found, outcomes: OutcomeRecorder) -> None:
        if pending.target is None:
            outcomes.record(pending, UNKNOWN_STATE, is_read=True)
        elif found.unread is not None:
            outcomes.record(pending, not_read(found.unread), is_read=True)
        elif found.text == pending.target and was_sent(pending):
            record_done(pending, found, outcomes)
        elif found.text == pending.target:
            outcomes.record_types_before(pending, found.text)
            status = Status.ALREADY_LINKED if found.types else Status.NOT_LINKED
            outcomes.record(pending, replace(found.last, status=status), is_read=True)
        elif pending.left is None and not (pending.target == NONE and found.is_plain):
            outcomes.record(pending, UNKNOWN_STATE, is_read=True)
        elif pending.left not in {None, found.text}:
            outcomes.record(pending, replace(CHANGED_PAIR, association_types=found.text), is_read=True)
        elif found.has_primary_lead and goal(pending) == NONE:
            outcomes.record(pending, LEAD_AT_RISK, is_read=True)
        elif not was_sent(pending):
            outcomes.record_types_before(pending, found.text)


class ConfirmChanged(_Reading):
    """Reads back the pairs that were sent; one that has the wanted types is done.

    Another one stays pending or, if this is the last pass, is `unconfirmed`.
    """

    def __init__(self, client: HubSpotClient, *, is_last: bool) -> None:
        """Read through `client`."""
        super().__init__(client)
        self._is_last = is_last

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Read the pairs until all are as wanted, or have not been for too long."""
        waiting = [pending for pending in chunk if was_sent(pending)]
        found: dict[int, Found] = {}
        for seconds in (0.0, *LAG_SECONDS):
            if not waiting:
                return
            if seconds:
                await sender.wait(seconds)
            found = await self._reader.read(waiting, sender)
            if sender.signal.stopped is not None:
                return
            done = {one.id for one in waiting if found[one.id].unread is None and found[one.id].text == goal(one)}
            for pending in waiting:
                if pending.id in done:
                    record_done(pending, found[pending.id], outcomes)
            waiting = [one for one in waiting if one.id not in done]
        for pending in waiting if self._is_last else ():
            unread = found[pending.id].unread
            outcome = NOT_CHANGED if unread is None else not_read(unread)
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
        known = [pending for pending in chunk if is_known(pending) and goal(pending) == NONE]
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
                    job.outcomes.record(pending, added_attempts(unconfirmed, pending), final=False)
                else:
                    job.outcomes.mark_not_sent(pending)
        if job.sender.signal.stops(part[0]):
            return None
        is_done = decision.outcome.status is Status.UNCONFIRMED
        return CallResult(is_done, None, decision.outcome.error_message, attempts=attempts.count)


class ChangeEngine:
    """Removes or restores pairs one by one, so that each one that HubSpot refuses has its own reason."""

    max_chunk = 1

    def __init__(self, client: HubSpotClient) -> None:
        """Send through `client`."""
        self._client = client

    def chunk_size(self, pending: PendingPair) -> int:
        """Return 1: a call concerns one pair."""
        return 1

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Change the pairs whose types before are known; those that HubSpot does not refuse are to be read back."""
        for pending in filter(is_known, chunk):
            await self._process_pair(pending, sender, outcomes)

    async def _process_pair(self, pending: PendingPair, sender: Sender, outcomes: OutcomeRecorder) -> None:
        attempts = Attempts(sender, pending)
        outcome: Outcome | None = None
        repeat = not sender.signal.is_blocked(pending)
        try:
            while repeat:
                response = await sender.send(lambda: self._call(pending), [pending])
                decision = classify_removal(response, pending.pair)
                merged = merge_with_earlier_attempt(decision.outcome, outcome, is_proof=decision.is_proof)
                outcome = with_attempts(merged, attempts.count + 1)
                repeat = await attempts.retry(decision)
        finally:
            if outcome is not None:
                is_final = attempts.final and outcome.status is Status.FAILED
                outcomes.record(pending, added_attempts(outcome, pending), final=is_final)

    def _call(self, pending: PendingPair) -> Awaitable[Response | NoResponse]:
        wanted = goal(pending)
        if wanted == NONE:
            return self._client.unlink(pending.pair)
        return self._client.set_types(pending.pair, sorted(parse_types(wanted)))
