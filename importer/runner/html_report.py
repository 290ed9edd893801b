"""Collects what the HTML report of a run shows, from its journal, and writes it."""

import time
from collections.abc import Sequence
from importlib.metadata import version
from itertools import compress, islice
from pathlib import Path
from typing import Any

from importer.journal import Journal, ProblemGroup
from importer.model import GOOD_STATUSES, Outcome, Role, RowOutcome, Status
from importer.reporter import WORST_FIRST, AtomicFile, Summary, WrittenFiles, row_result
from importer.reporter.html_report import MAX_ROWS, Fact, Finding, ReportData, ReportRow, findings_of, render
from importer.timestamps import duration_text, utc_text

_SHOWN_COLUMNS = 6
_FIRST_ROWS = 5
_STATUSES = tuple(Status)
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
    rows, codes = _rows_that_need_work(journal, not_sent, places)
    problems = [_finding(group) for group in journal.problem_groups(_FIRST_ROWS)]
    return ReportData(
        summary=summary,
        version=version("importer"),
        facts=_facts(journal, summary),
        settings=_settings(journal.info.settings),
        header=[journal.info.header[place] for place in places],
        completed=journal.completed_by_second(),
        seconds=journal.activity(),
        totals=journal.activity_totals(),
        pauses=journal.pauses(),
        processes=journal.processes(),
        findings=[*problems, *findings_of(journal.failure_kinds(), rows, codes)],
        changes=journal.type_changes(),
        rows=rows,
        now=time.time(),
    )


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
        *([Fact("Of run", info.parent)] if info.parent else []),
        Fact("Started", info.created_at),
        *([Fact("Ended", utc_text(last))] if last is not None else []),
        Fact("Working time", duration_text(sum((one.end or one.start) - one.start for one in processes))),
        Fact("Pairs", f"{_count(summary.pairs, 'distinct pair')}, {_count(summary.duplicates, 'duplicate row')}"),
        Fact("Results", summary.results or ""),
        Fact("Made by", f"importer {version('importer')}, API {info.api_version}"),
    ]


def _settings(values: dict[str, Any]) -> list[Fact]:
    """Return the settings of a run that are set; those that name files with secrets are left out."""
    return [
        Fact(key, str(value))
        for key, value in values.items()
        if key not in _SECRET_PATHS and value not in (None, "", False, [], {})
    ]


def _shown_places(journal: Journal) -> list[int]:
    """Return the columns to show, from 0: those that have a role, then the first others, in their order."""
    header, roles = journal.info.header, journal.info.places
    used = [roles[role] - 1 for role in map(str, Role) if role in roles and roles[role] <= len(header)]
    others = [place for place in range(len(header)) if place not in used]
    return sorted([*used, *others][:_SHOWN_COLUMNS])


def _rows_that_need_work(
    journal: Journal, not_sent: Outcome, shown: Sequence[int]
) -> tuple[list[ReportRow], list[str]]:
    """Return the first rows that are not good, and the category of each one's error."""
    bad = [status not in GOOD_STATUSES for status in _STATUSES]
    statuses = journal.row_statuses(WORST_FIRST)
    places = list(islice(compress(range(len(statuses)), map(bad.__getitem__, statuses)), MAX_ROWS))
    names = journal.info.row_names
    rows, codes = [], []
    for row in journal.rows_at(places, not_sent):
        status, texts = row_result(row, names)
        category, message, advice = texts[5], texts[6], texts[13]
        rows.append(
            ReportRow(
                name=names.of(row.number),
                status=status,
                cells=tuple(row.cells[place] if place < len(row.cells) else "" for place in shown),
                message=message,
                advice=advice,
                original=_originals(row, journal.info.header),
            )
        )
        codes.append(category)
    return rows, codes


def _originals(row: RowOutcome, header: Sequence[str]) -> str:
    return "; ".join(
        f"{header[place] if place < len(header) else place + 1}: {text}" for place, text in row.originals.items()
    )


def _finding(group: ProblemGroup) -> Finding:
    first = group.first[0][1]
    return Finding(
        status=Status.INVALID,
        code=group.code,
        number=_count(group.rows, "row"),
        message=first.message,
        advice=first.advice,
        first_rows=", ".join(f"{number}" for number, _ in group.first),
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
