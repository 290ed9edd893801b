"""The engine `put`: one call a pair."""

from collections.abc import Sequence
from dataclasses import replace

from importer.hubspot.classify import classify_response, merge_with_earlier_attempt
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.pool import Pool
from importer.pool.retrying import Attempts
from importer.timestamps import utc_now_text


class PutEngine:
    """One PUT a pair, repeated while HubSpot is busy, until the answer can be trusted or the attempts are used up."""

    chunk = 1

    def __init__(self, client: HubSpotClient) -> None:
        """Send through `client`."""
        self._client = client

    def size(self, pending: PendingPair) -> int:
        """Return 1: a call is about one pair."""
        return 1

    async def process(self, pool: Pool, chunk: Sequence[PendingPair]) -> None:
        """Settle each pair of the chunk."""
        for pending in chunk:
            await self.settle_pair(pool, pending)

    async def settle_pair(self, pool: Pool, pending: PendingPair) -> None:
        """Ask until the pair is settled; should the pool stop meanwhile, what is known until then is recorded."""
        attempts = Attempts(pool, pending)
        earlier = pending.earlier
        attempted = earlier.attempts if earlier is not None else 0
        outcome: Outcome | None = None
        try:
            goes_on = not pool.is_blocked(pending)
            while goes_on:
                answer = await pool.send(lambda: self._client.link(pending.pair), [pending])
                verdict = classify_response(answer, pending.pair)
                doubted = merge_with_earlier_attempt(verdict.outcome, outcome or earlier, is_proof=verdict.is_proof)
                outcome = dated(doubted, attempted + attempts.count + 1)
                goes_on = await attempts.ask_again(verdict)
        finally:
            if outcome is not None:
                # A pair in doubt when the run stops is asked again by the next process, not only read back.
                is_cut_short = pool.stopped is not None or pool.is_blocked(pending)
                is_settled = attempts.final and not (is_cut_short and outcome.status is Status.UNCONFIRMED)
                pool.record(pending, outcome, final=is_settled)


def dated(outcome: Outcome, attempts: int) -> Outcome:
    """The outcome with the number of attempts, and the time now where the answer gave none."""
    return replace(outcome, attempts=attempts, completed_at=outcome.completed_at or utc_now_text("milliseconds"))
