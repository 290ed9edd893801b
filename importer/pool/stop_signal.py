"""The signal that stops a run, or the sending of pairs of some object types."""

import asyncio
from types import TracebackType

from importer.journal import PendingPair
from importer.model import ObjectType, Pair, RecordId, Stop

Types = tuple[ObjectType, ObjectType]


class StoppedError(Exception):
    """Raised when no call may be made: the run has stopped, or pairs of these object types are blocked.

    Only `StopSignal` and `Sender` raise it; the pool's workers catch it.
    """


def types_of(pending: PendingPair) -> Types:
    """Return the object types of a pair, from and to."""
    return pending.pair.from_type, pending.pair.to_type


def pair_of_types(from_type: ObjectType, to_type: ObjectType) -> PendingPair:
    """Return a placeholder pair for calls about object types: retrying takes the types from a pair."""
    nothing = RecordId("0")
    return PendingPair(0, 0, Pair(from_type, nothing, to_type, nothing))


class StopSignal:
    """The reason why a run has stopped, and the object types that are blocked. Belongs to one event loop.

    `stopped` is set once: the first reason wins.
    """

    def __init__(self) -> None:
        """Start without a reason to stop."""
        self.stopped: Stop | None = None
        self._blocked: dict[Types, Stop] = {}
        self._waiting: set[asyncio.Task[object]] = set()

    def stop(self, stop: Stop) -> None:
        """Prevent further calls: tasks inside `interruptible` get StoppedError, calls in flight are awaited."""
        if self.stopped is None:
            self.stopped = stop
            for task in self._waiting:
                task.cancel()

    def block(self, types: Types, stop: Stop) -> None:
        """Prevent further calls for pairs of these object types."""
        self._blocked.setdefault(types, stop)

    def is_blocked(self, pending: PendingPair) -> bool:
        """Return whether pairs of these object types are blocked."""
        return bool(self._blocked) and types_of(pending) in self._blocked

    def stops(self, pending: PendingPair) -> bool:
        """Return whether no further call for this pair may be made."""
        return self.stopped is not None or self.is_blocked(pending)

    @property
    def reason(self) -> Stop | None:
        """The reason why not all pairs were sent; None if nothing was stopped."""
        return self.stopped or next(iter(self._blocked.values()), None)

    def interruptible(self) -> "_Interruptible":
        """Return a context manager for waiting: a stop ends the wait with StoppedError, as `asyncio.timeout` does."""
        return _Interruptible(self, self._waiting)


class _Interruptible:
    """A wait that a stop ends."""

    __slots__ = ("_cancelling", "_signal", "_task", "_waiting")

    def __init__(self, signal: StopSignal, waiting: set[asyncio.Task[object]]) -> None:
        self._signal = signal
        self._waiting = waiting

    def __enter__(self) -> None:
        if self._signal.stopped is not None:
            raise StoppedError
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be interrupted")
        self._task = task
        self._cancelling = task.cancelling()
        self._waiting.add(task)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.discard(self._task)
        if self._signal.stopped is None:
            return
        # The signal cancelled every waiting task exactly once; any further cancellation came from elsewhere.
        if kind is asyncio.CancelledError and self._task.uncancel() <= self._cancelling:
            raise StoppedError from None
