"""Chunks of pairs in the order of the file, whatever the workers do."""

import asyncio
import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from importer.journal import PendingPair
from importer.model import Pair, Status
from importer.pool.dispatch import OrderedChunks
from importer.pool.ordering import order_keys
from importer.pool.outcomes import OutcomeRecorder
from importer.pool.sender import Sender
from importer.pool.stop_signal import StopSignal
from tests.pool.test_ordering import pairs, pending_of
from tests.support.simulated_time import simulate


class Chunker:
    """An engine that only has a size of its chunks."""

    def __init__(self, max_chunk: int) -> None:
        self.max_chunk = max_chunk

    def chunk_size(self, pending: PendingPair) -> int:
        return self.max_chunk

    async def process(self, chunk: Sequence[PendingPair], sender: Sender, outcomes: OutcomeRecorder) -> None:
        raise NotImplementedError


@given(
    st.lists(pairs, unique=True, max_size=60), st.integers(1, 9), st.integers(1, 6), st.randoms(use_true_random=False)
)
def test_any_workers_get_every_pair_once_in_order_and_end(
    found: list[Pair], size: int, workers: int, rng: random.Random
) -> None:
    pending = pending_of(found)
    claimed: list[PendingPair] = []
    begun: list[PendingPair] = []
    busy: set[object] = set()

    async def work(chunks: OrderedChunks) -> None:
        while (chunk := await chunks.next()) is not None:
            assert set(chunk) <= set(claimed)
            keys = {key for one in chunk for key in order_keys(one)}
            assert not busy & keys
            busy.update(keys)
            begun.extend(chunk)
            await asyncio.sleep(rng.choice([0, 0.1, 1]))
            busy.difference_update(keys)
            chunks.done(chunk, {one.id: rng.choice([Status.LINKED, Status.FAILED]) for one in chunk})

    async def main() -> None:
        chunks = OrderedChunks(
            lambda after, limit: [one for one in pending if one.id > after][: rng.randint(1, 9)],
            claimed.extend,
            Chunker(size),
            StopSignal(),
        )
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work(chunks))

    simulate(main())
    assert sorted(one.id for one in begun) == [one.id for one in pending]
    for key in {key for one in begun for key in order_keys(one)}:
        own = [one.id for one in begun if key in order_keys(one)]
        assert own == sorted(own)
