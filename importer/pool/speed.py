"""The speed of a run while it works, without its pauses, and the time that the rest takes at that speed."""

from collections import deque
from dataclasses import dataclass

from importer.config import EngineName, Rate, Settings
from importer.model import Operation
from importer.pool.call_meter import CallMeter

_WINDOW = 30.0
"""Seconds of work over which the speed is measured."""

_PAIRS_OF_A_CALL = 1_000
"""Pairs that a read or a batch call is about at most, roughly."""

_MIN_WORK = 2.0
"""Seconds of work after which the speed is regarded as known."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """The counts after `worked` seconds of work."""

    worked: float
    calls: int
    done: int


class Speed:
    """Measures the calls and pairs per second of one engine; the time of pauses does not count."""

    def __init__(self, meter: CallMeter, settings: Settings, operation: Operation) -> None:
        """Take the time from `meter`; `settings` and `operation` determine how many pairs a call is about."""
        self._meter = meter
        self._is_put = operation is Operation.LINK and settings.engine is EngineName.PUT
        self._samples: deque[_Sample] = deque()

    def restart(self) -> None:
        """Forget the speed, because other calls follow."""
        self._samples.clear()

    def measure(self, calls: int, done: int) -> None:
        """Add the numbers of calls made and pairs done so far; call this about once a second."""
        worked, samples = self._meter.worked(), self._samples
        while samples and samples[-1].worked >= worked:  # a pause, which may be noticed only after a second
            samples.pop()
        samples.append(_Sample(worked, calls, done))
        while len(samples) > 2 and samples[1].worked <= worked - _WINDOW:
            samples.popleft()

    @property
    def calls_per_second(self) -> float | None:
        """The calls begun per second of work, None while unknown."""
        if self._work < _MIN_WORK:
            return None
        return (self._samples[-1].calls - self._samples[0].calls) / self._work

    def seconds_left(self, left: int, limit: Rate) -> float:
        """Return the seconds of work for `left` pairs; until the speed is known, at the rate limit.

        With the engine `put` a pair is a call, unless it is found to be linked already. A call of the others is about
        many pairs, so that the speed of pairs counts.
        """
        highest = limit.calls / limit.seconds
        if self._is_put:
            return left / min(self.calls_per_second or highest, highest)
        done = self._samples[-1].done - self._samples[0].done if self._work >= _MIN_WORK else 0
        return left * self._work / done if done > 0 else left / _PAIRS_OF_A_CALL / highest

    @property
    def _work(self) -> float:
        return self._samples[-1].worked - self._samples[0].worked if self._samples else 0.0
