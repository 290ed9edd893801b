"""Removal on the page: the number of links or labels is typed before anything is removed."""

import pytest

from tests.support.page import PageClient, page

__all__ = ["page"]

pytestmark = pytest.mark.slow


def asked_for_number(page: PageClient) -> str:
    """Link pairs, start a run that removes their links, wait until it asks for their number, and return its id."""
    run_id = page.removal(page.ended(page.linked(20))["import_id"])
    assert page.asked(run_id) == {"number": 20, "removed": "links"}
    return run_id


def test_links_are_removed_once_their_number_was_typed(page: PageClient) -> None:
    run_id = asked_for_number(page)
    page.change("POST", f"/api/runs/{run_id}/confirm", {"number": "20"})
    run = page.ended(run_id)
    assert (run["operation"], run["counts"]["unlinked"]) == ("unlink", 20)
    assert run["headline"] == "All 20 rows are unlinked."


def test_taking_labels_off_asks_for_the_number_of_labels(page: PageClient) -> None:
    lines = "700101,1,Decision maker", "700102,2,Billing contact"
    import_id = page.upload("labelled.csv", "\n".join(["Contact ID,Company ID,Label", *lines, ""]).encode())
    page.check(import_id)
    assert page.ended(page.run(import_id))["counts"]["linked"] == 2
    run_id = page.removal(import_id)
    assert page.asked(run_id) == {"number": 2, "removed": "labels"}
    page.change("POST", f"/api/runs/{run_id}/confirm", {"number": "2"})
    assert page.ended(run_id)["counts"]["unlinked"] == 2


@pytest.mark.parametrize("number", [None, "19", ""])
def test_nothing_is_removed_without_the_right_number(page: PageClient, number: str | None) -> None:
    run_id = asked_for_number(page)
    run = page.get(f"/api/runs/{run_id}")
    linking = next(one["run_id"] for one in page.get("/api/runs") if one["operation"] == "link")
    page.change("POST", f"/api/runs/{run_id}/confirm", {"number": number})
    page.wait_for("/api/runs", lambda runs: all(run["run_id"] != run_id for run in runs))
    assert page.request("GET", f"/api/runs/{run_id}").code == "RUN_NOT_FOUND"
    page.wait_for(f"/api/imports/{run['import_id']}", lambda found: found["run_id"] == linking)


def test_a_continued_removal_asks_for_the_number_of_links_that_are_left(page: PageClient) -> None:
    run_id = page.removal(page.ended(page.linked(7))["import_id"], first_rows=5)
    for number in (5, 2):
        assert page.asked(run_id) == {"number": number, "removed": "links"}
        page.change("POST", f"/api/runs/{run_id}/confirm", {"number": str(number)})
        run = page.ended(run_id)
        if run["can"]["continue"]:
            page.change("POST", f"/api/runs/{run_id}/continue")
    assert run["counts"]["unlinked"] == 7
