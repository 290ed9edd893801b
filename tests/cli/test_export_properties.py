"""`importer export` with properties of the records, which name them in another account."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import TOKEN, Workplace, rows_of, workplace_in
from tests.support.exports import HEADER, PAIRS, SMALL, label, link, small, work
from tests.support.local_hubspot import sorted_links

__all__ = ["small", "work"]

pytestmark = pytest.mark.slow


def ends(one: int, other: int) -> dict[str, Any]:
    return {"from": {"type": "contacts", "id": str(one)}, "to": {"type": "companies", "id": str(other)}}


def labels_of(hubspot: SandboxProcess) -> list[dict[str, Any]]:
    """Return the labels from contacts to companies with their types."""
    request = urllib.request.Request(f"{hubspot.url}/crm/v4/associations/contacts/companies/labels")
    request.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(request, timeout=60) as response:
        found = json.load(response)["results"]
    return [{"label": one["label"], "type": f"{one['category']}:{one['typeId']}"} for one in found]


def named_links(hubspot: SandboxProcess, *, offset: int = 0) -> set[tuple[int, str, frozenset[str]]]:
    """Return the links from contacts to companies with the names of their labels; the contacts' ids are `offset` up."""
    names = {one["type"]: str(one["label"]) for one in labels_of(hubspot)}
    return {
        (
            int(entry["from"]["id"]) - offset,
            entry["to"]["id"],
            frozenset(names[one] for one in entry["types"] if one in names),
        )
        for entry in json.loads(sorted_links(hubspot.url))["links"]
        if entry["from"]["type"] == "contacts"
    }


def test_links_go_into_another_account_by_keys_and_names_of_labels(work: Workplace, tmp_path: Path) -> None:
    label(work.hubspot, "Billing", "Decision maker")
    link(work.hubspot, PAIRS)
    types = {entry["label"]: entry["type"] for entry in labels_of(work.hubspot)}
    labelled = [
        {**ends(one, other), "types": [types[name] for name in names]}
        for (one, other), names in zip(PAIRS, [("Billing",), ("Decision maker", "Billing"), ()] * 300, strict=False)
    ]
    work.hubspot.change("associations", add=labelled)
    export = ("export", "contacts", "companies", "--with", "email", "--with", "to:account_code", "--out", "links.csv")
    done = work.here(*export, "--json")
    assert (done.code, done.json["links"]) == (0, len(set(PAIRS)))
    rows = rows_of(work.folder / "links.csv")
    assert list(rows[0]) == [*HEADER, "from_email", "to_account_code"]
    assert {row["label"] for row in rows} > {"", "Billing"}
    with sandbox_thread(SMALL) as other:
        label(other, "Other", "Decision maker", "Billing")
        moved = [
            {"type": "contacts", "id": str(one + 5_000), "properties": {"email": f"contact-{one}@example.com"}}
            for one in range(1, 351)
        ]
        old = [{"type": "contacts", "id": str(one)} for one in range(1, 351)]
        other.change("records", add=moved, remove=old)
        (tmp_path / "other").mkdir()
        empty = workplace_in(tmp_path / "other", other)
        keys = ("--from-by", "email", "--to-by", "account_code")
        done = empty.here("run", work.folder / "links.csv", *keys, "--out", "r.csv", "--json")
        assert (done.code, done.json["linked"]) == (0, len(rows))
        assert named_links(other, offset=5_000) == named_links(work.hubspot)


def test_a_property_with_the_signs_of_a_formula_survives_the_round_trip(work: Workplace) -> None:
    contact = {"type": "contacts", "id": "7", "properties": {"customer_number": "+49 30 123"}}
    work.hubspot.change("records", add=[contact])
    link(work.hubspot, [(7, 8)])
    assert work.here("export", "contacts", "companies", "--with", "customer_number", "--out", "links.csv").code == 0
    (row,) = rows_of(work.folder / "links.csv")
    assert row["from_customer_number"] == "'+49 30 123"
    done = work.here("verify", "links.csv", "--from-by", "customer_number", "--out", "r.csv")
    assert done.code == 0


def test_records_without_a_value_have_an_empty_cell_and_are_counted(work: Workplace) -> None:
    work.hubspot.change("records", add=[{"type": "contacts", "id": "7", "properties": {"email": ""}}])
    link(work.hubspot, [(7, 8), (7, 9), (6, 8)])
    done = work.here("export", "contacts", "companies", "--with", "from:email", "--out", "links.csv")
    assert done.code == 0
    assert "column from_email: 2 (" in done.err
    values = [row["from_email"] for row in rows_of(work.folder / "links.csv")]
    assert values == ["contact-6@example.com", "", ""]


def test_values_that_cannot_be_read_leave_no_file_that_looks_complete(work: Workplace) -> None:
    link(work.hubspot, PAIRS[:50])
    work.hubspot.change("faults", faults=["http_400=lookup,pairs:0.05"])
    done = work.here("export", "contacts", "companies", "--with", "email", "--out", "links.csv", "--json")
    assert (done.code, done.json["status"], done.json["file"]) == (3, "stopped", None)
    unread = [(row["object_type"], row["object_id"]) for row in rows_of(work.folder / "links.unread.csv")]
    assert 0 < len(unread) == done.json["unread"] < 10
    assert set(unread) <= {("contacts", str(one)) for one, _ in PAIRS[:50]}


@pytest.mark.parametrize("fault", ["scopes_missing=lookup", "scopes_missing=properties"])
def test_records_that_the_token_may_not_read_stop_the_export(work: Workplace, fault: str) -> None:
    link(work.hubspot, PAIRS[:50])
    work.hubspot.change("faults", faults=[fault])
    done = work.here("export", "contacts", "companies", "--with", "email", "--out", "links.csv", "--json")
    assert (done.code, done.json["stopped_by"], done.json["file"]) == (3, "scopes_missing", None)


@pytest.mark.parametrize(("text", "code"), [("E-Mail", "EXPORT_PROPERTY_INVALID"), ("to:email", "UNKNOWN_PROPERTY")])
def test_a_wrong_property_is_refused(work: Workplace, text: str, code: str) -> None:
    done = work.here("export", "contacts", "companies", "--with", text, "--out", "links.csv")
    assert (done.code, done.error_code) == (2, code)
    assert not (work.folder / "links.csv").exists()
