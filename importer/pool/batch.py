"""The engine `batch`: up to 2,000 pairs a call. What it does not settle stays pending, for the engine `put`."""

from collections.abc import Sequence
from dataclasses import replace

from importer.hubspot.batch_verdict import judge_batch
from importer.hubspot.client import HubSpotClient
from importer.hubspot.pace import Pace
from importer.hubspot.verdict import Action, Verdict, with_doubt
from importer.journal import PendingPair
from importer.model import Outcome, Pair, Status
from importer.pool.attempts import Attempts
from importer.pool.put import dated
from importer.pool.workers import Pool

MOST_PAIRS = 2_000
"""Pairs that one batch call takes. Source: HubSpot, v4 guide."""

_MOST_REFUSALS = 10
"""Batches refused in a row until no more are tried: their refusal has no single pair to find."""


class BatchEngine:
    """Links what HubSpot takes in batches; a pair that an answer does not name as linked is not settled here.

    A batch that fails as a whole is split in halves, down to single pairs, so that one bad pair costs the others
    nothing. A pair that a lost or odd answer leaves in doubt is recorded so, unsettled.
    """

    portion = MOST_PAIRS

    def __init__(self, client: HubSpotClient, pace: Pace) -> None:
        """Send through `client` at a pace of its own: batch calls do not count in the account's rolling window."""
        self._client = client
        self._pace = pace
        self._refusals = 0

    async def settle(self, pool: Pool, portion: Sequence[PendingPair]) -> None:
        """Send the portion, or its halves when it fails as a whole."""
        waiting = [portion]
        while waiting and pool.stopped is None and self._refusals < _MOST_REFUSALS:
            part = waiting.pop()
            if not await self._is_taken(pool, part) and len(part) > 1 and not pool.is_blocked(part[0]):
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]

    async def _is_taken(self, pool: Pool, part: Sequence[PendingPair]) -> bool:
        """Send one batch until it is settled and record what is known then; whether HubSpot took it as a whole."""
        attempts = Attempts(pool, part[0])
        pairs = [pending.pair for pending in part]
        last: Outcome | None = None
        doubt: Outcome | None = None
        said: dict[Pair, Outcome] = {}
        goes_on = True
        try:
            while goes_on:
                answer = await pool.send(lambda: self._client.link_many(pairs), part, self._pace)
                verdict, said = judge_batch(answer, pairs)
                last = dated(with_doubt(_for_all(verdict), doubt), attempts.count + 1)
                doubt = last if last.status is Status.UNCONFIRMED else doubt
                said = _dated(said, last.attempts)
                goes_on = await attempts.ask_again(verdict)
        finally:
            if last is not None:
                _record(pool, part, last if last.status is Status.NOT_SENT else doubt, said)
        is_taken = last is not None and last.status is Status.LINKED
        self._refusals = 0 if is_taken else self._refusals + 1
        return is_taken


def _for_all(verdict: Verdict) -> Outcome:
    """What an answer to a batch means for each of its pairs: a refusal of the batch is none of a single pair."""
    if verdict.outcome.status is Status.FAILED and verdict.action is Action.STOP_TYPES:
        return replace(verdict.outcome, status=Status.NOT_SENT)
    return verdict.outcome


def _record(pool: Pool, part: Sequence[PendingPair], others: Outcome | None, said: dict[Pair, Outcome]) -> None:
    """Record what the last answer said of a pair, else what is known of all; what is known not to be linked, clear."""
    for pending in part:
        outcome = said.get(pending.pair, others)
        if outcome is None:
            pool.clear(pending)
        else:
            in_all = with_doubt(_in_all(pending, outcome), pending.earlier)
            pool.record(pending, in_all, settled=in_all.status is Status.LINKED)


def _dated(said: dict[Pair, Outcome], attempts: int) -> dict[Pair, Outcome]:
    """The outcomes of pairs, dated; most pairs share one, which is dated once."""
    distinct = {id(outcome): outcome for outcome in said.values()}
    known = {key: dated(outcome, attempts) for key, outcome in distinct.items()}
    return {pair: known[id(outcome)] for pair, outcome in said.items()}


def _in_all(pending: PendingPair, outcome: Outcome) -> Outcome:
    """The outcome with the attempts of earlier processes added to its own."""
    if pending.earlier is None or not pending.earlier.attempts:
        return outcome
    return replace(outcome, attempts=outcome.attempts + pending.earlier.attempts)
