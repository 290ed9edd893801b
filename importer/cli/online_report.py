"""The findings of `check --online`: lines for people, JSON values for scripts."""

from dataclasses import asdict
from typing import Any

from importer.cli.texts import count_text
from importer.model import Pair, RowNames
from importer.pool import Findings
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
        "replaced_labels": {
            "pairs": found.replaced,
            "primary": found.replaced_primary,
            "first": [
                {"row": names.as_json(one.row), **asdict(one.pair), "labels": one.labels}
                for one in found.first_replaced
            ],
        },
        "leads_at_risk": {
            "pairs": found.leads_at_risk,
            "refused": found.leads_refused,
            "first": [
                {"row": names.as_json(one.row), **asdict(one.pair), "error_category": one.error_category}
                for one in found.first_leads_at_risk
            ],
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
    lines += [*_replaced_lines(found, names), *_lead_lines(found, names)]
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


def _replaced_lines(found: Findings, names: RowNames) -> list[str]:
    if not found.replaced:
        return []
    primary = f", and {found.replaced_primary:,} of them Primary" if found.replaced_primary else ""
    return [
        f"  {count_text(found.replaced, 'pair')} would lose labels that the rows do not name{primary}:",
        *(
            f"    row {names.of(one.row)}: {_pair_text(one.pair)}: {', '.join(one.labels)}"
            for one in found.first_replaced
        ),
    ]


def _lead_lines(found: Findings, names: RowNames) -> list[str]:
    if not found.leads_at_risk:
        return []
    effect = "HubSpot deletes" if found.may_delete_leads else "would not be sent, because HubSpot deletes"
    pairs = count_text(found.leads_at_risk, "pair")
    return [
        f"  {pairs}: {effect} leads without a primary record:",
        *(f"    row {names.of(one.row)}: {_pair_text(one.pair)}" for one in found.first_leads_at_risk),
    ]


def _pair_text(pair: Pair) -> str:
    """Return a pair as text."""
    return f"{pair.from_type} {pair.from_id} and {pair.to_type} {pair.to_id}"
