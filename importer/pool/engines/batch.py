"""The engine `batch`: up to 2,000 pairs per call. Pairs that it does not finish stay pending, for the engine `put`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from importer.hubspot.attribution import inputs_allowed
from importer.hubspot.classify import Action, Decision, merge_with_earlier_attempt
from importer.hubspot.classify_batch import BatchDecision
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import Response
from importer.journal import PendingPair
from importer.model import Outcome, Pair, Status
from importer.pool.engines.bisection import Bisection, CallResult
from importer.pool.operation import LINK, Operation
from importer.pool.outcomes import Recorder, with_attempts
from importer.pool.retrying import MAX_ATTEMPTS_OF_PARTS, Attempts
from importer.pool.sender import Sender
from importer.pool.stop_signal import Types, types_of

MAX_PAIRS = 2_000
"""Maximum number of pairs in one batch call. Source: HubSpot, v4 guide."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A chunk being sent; `unconfirmed` maps the number of a pair to its last unconfirmed outcome."""

    chunk: Sequence[PendingPair]
    sender: Sender
    outcomes: Recorder
    unconfirmed: dict[int, Outcome] = field(default_factory=dict)


class BatchEngine:
    """Links in batches; a pair that a response does not name as linked is not finished here.

    A batch that fails as a whole, or whose errors may apply to any of its pairs, is split, down to single pairs, so
    that one bad pair does not affect the others. A pair that a lost or unclear response leaves uncertain is recorded as
    unconfirmed, provisionally.
    """

    max_chunk = MAX_PAIRS

    def __init__(self, client: HubSpotClient, limiter: RateLimiter, operation: Operation = LINK) -> None:
        """Send through `client` at the rate of `limiter`: batch calls do not use up the account's rolling window."""
        self._client = client
        self._limiter = limiter
        self._operation = operation
        self._bisections: dict[Types, Bisection] = {}

    def chunk_size(self, pending: PendingPair) -> int:
        """Return how many pairs of these types a batch may have, as learnt so far."""
        return self._bisection(types_of(pending)).size

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: Recorder) -> None:
        """Send the chunk, or its parts if it fails as a whole."""
        bisection = self._bisection(types_of(chunk[0]))
        await bisection.process(chunk, partial(self._send_part, _Job(chunk, sender, outcomes)))

    def _bisection(self, types: Types) -> Bisection:
        if types not in self._bisections:
            name = f"Batches from {types[0]} to {types[1]}"
            self._bisections[types] = Bisection(name, MAX_PAIRS, "The remaining pairs are sent one by one.")
        return self._bisections[types]

    async def _send_part(self, job: _Job, part: Sequence[PendingPair]) -> CallResult[PendingPair] | None:
        """Send one batch until its response is final, then record what is known about its pairs."""
        sender = job.sender
        most = MAX_ATTEMPTS_OF_PARTS if len(part) < len(job.chunk) else None
        attempts = Attempts(sender, part[0], inputs=len(part), chunk=len(job.chunk), max_attempts=most)
        pairs = [pending.pair for pending in part]
        last: Outcome | None = None
        unconfirmed: Outcome | None = None
        named: Mapping[Pair, Outcome] = {}
        repeat = True
        try:
            while repeat:
                response = await sender.send(
                    lambda: self._operation.call_batch(self._client, pairs), part, self._limiter
                )
                batch = self._operation.classify_batch(response, pairs)
                merged = merge_with_earlier_attempt(_outcome_of_all(batch.decision), unconfirmed)
                last = with_attempts(merged, attempts.count + 1)
                unconfirmed = last if last.status is Status.UNCONFIRMED else unconfirmed
                named = _all_with_attempts(batch.outcomes, last.attempts)
                repeat = await attempts.retry(batch.decision)
        finally:
            if last is not None:
                _record(job, part, last if last.status is Status.NOT_SENT else unconfirmed, named)
        if sender.signal.stops(part[0]):
            return None
        allowed = inputs_allowed(response, len(part)) if isinstance(response, Response) else None
        return CallResult(batch.is_accepted, allowed, _reason(batch), attempts=attempts.count)


def _reason(batch: BatchDecision) -> str:
    """Return the response's message about why its batch was not accepted."""
    unclear = next((outcome.error_message for outcome in batch.outcomes.values() if outcome.error_message), "")
    return batch.decision.outcome.error_message or unclear


def _outcome_of_all(decision: Decision) -> Outcome:
    """Return the outcome of each pair of a batch: a rejected batch does not mean each pair was rejected."""
    if decision.outcome.status is Status.FAILED and decision.action is Action.STOP_TYPES:
        return replace(decision.outcome, status=Status.NOT_SENT)
    return decision.outcome


def _record(job: _Job, part: Sequence[PendingPair], others: Outcome | None, named: Mapping[Pair, Outcome]) -> None:
    """Record the outcomes of pairs that the last response named, and `others` for the rest (None: not linked).

    An unconfirmed outcome from an earlier batch of the same chunk is kept until the pair is linked.
    """
    for pending in part:
        outcome = named.get(pending.pair, others)
        if outcome is None:
            if pending.id not in job.unconfirmed:
                job.outcomes.mark_not_sent(pending)
            continue
        if pending.earlier is not None and pending.earlier.attempts:
            outcome = replace(outcome, attempts=outcome.attempts + pending.earlier.attempts)
        outcome = merge_with_earlier_attempt(outcome, job.unconfirmed.get(pending.id, pending.earlier))
        if outcome.status is Status.UNCONFIRMED:
            job.unconfirmed[pending.id] = outcome
        job.outcomes.record(pending, outcome, final=outcome.status is Status.LINKED)


def _all_with_attempts(outcomes: Mapping[Pair, Outcome], attempts: int) -> Mapping[Pair, Outcome]:
    """Return the outcomes with the number of attempts; most pairs share one object, which is copied once."""
    distinct = {id(outcome): outcome for outcome in outcomes.values()}
    copies = {key: with_attempts(outcome, attempts) for key, outcome in distinct.items()}
    if all(copies[key] is outcome for key, outcome in distinct.items()):
        return outcomes
    return {pair: copies[id(outcome)] for pair, outcome in outcomes.items()}
