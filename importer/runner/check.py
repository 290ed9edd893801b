"""The dry run: reads a whole source, reports every problem and the cost of a run, and sends nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from importer.config import Settings
from importer.exit_codes import ExitCode
from importer.hubspot.labels import label_key
from importer.journal import Journal, ProblemGroup, SourceCounts, remove_journal
from importer.model import Outcome, Status
from importer.reader import Source, SourceInfo
from importer.reporter import write_results
from importer.runner import output_paths
from importer.runner.context import RunContext
from importer.runner.differing_labels import NONE_DIFFER, DifferingLabels
from importer.runner.estimate import Costs, costs
from importer.runner.events import EventHandler, ignore
from importer.runner.label_conflicts import label_conflicts_by_name
from importer.runner.label_resolution import resolve_labels
from importer.runner.lookup import LookupCounts
from importer.runner.new_run import NewRun
from importer.runner.os_errors import translate_os_errors
from importer.runner.primary_conflicts import NO_CONFLICTS, PrimaryConflicts
from importer.runner.result_layout import result_layout
from importer.runner.source_file import SourceFile, open_table, source_file
from importer.runner.survey import OnlineReport, read_online
from importer.runner.target import Target, target_of_settings
from importer.temporary_directories import temporary_directory

SMALLEST_DAILY_LIMIT = 250_000
"""Calls per day of a Free or Starter account. Source: HubSpot, usage guidelines."""

_FIRST_ROWS = 5
NOT_SENT_BY_CHECK = Outcome(Status.NOT_SENT, advice="This was a check: nothing was sent.")
"""The outcome of every pair of a check."""

CHECK_ID = "check"
"""The run id in the journal of a check."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The findings of a check.

    `warnings` are plain sentences; `problems` are grouped by code with their first rows; `daily_share` is the share of
    the calls in the smallest daily limit; `results` is the path of the file with every row, None if not requested.
    `labels` has the number of pairs with each label text, most frequent first. `lookup` counts the values that were
    looked up (None: the file has ids), `reads` the calls that were made. `online` is what a run would find in the
    account, None if that was not requested. `primary_conflicts` are the rows that a run would not send because they
    make different records Primary for the same one, `differing_labels` those that replace each other's labels.
    """

    source: str
    understood: SourceInfo
    counts: SourceCounts
    warnings: tuple[str, ...]
    problems: tuple[ProblemGroup, ...]
    costs: Costs
    daily_share: float
    results: str | None
    labels: dict[str, int] = field(default_factory=dict)
    lookup: LookupCounts | None = None
    reads: int = 0
    online: OnlineReport | None = None
    primary_conflicts: PrimaryConflicts = NO_CONFLICTS
    differing_labels: DifferingLabels = NONE_DIFFER

    @property
    def has_bad_rows(self) -> bool:
        """True if a run would not send some rows."""
        refused = 0 if self.online is None else self.online.findings.leads_refused
        return bool(self.counts.invalid or self.primary_conflicts.rows or self.differing_labels.rows or refused)

    @property
    def exit_code(self) -> ExitCode:
        """OK if every row can be sent, else SOME_ROWS_BAD; that of the stop if reading the account stopped early."""
        if self.online is not None and self.online.stop is not None:
            return self.online.stop.reason.exit_code
        return ExitCode.SOME_ROWS_BAD if self.has_bad_rows else ExitCode.OK


@translate_os_errors()
def check_file(
    file: Path | str,
    settings: Settings,
    *,
    out: Path | str | None = None,
    on_event: EventHandler = ignore,
    online: bool = False,
    corrections: Mapping[tuple[int, int], str] | None = None,
    journal_path: Path | None = None,
) -> CheckReport:
    """Read all of `file` and report what a run would do; write every row to `out` if given. Changes nothing in HubSpot.

    `corrections` are those of `run_import`. The journal of the check, which has all rows, is kept at `journal_path` if
    given. The check makes calls (only reads) and needs a token only to look up records by a property and, if `online`,
    to resolve labels and to read what a run would find: existing links, primary records that would move, records that
    would have too many links. Raises the errors of `run_import`.
    """
    target = _target(settings, on_event, online=online)
    reading = replace(settings.reading, corrections=corrections or {})
    directory_of_journal = settings.state_path if journal_path is None else journal_path.parent
    with source_file(file, settings) as source, temporary_directory(directory_of_journal) as directory:
        results = output_paths.checked_results(out, source.path) if out is not None else None
        new_run = NewRun(CHECK_ID, settings, reading, results or Path())
        path = directory / "check.sqlite"
        report = _check(path, source, new_run, target, online=online)
        if results is not None:
            with Journal(path) as journal:
                _write_rows(journal, results, target.context)
            report = replace(report, results=str(results))
        if journal_path is not None:
            remove_journal(journal_path)  # with its log, which would not match the new one
            path.replace(journal_path)
    return report


def _check(path: Path, source: SourceFile, new_run: NewRun, target: Target, *, online: bool) -> CheckReport:
    """Read the source into a journal at `path` and return the findings."""
    context = target.context
    with open_table(source, new_run.reading) as table:
        lookup = new_run.write(path, source, table, context, target.account_of_lookup(new_run.reading))
        conflicts = resolve_labels(path, target) if online else label_conflicts_by_name(path)
        preparation = target.context.requests.reads
        survey = read_online(path, target) if online else None
        with Journal(path) as journal:
            report = _report(journal, table, context.settings, preparation)
    return replace(
        report,
        lookup=lookup,
        reads=context.requests.reads,
        online=survey,
        primary_conflicts=conflicts.primary,
        differing_labels=conflicts.differing,
    )


def _report(journal: Journal, table: Source, settings: Settings, preparation: int) -> CheckReport:
    """Return the report without what was read online; `preparation` is the number of reads that were made before."""
    pending = journal.pending_by_types()
    if not preparation:  # offline: a run will read the labels in both directions
        preparation = 2 * len({(from_type, to_type) for from_type, to_type, _ in journal.label_uses()})
    expected = costs(pending, settings, min(journal.labelled, sum(pending)), preparation)
    return CheckReport(
        source=journal.info.source,
        understood=table.info,
        counts=journal.counts(),
        warnings=table.report.warnings,
        problems=tuple(journal.problem_groups(_FIRST_ROWS)),
        costs=expected,
        daily_share=expected.calls / SMALLEST_DAILY_LIMIT,
        results=None,
        labels=_pairs_by_label(journal),
    )


def _pairs_by_label(journal: Journal) -> dict[str, int]:
    """Return the number of pairs with each label, in its first spelling: labels match in any case of letters."""
    pairs: Counter[str] = Counter()
    spellings: dict[str, str] = {}
    for (_, _, text), use in journal.label_uses().items():
        pairs[spellings.setdefault(label_key(text), text)] += use.pairs
    return dict(pairs.most_common())


def _target(settings: Settings, on_event: EventHandler, *, online: bool) -> Target:
    """Return the target in which to read and look up records; without a token if neither is needed.

    Raises AccountError if the settings require another account.
    """
    if not online and not settings.reading.looks_up:
        return Target(RunContext(settings, on_event=on_event), None)
    target = target_of_settings(settings, on_event)
    target.identify()
    return target


def _write_rows(journal: Journal, results: Path, context: RunContext) -> None:
    written = output_paths.output_of(journal, "check", results, context).written
    write_results(results, result_layout(journal, ""), journal.rows(NOT_SENT_BY_CHECK), None, written)
