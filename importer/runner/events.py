"""What a run tells while it goes on: frozen records, handed to one callable."""

from collections.abc import Callable
from dataclasses import dataclass

from importer.journal import Counts
from importer.pool import Progress
from importer.reader import SourceInfo
from importer.runner.estimate import Costs


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is about to do, known once the source is read and before anything is sent.

    `counts` are those of the whole run, `pending` of its pairs are still to be settled. `resumed` is whether an
    unfinished run goes on.
    """

    run_id: str
    resumed: bool
    target: str
    counts: Counts
    pending: int
    costs: Costs


@dataclass(frozen=True, slots=True)
class Notice:
    """A plain sentence worth telling; a warning when something may be wrong."""

    text: str
    is_warning: bool = False


Event = SourceInfo | Plan | Progress | Notice
EventHandler = Callable[[Event], None]


def ignore(event: Event) -> None:
    """EventHandler nothing."""
