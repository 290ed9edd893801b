"""`check --online`: what a run would find in the account, without any write."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import FAST, Done, Workplace, workplace_in

pytestmark = pytest.mark.slow

PRIMARY = "Contact ID,Company ID,Label\n"


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxProcess]:
    with sandbox_thread(replace(FAST, link_cap=5)) as running:
        yield running


@pytest.fixture
def work(tmp_path_factory: pytest.TempPathFactory, server: SandboxProcess) -> Iterator[Workplace]:
    """A workplace, and a check that the test wrote nothing but what it changed itself."""
    before = server.state(summary=True)["counts"]["writes"]
    yield workplace_in(tmp_path_factory.mktemp("work"), server)
    assert server.state(summary=True)["counts"]["writes"] == before


def link(work: Workplace, *pairs: tuple[int, int], **more: object) -> None:
    ends = [{"from": record("contacts", one), "to": record("companies", other), **more} for one, other in pairs]
    work.hubspot.change("associations", add=ends)


def record(object_type: str, record_id: int) -> dict[str, str]:
    return {"type": object_type, "id": str(record_id)}


def check(work: Workplace, text: str, *flags: str) -> Done:
    source = work.folder / "deals.csv"
    source.write_text(text.replace("BASE", str(work.base)), encoding="utf-8")
    return work.here("check", source, "--online", *flags)


@pytest.mark.parametrize("version", ["v4", "2026-09"])
def test_existing_links_are_counted(work: Workplace, version: str) -> None:
    pairs = work.pairs(6)
    link(work, *pairs[:4])
    done = work.here("check", work.write("a.csv", pairs), "--online", "--json", "--api-version", version)
    found = done.json["online"]
    assert (done.code, found["already_linked"], found["to_link"], found["unread"]) == (0, 4, 2, 0)
    assert found["portal_id"] == FAST.portal_id
    assert done.json["reads"] == 1 + 1 + 4, "the account, the links, two limits in both directions"
    assert "4 pairs linked already, 2 to link" in work.here("check", work.folder / "a.csv", "--online").out


@pytest.mark.parametrize("version", ["v4", "2026-09"])
def test_primary_companies_that_would_move_are_listed_with_their_rows(work: Workplace, version: str) -> None:
    base = work.base
    link(work, (base, 7), (base, 8), (base + 1, 7))
    text = f"{PRIMARY}BASE,8,Primary\n{base + 1},7,Primary\n{base + 2},9,Primary\n{base + 1},12,\n"
    done = check(work, text, "--json", "--api-version", version)
    moves = done.json["online"]["primary_moves"]
    moved = {"row": 2, "object_type": "contacts", "record_id": str(base), "from_id": "7", "to_id": "8"}
    assert moves == {"records": 1, "first": [moved]}
    assert (done.json["online"]["already_linked"], done.json["online"]["to_link"]) == (1, 3)
    lines = check(work, text).out.splitlines()
    assert f"    row 2: contacts {base}, from 7 to 8" in lines


def test_primary_companies_move_also_in_a_file_of_the_other_direction(work: Workplace) -> None:
    base = work.base
    link(work, (base, 7), (base, 8))
    done = check(work, "Company ID,Contact ID,Label\n8,BASE,Primary\n", "--json", "--from", "companies")
    assert [
        (one["record_id"], one["from_id"], one["to_id"]) for one in done.json["online"]["primary_moves"]["first"]
    ] == [(str(base), "7", "8")]


def test_labels_that_replacing_would_remove_are_listed_with_their_rows(work: Workplace) -> None:
    base = work.base
    link(work, (base, 7))
    link(work, (base, 8), (base + 1, 8), types=["USER_DEFINED:1", "USER_DEFINED:3"])
    text = (
        f"{PRIMARY}BASE,7,Billing contact\nBASE,8,Decision maker\n{base + 1},8,Decision maker;Billing contact;Primary\n"
    )
    flags = ("--label-mode", "replace")
    found = check(work, text, *flags, "--json").json["online"]
    replaced = found["replaced_labels"]
    assert (replaced["pairs"], replaced["primary"], found["to_link"], found["already_linked"]) == (2, 1, 2, 1)
    assert [(one["row"], one["labels"]) for one in replaced["first"]] == [(2, ["Primary"]), (3, ["Billing contact"])]
    assert f"    row 2: contacts {base} and companies 7: Primary" in check(work, text, *flags).out.splitlines()
    assert check(work, text, "--json").json["online"]["replaced_labels"] == {"pairs": 0, "primary": 0, "first": []}


def test_records_that_would_have_too_many_links_are_listed(work: Workplace) -> None:
    base = work.base
    link(work, *[(base, company) for company in range(20, 24)], *[(base + n, 30) for n in range(1, 6)])
    rows = [f"{base},24", f"{base},25", f"{base + 8},30", f"{base + 9},31"]
    done = check(work, "\n".join(["Contact ID,Company ID", *rows, ""]), "--json")
    found = done.json["online"]["over_limit"]
    assert (done.code, found["records"]) == (0, 2)
    assert [(one["object_type"], one["record_id"], one["links"], one["limit"]) for one in found["first"]] == [
        ("contacts", str(base), 6, 5),
        ("companies", "30", 6, 5),
    ]
    assert "would have 6 companies; the limit is 5" in check(work, "\n".join(["Contact ID,Company ID", *rows])).out


def test_a_limit_that_an_admin_has_set_is_found(work: Workplace) -> None:
    link(work, (work.base, 7))
    limit = {"from": "contacts", "to": "tickets", "type": "HUBSPOT_DEFINED:15"}
    work.hubspot.change("labels", limit=[{**limit, "max": 1}])
    try:
        done = check(work, "Contact ID,Ticket ID\nBASE,40\nBASE,41\n", "--json")
    finally:
        work.hubspot.change("labels", limit=[{**limit, "max": None}])
    (found,) = done.json["online"]["over_limit"]["first"]
    assert (found["record_id"], found["row"], found["links"], found["limit"]) == (str(work.base), 3, 2, 1)


@pytest.mark.parametrize("fault", ["scopes_missing=read", "http_404=record_limits", "http_503=record_limits"])
def test_what_cannot_be_read_is_reported_and_is_not_an_error(work: Workplace, fault: str) -> None:
    work.hubspot.change("faults", faults=[fault])
    try:
        done = work.here("check", work.write("a.csv", work.pairs(3)), "--online", "--json")
        shown = work.here("check", work.folder / "a.csv", "--online").out
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, done.json["online"]["unread"]) == (0, 3 if fault.partition("=")[2] == "read" else 0)
    assert "could not be read" in shown


def test_the_costs_count_the_reads_of_labels_and_lookups(work: Workplace) -> None:
    source = work.folder / "people.csv"
    source.write_text("Email,Company ID,Label\ncontact-7@example.com,7,Decision maker\n", encoding="utf-8")
    flags = ("--from", "contacts", "--from-by", "email", "--json")
    done = work.here("check", source, *flags, "--online")
    assert done.json["costs"]["preparation"] == 1 + 1 + 2, "the account, the email address, labels in both directions"
    assert done.json["calls"] == 4 + 1 + done.json["costs"]["read_calls"]
    ids = work.folder / "ids.csv"
    ids.write_text("Contact ID,Company ID,Label\n7,7,Decision maker\n", encoding="utf-8")
    assert work.here("check", ids, "--json").json["costs"]["preparation"] == 2
