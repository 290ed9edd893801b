"""Sends many inputs in few calls: halves chunks that are rejected, and learns how many inputs a call may have."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

_MAX_REJECTED_AT_FIRST, _MAX_REJECTED = 3, 8
"""Consecutive rejected single inputs after which a chunk is abandoned: before any call is accepted, and after."""

_MIN_BUDGET = 60
"""Calls that any chunk may cost: enough to isolate two bad inputs in a chunk of the maximum size."""

_INPUTS_PER_CALL = 4
"""A chunk may cost one call per this number of inputs. Batch calls run at 5/s by default and single ones at up to 15/s,
so above about 2 % of bad inputs, each isolated by about 2·log2(2,000) calls, single calls are faster."""

_MAX_ABANDONED = 5
"""Consecutive abandoned chunks after which no more are sent: more than a block of bad inputs in an otherwise good
file causes. A chunk that used up its budget counts twice, since it cost more than it was worth."""

Input = TypeVar("Input")


@dataclass(frozen=True, slots=True)
class CallResult(Generic[Input]):
    """The result of a call: if it was rejected, with the number of inputs allowed (None if unknown) and the message.

    `attempts` is how often the call was made. `rest` holds those inputs of an accepted call, never all of them, that
    must be sent again, `allowed` at a time.
    """

    is_accepted: bool
    allowed: int | None = None
    message: str = ""
    rest: Sequence[Input] = ()
    attempts: int = 1


Send = Callable[[Sequence[Input]], Awaitable[CallResult[Input] | None]]
"""Makes one call; returns None if no other call may follow."""


@dataclass(slots=True)
class _Chunk:
    """The progress of one chunk; `accepted` is the largest size accepted, `rejected` holds the sizes rejected."""

    budget: int
    accepted: int = 0
    rejected: list[int] = field(default_factory=list)
    rejected_alone: int = 0
    rejected_in_a_row: int = 0
    allowed: int | None = None
    message: str = ""

    @property
    def is_abandoned(self) -> bool:
        """True if further calls are not worth their cost."""
        return self.budget <= 0 or self.rejected_in_a_row >= (
            _MAX_REJECTED if self.accepted else _MAX_REJECTED_AT_FIRST
        )

    def count(self, size: int, result: CallResult[Input]) -> None:
        """Count the result of a call with `size` inputs."""
        self.budget -= result.attempts
        if result.is_accepted:
            self.accepted = max(self.accepted, size)
            self.rejected_in_a_row = 0
            return
        self.message = result.message or self.message
        self.allowed = result.allowed or self.allowed
        if size == 1:
            self.rejected_alone += 1
            self.rejected_in_a_row += 1
        else:
            self.rejected.append(size)


class Bisection:
    """Sends the chunks of one kind of call (one endpoint and pair of object types) in as few calls as possible.

    A rejected call is halved, down to single inputs. If all parts of a rejected call are accepted, its size was the
    problem: later calls are smaller, approaching the largest size that is accepted. Only one chunk at a time tries a
    size that has not been accepted yet, so that a limit costs a few calls, not a few for each worker.
    """

    def __init__(self, name: str, maximum: int, otherwise: str) -> None:
        """Prepare calls with at most `maximum` inputs each.

        In log messages `name` is the kind of call, and `otherwise` says what happens to the inputs that remain.
        """
        self.is_closed = False
        self._name = name
        self._otherwise = otherwise
        self._max = maximum
        self._accepted = 0
        self._too_many = maximum + 1
        self._abandoned = 0
        self._has_warned = False
        self._trial = asyncio.Lock()

    @property
    def size(self) -> int:
        """The number of inputs of the next call: the maximum, or between the accepted and the rejected sizes."""
        if self._too_many > self._max or not self._accepted:
            return min(self._max, self._too_many - 1)
        gap = self._too_many - self._accepted
        return self._accepted + gap // 2 if gap > max(1, self._accepted // 16) else self._accepted

    async def process(self, inputs: Sequence[Input], send: Send[Input]) -> None:
        """Send all inputs as long as that is worth the calls; inputs that remain were never sent alone."""
        if self._is_untried(inputs):
            async with self._trial:
                if self._is_untried(inputs):  # another chunk may have tried it meanwhile
                    await self._process(inputs, send)
                    return
        await self._process(inputs, send)

    def _is_untried(self, inputs: Sequence[Input]) -> bool:
        return min(len(inputs), self.size) > self._accepted

    async def _process(self, inputs: Sequence[Input], send: Send[Input]) -> None:
        abandoned = self._abandoned
        chunk = _Chunk(max(_MIN_BUDGET, len(inputs) // _INPUTS_PER_CALL))
        waiting = _chunks(inputs, self.size)
        largest_next = False
        while waiting and not self.is_closed and not chunk.is_abandoned:
            # After a single rejected input, the largest remaining part shows most about the rest.
            index = max(range(len(waiting)), key=lambda i: len(waiting[i])) if largest_next else -1
            part = waiting.pop(index)
            result = await send(part)
            if result is None:
                return
            chunk.count(len(part), result)
            if result.is_accepted:
                self._accepted = max(self._accepted, len(part))
                waiting += _chunks(result.rest, result.allowed or len(result.rest))
            elif len(part) > 1:
                waiting += _chunks(part, result.allowed or -(-len(part) // 2))
            largest_next = not result.is_accepted and len(part) == 1
        self._learn(chunk, has_remaining=bool(waiting), abandoned=abandoned)

    def _learn(self, chunk: _Chunk, *, has_remaining: bool, abandoned: int) -> None:
        """Learn from a finished chunk; `abandoned` is the number of chunks abandoned in a row when it started."""
        if chunk.is_abandoned and has_remaining:
            self._abandon(chunk, abandoned)
            return
        self._abandoned = 0
        too_many = [size for size in chunk.rejected if size > self._accepted]
        if too_many and not chunk.rejected_alone:
            if chunk.allowed == self._accepted:
                too_many.append(self._accepted + 1)
            if self._too_many > self._max:
                message = "%s: calls with %s inputs are rejected and smaller ones accepted, so smaller ones are made."
                logger.info(message, self._name, f"{min(chunk.rejected):,}")
            self._too_many = min(*too_many, self._too_many)

    def _abandon(self, chunk: _Chunk, abandoned: int) -> None:
        if chunk.budget > 0 and chunk.accepted:
            self._abandoned = 0
        else:  # chunks that ran at the same time met the same problem, so they count once
            self._abandoned = max(self._abandoned, abandoned + (1 if chunk.budget > 0 else 2))
        self._accepted = 0  # the next chunk is tried alone
        if not self._has_warned:
            self._has_warned = True
            message = "%s: HubSpot rejects too many, even one at a time (%s). %s"
            logger.warning(message, self._name, chunk.message or "no reason given", self._otherwise)
        if self._abandoned >= _MAX_ABANDONED and not self.is_closed:
            self.is_closed = True
            logger.warning("%s: they are still rejected, so no more are sent in this run.", self._name)


def _chunks(inputs: Sequence[Input], size: int) -> list[Sequence[Input]]:
    """Return the inputs in chunks in reverse order, so that the first one is popped first."""
    return [inputs[start : start + size] for start in range(0, len(inputs), size or 1)][::-1]
