"""Runs that HubSpot or the settings refused before anything was sent, as the page lists and shows them."""

import subprocess
import sys

import pytest

from tests.support.page import PageClient, page

__all__ = ["page"]

pytestmark = pytest.mark.slow


def test_a_run_that_was_refused_before_anything_was_sent_says_why_also_to_another_server(page: PageClient) -> None:
    assert page.get("/api/session")["account"]["id"] == 10000001  # the page asks for it at each step
    (page.folder / "refused.csv").write_text("Contact ID,Company ID\n102,201\n")
    assert page.importer("run", "refused.csv", "--portal", "7").returncode == 2
    listed = next(run for run in page.get("/api/runs") if run["source_name"] == "refused.csv")
    assert (listed["state"], listed["rows"]) == ("unfinished", 1)
    assert "requires account 7" in listed["refused"]
    run = page.get(f"/api/runs/{listed['run_id']}")
    assert (run["error"]["code"], run["error"]["message"]) == ("PORTAL_DIFFERS", run["refused"])
    assert (run["headline"], run["account"]) == ("Refused, nothing was sent.", {"id": 7})
    assert run["other_target"] is not None
    assert page.request("POST", f"/api/runs/{run['run_id']}/continue").code == "RUN_OF_OTHER_ACCOUNT"
    assert page.importer("resume", run["run_id"], "--portal", "10000001").returncode == 0
    run = page.get(f"/api/runs/{run['run_id']}")
    assert (run["state"], run["refused"], run["error"]) == ("finished", None, None)


def test_a_run_whose_token_is_refused_has_sent_nothing(page: PageClient) -> None:
    (page.folder / "token.csv").write_text("Contact ID,Company ID\n103,201\n")
    environment = {**page.environment, "HUBSPOT_ACCESS_TOKEN": "pat-na1-of-nobody"}
    command = [sys.executable, "-m", "importer", "run", "token.csv"]
    assert subprocess.run(command, env=environment, cwd=page.folder, capture_output=True, check=False).returncode == 3
    listed = next(run for run in page.get("/api/runs") if run["source_name"] == "token.csv")
    assert listed["refused"] == "HubSpot no longer accepts the token."
