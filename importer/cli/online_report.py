"""The findings of `check --online`: lines for people, JSON values for scripts."""

from dataclasses import asdict
from typing import Any

from importer.cli.texts import count_text
from importer.model import RowNames
from importer.runner.survey import OnlineReport


def online_values(report: OnlineReport, names: RowNames) -> dict[str, Any]:
    """Return the JSON values of a report."""
    found = report.findings
    return {
        "portal_id": report.portal_id,
        "stopped_by": None if report.stop is None else report.stop.reason,
        "already_linked": found.already_linked,
        "to_link": found.to_link,
        "unread": found.unread,
        "primary_moves": {
            "records": found.moved,
            "first": [{**asdict(one), "row": names.as_json(one.row)} for one in found.first_moved],
        },
        "over_limit": {
            "records": found.over_limit,
            "first": [{**asdict(one), "row": names.as_json(one.row)} for one in found.first_over_limit],
        },
    }


def online_lines(report: OnlineReport, names: RowNames) -> list[str]:
    """Return a report as lines."""
    found = report.findings
    account = "" if report.portal_id is None else f" (account {report.portal_id})"
    lines = [
        f"Read from HubSpot{account}:",
        f"  {count_text(found.already_linked, 'pair')} linked already, {found.to_link:,} to link",
    ]
    if report.stop is not None:
        lines.append(f"  Reading stopped early: {report.stop.message}")
    if found.unread:
        lines.append(f"  {count_text(found.unread, 'pair')} could not be read: {found.reason}")
    if found.moved:
        lines.append(f"  Primary would move for {count_text(found.moved, 'record')}:")
    lines += [
        f"    row {names.of(one.row)}: {one.object_type} {one.record_id}, from {one.from_id} to {one.to_id}"
        for one in found.first_moved
    ]
    if found.over_limit:
        lines.append(f"  Too many links for {count_text(found.over_limit, 'record')}; HubSpot will refuse some:")
    lines += [
        f"    row {names.of(one.row)}: {one.object_type} {one.record_id} would have {one.links:,} {one.to_type}; "
        f"the limit is {one.limit:,}"
        for one in found.first_over_limit
    ]
    if found.unread_limits:
        lines.append("  HubSpot's limits of links per record could not be read.")
    return lines
