"""Where the page sends: the sandbox, a configured token, or a typed one."""

from pathlib import Path

import pytest

from tests.conftest import sandbox_thread
from tests.support.command_line import FAST, TOKEN
from tests.support.page import page_process

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


def test_a_page_of_the_sandbox_accepts_no_token(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox") as page:
        assert page.get("/api/session")["is_sandbox_only"]
        assert page.request("POST", "/api/session", {"token": TOKEN}).status == 400


def test_an_undo_in_the_sandbox_finds_what_its_run_has_linked(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox") as page:
        import_id = page.pairs(3)
        page.check(import_id)
        run_id = page.run(import_id)
        page.ended(run_id)
        undo = page.ended(page.started(page.change("POST", f"/api/runs/{run_id}/undo", {"confirm": 3})))
        assert undo["counts"]["unlinked"] == 3
        assert page.get(f"/api/runs/{run_id}/command")["command"] == "importer run pairs.csv --sandbox"
