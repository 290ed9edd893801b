"""Dispatch: hands out the pairs of a pass in chunks as workers become free."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from importer.journal import PendingPair
from importer.model import Status
from importer.pool.engine import Engine
from importer.pool.ordering import OrderedPairs
from importer.pool.stop_signal import StopSignal, Types, types_of

_MIN_CLAIM = 100
"""Minimum number of pairs claimed at a time; small, since all of them are unconfirmed after a crash."""

_MIN_READ = 500
"""Minimum number of pairs read from the journal at a time."""

MAX_HELD = 40_000
"""Maximum number of pairs held by all workers together, and of pairs waiting in memory."""

MAX_READ_AT_ONCE = 10
"""Maximum number of unordered chunks of several pairs in progress: at most eight reads are in flight anyway."""

_SHORT_WAIT = 2_000
"""Up to this number of waiting pairs, more are read to avoid small claims."""

Source = Callable[[int, int], list[PendingPair]]
"""Returns the next pairs numbered above the first argument; the second is their maximum number."""


class Chunks(Protocol):
    """Chunks of pairs of the same object types, each of the size that the engine currently asks for."""

    async def next(self) -> list[PendingPair] | None:
        """Return the next chunk; None when there are no more or the run has stopped."""

    def done(self, chunk: Sequence[PendingPair], final: Mapping[int, Status]) -> None:
        """Record that a chunk was processed; `final` maps pair numbers to the statuses of final outcomes."""


class UnorderedChunks:
    """The pairs of a source in any order, for engines that only read."""

    def __init__(self, source: Source, engine: Engine, signal: StopSignal) -> None:
        """Read from `source`."""
        self._chunks = _chunks_of(source, engine)
        self._signal = signal

    async def next(self) -> list[PendingPair] | None:
        """Return the next chunk."""
        return None if self._signal.stopped is not None else next(self._chunks, None)

    def done(self, chunk: Sequence[PendingPair], final: Mapping[int, Status]) -> None:
        """Do nothing."""


def _chunks_of(source: Source, engine: Engine) -> Iterator[list[PendingPair]]:
    """Yield the pairs of `source`; at most one chunk for each combination of object types waits to be filled."""
    filling: dict[Types, list[PendingPair]] = {}
    last = 0
    while found := source(last, max(engine.max_chunk, _MIN_CLAIM)):
        last = found[-1].id
        for pending in found:
            types = types_of(pending)
            chunk = filling.setdefault(types, [])
            chunk.append(pending)
            if len(chunk) >= engine.chunk_size(pending):
                yield filling.pop(types)
    yield from filling.values()


class OrderedChunks:
    """The pending pairs; those of one record follow each other in source order.

    Pairs are read ahead, but claimed only when they can be sent. A worker waits while all remaining pairs must follow
    pairs in progress. Belongs to one event loop.
    """

    def __init__(
        self,
        read: Source,
        claim: Callable[[Sequence[PendingPair]], None],
        engine: Engine,
        signal: StopSignal,
    ) -> None:
        """Read pairs with `read`, and call `claim` before they are handed out."""
        self._read = read
        self._claim = claim
        self._engine = engine
        self._signal = signal
        self._last = 0
        self._read_size = max(engine.max_chunk, _MIN_READ)
        self._is_exhausted = False
        self._pairs = OrderedPairs()
        self._claimed: deque[list[PendingPair]] = deque()
        self._in_progress = 0
        self._idle: deque[asyncio.Future[None]] = deque()

    async def next(self) -> list[PendingPair] | None:
        """Return the next chunk as soon as there is one that can be sent."""
        while self._signal.stopped is None:
            if self._claimed or self._claim_ready():
                self._in_progress += 1
                chunk = self._claimed.popleft()
                self._wake_one()
                return chunk
            if not self._in_progress:
                break
            await self._wait()
        self._wake_all()
        return None

    def done(self, chunk: Sequence[PendingPair], final: Mapping[int, Status]) -> None:
        """Release the pairs that waited for those in the chunk."""
        self._in_progress -= 1
        if self._signal.is_blocked(chunk[0]):  # no later pair of these types is sent either
            final = dict.fromkeys((pending.id for pending in chunk), Status.NOT_SENT) | dict(final)
        self._pairs.done(chunk, final)
        self._wake_one()

    def _claim_ready(self) -> bool:
        """Claim chunks of pairs that can be sent; return whether there are any."""
        while self._can_read() and not self._has_enough():
            found = self._read(self._last, self._read_size)
            self._is_exhausted = not found
            if found:
                self._last = found[-1].id
                self._pairs.add(found)
        chunks: list[list[PendingPair]] = []
        claimed: list[PendingPair] = []
        while len(claimed) < _MIN_CLAIM and (first := self._pairs.largest()) is not None:
            size = self._engine.chunk_size(first)
            if claimed and self._pairs.ready(first) < size:
                break
            chunk = self._pairs.take(first, size)
            chunks.append(chunk)
            claimed += chunk
        if claimed:
            self._claim(claimed)  # before any worker can take them: a pair that was sent must be known to be in flight
            self._claimed.extend(chunks)
        return bool(claimed)

    def _can_read(self) -> bool:
        return not self._is_exhausted and len(self._pairs) + self._read_size <= MAX_HELD

    def _has_enough(self) -> bool:
        """Return whether a chunk can be filled, and also a claim unless many pairs are waiting already."""
        first = self._pairs.largest()
        if first is None:
            return False
        size = self._engine.chunk_size(first)
        return self._pairs.ready(first) >= (size if len(self._pairs) > _SHORT_WAIT else max(size, _MIN_CLAIM))

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._idle.append(turn)
        await turn

    def _wake_one(self) -> None:
        """Wake an idle worker if there may be something for it."""
        if not self._idle:
            return
        if self._signal.stopped is not None or not self._in_progress:
            self._wake_all()
        elif self._claimed or self._pairs.largest() is not None or self._can_read():
            while self._idle:
                turn = self._idle.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return

    def _wake_all(self) -> None:
        while self._idle:
            turn = self._idle.popleft()
            if not turn.done():
                turn.set_result(None)
