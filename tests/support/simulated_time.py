"""An event loop on simulated time: it never waits, its clock jumps to whatever is due next."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

ROUND = 1e-4
"""Simulated seconds that a round of a `LoopbackLoop` takes, about as long as a real one."""
_GRACE = 0.001
"""Real seconds that a busy kernel may take to deliver what was sent over loopback."""
_LONGEST_SILENCE = 20.0
"""Real seconds without an event or a timer after which a test is regarded as hanging."""


class _Jump(selectors.SelectSelector):
    """Selector that returns immediately and advances the clock of its loop by the requested timeout."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return no events."""
        if timeout is None:
            raise RuntimeError("nothing is scheduled, yet a task waits: a slot was lost")
        self.now += timeout + 1e-6  # every round takes a moment; otherwise rounding could keep a timer due forever
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Event loop whose `time` starts at 0 and advances only when nothing can run, or by `stall`."""

    def __init__(self) -> None:
        self._clock = _Jump()
        super().__init__(self._clock)

    def time(self) -> float:
        """The simulated time in seconds."""
        return self._clock.now

    def stall(self, seconds: float) -> None:
        """Let time pass while nothing runs, as if a call blocked the loop."""
        self._clock.now += seconds


class _JumpWhenIdle(selectors.DefaultSelector):
    """Selector that waits for no timer: when its sockets are idle, the clock jumps to what is due next."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return the events there are; without any, advance the clock by the requested timeout."""
        self.now += ROUND
        events = super().select(0)
        if events or timeout == 0:
            return events
        events = super().select(_LONGEST_SILENCE if timeout is None else _GRACE)
        if not events and timeout is None:
            raise RuntimeError("nothing is scheduled, yet a task waits")
        if not events and timeout is not None:
            self.now += timeout
        return events


class LoopbackLoop(asyncio.SelectorEventLoop):
    """Event loop on simulated time with real sockets, for a client and a server that both run on it.

    Whatever one of them sends has arrived before the clock jumps, so that latencies, retries and timeouts take no real
    time. Nothing outside the loop (a thread, another process, another host) may be waited for.
    """

    def __init__(self) -> None:
        self._clock = _JumpWhenIdle()
        super().__init__(self._clock)

    def time(self) -> float:
        """The simulated time in seconds."""
        return self._clock.now


def simulate(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on simulated time and return its result; errors in timers fail too."""
    wrong: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: wrong.append(context))
        result = runner.run(main)
    assert wrong == []
    return result


def stall(seconds: float) -> None:
    """Stall the running simulated loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    loop.stall(seconds)


def now() -> float:
    """Return the simulated time in seconds."""
    return asyncio.get_running_loop().time()
