"""The report of `importer check`: lines for people, one JSON object for scripts."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from importer.cli.online_report import online_lines, online_values
from importer.cli.texts import cost_lines, count_text, counts_text, source_info_lines
from importer.model import RowNames
from importer.reporter import problem_sentence
from importer.runner.check import SMALLEST_DAILY_LIMIT, CheckReport
from importer.runner.differing_labels import LABELS_DIFFER, DifferingLabels
from importer.runner.lookup import LookupCounts
from importer.runner.primary_conflicts import PRIMARY_CONFLICT, PrimaryConflicts
from importer.runner.refused_rows import listed_rows

_MAX_LABELS = 10


def check_json(report: CheckReport, subject: Mapping[str, str]) -> str:
    """Return a report as one line of JSON; `subject` names its file."""
    values = asdict(report)
    counts, costs = values.pop("counts"), values.pop("costs")
    names = report.understood.row_names
    groups = [
        {
            "code": group.code,
            "rows": group.rows,
            "first": [{"row": names.as_json(number), **asdict(problem)} for number, problem in group.first],
        }
        for group in report.problems
    ]
    values["online"] = None if report.online is None else online_values(report.online, names)
    conflicts = report.primary_conflicts
    values["primary_conflicts"] = {
        "records": conflicts.records,
        "rows": conflicts.rows,
        "first": [
            {**asdict(one), "rows": list(map(names.as_json, one.rows)), "held": list(map(names.as_json, one.held))}
            for one in conflicts.first
        ],
    }
    differing = report.differing_labels
    values["differing_labels"] = {"rows": differing.rows, "first": list(map(names.as_json, differing.first))}
    totals = {"calls": report.costs.calls, "minutes": round(report.costs.minutes, 2)}
    return json.dumps(
        {"status": "checked", **subject, **counts, **values, "problems": groups, **totals, "costs": costs}
    )


def check_lines(report: CheckReport) -> list[str]:
    """Return a report as lines: what was read, the problems, the cost of a run, what to do next."""
    lines = [*source_info_lines(report.understood), f"  {counts_text(report.counts)}", ""]
    if report.warnings:
        lines += [*(f"Warning: {warning}" for warning in report.warnings), ""]
    if report.problems:
        lines += [*_problem_lines(report), ""]
    if report.primary_conflicts.records:
        lines += [*_conflict_lines(report.primary_conflicts, report.understood.row_names), ""]
    if report.differing_labels.rows:
        lines += [*_differing_lines(report.differing_labels, report.understood.row_names), ""]
    if report.lookup is not None:
        lines += [*_lookup_lines(report.lookup, report.costs.preparation), ""]
    if report.online is not None:
        lines += [*online_lines(report.online, report.understood.row_names), ""]
    lines += [
        "A run would need:",
        *cost_lines(report.costs),
        *_label_lines(report.labels, is_online=report.online is not None),
        f"That is {report.daily_share:.1%} of a daily limit of {SMALLEST_DAILY_LIMIT:,} calls. Nothing was sent.",
        "",
    ]
    if report.results is not None:
        lines.append(f"Every row is in {report.results}")
    if report.has_bad_rows:
        lines.append("Next: correct these rows, or link the others with importer run.")
    else:
        lines.append("Next: link the pairs with importer run and the same arguments.")
    return lines


def _conflict_lines(conflicts: PrimaryConflicts, names: RowNames) -> list[str]:
    heading = f"{PRIMARY_CONFLICT}: {count_text(conflicts.rows, 'row')} would not be sent"
    more = ["  … (--out FILE lists every row)"] if conflicts.records > len(conflicts.first) else []
    return [
        f"{heading}; a record can have only one Primary",
        *(f"  {one.sentence(names)}" for one in conflicts.first),
        *more,
    ]


def _differing_lines(differing: DifferingLabels, names: RowNames) -> list[str]:
    return [
        f"{LABELS_DIFFER}: {count_text(differing.rows, 'row')} would not be sent; they",
        "replace the labels of the same links from both sides, with different labels",
        f"  rows {listed_rows(differing.first, names)}",
    ]


def _lookup_lines(lookup: LookupCounts, reads: int) -> list[str]:
    counts = (("found", lookup.found), ("not found", lookup.not_found), ("ambiguous", lookup.ambiguous))
    refused = [("refused by HubSpot", lookup.not_read)] if lookup.not_read else []
    merged = [("of those found in a record that others were merged into", lookup.merged)] if lookup.merged else []
    return [
        f"Looked up in HubSpot: {count_text(lookup.values, 'different value')}, with {count_text(reads, 'call')}",
        *(f"  {number:,} {name}" for name, number in (*counts, *refused, *merged)),
    ]


def _label_lines(labels: Mapping[str, int], *, is_online: bool) -> list[str]:
    """Return the labels of the pairs, if there are any."""
    if not labels:
        return []
    shown = [f"{text!r} ({count_text(pairs, 'pair')})" for text, pairs in list(labels.items())[:_MAX_LABELS]]
    more = f" and {len(labels) - _MAX_LABELS:,} more" if len(labels) > _MAX_LABELS else ""
    return [f"Labels: {', '.join(shown)}{more}; {'all exist' if is_online else '--online checks that they exist'}."]


def _problem_lines(report: CheckReport) -> list[str]:
    names = report.understood.row_names
    lines = []
    for group in report.problems:
        lines.append(f"{group.code}: {count_text(group.rows, 'row')}")
        lines += [
            f"  {problem_sentence(names.of(number), problem)} {problem.advice}" for number, problem in group.first
        ]
        if group.rows > len(group.first):
            lines.append("  … (--out FILE lists every row)")
    return lines
