"""Collects the content of a run's HTML report from its journal, and writes the report."""

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import compress, count, islice
from pathlib import Path

from importer.journal import CallFigures, CompletedPairs, Journal
from importer.model import GOOD_STATUSES, ROW_RESULT_COLUMNS, Role, RowOutcome, Status
from importer.reporter import WORST_FIRST, AtomicFile, RunStatus, Summary, WrittenFiles, row_result
from importer.reporter.html_report import (
    INTERVALS,
    MAX_ROWS,
    Finding,
    ReportData,
    ReportRow,
    TimeAxis,
    failure_finding,
    problem_finding,
    render,
)
from importer.runner import report_facts
from importer.runner.open_pairs import not_sent_outcome
from importer.runner.type_names import label_names, named_changes

_SHOWN_COLUMNS = 6
_FIRST_ROWS = 5
_MAX_KINDS = 60
_MAX_CHANGES = 60
_MESSAGE, _ADVICE = (ROW_RESULT_COLUMNS.index(f"import_{name}") for name in ("error_message", "advice"))


def write_html_report(journal: Journal, summary: Summary, path: Path, written: WrittenFiles) -> None:
    """Write the report of a run to `path`; `written` decides whether an old file is replaced or kept.

    Raises OutputError if the file cannot be written.
    """
    with AtomicFile(path) as file:
        file.file.write(render(report_data(journal, summary)).encode("utf-8", "replace"))
        file.finish()
        file.commit(written.move)


def report_data(journal: Journal, summary: Summary) -> ReportData:
    """Return everything that the report of a run shows. Memory does not grow with the number of rows."""
    places = _shown_places(journal)
    processes, now = journal.processes(), time.time()
    axis = TimeAxis(processes, now) if processes else None
    interval = axis.interval(INTERVALS) if axis else 1
    return ReportData(
        summary=summary,
        version=version("importer"),
        notice=report_facts.notice(summary, journal.last_error, processes, now),
        facts=report_facts.facts(journal, summary),
        settings=report_facts.settings(journal.info.settings),
        header=[journal.info.header[place] for place in places],
        axis=axis,
        processes=processes,
        pauses=journal.pauses(),
        completed=_completed(journal, interval, axis) if axis else (),
        interval=interval,
        calls=_calls(journal, interval),
        totals=journal.activity_totals(),
        latencies=journal.latencies(),
        fullest=journal.fullest_window(),
        findings=list(_findings(journal, summary)),
        changes=named_changes(journal.type_changes(_MAX_CHANGES), label_names(journal)),
        rows=list(_rows_that_need_work(journal, summary, places)),
    )


def _completed(journal: Journal, interval: int, axis: TimeAxis) -> list[CompletedPairs]:
    return journal.completed_over_time(interval, int(axis.start), int(axis.end), journal.clock_difference)


def _calls(journal: Journal, interval: int) -> list[CallFigures]:
    """Return the calls per interval, doubling the interval if a run with long interruptions has too many of them."""
    while len(found := journal.calls_over_time(interval)) > 2 * INTERVALS:
        interval *= 2
    return found


def _findings(journal: Journal, summary: Summary) -> Iterator[Finding]:
    """Yield the kinds of problems, most frequent first; pairs that a running run has not decided are none yet."""
    names, needs_work = journal.info.row_names, _statuses_that_need_work(summary)
    for group in journal.problem_groups(_FIRST_ROWS):
        yield problem_finding(group, names)
    kinds = [kind for kind in journal.failure_kinds(_MAX_KINDS, _FIRST_ROWS) if kind.status in needs_work]
    rows = journal.rows_of_pairs(sorted({pair for kind in kinds for pair in kind.first}))
    for kind in kinds:
        yield failure_finding(kind, [rows[pair] for pair in kind.first], names, summary.operation)


def _statuses_that_need_work(summary: Summary) -> frozenset[Status]:
    bad = frozenset(Status) - GOOD_STATUSES
    return bad - {Status.UNCONFIRMED, Status.NOT_SENT} if summary.status is RunStatus.RUNNING else bad


def _shown_places(journal: Journal) -> list[int]:
    """Return the columns to show, from 0, in file order: those with a role, and the first of the others."""
    header, roles = journal.info.header, journal.info.places
    used = [roles[role] - 1 for role in map(str, Role) if role in roles and roles[role] <= len(header)]
    others = [place for place in range(len(header)) if place not in used]
    return sorted([*used, *others][:_SHOWN_COLUMNS])


def _rows_that_need_work(journal: Journal, summary: Summary, shown: Sequence[int]) -> Iterator[ReportRow]:
    """Yield the first rows that are not good."""
    statuses, names = journal.row_statuses(WORST_FIRST), journal.info.row_names
    needs_work = _statuses_that_need_work(summary)
    is_shown = bytes(status in needs_work for status in Status).ljust(256, b"\0")
    places = list(islice(compress(count(), statuses.translate(is_shown)), MAX_ROWS))
    for row in journal.rows_at(places, not_sent_outcome(summary.operation, summary.run_id)):
        status, texts = row_result(row, names)
        yield ReportRow(
            name=names.of(row.number),
            status=status,
            cells=tuple(row.cells[place] if place < len(row.cells) else "" for place in shown),
            message=texts[_MESSAGE],
            advice=texts[_ADVICE],
            original=_originals(row, journal.info.header),
        )


def _originals(row: RowOutcome, header: Sequence[str]) -> str:
    return "; ".join(
        f"{header[place] if place < len(header) else place + 1}: {text}" for place, text in row.originals.items()
    )
