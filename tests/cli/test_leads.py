"""No lead loses its last primary association, which would delete it, unless that is allowed explicitly."""

import json
from pathlib import Path

import pytest

from tests.cli.test_unlink import counts
from tests.support.command_line import Workplace, rows_of
from tests.support.local_hubspot import sorted_links

pytestmark = pytest.mark.slow

CONTACT, COMPANY, DEAL = "HUBSPOT_DEFINED:578", "HUBSPOT_DEFINED:580", "HUBSPOT_DEFINED:582"


def link(work: Workplace, lead: int, other_type: str, other: int, *types: str) -> None:
    ends = {"from": {"type": "leads", "id": str(lead)}, "to": {"type": other_type, "id": str(other)}}
    work.hubspot.change("associations", add=[{**ends, "types": types}])


def write(work: Workplace, *rows: tuple[str, int, str, int], label: str = "") -> Path:
    path = work.folder / "a.csv"
    header = "from_object_type,from_object_id,to_object_type,to_object_id" + (",label" if label else "")
    lines = (",".join(map(str, row)) + (f",{label}" if label else "") for row in rows)
    path.write_text("\n".join([header, *lines, ""]))
    return path


def categories(work: Workplace, name: str = "a.unlink.results.csv") -> list[str]:
    return [row["import_error_category"] for row in rows_of(work.folder / name)]


def archived(work: Workplace) -> list[str]:
    """Return the leads of this test that HubSpot has deleted."""
    ids = work.hubspot.state(summary=True)["records"]["leads"]["archived"]
    return [one for one in ids if work.base <= int(one) < work.base + 5_000]


def test_a_lead_that_keeps_another_primary_record_may_lose_one(work: Workplace) -> None:
    one, two, three, four = range(work.base, work.base + 4)
    for lead in (one, two, three):
        link(work, lead, "contacts", 7, CONTACT)
    link(work, one, "companies", 8, COMPANY)
    link(work, three, "companies", 8)
    link(work, four, "contacts", 7)
    rows = [("leads", lead, "contacts", 7) for lead in (one, two, three, four)]
    done = work.here("unlink", write(work, *rows), "--yes", 2, "--json")
    assert (done.code, counts(done.json)) == (1, {"operation": "unlink", "unlinked": 2, "failed": 2})
    assert categories(work) == ["", "LEAD_WOULD_BE_DELETED", "LEAD_WOULD_BE_DELETED", ""]
    assert archived(work) == []


@pytest.mark.parametrize("number", [0, 2, 7])
def test_a_removal_of_which_every_row_is_refused_needs_no_number(work: Workplace, number: int) -> None:
    leads = range(work.base, work.base + 2)
    for lead in leads:
        link(work, lead, "contacts", 7, CONTACT)
    source = write(work, *(("leads", lead, "contacts", 7) for lead in leads))
    before = sorted_links(work.hubspot.url)
    done = work.here("unlink", source, "--yes", number, "--json", "--log-format", "json")
    assert (done.code, counts(done.json), done.json["calls"]) == (1, {"operation": "unlink", "failed": 2}, 0)
    assert categories(work) == ["LEAD_WOULD_BE_DELETED"] * 2
    assert len(rows_of(work.folder / "a.unlink.failures.csv")) == 2
    warnings = [line["message"] for line in map(json.loads, done.err.splitlines()) if line["level"] == "warning"]
    assert ["2 pairs" in text and "(LEAD_WOULD_BE_DELETED)" in text for text in warnings] == [True]
    assert sorted_links(work.hubspot.url) == before


def test_a_wrong_number_is_refused_with_the_reasons_why_other_rows_are_not_counted(work: Workplace) -> None:
    one, two = work.base, work.base + 1
    for lead in (one, two):
        link(work, lead, "contacts", 7, CONTACT)
    link(work, one, "companies", 8, COMPANY)
    source = write(work, ("leads", one, "contacts", 7), ("leads", two, "contacts", 7))
    before = sorted_links(work.hubspot.url)
    done = work.here("unlink", source, "--yes", 2)
    assert (done.code, done.error_code) == (2, "CONFIRMATION_DIFFERS")
    assert "1 pair will not be removed (LEAD_WOULD_BE_DELETED)" in done.err
    assert (sorted_links(work.hubspot.url), work.journals) == (before, [])


@pytest.mark.parametrize("is_reverse", [False, True])
def test_a_removal_of_all_primary_associations_of_a_lead_removes_none(work: Workplace, is_reverse: bool) -> None:
    link(work, work.base, "contacts", 7, CONTACT)
    link(work, work.base, "companies", 8, COMPANY)
    rows = [("leads", work.base, "contacts", 7), ("leads", work.base, "companies", 8)]
    source = write(work, *([(*row[2:], *row[:2]) for row in rows] if is_reverse else rows))
    done = work.here("unlink", source, "--json")
    assert (done.code, counts(done.json)) == (1, {"operation": "unlink", "failed": 2})
    assert categories(work) == ["LEAD_WOULD_BE_DELETED"] * 2
    assert archived(work) == []
    done = work.here("unlink", source, "--yes", 2, "--allow-deleting-leads")
    assert done.code == 0
    assert archived(work) == [str(work.base)]


def test_what_could_not_be_read_counts_as_not_there(work: Workplace) -> None:
    one, two = work.base, work.base + 1
    for lead in (one, two):
        link(work, lead, "contacts", 7, CONTACT)
        link(work, lead, "companies", 8, COMPANY)
    link(work, two, "deals", 9, DEAL)
    source = write(work, ("leads", one, "contacts", 7), ("leads", two, "contacts", 7))
    work.hubspot.change("faults", faults=["http_400=read,leads>companies"])
    try:
        done = work.here("unlink", source, "--yes", 1, "--json", IMPORTER_BACKOFF_BASE="0.01")
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, counts(done.json)) == (1, {"operation": "unlink", "unlinked": 1, "failed": 1})
    assert categories(work) == ["LEAD_NOT_READ", ""]
    retried = work.here("retry", done.json["run_id"], "--yes", 1, "--json")
    assert (retried.code, counts(retried.json)) == (0, {"operation": "unlink", "unlinked": 1})
    assert archived(work) == []


def test_the_label_primary_is_not_removed_from_the_last_primary_record(work: Workplace) -> None:
    link(work, work.base, "contacts", 7, CONTACT)
    done = work.here("unlink", write(work, ("leads", work.base, "contacts", 7), label="Primary"), "--json")
    assert (done.code, counts(done.json)) == (1, {"operation": "unlink", "failed": 1})
    assert categories(work) == ["LEAD_WOULD_BE_DELETED"]
    assert archived(work) == []


def test_an_undo_gives_a_lead_its_primary_record_back_before_it_removes_the_other_one(work: Workplace) -> None:
    link(work, work.base, "contacts", 7, CONTACT)
    before = sorted_links(work.hubspot.url)
    run = work.here("run", write(work, ("leads", work.base, "contacts", 8), label="Primary"), "--json")
    assert run.code == 0
    assert work.here("undo", run.json["run_id"]).code == 0
    assert sorted_links(work.hubspot.url) == before
    assert archived(work) == []


def test_an_undo_does_not_take_the_only_primary_record_of_a_lead(work: Workplace) -> None:
    link(work, work.base, "contacts", 7)
    run = work.here("run", write(work, ("leads", work.base, "contacts", 8), label="Primary"), "--json")
    done = work.here("undo", run.json["run_id"], "--json")
    assert (done.code, done.json["failed"]) == (1, 1)
    assert categories(work, "a.undo.results.csv") == ["LEAD_WOULD_BE_DELETED"]
    assert archived(work) == []


@pytest.mark.parametrize("engine", ["put", "batch"])
def test_replacing_labels_does_not_take_the_last_primary_association_of_a_lead(work: Workplace, engine: str) -> None:
    work.hubspot.change("labels", add=[{"from": "leads", "to": "contacts", "label": f"Met {engine}"}])
    one, two, three = range(work.base, work.base + 3)
    for lead in (one, two, three):
        link(work, lead, "contacts", 7, CONTACT)
    link(work, two, "companies", 8, COMPANY)
    rows = [("leads", lead, "contacts", contact) for lead in (one, two, three) for contact in (7, 9)]
    source = write(work, *rows[:5], label=f"Met {engine}")
    flags = ("--engine", engine, "--label-mode", "replace", "--json")
    checked = work.here("check", source, "--online", *flags)
    at_risk = checked.json["online"]["leads_at_risk"]
    assert (checked.code, at_risk["pairs"], at_risk["refused"], checked.json["online"]["to_link"]) == (1, 2, 2, 3)
    assert [one["row"] for one in at_risk["first"]] == [2, 6]
    done = work.here("run", source, *flags)
    assert (done.code, done.json["linked"], done.json["failed"]) == (1, 3, 2)
    refused = ["LEAD_WOULD_BE_DELETED", "", "", "", "LEAD_WOULD_BE_DELETED"]
    assert categories(work, "a.results.csv") == refused
    assert archived(work) == []
    announced = work.here("check", source, "--online", *flags, "--allow-deleting-leads")
    found = announced.json["online"]
    assert (announced.code, found["leads_at_risk"]["pairs"], found["leads_at_risk"]["refused"]) == (0, 2, 0)
    allowed = work.here("run", source, *flags, "--allow-deleting-leads")
    assert (allowed.code, archived(work)) == (1, [str(one), str(three)])


def test_replacing_labels_from_the_other_side_does_not_take_it_either(work: Workplace) -> None:
    work.hubspot.change("labels", add=[{"from": "companies", "to": "leads", "label": "Owner"}])
    link(work, work.base, "companies", 8, COMPANY)
    link(work, work.base + 1, "companies", 8, COMPANY)
    link(work, work.base + 1, "contacts", 7, CONTACT)
    source = write(work, *(("companies", 8, "leads", work.base + n) for n in range(2)), label="Owner")
    done = work.here("run", source, "--label-mode", "replace", "--json")
    assert (done.code, done.json["linked"], done.json["failed"]) == (1, 1, 1)
    assert categories(work, "a.results.csv") == ["LEAD_WOULD_BE_DELETED", ""]
    assert archived(work) == []


def test_replacing_the_labels_of_all_primary_associations_of_a_lead_removes_none(work: Workplace) -> None:
    for other_type in ("contacts", "companies"):
        work.hubspot.change("labels", add=[{"from": "leads", "to": other_type, "label": "Once"}])
    link(work, work.base, "contacts", 7, CONTACT)
    link(work, work.base, "companies", 8, COMPANY)
    source = write(work, ("leads", work.base, "contacts", 7), ("leads", work.base, "companies", 8), label="Once")
    done = work.here("run", source, "--label-mode", "replace", "--json")
    assert (done.code, done.json["failed"], archived(work)) == (1, 2, [])


def test_no_setting_lets_an_undo_delete_a_lead(work: Workplace) -> None:
    link(work, work.base, "contacts", 7)
    run = work.here("run", write(work, ("leads", work.base, "contacts", 8), label="Primary"), "--json")
    done = work.here("undo", run.json["run_id"], "--json", IMPORTER_ALLOW_DELETING_LEADS="true")
    assert (done.code, done.json["failed"], archived(work)) == (1, 1, [])
