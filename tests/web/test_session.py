"""The target of the page's runs: the sandbox, a configured token, or a typed one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import sandbox_thread
from tests.support.command_line import FAST, TOKEN
from tests.support.page import PageClient, page_process

pytestmark = pytest.mark.slow

ACCOUNT = {"id": 10000001, "type": "DEVELOPER_TEST", "domain": "app.hubspot.com", "time_zone": "US/Eastern"}


def test_without_a_token_the_sandbox_or_a_typed_token_is_used(tmp_path: Path) -> None:
    with sandbox_thread(FAST) as hubspot, page_process(tmp_path, IMPORTER_BASE_URL=hubspot.url) as page:
        session = page.get("/api/session")
        assert (session["mode"], session["token"]["source"], session["account"]) == ("none", None, None)
        session = page.change("POST", "/api/session", {"mode": "sandbox"})
        assert session["mode"] == "sandbox"
        assert session["notice"].startswith("Sandbox")
        session = page.change("POST", "/api/session", {"token": f" {TOKEN}\n"})
        assert (session["mode"], session["account"]) == ("account", ACCOUNT)
        assert session["notice"] == "HubSpot account 10000001 (DEVELOPER_TEST, app.hubspot.com)"
        import_id = page.pairs(2)
        assert page.check(import_id)["button"] == {"pairs": 2, "account": 10000001}
        run = page.ended(page.run(import_id))
        assert (run["counts"]["linked"], run["account"], run["sandbox"]) == (2, {"id": 10000001}, False)
        assert hubspot.state(summary=True)["counts"]["associations"] == 2
        session = page.change("POST", "/api/session", {"mode": "account"})
        assert (session["mode"], session["token"]["last4"]) == ("none", None)


def test_a_refused_token_is_named_as_such(tmp_path: Path) -> None:
    with (
        sandbox_thread(FAST) as hubspot,
        page_process(tmp_path, IMPORTER_BASE_URL=hubspot.url, HUBSPOT_ACCESS_TOKEN=f"{TOKEN}9") as page,
    ):
        session = page.get("/api/session")
        assert (session["mode"], session["token"]["source"]) == ("account", "environment")
        assert session["account_error"]["code"] == "TOKEN_REFUSED"


def test_a_page_that_only_uses_the_sandbox_accepts_no_token(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox") as page:
        assert page.get("/api/session")["is_sandbox_only"]
        assert page.request("POST", "/api/session", {"token": TOKEN}).status == 400


def test_an_undo_in_the_sandbox_finds_what_its_run_has_linked(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox") as page:
        run_id = page.linked(3)
        page.ended(run_id)
        undo = page.ended(page.started(page.change("POST", f"/api/runs/{run_id}/undo", {"confirm": 3})))
        assert undo["counts"]["unlinked"] == 3
        assert page.get(f"/api/runs/{run_id}/command")["command"] == "importer run pairs.csv --sandbox"


def refusals(page: PageClient, run_id: str) -> set[str]:
    """Return the codes with which all requests that would send for a run are refused."""
    run = page.get(f"/api/runs/{run_id}")
    bodies: dict[str, Any] = {"continue": {}, "retry": {}, "undo": {"confirm": run["undo_pairs"]}}
    actions = [action for action in bodies if run["can"][action]]
    assert actions
    return {page.request("POST", f"/api/runs/{run_id}/{action}", bodies[action]).code for action in actions}


def test_a_run_of_an_account_sends_nothing_while_the_page_is_set_to_the_sandbox_or_another_account(
    tmp_path: Path,
) -> None:
    with sandbox_thread(FAST) as hubspot, page_process(tmp_path, IMPORTER_BASE_URL=hubspot.url) as page:
        page.change("POST", "/api/session", {"token": TOKEN})
        import_id = page.pairs(8, "5000001,1")
        page.check(import_id)
        done = page.run(import_id)
        assert page.ended(done)["other_target"] is None
        page.check(import_id)
        begun = page.run(import_id, first_rows=2)
        page.ended(begun)
        before = hubspot.state(summary=True)["counts"]["associations"]

        page.change("POST", "/api/session", {"mode": "sandbox"})
        for run_id in (done, begun):
            assert "HubSpot account 10000001" in page.get(f"/api/runs/{run_id}")["other_target"]
            assert refusals(page, run_id) == {"RUN_OF_OTHER_ACCOUNT"}
        assert page.request("GET", f"/api/runs/{done}/results.csv").status == 200
        assert hubspot.state(summary=True)["counts"]["associations"] == before

        page.change("POST", "/api/session", {"token": TOKEN})
        stale = page.request("POST", f"/api/runs/{done}/undo", {"confirm": 8, "sandbox": True})
        assert stale.code == "ACCOUNT_CHANGED"  # another tab, which still shows the sandbox
        undo = page.ended(page.started(page.change("POST", f"/api/runs/{done}/undo", {"confirm": 8})))
        assert undo["counts"]["unlinked"] == 8


def test_a_removal_that_waits_for_its_number_is_not_confirmed_from_the_sandbox(tmp_path: Path) -> None:
    with sandbox_thread(FAST) as hubspot, page_process(tmp_path, IMPORTER_BASE_URL=hubspot.url) as page:
        page.change("POST", "/api/session", {"token": TOKEN})
        run_id = page.removal(page.ended(page.linked(3))["import_id"])
        page.asked(run_id)
        page.change("POST", "/api/session", {"mode": "sandbox"})
        assert page.request("POST", f"/api/runs/{run_id}/confirm", {"number": "3"}).code == "RUN_OF_OTHER_ACCOUNT"
        assert page.get(f"/api/runs/{run_id}")["confirm"] == {"number": 3, "removed": "links"}
        page.change("POST", "/api/session", {"token": TOKEN})
        page.change("POST", f"/api/runs/{run_id}/confirm", {"number": "3"})
        assert page.ended(run_id)["counts"]["unlinked"] == 3


def test_a_run_of_another_account_or_of_the_sandbox_is_refused(tmp_path: Path) -> None:
    other = replace(FAST, token=f"{TOKEN}2", portal_id=10000002)
    with page_process(tmp_path) as page:
        page.change("POST", "/api/session", {"mode": "sandbox"})
        simulated = page.linked(2)
        page.ended(simulated)
    with (
        sandbox_thread(FAST) as hubspot,
        page_process(tmp_path, IMPORTER_BASE_URL=hubspot.url, HUBSPOT_ACCESS_TOKEN=TOKEN) as page,
    ):
        page.get("/api/session")
        assert "sandbox" in page.get(f"/api/runs/{simulated}")["other_target"]
        assert refusals(page, simulated) == {"RUN_OF_OTHER_ACCOUNT"}
        run_id = page.linked(2)
        page.ended(run_id)
    with (
        sandbox_thread(other) as hubspot,
        page_process(tmp_path, IMPORTER_BASE_URL=hubspot.url, HUBSPOT_ACCESS_TOKEN=f"{TOKEN}2") as page,
    ):
        assert refusals(page, run_id) == {"RUN_OF_OTHER_ACCOUNT"}
        assert "10000002" in page.get(f"/api/runs/{run_id}")["other_target"]


@pytest.mark.parametrize("action", ["run", "continue", "undo"])
def test_nothing_is_sent_once_the_token_belongs_to_another_account_than_the_page_showed(
    tmp_path: Path, action: str
) -> None:
    with sandbox_thread(FAST) as hubspot:
        port = int(hubspot.url.rpartition(":")[2])
    with page_process(tmp_path, IMPORTER_BASE_URL=hubspot.url, HUBSPOT_ACCESS_TOKEN=TOKEN) as page:
        with sandbox_thread(FAST, port=port):
            import_id = page.pairs(8)
            page.check(import_id)
            run_id = page.run(import_id, first_rows=2)
            assert page.ended(run_id)["counts"]["linked"] == 2
            button = page.check(import_id)["button"]
        path = f"/api/imports/{import_id}/run" if action == "run" else f"/api/runs/{run_id}/{action}"
        body: dict[str, Any] = {"run": button, "continue": {}, "undo": {"confirm": 2}}[action]
        with sandbox_thread(replace(FAST, portal_id=10000002), port=port) as hubspot:
            start = page.change("POST", path, body)["start"]
            begun = page.wait_for(f"/api/starts/{start}", lambda one: one["state"] != "starting")
            error = page.ended(begun["run_id"])["error"] if begun["run_id"] else begun["error"]
            assert error["code"] == "ACCOUNT_CHANGED"
            assert all(text in error["message"] for text in ("10000001", "10000002"))
            assert "portal_id" not in error["message"]
            counts = hubspot.state(summary=True)["counts"]
            assert (counts["puts"], counts["batch_calls"], counts["associations"]) == (0, 0, 0)
            assert page.get("/api/session")["account"]["id"] == 10000002
            assert "10000002" in page.get(f"/api/runs/{run_id}")["other_target"]
