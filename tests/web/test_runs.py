"""Runs of the page: their numbers and rows, the first rows, retry, undo, and when a check is outdated."""

import json

import pytest

from tests.support.page import FAULTY, PageClient, page

__all__ = ["page"]

pytestmark = pytest.mark.slow


def test_a_run_ends_with_its_numbers_and_rows(page: PageClient) -> None:
    run_id = page.linked(20, *FAULTY)
    run = page.ended(run_id)
    assert {status: number for status, number in run["counts"].items() if number} == {
        "linked": 20,
        "failed": 2,
        "invalid": 1,
    }
    assert (run["rows"], run["good"], run["bad"]) == (23, 20, 3)
    assert run["headline"] == "20 of 23 rows are linked; 3 need you."
    assert run["progress"]["done"] == run["pairs"] == 22
    bad = page.get(f"/api/runs/{run_id}/rows?status=bad")
    assert (bad["total"], bad["pages"]) == (3, 1)
    assert all(row["advice"] and row["message"] for row in bad["rows"])
    found = page.get(f"/api/runs/{run_id}/rows?q=no%20id")["rows"]
    assert [(row["name"], row["status"]) for row in found] == [("24", "invalid")]
    assert page.get("/api/runs")[0]["run_id"] == run_id
    links = page.get(f"/api/runs/{run_id}/rows?page=1")["rows"][0]["links"]
    assert links[0]["to_url"] == "https://app.hubspot.com/contacts/10000001/record/0-2/1"


def test_the_first_rows_are_sent_and_then_the_rest_of_the_same_run(page: PageClient) -> None:
    import_id = page.pairs(60)
    page.check(import_id)
    run_id = page.run(import_id, first_rows=5)
    run = page.ended(run_id)
    assert (run["state"], run["stopped_by"], run["first_rows"]) == ("unfinished", "first_rows", 5)
    assert run["counts"]["linked"] == 5
    assert page.started(page.change("POST", f"/api/runs/{run_id}/continue")) == run_id
    assert page.ended(run_id)["counts"]["linked"] == 60
    assert page.get(f"/api/imports/{import_id}")["run_id"] == run_id
    assert page.get(f"/api/runs/{run_id}/rows?page=2")["rows"][0]["name"] == "52"


def test_rows_that_wait_after_the_first_ones_are_not_among_those_that_need_someone(page: PageClient) -> None:
    pairs = [f"710{number},1" for number in range(8)]
    import_id = page.upload("trial.csv", "\n".join(["Contact ID,Company ID", *pairs, pairs[0], "no id,1", ""]).encode())
    page.check(import_id)
    run_id = page.run(import_id, first_rows=5)
    run = page.ended(run_id)
    assert (run["first_rows"], run["need_you"], run["counts"]["not_sent"]) == (6, 1, 3)
    assert run["headline"] == "6 of 10 rows are linked; 1 needs you; 3 are not sent yet."
    assert page.get(f"/api/runs/{run_id}/rows?status=bad")["total"] == run["need_you"]
    waiting = page.get(f"/api/runs/{run_id}/rows?status=not_sent")["rows"]
    assert [row["advice"] for row in waiting] == ["This row is sent when the run is continued."] * 3


def test_a_run_that_was_undone_does_not_continue(page: PageClient) -> None:
    import_id = page.pairs(60)
    page.check(import_id)
    run_id = page.run(import_id, first_rows=5)
    assert page.ended(run_id)["can"]["continue"]
    undo = page.ended(page.started(page.change("POST", f"/api/runs/{run_id}/undo", {"confirm": 5})))
    assert undo["counts"]["unlinked"] == 5
    assert not page.get(f"/api/runs/{run_id}")["can"]["continue"]
    assert page.request("POST", f"/api/runs/{run_id}/continue").code == "NOT_POSSIBLE"


def test_a_run_that_was_undone_says_so_and_is_not_undone_again(page: PageClient) -> None:
    run_id = page.linked(3)
    page.ended(run_id)
    undo = page.started(page.change("POST", f"/api/runs/{run_id}/undo", {"confirm": 3}))
    page.ended(undo)
    run = page.get(f"/api/runs/{run_id}")
    assert (run["undone"], run["headline"]) == ("fully", "This run was undone: 3 of 3 rows had been linked.")
    assert (run["counts"]["linked"], run["can"]["undo"]) == (3, False)
    assert page.request("POST", f"/api/runs/{run_id}/undo", {"confirm": 3}).code == "NOT_POSSIBLE"
    listed = {one["run_id"]: one["undone"] for one in page.get("/api/runs")}
    assert (listed[run_id], listed[undo]) == ("fully", None)
    page.change("DELETE", f"/api/runs/{undo}")
    run = page.get(f"/api/runs/{run_id}")
    assert (run["undone"], run["can"]["undo"]) == ("unknown", True)


def test_failures_are_retried_and_a_run_is_undone(page: PageClient) -> None:
    run_id = page.linked(20, *FAULTY)
    run = page.ended(run_id)
    assert run["undo_pairs"] == 20
    retry = page.ended(page.started(page.change("POST", f"/api/runs/{run_id}/retry")))
    assert (retry["operation"], retry["parent"], retry["rows"]) == ("link", run_id, 2)
    assert page.request("POST", f"/api/runs/{run_id}/undo", {"confirm": 21}).code == "CHECK_OUTDATED"
    undo = page.ended(page.started(page.change("POST", f"/api/runs/{run_id}/undo", {"confirm": 20})))
    assert (undo["operation"], undo["parent"], undo["counts"]["unlinked"]) == ("undo", run_id, 20)
    children = page.get(f"/api/runs/{run_id}")["children"]
    assert {(child["run_id"], child["operation"]) for child in children} == {
        (retry["run_id"], "link"),
        (undo["run_id"], "undo"),
    }


def test_a_run_of_the_command_line_is_listed(page: PageClient) -> None:
    (page.folder / "own pairs.csv").write_text("Contact ID,Company ID\n101,201\n")
    done = page.importer("run", "own pairs.csv", "--json")
    run_id = json.loads(done.stdout)["run_id"]
    listed = next(run for run in page.get("/api/runs") if run["run_id"] == run_id)
    assert (listed["source_name"], listed["state"], listed["import_id"]) == ("own pairs.csv", "finished", None)
    command = page.get(f"/api/runs/{run_id}/command")["command"]
    assert command == "importer run 'own pairs.csv'"


def test_a_check_is_outdated_when_the_file_is_read_otherwise(page: PageClient) -> None:
    import_id = page.pairs(3)
    button = page.check(import_id)["button"]
    assert button == {"pairs": 3, "account": 10000001}
    page.change("PATCH", f"/api/imports/{import_id}", {"reading": {"allow_blank": True}})
    assert page.get(f"/api/imports/{import_id}/check")["button"] is None
    assert page.request("POST", f"/api/imports/{import_id}/run", button).code == "CHECK_OUTDATED"
    button = page.check(import_id)["button"]
    wrong = {**button, "pairs": button["pairs"] + 1}
    assert page.request("POST", f"/api/imports/{import_id}/run", wrong).code == "CHECK_OUTDATED"
    wrong = {**button, "key": "of an earlier check"}
    assert page.request("POST", f"/api/imports/{import_id}/run", wrong).code == "CHECK_OUTDATED"
    wrong = {**button, "account": None}
    assert page.request("POST", f"/api/imports/{import_id}/run", wrong).code == "ACCOUNT_CHANGED"


def test_a_page_that_does_not_show_the_last_run_of_its_file_cannot_start_another(page: PageClient) -> None:
    import_id = page.pairs(3)
    shown = {**page.check(import_id)["button"], "run_id": None}
    run_id = page.run(import_id)
    page.ended(run_id)
    assert page.request("POST", f"/api/imports/{import_id}/run", shown).code == "RUN_BUSY"
    again = page.started(page.change("POST", f"/api/imports/{import_id}/run", {**shown, "run_id": run_id}))
    assert again != run_id


def test_what_hubspot_had_linked_is_outdated_once_the_file_was_sent(page: PageClient) -> None:
    import_id = page.pairs(3)
    assert page.check(import_id, online=True)["report"]["already_linked"] == 0
    assert not page.get(f"/api/imports/{import_id}/check")["stale"]
    page.ended(page.run(import_id))
    assert page.get(f"/api/imports/{import_id}/check")["stale"]
    assert page.check(import_id, online=True)["report"]["already_linked"] == 3
