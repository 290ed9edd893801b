"""Undo, and removal, of a file that names links in both directions: each link is one, and is restored once."""

import pytest

from tests.cli.test_engines import linked
from tests.cli.test_labels import write
from tests.cli.test_undo import state
from tests.support.command_line import Workplace
from tests.support.local_hubspot import sorted_links

HEADER = "from_object_type,from_object_id,to_object_type,to_object_id,label\n"
LINKS = "contacts,BASE,companies,7,{}\ncompanies,7,contacts,BASE,{}\ncontacts,BASE,companies,8,{}\n"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("engine", ["put", "batch"])
@pytest.mark.parametrize("labels", [("", "", ""), ("Decision maker",) * 3, ("Decision maker", "Billing contact", "")])
@pytest.mark.parametrize("is_linked", [False, True], ids=["new", "linked"])
def test_an_undo_of_both_directions_restores_them(
    work: Workplace, engine: str, labels: tuple[str, str, str], *, is_linked: bool
) -> None:
    if is_linked:
        linked(work, [(work.base, 7)])
    before = state(work)
    run = work.here("run", write(work, HEADER + LINKS.format(*labels)), "--engine", engine, "--json")
    assert run.code == 0
    done = work.here("undo", run.json["run_id"], "--json")
    assert state(work) == before
    assert (done.code, done.json["failed"]) == (0, 0)


@pytest.mark.parametrize("mode", ["add", "replace"])
def test_an_undo_gives_primary_back_where_both_directions_were_labelled(work: Workplace, mode: str) -> None:
    linked(work, [(work.base, 9), (work.base, 7)])
    before = state(work)
    rows = "contacts,BASE,companies,7,Primary\ncompanies,7,contacts,BASE,Billing contact\n"
    rows += f"contacts,{work.base + 1},companies,7,\ncompanies,7,contacts,{work.base + 1},Decision maker\n"
    run = work.here("run", write(work, HEADER + rows), "--label-mode", mode, "--json")
    assert run.json["failed"] == (0 if mode == "add" else 2)
    done = work.here("undo", run.json["run_id"], "--json")
    assert state(work) == before
    assert (done.code, done.json["failed"]) == (0, 0)


@pytest.mark.parametrize("engine", ["put", "batch"])
@pytest.mark.parametrize("there", ["", "there"])
def test_an_undo_of_labels_without_primary_restores_both_directions(work: Workplace, engine: str, there: str) -> None:
    label, back = f"{there}{work.base}", f"back{work.base}"
    added = [{"from": "contacts", "to": "deals", "label": text} for text in (label, back)]
    work.hubspot.change("labels", add=added)
    before = sorted_links(work.hubspot.url)
    rows = f"contacts,BASE,deals,7,{label if there else ''}\ndeals,7,contacts,BASE,{back}\n"
    run = work.here("run", write(work, HEADER + rows), "--engine", engine, "--json")
    assert (run.code, run.json["linked"]) == (0, 2)
    done = work.here("undo", run.json["run_id"], "--json")
    assert sorted_links(work.hubspot.url) == before
    assert (done.code, done.json["failed"]) == (0, 0)


def test_an_undo_restores_a_link_without_labels_that_got_one_from_its_other_side(work: Workplace) -> None:
    linked(work, [(work.base, 9), (work.base + 1, 9)])
    before = state(work)
    rows = "contacts,BASE,companies,7,\ncompanies,7,contacts,BASE,Decision maker\n"
    rows += f"contacts,{work.base + 1},companies,9,\n"
    run = work.here("run", write(work, HEADER + rows), "--json")
    assert (run.code, run.json["linked"], run.json["already_linked"]) == (0, 2, 1)
    done = work.here("undo", run.json["run_id"], "--json")
    assert state(work) == before
    assert (done.code, done.json["failed"]) == (0, 0)


def test_a_link_that_someone_changed_since_is_left_alone_in_both_directions(work: Workplace) -> None:
    rows = LINKS.format("Decision maker", "Billing contact", "Billing contact")
    run = work.here("run", write(work, HEADER + rows), "--json")
    entry = {"from": {"type": "contacts", "id": str(work.base)}, "to": {"type": "companies", "id": "7"}}
    types = ["HUBSPOT_DEFINED:1", "USER_DEFINED:1"]
    work.hubspot.change("associations", remove=[entry])
    work.hubspot.change("associations", add=[{**entry, "types": types}])
    changed = state(work)
    done = work.here("undo", run.json["run_id"], "--json")
    assert (done.code, done.json["failed"], done.json["unlinked"]) == (1, 2, 1)
    assert state(work) == [link for link in changed if link[0] == (work.base, 7)]


def test_a_removal_of_labels_in_both_directions_is_undone(work: Workplace) -> None:
    rows = LINKS.format("Decision maker", "Billing contact", "Billing contact")
    source = write(work, HEADER + rows)
    assert work.here("run", source).code == 0
    before = state(work)
    removed = work.here("unlink", source, "--yes", 3, "--json")
    assert (removed.code, removed.json["unlinked"]) == (0, 3)
    done = work.here("undo", removed.json["run_id"], "--json")
    assert state(work) == before
    assert (done.code, done.json["failed"]) == (0, 0)


def test_a_link_named_in_both_directions_is_removed_as_one(work: Workplace) -> None:
    linked(work, [(work.base, 7), (work.base, 8)])
    source = write(work, HEADER.replace(",label", "") + LINKS.format("", "", "").replace(",\n", "\n"))
    assert work.here("unlink", source, "--yes", 3).error_code == "CONFIRMATION_DIFFERS"
    removed = work.here("unlink", source, "--yes", 2, "--json")
    assert (removed.code, removed.json["unlinked"], state(work)) == (0, 3, [])
    done = work.here("undo", removed.json["run_id"], "--json")
    assert (done.code, done.json["linked"]) == (0, 3)
    assert work.here("verify", source).code == 0
