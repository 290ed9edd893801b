"""An event loop on simulated time: it never waits, its clock jumps to whatever is due next."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jump(selectors.SelectSelector):
    """Waits for nothing but moves the clock of its loop on by as long as it was asked to wait."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Say at once that nothing came."""
        if timeout is None:
            raise RuntimeError("nothing is due any more, yet somebody waits: a place was lost")
        self.now += timeout + 1e-6  # every round takes a moment, else rounding leaves a timer due for ever
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """`time` starts at 0 and moves only when all that can run has run, or by a `stall`."""

    def __init__(self) -> None:
        self._clock = _Jump()
        super().__init__(self._clock)

    def time(self) -> float:
        """The simulated time in seconds."""
        return self._clock.now

    def stall(self, seconds: float) -> None:
        """Let time pass while nothing runs, as if a call blocked the loop."""
        self._clock.now += seconds


def simulate(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on simulated time and return its result; what goes wrong in a timer fails too."""
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
    """The simulated time."""
    return asyncio.get_running_loop().time()
