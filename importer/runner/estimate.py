"""What sending takes: calls and minutes by engine, translate_errors before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from importer.config import EngineName, Rate, Settings
from importer.hubspot.rate_limiter import CAUTIOUS_RATE
from importer.pool import MAX_PAIRS, MAX_RECORDS


@dataclass(frozen=True, slots=True)
class Costs:
    """Calls and minutes to settle the pending pairs by each engine; `rate` and `batch_rate` are as `N/SECONDS`.

    `calls` and `minutes` are those of the engine that is set. Pairs that a batch does not link cost a call each on top.
    `read_calls` is what `--only-missing` spends to find out what is linked already; it then sends only the rest.
    """

    engine: EngineName
    only_missing: bool
    rate: str
    batch_rate: str
    put_calls: int
    put_minutes: float
    batch_calls: int
    batch_minutes: float
    read_calls: int

    @property
    def calls(self) -> int:
        """The calls of the engine that is set, with the reads of `--only-missing`: the most when nothing fails."""
        sending = self.put_calls if self.engine is EngineName.PUT else self.batch_calls
        return sending + (self.read_calls if self.only_missing else 0)

    @property
    def minutes(self) -> float:
        """The minutes that `calls` take."""
        sending = self.put_minutes if self.engine is EngineName.PUT else self.batch_minutes
        reading = self.put_minutes * self.read_calls / self.put_calls if self.put_calls and self.only_missing else 0.0
        return sending + reading


def costs(pending: Sequence[int], settings: Settings) -> Costs:
    """What settling takes; `pending` holds the number of pairs to send for each pair of object types."""
    rate = initial_rate(settings)
    batch_calls = sum(ceil(pairs / MAX_PAIRS) for pairs in pending)
    return Costs(
        settings.engine,
        settings.only_missing,
        str(rate),
        str(settings.batch_rate),
        sum(pending),
        _minutes(sum(pending), rate),
        batch_calls,
        _minutes(batch_calls, settings.batch_rate),
        sum(ceil(pairs / MAX_RECORDS) for pairs in pending),
    )


def initial_rate(settings: Settings) -> Rate:
    """The rate that a run begins with."""
    return settings.rate if isinstance(settings.rate, Rate) else CAUTIOUS_RATE


def _minutes(calls: int, rate: Rate) -> float:
    return calls * rate.seconds / rate.calls / 60
