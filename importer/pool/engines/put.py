"""The engine `put`: one call per pair."""

from collections.abc import Sequence

from importer.hubspot.classify import merge_with_earlier_attempt
from importer.hubspot.client import HubSpotClient
from importer.journal import PendingPair
from importer.model import Outcome, Status
from importer.pool.operation import LINK, Operation
from importer.pool.outcomes import Recorder, with_attempts
from importer.pool.retrying import Attempts
from importer.pool.sender import Sender


class PutEngine:
    """Makes one call per pair, repeated until the response can be trusted or the attempts are exhausted."""

    max_chunk = 1

    def __init__(self, client: HubSpotClient, operation: Operation = LINK) -> None:
        """Apply `operation` through `client`."""
        self._client = client
        self._operation = operation

    def chunk_size(self, pending: PendingPair) -> int:
        """Return 1: each call is about one pair."""
        return 1

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: Recorder) -> None:
        """Process each pair of the chunk; if the run stops meanwhile, record what is known by then."""
        for pending in chunk:
            await self.process_pair(pending, sender, outcomes)

    async def process_pair(self, pending: PendingPair, sender: Sender, outcomes: Recorder) -> None:
        """Make the call for a pair until its outcome is final."""
        attempts = Attempts(sender, pending)
        earlier = pending.earlier
        attempted = earlier.attempts if earlier is not None else 0
        outcome: Outcome | None = None
        try:
            repeat = not sender.signal.is_blocked(pending)
            while repeat:
                response = await sender.send(lambda: self._operation.call(self._client, pending.pair), [pending])
                decision = self._operation.classify(response, pending.pair)
                merged = merge_with_earlier_attempt(decision.outcome, outcome or earlier, is_proof=decision.is_proof)
                outcome = with_attempts(merged, attempted + attempts.count + 1)
                repeat = await attempts.retry(decision)
        finally:
            if outcome is not None:
                # A pair that is unconfirmed when the run stops is sent again by the next process, not only read back.
                is_interrupted = sender.signal.stops(pending) and outcome.status is Status.UNCONFIRMED
                outcomes.record(pending, outcome, final=attempts.final and not is_interrupted)
