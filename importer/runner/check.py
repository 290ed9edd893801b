"""The dry run: reads a whole source, reports every problem and the cost of a run, and sends nothing."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from importer.config import Settings
from importer.exit_codes import ExitCode
from importer.journal import Counts, Journal, ProblemGroup, write_journal
from importer.model import Outcome, Status
from importer.reader import Source, SourceInfo
from importer.reporter import Layout, write_results
from importer.runner import output_paths
from importer.runner.context import RunContext
from importer.runner.estimate import Costs, costs
from importer.runner.events import EventHandler, ignore
from importer.runner.label_resolution import resolve_labels
from importer.runner.new_run import NewRun
from importer.runner.os_errors import translate_os_errors
from importer.runner.source_file import open_table, read_blocks, source_file
from importer.runner.target import access_token
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
    `labels` has the number of pairs with each label text, most frequent first.
    """

    source: str
    understood: SourceInfo
    counts: Counts
    warnings: tuple[str, ...]
    problems: tuple[ProblemGroup, ...]
    costs: Costs
    daily_share: float
    results: str | None
    labels: dict[str, int]

    @property
    def exit_code(self) -> ExitCode:
        """OK if no row is invalid, else SOME_ROWS_BAD."""
        return ExitCode.SOME_ROWS_BAD if self.counts.invalid else ExitCode.OK


@translate_os_errors()
def check_file(
    file: Path | str,
    settings: Settings,
    *,
    out: Path | None = None,
    on_event: EventHandler = ignore,
    online: bool = False,
) -> CheckReport:
    """Read all of `file` and report what a run would do; write every row to `out` if given. Changes nothing in HubSpot.

    Labels are resolved only if `online`, which needs a token. Raises SettingsError, SourceError, JournalError or
    OutputError, as `run_import`.
    """
    context = RunContext(settings, access_token(settings) if online else SecretStr(""), on_event)
    with (
        source_file(file, settings) as source,
        temporary_directory(settings.state_path) as directory,
        open_table(source, settings.reading) as table,
    ):
        results = output_paths.checked_results(out, source.path) if out is not None else None
        path = directory / "check.sqlite"
        info = NewRun("check", settings, settings.reading, results or Path()).describe(source, table)
        write_journal(path, info, read_blocks(source, table))
        if online:
            resolve_labels(path, context)
        with Journal(path) as journal:
            if results is not None:
                _write_rows(journal, results, context)
            return _report(journal, table, results, settings)


def _report(journal: Journal, table: Source, results: Path | None, settings: Settings) -> CheckReport:
    expected = costs(journal.pending_by_types(), settings)
    return CheckReport(
        source=journal.info.source,
        understood=table.info,
        counts=journal.counts(),
        warnings=table.report.warnings,
        problems=tuple(journal.problem_groups(_FIRST_ROWS)),
        costs=expected,
        daily_share=expected.calls / SMALLEST_DAILY_LIMIT,
        results=str(results) if results else None,
        labels=_pairs_by_label(journal),
    )


def _pairs_by_label(journal: Journal) -> dict[str, int]:
    pairs: Counter[str] = Counter()
    for (_, _, text), use in journal.label_uses().items():
        pairs[text] += use.pairs
    return dict(pairs.most_common())


def _write_rows(journal: Journal, results: Path, context: RunContext) -> None:
    info = journal.info
    layout = Layout(info.header, info.delimiter, has_extra_cells=journal.has_extra_cells(), row_names=info.row_names)
    written = output_paths.output_of(journal, "check", results, context).written
    write_results(results, layout, journal.rows(_NOT_SENT), None, written)
