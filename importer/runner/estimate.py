"""Estimates calls and minutes by engine, before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from importer.config import EngineName, Rate, Settings
from importer.hubspot.rate_limiter import CAUTIOUS_RATE
from importer.pool import LABELLED_PAIRS_READ, MAX_PAIRS, MAX_RECORDS


@dataclass(frozen=True, slots=True)
class Costs:
    """Calls and minutes to send the pending pairs, by engine; `rate` and `batch_rate` are written as `N/SECONDS`.

    `calls` and `minutes` are those of the chosen engine. Pairs that are already linked are not sent; each pair that a
    batch fails to link costs one more call. `read_calls` is about the number of reads before and after sending. No
    upper bound is known: a record's links take any number of pages, and pairs of one record that wait for each other
    are read in smaller chunks.
    `preparation` is the number of reads before that: of the account, the labels, and records that are looked up.
    """

    engine: EngineName
    read_first: bool
    rate: str
    batch_rate: str
    put_calls: int
    put_minutes: float
    batch_calls: int
    batch_minutes: float
    read_calls: int
    preparation: int = 0

    @property
    def calls(self) -> int:
        """The calls of the chosen engine if nothing fails, plus all reads."""
        sending = self.put_calls if self.engine is EngineName.PUT else self.batch_calls
        return self.preparation + sending + self.read_calls

    @property
    def minutes(self) -> float:
        """The minutes that `calls` take."""
        sending = self.put_minutes if self.engine is EngineName.PUT else self.batch_minutes
        reading = self.put_minutes * self.read_calls / self.put_calls if self.put_calls else 0.0
        return sending + reading


def costs(pending: Sequence[int], settings: Settings, labelled: int = 0, preparation: int = 0) -> Costs:
    """Return the costs of sending; `pending` holds the number of pairs for each combination of object types.

    `labelled` is the number of these pairs with labels; their types are read in smaller chunks just before sending.
    """
    rate = initial_rate(settings)
    put_calls = sum(pending)
    batch_calls = sum(ceil(pairs / MAX_PAIRS) for pairs in pending)
    return Costs(
        engine=settings.engine,
        read_first=settings.read_first,
        rate=str(rate),
        batch_rate=str(settings.batch_rate),
        put_calls=put_calls,
        put_minutes=_minutes(put_calls, rate),
        batch_calls=batch_calls,
        batch_minutes=_minutes(batch_calls, settings.batch_rate),
        read_calls=_reads(pending, settings) + _label_reads(labelled, settings),
        preparation=preparation,
    )


def _reads(pending: Sequence[int], settings: Settings) -> int:
    """Return the reads of all pairs, before and after sending; none if that is disabled."""
    return 2 * sum(ceil(pairs / MAX_RECORDS) for pairs in pending) if settings.read_first else 0


def _label_reads(labelled: int, settings: Settings) -> int:
    """Return the most additional reads of labelled pairs.

    Before the run sends anything: of records that may have been merged; from the other side, and of the primary record.
    Just before a pair is sent: from both sides. Afterwards: once. At the end: of pairs that became Primary.
    """
    of_all = (4 if settings.read_first else 2) * ceil(labelled / MAX_RECORDS)
    return of_all + 3 * ceil(labelled / (LABELLED_PAIRS_READ if settings.engine is EngineName.PUT else MAX_RECORDS))


def initial_rate(settings: Settings) -> Rate:
    """Return the rate at which a run starts."""
    return settings.rate if isinstance(settings.rate, Rate) else CAUTIOUS_RATE


def _minutes(calls: int, rate: Rate) -> float:
    return calls * rate.seconds / rate.calls / 60
