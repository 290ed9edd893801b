"""The engines that remove or restore links or labels: in batches, then one by one where a pair is still unchanged.

No response proves a change: all pairs stay pending and are read back afterwards.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from importer.hubspot.association_types import TypeSet, parse_types, primary_type
from importer.hubspot.classify import merge_with_earlier_attempt
from importer.hubspot.classify_removal import classify_removal
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import Reply
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.engines.bisection import Bisection, CallResult
from importer.pool.engines.remove_outcomes import NONE, added_attempts, goal, is_known
from importer.pool.engines.siblings import Siblings
from importer.pool.engines.unchanged import UnchangedPairs
from importer.pool.outcomes import OutcomeRecorder, with_attempts
from importer.pool.retrying import Attempts
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

MAX_PAIRS_CHANGED = 1_000
"""Maximum number of pairs in one batch. HubSpot documents no limit for removals."""


class Change(StrEnum):
    """The kinds of change that bring a pair to its goal; the values are plurals for log messages."""

    REMOVE = "Removals"
    REMOVE_LABELS = "Removals of labels"
    RESTORE_PRIMARY = "Restored primary links"
    RESTORE = "Restored links"


_CALLS: dict[Change, Callable[[HubSpotClient, Sequence[PendingPair]], Awaitable[Reply]]] = {
    Change.REMOVE: lambda client, part: client.archive([pending.pair for pending in part]),
    Change.REMOVE_LABELS: lambda client, part: client.archive_labels(
        [(one.pair, sorted(surplus(one))) for one in part]
    ),
    Change.RESTORE: lambda client, part: client.link_many_labelled([(one.pair, sorted(goal(one))) for one in part]),
}
_CALLS[Change.RESTORE_PRIMARY] = _CALLS[Change.RESTORE]
_RESTORING = frozenset({Change.RESTORE_PRIMARY, Change.RESTORE})
_OVERWRITING = _RESTORING | {Change.REMOVE}
"""Changes that would undo what someone else has changed since the pair was read."""


def surplus(pending: PendingPair) -> TypeSet:
    """Return the types, as read, that are to be removed from a pair."""
    return parse_types(pending.before or NONE) - goal(pending)


def change_of(pending: PendingPair) -> Change | None:
    """Return how a pair is to be changed; None if it need not be, or was not read.

    Where removing types suffices, nothing is restored: that would overwrite what someone else adds meanwhile.
    """
    if not is_known(pending):
        return None
    wanted = goal(pending)
    if not wanted:
        return Change.REMOVE
    if wanted < parse_types(pending.before or NONE):
        return Change.REMOVE_LABELS
    is_primary = primary_type(pending.pair.from_type, pending.pair.to_type) in wanted
    return Change.RESTORE_PRIMARY if is_primary else Change.RESTORE


@dataclass(frozen=True, slots=True)
class _Job:
    chunk: Sequence[PendingPair]
    sender: Sender
    outcomes: OutcomeRecorder


class ChangeInBatches:
    """Makes one kind of change in batches. All pairs stay pending; those that were sent are read back later."""

    max_chunk = MAX_PAIRS_CHANGED

    def __init__(self, client: HubSpotClient, limiter: RateLimiter, change: Change, siblings: Siblings) -> None:
        """Send through `client` at the rate of `limiter`: batch calls do not use up the account's rolling window."""
        self._client = client
        self._limiter = limiter
        self._change = change
        self._unchanged = UnchangedPairs(client, siblings)
        self._bisections: dict[Types, Bisection] = {}

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many pairs of these types a batch may have, as learnt so far."""
        return self._bisection(types_of(pending)).size

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Send the pairs of the chunk that need this change, in parts if they are rejected together."""
        pairs: Sequence[PendingPair] = [pending for pending in chunk if change_of(pending) is self._change]
        if self._change in _OVERWRITING:
            pairs = await self._unchanged.among(pairs, sender, outcomes)
        if pairs:
            bisection = self._bisection(types_of(pairs[0]))
            await bisection.process(pairs, partial(self._send_part, _Job(pairs, sender, outcomes)))

    def _bisection(self, types: Types) -> Bisection:
        if types not in self._bisections:
            name = f"{self._change} from {types[0]} to {types[1]}"
            self._bisections[types] = Bisection(name, MAX_PAIRS_CHANGED, "The remaining pairs are sent one by one.")
        return self._bisections[types]

    async def _send_part(self, job: _Job, part: Sequence[PendingPair]) -> CallResult[PendingPair] | None:
        attempts = Attempts(job.sender, part[0], inputs=len(part), chunk=len(job.chunk))
        unconfirmed: Outcome | None = None
        repeat = True
        try:
            while repeat:
                call = partial(_CALLS[self._change], self._client, part)
                response = await job.sender.send(call, part, self._limiter)
                decision = classify_removal(response, part[0].pair, restores=self._change in _RESTORING)
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
    """Removes or restores pairs one by one, so that each pair that HubSpot refuses gets its own reason."""

    max_chunk = 1

    def __init__(self, client: HubSpotClient, siblings: Siblings) -> None:
        """Send through `client`."""
        self._client = client
        self._unchanged = UnchangedPairs(client, siblings)

    def chunk_size(self, pending: PendingPair) -> int:
        """Return 1: each call is about one pair."""
        return 1

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        """Change the pairs whose types before are known; those that HubSpot does not refuse are read back later."""
        for pending in chunk:
            change = change_of(pending)
            if change in _OVERWRITING and not await self._unchanged.among([pending], sender, outcomes):
                continue
            if change is not None:
                await self._process_pair(pending, change, sender, outcomes)

    async def _process_pair(
        self, pending: PendingPair, change: Change, sender: Sender, outcomes: OutcomeRecorder
    ) -> None:
        attempts = Attempts(sender, pending)
        outcome: Outcome | None = None
        repeat = not sender.signal.is_blocked(pending)
        try:
            while repeat:
                response = await sender.send(lambda: self._call(pending, change), [pending])
                decision = classify_removal(response, pending.pair, restores=change in _RESTORING)
                merged = merge_with_earlier_attempt(decision.outcome, outcome, is_proof=decision.is_proof)
                outcome = with_attempts(merged, attempts.count + 1)
                repeat = await attempts.retry(decision)
        finally:
            if outcome is not None:
                is_final = attempts.final and outcome.status is Status.FAILED
                outcomes.record(pending, added_attempts(outcome, pending), final=is_final)

    def _call(self, pending: PendingPair, change: Change) -> Awaitable[Reply]:
        if change is Change.REMOVE:
            return self._client.unlink(pending.pair)
        if change is Change.REMOVE_LABELS:  # there is no call for a single pair
            return self._client.archive_labels([(pending.pair, sorted(surplus(pending)))])
        return self._client.link_labelled(pending.pair, sorted(goal(pending)))
