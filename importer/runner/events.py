"""The events of a run: frozen records, passed to one callable."""

from collections.abc import Callable
from dataclasses import dataclass

from importer.journal import Counts
from importer.model import Operation
from importer.pool import Progress
from importer.reader import SourceInfo
from importer.runner.estimate import Costs


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is about to do; reported after reading the source and before sending anything.

    `counts` covers the whole run, `pending` is the number of pairs still to be sent. `resumed` is True when an
    unfinished run is continued.
    """

    run_id: str
    resumed: bool
    target: str
    counts: Counts
    pending: int
    costs: Costs
    operation: Operation = Operation.LINK


@dataclass(frozen=True, slots=True)
class Notice:
    """A plain sentence for the user; a warning if something may be wrong."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class RowsRead:
    """How many rows of the source have been read; reported about twice a second."""

    rows: int


Event = SourceInfo | RowsRead | Plan | Progress | Notice
EventHandler = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Ignore an event."""
