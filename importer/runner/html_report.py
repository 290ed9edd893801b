"""Collects the content of a run's HTML report from its journal, and writes the report."""

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import compress, count, islice
from pathlib import Path
from typing import Any

from importer.journal import CallFigures, Journal
from importer.model import GOOD_STATUSES, ROW_RESULT_COLUMNS, Outcome, Role, RowOutcome, Status
from importer.reporter import WORST_FIRST, AtomicFile, Summary, WrittenFiles, row_result
from importer.reporter.html_report import (
    INTERVALS,
    MAX_ROWS,
    Fact,
    Finding,
    ReportData,
    ReportRow,
    TimeAxis,
    failure_finding,
    problem_finding,
    render,
)
from importer.timestamps import duration_text, utc_text

_SHOWN_COLUMNS = 6
_FIRST_ROWS = 5
_MAX_KINDS = 60
_MAX_CHANGES = 60
_IS_BAD = bytes(status not in GOOD_STATUSES for status in Status).ljust(256, b"\0")
_MESSAGE, _ADVICE = (ROW_RESULT_COLUMNS.index(f"import_{name}") for name in ("error_message", "advice"))
_SECRET_PATHS = ("oauth", "notify", "token_file")


def write_html_report(journal: Journal, summary: Summary, not_sent: Outcome, path: Path, written: WrittenFiles) -> None:
    """Write the report of a run to `path`; `written` decides whether an old file is replaced or kept.

    `not_sent` is the outcome of pairs that have none. Raises OutputError if the file cannot be written.
    """
    with AtomicFile(path) as file:
        file.file.write(render(report_data(journal, summary, not_sent)).encode("utf-8", "replace"))
        file.finish()
        file.commit(written.move)


def report_data(journal: Journal, summary: Summary, not_sent: Outcome) -> ReportData:
    """Return everything that the report of a run shows. Memory does not grow with the number of rows."""
    places = _shown_places(journal)
    processes, now = journal.processes(), time.time()
    axis = TimeAxis(processes, now) if processes else None
    interval = axis.interval(INTERVALS) if axis else 1
    return ReportData(
        summary=summary,
        version=version("importer"),
        facts=_facts(journal, summary),
        settings=_settings(journal.info.settings),
        header=[journal.info.header[place] for place in places],
        axis=axis,
        processes=processes,
        pauses=journal.pauses(),
        completed=journal.completed_over_time(interval, int(axis.start), int(axis.end)) if axis else (),
        interval=interval,
        calls=_calls(journal, interval),
        totals=journal.activity_totals(),
        latencies=journal.latencies(),
        fullest=journal.fullest_window(),
        findings=list(_findings(journal)),
        changes=journal.type_changes(_MAX_CHANGES),
        rows=list(_rows_that_need_work(journal, not_sent, places)),
    )


def _calls(journal: Journal, interval: int) -> list[CallFigures]:
    """Return the calls per interval, doubling the interval if a run with long interruptions has too many of them."""
    while len(found := journal.calls_over_time(interval)) > 2 * INTERVALS:
        interval *= 2
    return found


def _findings(journal: Journal) -> Iterator[Finding]:
    names = journal.info.row_names
    for group in journal.problem_groups(_FIRST_ROWS):
        yield problem_finding(group, names)
    kinds = journal.failure_kinds(_MAX_KINDS, _FIRST_ROWS)
    rows = journal.rows_of_pairs(sorted({pair for kind in kinds for pair in kind.first}))
    for kind in kinds:
        yield failure_finding(kind, [rows[pair] for pair in kind.first], names)


def _facts(journal: Journal, summary: Summary) -> list[Fact]:
    info, account = journal.info, journal.account
    processes = journal.processes()
    last = processes[-1].end if processes else None
    portal = f"{account.portal_id}" if account is not None and account.portal_id is not None else "unknown"
    ended = f"{summary.status}{f' by {summary.stopped_by}' if summary.stopped_by else ''}"
    return [
        Fact("Account", "sandbox (simulated)" if info.target == "sandbox" else f"{portal} ({info.target})"),
        Fact("File", info.source),
        Fact("Run", f"{info.run_id} ({info.operation}), {ended}"),
        *([Fact("Earlier run", info.parent)] if info.parent else []),
        Fact("Started", info.created_at),
        *([Fact("Ended", utc_text(last))] if last is not None else []),
        Fact("Working time", duration_text(sum((one.end or one.start) - one.start for one in processes))),
        Fact("Pairs", f"{_count(summary.pairs, 'distinct pair')}, {_count(summary.duplicates, 'duplicate row')}"),
        Fact("Results", summary.results or ""),
        Fact("Created by", f"importer {version('importer')}, API {info.api_version}"),
    ]


def _settings(values: dict[str, Any]) -> list[Fact]:
    """Return the settings of a run that have a value, except those that name files with secrets."""
    return [
        Fact(key, str(value))
        for key, value in values.items()
        if key not in _SECRET_PATHS and value not in (None, "", False, [], {})
    ]


def _shown_places(journal: Journal) -> list[int]:
    """Return the columns to show, from 0, in file order: those with a role, and the first of the others."""
    header, roles = journal.info.header, journal.info.places
    used = [roles[role] - 1 for role in map(str, Role) if role in roles and roles[role] <= len(header)]
    others = [place for place in range(len(header)) if place not in used]
    return sorted([*used, *others][:_SHOWN_COLUMNS])


def _rows_that_need_work(journal: Journal, not_sent: Outcome, shown: Sequence[int]) -> Iterator[ReportRow]:
    """Yield the first rows that are not good."""
    statuses, names = journal.row_statuses(WORST_FIRST), journal.info.row_names
    places = list(islice(compress(count(), statuses.translate(_IS_BAD)), MAX_ROWS))
    for row in journal.rows_at(places, not_sent):
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


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
