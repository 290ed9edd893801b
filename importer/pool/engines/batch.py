"""The engine `batch`: up to 2,000 pairs a call. What it does not settle stays pending, for the engine `put`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from importer.hubspot.attribution import inputs_allowed
from importer.hubspot.classify import Action, Decision, merge_with_earlier_attempt
from importer.hubspot.classify_batch import BatchDecision, classify_batch_response
from importer.hubspot.client import HubSpotClient
from importer.hubspot.rate_limiter import RateLimiter
from importer.hubspot.response import Response
from importer.journal import PendingPair
from importer.model import ObjectType, Outcome, Pair, Status
from importer.pool.engines.bisection import Bisection, Reply
from importer.pool.engines.put import dated
from importer.pool.pool import Pool
from importer.pool.retrying import Attempts

MAX_PAIRS = 2_000
"""Pairs that one batch call takes. Source: HubSpot, v4 guide."""

_ATTEMPTS_OF_PARTS = 3
"""Attempts of a batch that is a part of one that failed: its own parts and single calls follow."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A chunk that is sent; `doubts` has the last unclear outcome of each pair, by the number of the pair."""

    pool: Pool
    chunk: Sequence[PendingPair]
    doubts: dict[int, Outcome] = field(default_factory=dict)


class BatchEngine:
    """Links what HubSpot takes in batches; a pair that a response does not name as linked is not settled here.

    A batch that fails as a whole, or whose errors may be about any of its pairs, is split, down to single pairs, so
    that one bad pair costs the others nothing. A pair that a lost or odd response leaves in doubt is recorded so,
    provisional.
    """

    chunk = MAX_PAIRS

    def __init__(self, client: HubSpotClient, limiter: RateLimiter) -> None:
        """Send through `client` at a rate of its own: batch calls do not count in the account's rolling window."""
        self._client = client
        self._limiter = limiter
        self._kinds: dict[tuple[ObjectType, ObjectType], Bisection] = {}

    def size(self, pending: PendingPair) -> int:
        """Return how many pairs of these types a batch takes, as far as is known now."""
        return self._kind(pending).size

    async def process(self, pool: Pool, chunk: Sequence[PendingPair]) -> None:
        """Send the chunk, or its parts when it fails as a whole."""
        await self._kind(chunk[0]).process(chunk, partial(self._call, _Job(pool, chunk)))

    def _kind(self, pending: PendingPair) -> Bisection:
        types = (pending.pair.from_type, pending.pair.to_type)
        if types not in self._kinds:
            name = f"Batches from {types[0]} to {types[1]}"
            self._kinds[types] = Bisection(name, MAX_PAIRS, "What is left over is sent pair by pair.")
        return self._kinds[types]

    async def _call(self, job: _Job, part: Sequence[PendingPair]) -> Reply[PendingPair] | None:
        """Send one batch until its response stands, and record what is known of its pairs then."""
        pool = job.pool
        attempts = Attempts(pool, part[0], _ATTEMPTS_OF_PARTS if len(part) < len(job.chunk) else None)
        pairs = [pending.pair for pending in part]
        last: Outcome | None = None
        doubt: Outcome | None = None
        said: Mapping[Pair, Outcome] = {}
        goes_on = True
        try:
            while goes_on:
                answer = await pool.send(lambda: self._client.link_many(pairs), part, self._limiter)
                judged = classify_batch_response(answer, pairs)
                last = dated(merge_with_earlier_attempt(_for_all(judged.verdict), doubt), attempts.count + 1)
                doubt = last if last.status is Status.UNCONFIRMED else doubt
                said = _dated(judged.outcomes, last.attempts)
                goes_on = await attempts.ask_again(judged.verdict)
        finally:
            if last is not None:
                _record(job, part, last if last.status is Status.NOT_SENT else doubt, said)
        if pool.stopped is not None or pool.is_blocked(part[0]):
            return None
        allowed = inputs_allowed(answer, len(part)) if isinstance(answer, Response) else None
        return Reply(judged.is_taken, allowed, _reason(judged), attempts=attempts.count)


def _reason(judged: BatchDecision) -> str:
    """The words of a response for why its batch was not taken."""
    unclear = next((outcome.error_message for outcome in judged.outcomes.values() if outcome.error_message), "")
    return judged.verdict.outcome.error_message or unclear


def _for_all(verdict: Decision) -> Outcome:
    """What a response to a batch means for each of its pairs: a refused batch does not mean each pair was refused."""
    if verdict.outcome.status is Status.FAILED and verdict.action is Action.STOP_TYPES:
        return replace(verdict.outcome, status=Status.NOT_SENT)
    return verdict.outcome


def _record(job: _Job, part: Sequence[PendingPair], others: Outcome | None, said: Mapping[Pair, Outcome]) -> None:
    """Record what the last response said of a pair, else what is known of all; what is known not to be linked, clear.

    A doubt that an earlier batch of the same chunk left is kept until a pair is linked.
    """
    for pending in part:
        outcome = said.get(pending.pair, others)
        if outcome is None:
            if pending.id not in job.doubts:
                job.pool.mark_not_sent(pending)
            continue
        in_all = merge_with_earlier_attempt(_in_all(pending, outcome), job.doubts.get(pending.id, pending.earlier))
        if in_all.status is Status.UNCONFIRMED:
            job.doubts[pending.id] = in_all
        job.pool.record(pending, in_all, final=in_all.status is Status.LINKED)


def _dated(said: Mapping[Pair, Outcome], attempts: int) -> dict[Pair, Outcome]:
    """The outcomes of pairs, dated; most pairs share one, which is dated once."""
    distinct = {id(outcome): outcome for outcome in said.values()}
    known = {key: dated(outcome, attempts) for key, outcome in distinct.items()}
    return {pair: known[id(outcome)] for pair, outcome in said.items()}


def _in_all(pending: PendingPair, outcome: Outcome) -> Outcome:
    """The outcome with the attempts of earlier processes added to its own."""
    if pending.earlier is None or not pending.earlier.attempts:
        return outcome
    return replace(outcome, attempts=outcome.attempts + pending.earlier.attempts)
