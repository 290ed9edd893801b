"""Undoing runs that moved Primary: it is given back, unless someone else has chosen another primary record since."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from importer.runner import remove as removing
from tests.cli.test_unlink_labels import BILLING, DECISION, PLAIN, PRIMARY, labelled, link, types
from tests.support.command_line import UNKNOWN, Workplace, rows_of
from tests.support.local_hubspot import sorted_links

pytestmark = pytest.mark.slow


def run(work: Workplace, source: Path, *flags: str) -> str:
    """Run a file with labels and return the id of the run."""
    done = work.here("run", source, "--json", *flags)
    assert done.code == 0, done.err
    return str(done.json["run_id"])


def make_primary(work: Workplace, contact: int, company: int) -> None:
    link(work, (contact, company), types=(PRIMARY,))


def unlabel(work: Workplace, pair: tuple[int, int], label: str) -> None:
    ends = {"from": {"type": "contacts", "id": str(pair[0])}, "to": {"type": "companies", "id": str(pair[1])}}
    work.hubspot.change("associations", remove_labels=[{**ends, "types": [label]}])


@pytest.mark.parametrize("version", ["v4", "2026-09"])
@pytest.mark.parametrize("engine", ["put", "batch"])
def test_the_company_that_was_primary_before_is_primary_again(work: Workplace, engine: str, version: str) -> None:
    contacts = range(work.base, work.base + 30)
    link(work, *((one, 7) for one in contacts), types=(BILLING,))
    link(work, *((one, 8) for one in contacts[:10]), types=())
    before = sorted_links(work.hubspot.url)
    source = labelled(work, *((one, 8, "Primary;Decision maker") for one in contacts))
    run_id = run(work, source, "--engine", engine, "--api-version", version)
    assert types(work)[work.base, 7] == {PLAIN, BILLING}
    done = work.here("undo", run_id, "--json", "--api-version", version)
    assert done.code == 0, done.err
    assert sorted_links(work.hubspot.url) == before
    assert work.here("undo", run_id, "--json").json["calls"] == 0


def test_the_same_holds_from_companies_to_contacts(work: Workplace) -> None:
    link(work, (work.base, 7), types=(BILLING,))
    before = sorted_links(work.hubspot.url)
    path = work.folder / "a.csv"
    path.write_text(f"Company ID,Contact ID,Label\n8,{work.base},Primary\n9,{work.base},\n")
    assert work.here("undo", run(work, path)).code == 0
    assert sorted_links(work.hubspot.url) == before


def test_a_file_that_moves_primary_and_labels_the_former_one_is_undone(work: Workplace) -> None:
    one, two = work.base, work.base + 1
    link(work, (one, 7), types=(BILLING,))
    before = sorted_links(work.hubspot.url)
    rows = [(one, 8, "Primary"), (one, 7, "Decision maker"), (one, 9, ""), (two, 7, ""), (two, 8, "Primary")]
    assert work.here("undo", run(work, labelled(work, *rows)), "--json").code == 0
    assert sorted_links(work.hubspot.url) == before


def test_labels_of_both_directions_of_one_link_are_undone(work: Workplace) -> None:
    one, two, three = work.base, work.base + 1, work.base + 2
    before = sorted_links(work.hubspot.url)
    path = work.folder / "a.csv"
    rows = [(one, two), (two, one), (one, three)]
    lines = [f"contacts,{a},contacts,{b},USER_DEFINED:5" for a, b in rows]
    header = "from_object_type,from_object_id,to_object_type,to_object_id,label"
    path.write_text("\n".join([header, *lines, ""]))
    run_id = run(work, path)
    assert sorted_links(work.hubspot.url) != before
    assert work.here("undo", run_id).code == 0
    assert sorted_links(work.hubspot.url) == before


def test_replaced_labels_are_restored(work: Workplace) -> None:
    one, two, three = work.pairs(3)
    link(work, one, two, types=(BILLING, DECISION))
    before = sorted_links(work.hubspot.url)
    source = labelled(work, (*one, "Decision maker"), (*two, "Decision maker"), (*three, "Decision maker"))
    run_id = run(work, source, "--label-mode", "replace")
    assert types(work)[one] == {PLAIN, DECISION}
    assert work.here("undo", run_id).code == 0
    assert sorted_links(work.hubspot.url) == before


def test_another_company_that_someone_made_primary_since_stays_primary(work: Workplace) -> None:
    one, two, three, four = range(work.base, work.base + 4)
    link(work, *((contact, 7) for contact in (one, two, three, four)), types=())
    run_id = run(work, labelled(work, *((contact, 8, "Primary") for contact in (one, two, three, four))))
    make_primary(work, one, 9)
    make_primary(work, two, 7)
    unlabel(work, (three, 8), PRIMARY)
    done = work.here("undo", run_id, "--json")
    assert (done.code, done.json["failed"]) == (1, 2)
    assert types(work) == {
        (one, 7): {PLAIN},
        (one, 8): {PLAIN},
        (one, 9): {PRIMARY, PLAIN},
        (two, 7): {PRIMARY, PLAIN},
        (three, 7): {PLAIN},
        (three, 8): {PLAIN},
        (four, 7): {PRIMARY, PLAIN},
    }
    rows = rows_of(work.folder / "a.undo.results.csv")
    assert [row["import_error_category"] for row in rows] == ["CHANGED_SINCE_RUN", "", "CHANGED_SINCE_RUN", ""]


def test_a_former_primary_company_that_was_changed_since_is_left_alone(work: Workplace) -> None:
    contact = work.base
    link(work, (contact, 7), types=(BILLING,))
    run_id = run(work, labelled(work, (contact, 8, "Primary")))
    link(work, (contact, 7), types=(DECISION,))
    done = work.here("undo", run_id, "--json")
    assert (done.code, done.json["failed"]) == (1, 1)
    assert types(work) == {(contact, 7): {PLAIN, BILLING, DECISION}}
    (row,) = rows_of(work.folder / "a.undo.results.csv")
    assert '"to_object_id":"7"' in row["import_error_details"]
    assert "companies 7 was changed since" in row["import_error_message"]


def test_a_removed_primary_link_is_not_restored_over_another_one(work: Workplace) -> None:
    one, two = work.pairs(2)
    link(work, one, two, (two[0], 777), types=())
    removed = work.here("unlink", work.write("a.csv", [one, two]), "--yes", 2, "--json")
    make_primary(work, one[0], 777)
    done = work.here("undo", removed.json["run_id"], "--json")
    assert (done.code, done.json["failed"], done.json["linked"]) == (1, 1, 1)
    assert types(work) == {(one[0], 777): {PRIMARY, PLAIN}, two: {PRIMARY, PLAIN}, (two[0], 777): {PLAIN}}
    row = rows_of(work.folder / "a.unlink.undo.results.csv")[0]
    assert row["import_error_category"] == "PRIMARY_CHANGED_SINCE_RUN"


@pytest.mark.parametrize("side", ["contacts", "companies"])
def test_merged_records_are_left_alone_and_reported(work: Workplace, side: str) -> None:
    pairs = [(work.base + n, work.base + 100 + n) for n in range(3)]
    run_id = work.here("run", work.write("a.csv", pairs), "--json").json["run_id"]
    survivor = UNKNOWN + work.base + 1
    old = pairs[1][side == "companies"]
    work.hubspot.change("records", add=[{"type": side, "id": str(survivor)}])
    work.hubspot.change("records", merge=[{"type": side, "id": str(old), "into": str(survivor)}])
    merged = sorted_links(work.hubspot.url)
    done = work.here("undo", run_id, "--json")
    assert (done.code, done.json["unlinked"], done.json["failed"]) == (1, 2, 1)
    row = rows_of(work.folder / "a.undo.results.csv")[1]
    assert row["import_error_category"] == "RECORD_MERGED"
    assert str(survivor) in row["import_error_message"]
    assert merged.count(str(survivor).encode()) == sorted_links(work.hubspot.url).count(str(survivor).encode()) == 1


def test_a_label_that_someone_added_since_is_kept(work: Workplace) -> None:
    one, two = work.pairs(2)
    link(work, one, types=())
    run_id = run(work, labelled(work, (*one, "Decision maker"), (*two, "Decision maker")))
    link(work, one, two, types=(BILLING,))
    done = work.here("undo", run_id, "--json")
    assert (done.code, done.json["failed"]) == (1, 2)
    assert types(work) == {pair: {PRIMARY, PLAIN, BILLING, DECISION} for pair in (one, two)}


# ---- changes between the reading and the writing of an undo


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Callable[[], None]]]:
    """What someone else does once the undo has read all pairs, before it changes any."""
    changes: list[Callable[[], None]] = []
    send = removing._send

    async def send_after_changes(*arguments: Any) -> None:
        while changes:
            changes.pop()()
        await send(*arguments)

    monkeypatch.setattr(removing, "_send", send_after_changes)
    yield changes
    assert not changes, "the undo changed nothing"


def undone(work: Workplace, run_id: str) -> list[str]:
    done = work.here("undo", run_id, "--json")
    return [row["import_error_category"] for row in rows_of(Path(done.json["results"]))]


def test_a_label_that_someone_adds_while_an_undo_restores_others_is_kept(
    work: Workplace, meanwhile: list[Callable[[], None]]
) -> None:
    one, two = work.pairs(2)
    link(work, one, two, types=(DECISION,))
    removal = work.here(
        "unlink", labelled(work, (*one, "Decision maker"), (*two, "Decision maker")), "--yes", 2, "--json"
    )
    meanwhile.append(lambda: link(work, one, types=(BILLING,)))
    assert undone(work, removal.json["run_id"]) == ["CHANGED_SINCE_RUN", ""]
    assert types(work)[one] - {PRIMARY} == {PLAIN, BILLING}
    assert DECISION in types(work)[two]


def test_a_link_that_someone_labels_while_an_undo_removes_it_is_kept(
    work: Workplace, meanwhile: list[Callable[[], None]]
) -> None:
    one, two = work.pairs(2)
    run_id = run(work, labelled(work, (*one, "Decision maker"), (*two, "Decision maker")))
    meanwhile.append(lambda: link(work, one, types=(BILLING,)))
    assert undone(work, run_id) == ["CHANGED_SINCE_RUN", ""]
    assert types(work)[one] >= {BILLING, DECISION}
    assert two not in types(work)


def test_primary_stays_with_a_link_that_someone_labels_while_an_undo_is_about_to_give_it_back(
    work: Workplace, meanwhile: list[Callable[[], None]]
) -> None:
    one, two = work.base, work.base + 1
    link(work, (one, 7), (two, 7), types=())
    run_id = run(work, labelled(work, (one, 8, "Primary"), (two, 8, "Primary")))
    meanwhile.append(lambda: link(work, (one, 8), types=(BILLING,)))
    assert undone(work, run_id) == ["CHANGED_SINCE_RUN", ""]
    assert types(work) == {(one, 7): {PLAIN}, (one, 8): {PRIMARY, PLAIN, BILLING}, (two, 7): {PRIMARY, PLAIN}}


def test_a_label_that_someone_adds_while_an_undo_removes_another_one_is_kept(
    work: Workplace, meanwhile: list[Callable[[], None]]
) -> None:
    (one,) = work.pairs(1)
    link(work, one, types=())
    run_id = run(work, labelled(work, (*one, "Decision maker")))
    meanwhile.append(lambda: link(work, one, types=(BILLING,)))
    assert undone(work, run_id) == [""]
    assert types(work)[one] - {PRIMARY} == {PLAIN, BILLING}


@pytest.mark.parametrize("others", ["restored", "restored already"])
def test_a_row_of_an_undo_says_what_happened_to_its_own_pair(work: Workplace, others: str) -> None:
    link(work, (work.base, 7), types=())
    before = sorted_links(work.hubspot.url)
    run_id = run(work, labelled(work, (work.base, 8, "Primary"), (work.base + 1, 8, "")))
    done = work.here("undo", run_id, "--json")
    status = "unlinked"
    if others == "restored already":
        done, status = work.here("undo", run_id, "--json"), "not_linked"
    assert (done.code, done.json[status]) == (0, 2)
    assert sorted_links(work.hubspot.url) == before
    (row, _) = rows_of(Path(done.json["results"]))
    assert (row["import_status"], row["import_association_types"]) == (status, "")
    (restored,) = json.loads(row["import_error_details"])
    assert restored["pair"]["to_object_id"] == "7"
    assert restored["status"] == ("linked" if others == "restored" else "already_linked")


def test_a_primary_company_that_cannot_be_restored_makes_the_row_bad(work: Workplace) -> None:
    link(work, (work.base, 7), types=())
    run_id = run(work, labelled(work, (work.base, 8, "Primary")))
    link(work, (work.base, 7), types=(BILLING,))
    done = work.here("undo", run_id, "--json")
    assert (done.code, done.json["failed"]) == (1, 1)


def test_a_link_that_hubspot_refuses_to_restore_has_its_own_advice(work: Workplace) -> None:
    company = UNKNOWN + work.base + 2
    work.hubspot.change("records", add=[{"type": "companies", "id": str(company)}])
    link(work, (work.base, company), types=())
    removed = work.here("unlink", work.write("a.csv", [(work.base, company)]), "--yes", 1, "--json")
    work.hubspot.change("records", remove=[{"type": "companies", "id": str(company)}])
    done = work.here("undo", removed.json["run_id"], "--json")
    assert (done.code, done.json["failed"]) == (1, 1)
    (row,) = rows_of(Path(done.json["results"]))
    assert row["import_advice"].startswith("HubSpot refused to restore this link")
