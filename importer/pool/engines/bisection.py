"""Sending many inputs in few calls: halve what is refused as a whole, and learn how many inputs a call may have."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

_HOPELESS_AT_FIRST, _HOPELESS = 3, 8
"""Single inputs refused in a row until the rest of a chunk is given up: before anything passes, and after."""

_LEAST_CALLS = 60
"""Calls that any chunk may cost: enough to isolate two bad inputs among the most that a call takes."""

_INPUTS_A_CALL = 4
"""A chunk may cost a call for each so many inputs. Batch calls run at 5/s by default and single ones at up to 15/s,
so beyond about 2 % of bad inputs, each isolated by some 2·log2(2,000) calls, single calls are quicker."""

_MOST_IN_VAIN = 5
"""Portions given up one after the other until calls of their kind end: more than a block of bad inputs in a good file.
One that used up its budget counts twice, since it cost more than it was worth."""

Input = TypeVar("Input")


@dataclass(frozen=True, slots=True)
class Reply(Generic[Input]):
    """Whether a call was taken; else how many inputs another may have, if the refusal says so, and its message.

    `attempts` is how often it was made. `rest` are the inputs, fewer than were sent, that a taken call leaves to be
    sent once more, `allowed` at a time.
    """

    is_taken: bool
    allowed: int | None = None
    message: str = ""
    rest: Sequence[Input] = ()
    attempts: int = 1


Send = Callable[[Sequence[Input]], Awaitable[Reply[Input] | None]]
"""Makes one call; None when no other call may follow."""


@dataclass(slots=True)
class _Chunk:
    """How the inputs of one chunk fare."""

    budget: int
    passed: int = 0
    refused: list[int] = field(default_factory=list)
    refused_alone: int = 0
    refused_in_a_row: int = 0
    allowed: int | None = None
    message: str = ""

    @property
    def is_hopeless(self) -> bool:
        """Whether more calls are not worth their cost."""
        return self.budget <= 0 or self.refused_in_a_row >= (_HOPELESS if self.passed else _HOPELESS_AT_FIRST)

    def note(self, size: int, reply: Reply[Input]) -> None:
        """Take what became of a call with `size` inputs."""
        self.budget -= reply.attempts
        if reply.is_taken:
            self.passed = max(self.passed, size)
            self.refused_in_a_row = 0
            return
        self.message = reply.message or self.message
        self.allowed = reply.allowed or self.allowed
        if size == 1:
            self.refused_alone += 1
            self.refused_in_a_row += 1
        else:
            self.refused.append(size)


class Bisection:
    """Sends the chunks of one kind of call, one endpoint and pair of object types, in as few calls as are taken.

    A refused call is halved, down to single inputs; the sender learns of each call. When halves pass whose whole was
    refused, the size was at fault: later calls are smaller, nearing the largest size that passes. Only one chunk at a
    time tries a size that has not passed yet, so that a limit costs a few calls and not a few for each worker.
    """

    def __init__(self, name: str, most: int, otherwise: str) -> None:
        """Prepare calls with at most `most` inputs each.

        For log lines `name` says what is sent, `otherwise` what becomes of inputs that are not worth more calls.
        """
        self.is_closed = False
        self._name = name
        self._otherwise = otherwise
        self._most = most
        self._passed = 0
        self._too_many = most + 1
        self._in_vain = 0
        self._has_warned = False
        self._trial = asyncio.Lock()

    @property
    def size(self) -> int:
        """How many inputs the next call may have: the most, or between what passed and what was too many."""
        if self._too_many > self._most or not self._passed:
            return min(self._most, self._too_many - 1)
        gap = self._too_many - self._passed
        return self._passed + gap // 2 if gap > max(1, self._passed // 16) else self._passed

    async def process(self, inputs: Sequence[Input], send: Send[Input]) -> None:
        """Send all inputs, as far as it is worth the calls; those left over were never sent alone."""
        if self._is_untried(inputs):
            async with self._trial:
                if self._is_untried(inputs):  # nobody else has found out meanwhile
                    await self._process(inputs, send)
                    return
        await self._process(inputs, send)

    def _is_untried(self, inputs: Sequence[Input]) -> bool:
        return min(len(inputs), self.size) > self._passed

    async def _process(self, inputs: Sequence[Input], send: Send[Input]) -> None:
        in_vain = self._in_vain
        chunk = _Chunk(max(_LEAST_CALLS, len(inputs) // _INPUTS_A_CALL))
        waiting = _chunks(inputs, self.size)
        largest_next = False
        while waiting and not self.is_closed and not chunk.is_hopeless:
            # After a single refused input the largest part waiting says most about the rest.
            index = max(range(len(waiting)), key=lambda i: len(waiting[i])) if largest_next else -1
            part = waiting.pop(index)
            reply = await send(part)
            if reply is None:
                return
            chunk.note(len(part), reply)
            if reply.is_taken:
                self._passed = max(self._passed, len(part))
                waiting += _chunks(reply.rest, reply.allowed or len(reply.rest))
            elif len(part) > 1:
                waiting += _chunks(part, reply.allowed or -(-len(part) // 2))
            largest_next = not reply.is_taken and len(part) == 1
        self._learn(chunk, is_left=bool(waiting), in_vain=in_vain)

    def _learn(self, chunk: _Chunk, *, is_left: bool, in_vain: int) -> None:
        """Take what a chunk taught; `in_vain` were the chunks given up in a row when it began."""
        if chunk.is_hopeless and is_left:
            self._give_up(chunk, in_vain)
            return
        self._in_vain = 0
        too_many = [size for size in chunk.refused if size > self._passed]
        if too_many and not chunk.refused_alone:
            if chunk.allowed == self._passed:
                too_many.append(self._passed + 1)
            if self._too_many > self._most:
                message = "%s: calls with %s inputs are refused and smaller ones taken, so smaller ones follow."
                logger.info(message, self._name, f"{min(chunk.refused):,}")
            self._too_many = min(*too_many, self._too_many)

    def _give_up(self, chunk: _Chunk, in_vain: int) -> None:
        if chunk.budget > 0 and chunk.passed:
            self._in_vain = 0
        else:  # chunks that ran at the same time met the same bad moment, so they count once
            self._in_vain = max(self._in_vain, in_vain + (1 if chunk.budget > 0 else 2))
        self._passed = 0  # the next chunk goes alone
        if not self._has_warned:
            self._has_warned = True
            message = "%s: HubSpot refuses too many, even one at a time (%s). %s"
            logger.warning(message, self._name, chunk.message or "no reason given", self._otherwise)
        if self._in_vain >= _MOST_IN_VAIN and not self.is_closed:
            self.is_closed = True
            logger.warning("%s: this did not change, so no more are sent in this run.", self._name)


def _chunks(inputs: Sequence[Input], size: int) -> list[Sequence[Input]]:
    """The inputs in chunks, the first one last: that one is taken from the end of the list."""
    return [inputs[start : start + size] for start in range(0, len(inputs), size or 1)][::-1]
