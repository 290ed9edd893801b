"""The dry run: reads a whole source, reports every problem and the cost of a run, and sends nothing."""

from dataclasses import dataclass
from pathlib import Path

from importer.config import Settings
from importer.exit_codes import ExitCode
from importer.journal import Counts, Journal, ProblemGroup
from importer.model import Outcome, Status
from importer.reader import SourceInfo
from importer.reporter import Layout, write_results
from importer.runner import output_paths
from importer.runner.context import RunContext
from importer.runner.estimate import Costs, costs
from importer.runner.events import EventHandler, ignore
from importer.runner.lookup import LookupCounts
from importer.runner.new_run import NewRun
from importer.runner.os_errors import translate_os_errors
from importer.runner.source_file import open_table, source_file
from importer.runner.target import Target, target_of_settings
from importer.runner.temporary_directories import temporary_directory

SMALLEST_DAILY_LIMIT = 250_000
"""Calls per day of a Free or Starter account. Source: HubSpot, usage guidelines."""

_FIRST_ROWS = 5
_NOT_SENT = Outcome(Status.NOT_SENT, advice="This was a check: nothing was sent.")


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The findings of a check.

    `warnings` are plain sentences; `problems` are grouped by code with their first rows; `daily_share` is the share of
    the calls in the smallest daily limit; `results` is the path of the file with every row, None if not requested.
    `lookup` counts the values that were looked up (None: the file has ids), `reads` the calls that this took.
    """

    source: str
    understood: SourceInfo
    counts: Counts
    warnings: tuple[str, ...]
    problems: tuple[ProblemGroup, ...]
    costs: Costs
    daily_share: float
    results: str | None
    lookup: LookupCounts | None = None
    reads: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """OK if no row is invalid, else SOME_ROWS_BAD."""
        return ExitCode.SOME_ROWS_BAD if self.counts.invalid else ExitCode.OK


@translate_os_errors()
def check_file(
    file: Path | str, settings: Settings, *, out: Path | None = None, on_event: EventHandler = ignore
) -> CheckReport:
    """Read all of `file` and report what a run would do; write every row to `out` if given. Writes nothing to HubSpot.

    Only to look up records by a property it makes calls, which read, and needs a token. Raises as `run_import`.
    """
    target = _target(settings, on_event)
    context = target.context
    with (
        source_file(file, settings) as source,
        temporary_directory(settings.state_path) as directory,
        open_table(source, settings.reading) as table,
    ):
        results = output_paths.checked_results(out, source.path) if out is not None else None
        path = directory / "check.sqlite"
        new_run = NewRun("check", settings, settings.reading, results or Path())
        lookup = new_run.write(path, source, table, context, target.account_of_lookup(settings.reading))
        with Journal(path) as journal:
            if results is not None:
                _write_rows(journal, results, context)
            expected = costs(journal.pending_by_types(), settings)
            return CheckReport(
                source=source.path,
                understood=table.info,
                counts=journal.counts(),
                warnings=table.report.warnings,
                problems=tuple(journal.problem_groups(_FIRST_ROWS)),
                costs=expected,
                daily_share=expected.calls / SMALLEST_DAILY_LIMIT,
                results=str(results) if results else None,
                lookup=lookup,
                reads=context.requests.reads,
            )


def _target(settings: Settings, on_event: EventHandler) -> Target:
    """Return where to look up records; without a lookup, a target without a token."""
    if settings.reading.looks_up:
        return target_of_settings(settings, on_event)
    return Target(RunContext(settings, on_event=on_event), None)


def _write_rows(journal: Journal, results: Path, context: RunContext) -> None:
    info = journal.info
    layout = Layout(
        info.header,
        info.delimiter,
        has_extra_cells=journal.has_extra_cells(),
        row_names=info.row_names,
        has_found_ids=info.looks_up,
    )
    written = output_paths.output_of(journal, "check", results, context).written
    write_results(results, layout, journal.rows(_NOT_SENT), None, written)
