"""The report of a check as JSON values for the page."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from importer.journal import ProblemGroup, RunInfo
from importer.model import Problem, Role, RowNames, RowOutcome
from importer.reporter import problem_sentence
from importer.runner.check import CheckReport
from importer.runner.judge import JudgedRow
from importer.runner.row_pages import RowPages


def check_values(report: CheckReport, journal: Path) -> dict[str, Any]:
    """Return a report as JSON values; the cells of invalid rows are read from the journal of the check."""
    costs = report.costs
    with RowPages(journal) as pages:
        problems = [_group(group, pages, report.understood.row_names) for group in report.problems]
    return {
        **asdict(report.counts),
        "problems": problems,
        "warnings": (*report.warnings, *_conflict_warnings(report), *_online_warnings(report)),
        "notes": report.understood.notes,
        "costs": {
            **asdict(costs),
            "calls": costs.calls,
            "reads": costs.read_calls,
            "minutes": costs.minutes,
            "daily_share": report.daily_share,
        },
        "labels": [{"text": text, "pairs": pairs} for text, pairs in report.labels.items()],
        "lookup": asdict(report.lookup) if report.lookup is not None else None,
        **_online_values(report),
        "calls_made": report.reads,
    }


def _online_values(report: CheckReport) -> dict[str, Any]:
    """Return what a run would find in the account; every value is None if the account was not read."""
    if report.online is None:
        return {"already_linked": None, "primaries_moving": None, "primaries_moving_total": None}
    found, names = report.online.findings, report.understood.row_names
    moving = [
        f"Row {names.of(one.row)}: {one.object_type} {one.record_id}, from {one.from_id} to {one.to_id}"
        for one in found.first_moved
    ]
    return {
        "already_linked": found.already_linked,
        "primaries_moving": moving,
        "primaries_moving_total": found.moved,
    }


def _conflict_warnings(report: CheckReport) -> Iterator[str]:
    if report.primary_conflicts.records:
        yield report.primary_conflicts.warning(report.understood.row_names)
    if report.differing_labels.rows:
        yield report.differing_labels.warning(report.understood.row_names)


def _online_warnings(report: CheckReport) -> Iterator[str]:
    if report.online is None:
        return
    found, names = report.online.findings, report.understood.row_names
    if report.online.stop is not None:
        yield f"Not everything was read from HubSpot: {report.online.stop.message}"
    if found.unread:
        yield f"Pairs that could not be read from HubSpot: {found.unread:,}. {found.reason}"
    if found.replaced:
        yield (
            f"Pairs that would lose labels, because labels are replaced and their rows do not name them: "
            f"{found.replaced:,}, of which {found.replaced_primary:,} would lose Primary."
        )
    for losing in found.first_replaced:
        yield f"Row {names.of(losing.row)}: it would lose {', '.join(losing.labels)}."
    if found.leads_at_risk:
        effect = "HubSpot would delete their leads" if found.may_delete_leads else "they would not be sent"
        yield f"Pairs whose labels are the last primary ones of a lead, so {effect}: {found.leads_at_risk:,}."
    if found.over_limit:
        yield f"Records that would exceed their limit of links, so HubSpot would refuse some: {found.over_limit:,}."
    for one in found.first_over_limit:
        yield (
            f"Row {names.of(one.row)}: {one.object_type} {one.record_id} would have {one.links:,} {one.to_type}; the "
            f"limit is {one.limit:,}."
        )


def _group(group: ProblemGroup, pages: RowPages, names: RowNames) -> dict[str, Any]:
    first = []
    for number, problem in group.first:
        row = pages.row(number)
        values = problem_values(problem, pages.journal.info.header)
        text = cell_text(row, values["column"]) if row is not None else ""
        sentence = problem_sentence(names.of(number), problem)
        first.append({"row": number, "name": names.of(number), "text": text, **values, "sentence": sentence})
    return {"code": group.code, "rows": group.rows, "first": first}


def problem_values(problem: Problem, header: Sequence[str]) -> dict[str, Any]:
    """Return a problem as JSON values, with the index of its column, or None if it affects the whole row."""
    column = header.index(problem.column) if problem.column in header else None
    return {
        "code": problem.code,
        "column": column,
        "column_name": problem.column,
        "message": problem.message,
        "advice": problem.advice,
    }


def cell_text(row: RowOutcome, column: int | None) -> str:
    """Return the text of a cell, "" if the row has no such cell."""
    return row.cells[column] if column is not None and column < len(row.cells) else ""


def looked_up_columns(info: RunInfo) -> list[int]:
    """Return the indexes of the columns whose values are looked up in HubSpot."""
    sides = (("from_by", Role.FROM_OBJECT_ID), ("to_by", Role.TO_OBJECT_ID))
    return [info.places[role] - 1 for by, role in sides if info.reading.get(by) and role in info.places]


def row_values(row: RowOutcome | JudgedRow, header: tuple[str, ...], names: RowNames) -> dict[str, Any]:
    """Return a row of a check, or a row that was judged again, as JSON values."""
    return {
        "number": row.number,
        "name": names.of(row.number),
        "cells": row.cells,
        "problems": [problem_values(problem, header) for problem in row.problems],
        "original": row.originals,
        "pairs": len(row.pairs),
    }
