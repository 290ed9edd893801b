"""What a run tells while it goes on: frozen records, handed to one callable."""

from collections.abc import Callable
from dataclasses import dataclass

from importer.pool import Progress
from importer.reader import Understood


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is about to do, known once the source is read and before anything is sent.

    `rows`, `invalid` and `duplicates` count rows, `pairs` distinct pairs, `calls` the pairs still to send. `resumed` is
    whether an unfinished run goes on. `rate` is the rate it begins with, `minutes` what the calls take at that rate.
    """

    run_id: str
    resumed: bool
    target: str
    rows: int
    pairs: int
    invalid: int
    duplicates: int
    calls: int
    rate: str
    minutes: float


@dataclass(frozen=True, slots=True)
class Notice:
    """A plain sentence worth telling; a warning when something may be wrong."""

    text: str
    is_warning: bool = False


Event = Understood | Plan | Progress | Notice
Watch = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Watch nothing."""
