"""The events of a run: frozen records, passed to one callable."""

from collections.abc import Callable
from dataclasses import dataclass

from importer.errors import ImporterError
from importer.exit_codes import ExitCode
from importer.journal import SourceCounts
from importer.model import Operation
from importer.pool import Progress
from importer.reader import SourceInfo
from importer.reporter import Summary
from importer.runner.estimate import Costs
from importer.runner.lookup_counts import LookupCounts


@dataclass(frozen=True, slots=True)
class Plan:
    """The work ahead of a run; reported after reading the source and before sending anything.

    `counts` covers the whole run, `pending` is the number of pairs still to be sent. `resumed` is True when an
    unfinished run is continued.
    """

    run_id: str
    resumed: bool
    target: str
    counts: SourceCounts
    pending: int
    costs: Costs
    operation: Operation = Operation.LINK


@dataclass(frozen=True, slots=True)
class Notice:
    """A plain sentence for the user; a warning if something may be wrong."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class LookupProgress:
    """The progress of a lookup, which runs while the source is read; the total is not known before its end."""

    counts: LookupCounts
    is_done: bool


@dataclass(frozen=True, slots=True)
class RowsRead:
    """The number of rows read so far; reported about twice a second."""

    rows: int


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The outcome of a run whose results have been written; also reported for earlier runs that a command finishes."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A command's source could not be journalled because of `error`; an earlier run stopped, with `exit_code`."""

    source: str
    error: ImporterError
    exit_code: ExitCode


Event = SourceInfo | RowsRead | Plan | Progress | LookupProgress | Notice | RunEnded | NotStarted
EventHandler = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Ignore an event."""
