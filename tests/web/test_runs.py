"""Runs of the page: progress, stop and continue, a killed server, retry, undo, removal, and the files of a run."""

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.page import PageClient, page, page_process

__all__ = ["page"]

SLOW = "20/1"
"""A rate at which a run of 200 pairs takes about ten seconds."""


def events(page: PageClient, run_id: str) -> list[dict[str, Any]]:
    """Return everything that the server sends about a run, to its end."""
    answer = page.request("GET", f"/api/runs/{run_id}/events")
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.body.endswith(b"event: end\ndata: {}\n\n")
    return [json.loads(line[6:]) for line in answer.body.decode().split("\n") if line.startswith('data: {"')]


def importer(page: PageClient, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the command line with the state directory of the page."""
    environment = {"PYTHONPATH": ":".join(sys.path), "IMPORTER_STATE_DIR": str(page.state), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "importer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=page.folder, check=False)


def linked(page: PageClient, name: str = "contacts_to_companies.csv", first_rows: int | None = None) -> str:
    """Upload a sample, check it, start its run and return the run's id."""
    import_id = page.sample(name)
    page.check(import_id)
    return page.run(import_id, first_rows)


def test_a_run_ends_with_its_numbers_and_rows(page: PageClient) -> None:
    run_id = linked(page, "needs_fixing.csv")
    run = page.ended(run_id)
    assert sum(run["counts"].values()) == run["rows"] == 41
    assert run["good"] + run["bad"] == 41
    assert run["progress"]["done"] == run["pairs"]
    assert run["headline"].startswith(f"{run['counts']['linked']} of 41 rows are linked")
    bad = page.get(f"/api/runs/{run_id}/rows?status=bad")
    assert (bad["total"], bad["pages"]) == (run["bad"], 1)
    assert all(row["advice"] and row["message"] for row in bad["rows"])
    assert page.get(f"/api/runs/{run_id}/rows?q=Lena%20Cedar")["rows"][0]["cells"][1] == "Lena Cedar"
    assert page.get("/api/runs")[0]["run_id"] == run_id


def test_the_first_rows_are_sent_and_then_the_rest_of_the_same_run(page: PageClient) -> None:
    import_id = page.sample("contacts_to_companies.csv")
    page.check(import_id)
    run_id = page.run(import_id, first_rows=5)
    run = page.ended(run_id)
    assert (run["state"], run["stopped_by"], run["first_rows"]) == ("unfinished", "first_rows", 5)
    assert run["counts"]["linked"] == 5
    assert page.started(page.change("POST", f"/api/runs/{run_id}/continue")) == run_id
    assert page.ended(run_id)["counts"]["linked"] == 200
    assert page.get(f"/api/imports/{import_id}")["run_id"] == run_id


def test_a_downloaded_file_is_that_of_the_command_line(page: PageClient) -> None:
    run_id = linked(page, "needs_fixing.csv")
    page.ended(run_id)
    done = importer(page, "report", run_id, "--out", page.folder / "own.results.csv", "--json")
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    results = page.request("GET", f"/api/runs/{run_id}/results.csv")
    assert results.body == Path(written["results"]).read_bytes()
    failures = page.request("GET", f"/api/runs/{run_id}/failures.csv")
    assert failures.body == Path(written["failures"]).read_bytes()
    assert failures.headers["content-disposition"].startswith("attachment; filename*=UTF-8''needs_fixing.")
    shown = json.loads(importer(page, "show", run_id, "--json").stdout)
    assert results.body == Path(shown["results"]).read_bytes()  # as the run itself has written it


def test_results_are_also_a_workbook(page: PageClient) -> None:
    run_id = linked(page)
    page.ended(run_id)
    answer = page.request("GET", f"/api/runs/{run_id}/results.xlsx")
    assert answer.body.startswith(b"PK")
    assert page.request("GET", f"/api/runs/{run_id}/failures.csv").code == "NO_FAILURES"


def test_failures_are_retried_and_a_run_is_undone(page: PageClient) -> None:
    run_id = linked(page, "needs_fixing.csv")
    run = page.ended(run_id)
    retry = page.ended(page.started(page.change("POST", f"/api/runs/{run_id}/retry")))
    assert (retry["operation"], retry["parent"], retry["rows"]) == ("link", run_id, run["counts"]["failed"])
    refused = page.request("POST", f"/api/runs/{run_id}/undo", {"confirm": run["undo_pairs"] + 1})
    assert refused.code == "CHECK_OUTDATED"
    started = page.change("POST", f"/api/runs/{run_id}/undo", {"confirm": run["undo_pairs"]})
    undo = page.ended(page.started(started))
    assert (undo["operation"], undo["parent"]) == ("undo", run_id)
    children = page.get(f"/api/runs/{run_id}")["children"]
    assert {(child["run_id"], child["operation"]) for child in children} == {
        (retry["run_id"], "link"),
        (undo["run_id"], "undo"),
    }


def test_links_are_removed_once_their_number_was_typed(page: PageClient) -> None:
    linked_run = linked(page)
    page.ended(linked_run)
    import_id = page.sample("contacts_to_companies.csv")
    page.change("PATCH", f"/api/imports/{import_id}", {"operation": "unlink"})
    page.check(import_id)
    run_id = page.run(import_id)
    run = page.wait_for(f"/api/runs/{run_id}", lambda run: run["confirm"])
    assert run["confirm"]["number"] >= 190
    page.change("POST", f"/api/runs/{run_id}/confirm", {"number": str(run["confirm"]["number"])})
    ended = page.ended(run_id)
    assert ended["counts"]["unlinked"] == run["confirm"]["number"]
    assert "not linked any more" in ended["headline"]


def test_nothing_is_removed_without_the_right_number(page: PageClient) -> None:
    page.ended(linked(page))
    import_id = page.sample("contacts_to_companies.csv")
    page.change("PATCH", f"/api/imports/{import_id}", {"operation": "unlink"})
    page.check(import_id)
    run_id = page.run(import_id)
    page.wait_for(f"/api/runs/{run_id}", lambda run: run["confirm"])
    page.change("POST", f"/api/runs/{run_id}/confirm", {"number": None})
    answer = page.wait_for("/api/runs", lambda runs: all(run["run_id"] != run_id for run in runs))
    assert answer
    assert page.request("GET", f"/api/runs/{run_id}").code == "RUN_NOT_FOUND"


def test_a_deleted_run_is_gone_with_its_upload(page: PageClient) -> None:
    import_id = page.sample("contacts_to_companies.csv")
    page.check(import_id)
    run_id = page.run(import_id)
    page.ended(run_id)
    page.request("GET", f"/api/runs/{run_id}/results.csv")
    page.change("DELETE", f"/api/runs/{run_id}")
    assert page.request("GET", f"/api/runs/{run_id}").code == "RUN_NOT_FOUND"
    assert page.request("GET", f"/api/imports/{import_id}").code == "IMPORT_NOT_FOUND"
    assert not [path for path in page.state.rglob("*") if import_id in str(path) or run_id in path.name]


def test_a_run_of_the_command_line_is_listed(page: PageClient) -> None:
    (page.folder / "pairs.csv").write_text("Contact ID,Company ID\n101,201\n")
    done = importer(page, "run", "pairs.csv", "--sandbox", "--json")
    run_id = json.loads(done.stdout)["run_id"]
    listed = next(run for run in page.get("/api/runs") if run["run_id"] == run_id)
    assert (listed["source_name"], listed["state"], listed["import_id"]) == ("pairs.csv", "finished", None)
    command = page.get(f"/api/runs/{run_id}/command")["command"]
    assert command == "importer run pairs.csv --sandbox"


@pytest.mark.slow
def test_a_run_reports_itself_every_second(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE=SLOW) as page:
        sent = events(page, linked(page))
        done = [event["progress"]["done"] for event in sent]
        assert len(sent) > 5
        assert done == sorted(done)
        assert (done[-1], sent[-1]["state"]) == (200, "finished")
        assert sent[3]["progress"]["limit"] == SLOW


@pytest.mark.slow
def test_a_stopped_run_continues(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE=SLOW) as page:
        run_id = linked(page)
        page.wait_for(f"/api/runs/{run_id}", lambda run: run["progress"]["done"] > 20)
        page.change("POST", f"/api/runs/{run_id}/stop")
        run = page.ended(run_id)
        assert (run["state"], run["stopped_by"]) == ("unfinished", "SIGINT")
        assert 20 < run["counts"]["linked"] < 200
        page.started(page.change("POST", f"/api/runs/{run_id}/continue"))
        assert page.ended(run_id)["counts"]["linked"] == 200


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_of_a_server_that_ended_continues_and_adds_up(tmp_path: Path, number: signal.Signals) -> None:
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE=SLOW) as page:
        run_id = linked(page)
        page.wait_for(f"/api/runs/{run_id}", lambda run: run["progress"]["done"] > 20)
        code = page.stop(number)
        assert code == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE="10000/1") as page:
        run = page.ended(run_id)
        assert run["state"] == "unfinished"
        assert sum(run["counts"].values()) == 200
        assert 20 < run["counts"]["linked"] < 200
        assert next(one for one in page.get("/api/runs") if one["run_id"] == run_id)["state"] == "unfinished"
        page.started(page.change("POST", f"/api/runs/{run_id}/continue"))
        run = page.ended(run_id)
        assert (run["state"], run["counts"]["linked"]) == ("finished", 200)
        rows = list(csv.DictReader(io.StringIO(page.request("GET", f"/api/runs/{run_id}/results.csv").body.decode())))
        assert len(rows) == 200


def test_a_check_is_outdated_when_the_file_is_read_otherwise(page: PageClient) -> None:
    import_id = page.sample("contacts_to_companies.csv")
    button = page.check(import_id)["button"]
    page.change("PATCH", f"/api/imports/{import_id}", {"reading": {"allow_blank": True}})
    assert page.get(f"/api/imports/{import_id}/check")["button"] is None
    assert page.request("POST", f"/api/imports/{import_id}/run", button).code == "CHECK_OUTDATED"
    button = page.check(import_id)["button"]
    wrong = {"pairs": button["pairs"] + 1, "account": None}
    assert page.request("POST", f"/api/imports/{import_id}/run", wrong).code == "CHECK_OUTDATED"
    wrong = {**button, "account": 7}
    assert page.request("POST", f"/api/imports/{import_id}/run", wrong).code == "ACCOUNT_CHANGED"
