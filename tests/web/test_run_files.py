"""The files of a run on the page: results, failures, its report, and what is deleted with it."""

import json
from pathlib import Path

import pytest

from tests.support.page import FAULTY, PageClient, page

__all__ = ["page"]

pytestmark = pytest.mark.slow


def test_a_downloaded_file_is_that_of_the_command_line(page: PageClient) -> None:
    run_id = page.linked(20, *FAULTY)
    page.ended(run_id)
    done = page.importer("report", run_id, "--out", page.folder / "own.results.csv", "--json")
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    results = page.request("GET", f"/api/runs/{run_id}/results.csv")
    assert results.body == Path(written["results"]).read_bytes()
    failures = page.request("GET", f"/api/runs/{run_id}/failures.csv")
    assert failures.body == Path(written["failures"]).read_bytes()
    assert failures.headers["content-disposition"] == "attachment; filename*=UTF-8''pairs.failures.csv"
    shown = json.loads(page.importer("show", run_id, "--json").stdout)
    assert results.body == Path(shown["results"]).read_bytes()  # as the run itself has written it
    assert page.request("GET", f"/api/runs/{run_id}/results.xlsx").body.startswith(b"PK")


def test_the_report_is_shown_in_the_browser_and_loads_nothing(page: PageClient) -> None:
    run_id = page.linked(20, *FAULTY)
    page.ended(run_id)
    answer = page.request("GET", f"/api/runs/{run_id}/report.html")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    assert run_id in answer.body.decode()
    assert "no id" in answer.body.decode()


def test_there_is_no_failures_file_without_failures(page: PageClient) -> None:
    run_id = page.linked()
    page.ended(run_id)
    assert page.request("GET", f"/api/runs/{run_id}/failures.csv").code == "NO_FAILURES"


def test_a_deleted_run_is_gone_with_its_upload(page: PageClient) -> None:
    import_id = page.pairs(3)
    page.check(import_id)
    run_id = page.run(import_id)
    page.ended(run_id)
    page.request("GET", f"/api/runs/{run_id}/results.csv")
    page.change("DELETE", f"/api/runs/{run_id}")
    assert page.request("GET", f"/api/runs/{run_id}").code == "RUN_NOT_FOUND"
    assert page.request("GET", f"/api/imports/{import_id}").code == "IMPORT_NOT_FOUND"
    assert not [path for path in page.state.rglob("*") if import_id in str(path) or run_id in path.name]


def test_an_upload_stays_until_its_last_run_is_deleted(page: PageClient) -> None:
    run_id = page.linked(3, *FAULTY)
    import_id = page.ended(run_id)["import_id"]
    retry = page.started(page.change("POST", f"/api/runs/{run_id}/retry"))
    page.ended(retry)
    page.change("DELETE", f"/api/runs/{run_id}")
    assert page.get(f"/api/imports/{import_id}")["run_id"] == retry
    page.change("DELETE", f"/api/runs/{retry}")
    assert page.request("GET", f"/api/imports/{import_id}").code == "IMPORT_NOT_FOUND"
