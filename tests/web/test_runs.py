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

pytestmark = pytest.mark.slow

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
    environment = {**page.environment, "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "importer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=page.folder, check=False)


FAULTY = ("5000001,1", "5000002,1", "no id,1")
"""Two rows that HubSpot refuses, and an invalid one."""


def linked(page: PageClient, count: int = 20, *lines: str) -> str:
    """Upload pairs, check them, start their run and return the run's id."""
    import_id = page.pairs(count, *lines)
    page.check(import_id)
    return page.run(import_id)


def test_a_run_ends_with_its_numbers_and_rows(page: PageClient) -> None:
    run_id = linked(page, 20, *FAULTY)
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
    run_id = linked(page, 3)
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


def test_a_run_that_was_refused_before_anything_was_sent_says_why_also_to_another_server(page: PageClient) -> None:
    (page.folder / "refused.csv").write_text("Contact ID,Company ID\n102,201\n")
    assert importer(page, "run", "refused.csv", "--portal", "7").returncode == 2
    listed = next(run for run in page.get("/api/runs") if run["source_name"] == "refused.csv")
    assert (listed["state"], listed["rows"]) == ("unfinished", 1)
    assert "requires account 7" in listed["refused"]
    run = page.get(f"/api/runs/{listed['run_id']}")
    assert (run["error"]["code"], run["error"]["message"]) == ("PORTAL_DIFFERS", run["refused"])
    assert (run["headline"], run["account"]) == ("Refused, nothing was sent.", {"id": 7})
    assert run["other_target"] is not None
    assert page.request("POST", f"/api/runs/{run['run_id']}/continue").code == "RUN_OF_OTHER_ACCOUNT"
    assert importer(page, "resume", run["run_id"], "--portal", "10000001").returncode == 0
    run = page.get(f"/api/runs/{run['run_id']}")
    assert (run["state"], run["refused"], run["error"]) == ("finished", None, None)


def test_a_run_whose_token_is_refused_has_sent_nothing(page: PageClient) -> None:
    (page.folder / "token.csv").write_text("Contact ID,Company ID\n103,201\n")
    environment = {**page.environment, "HUBSPOT_ACCESS_TOKEN": "pat-na1-of-nobody"}
    command = [sys.executable, "-m", "importer", "run", "token.csv"]
    assert subprocess.run(command, env=environment, cwd=page.folder, capture_output=True, check=False).returncode == 3
    listed = next(run for run in page.get("/api/runs") if run["source_name"] == "token.csv")
    assert listed["refused"] == "HubSpot no longer accepts the token."


def test_a_downloaded_file_is_that_of_the_command_line(page: PageClient) -> None:
    run_id = linked(page, 20, *FAULTY)
    page.ended(run_id)
    done = importer(page, "report", run_id, "--out", page.folder / "own.results.csv", "--json")
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    results = page.request("GET", f"/api/runs/{run_id}/results.csv")
    assert results.body == Path(written["results"]).read_bytes()
    failures = page.request("GET", f"/api/runs/{run_id}/failures.csv")
    assert failures.body == Path(written["failures"]).read_bytes()
    assert failures.headers["content-disposition"] == "attachment; filename*=UTF-8''pairs.failures.csv"
    shown = json.loads(importer(page, "show", run_id, "--json").stdout)
    assert results.body == Path(shown["results"]).read_bytes()  # as the run itself has written it
    assert page.request("GET", f"/api/runs/{run_id}/results.xlsx").body.startswith(b"PK")


def test_the_report_is_shown_in_the_browser_and_loads_nothing(page: PageClient) -> None:
    run_id = linked(page, 20, *FAULTY)
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
    run_id = linked(page)
    page.ended(run_id)
    assert page.request("GET", f"/api/runs/{run_id}/failures.csv").code == "NO_FAILURES"


def test_failures_are_retried_and_a_run_is_undone(page: PageClient) -> None:
    run_id = linked(page, 20, *FAULTY)
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


def asked_for_number(page: PageClient) -> str:
    """Link pairs, start a run that removes their links, wait until it asks for their number, and return its id."""
    import_id = page.pairs(20)
    page.check(import_id)
    page.ended(page.run(import_id))
    page.change("PATCH", f"/api/imports/{import_id}", {"operation": "unlink"})
    page.check(import_id)
    run_id = page.run(import_id)
    run = page.wait_for(f"/api/runs/{run_id}", lambda run: run["confirm"])
    assert (run["operation"], run["confirm"]) == ("unlink", {"number": 20, "removed": "links"})
    return run_id


def test_links_are_removed_once_their_number_was_typed(page: PageClient) -> None:
    run_id = asked_for_number(page)
    page.change("POST", f"/api/runs/{run_id}/confirm", {"number": "20"})
    run = page.ended(run_id)
    assert (run["counts"]["unlinked"], run["headline"]) == (20, "All 20 rows are unlinked.")


def test_taking_labels_off_asks_for_the_number_of_labels(page: PageClient) -> None:
    lines = "700101,1,Decision maker", "700102,2,Billing contact"
    import_id = page.upload("labelled.csv", "\n".join(["Contact ID,Company ID,Label", *lines, ""]).encode())
    page.check(import_id)
    assert page.ended(page.run(import_id))["counts"]["linked"] == 2
    page.change("PATCH", f"/api/imports/{import_id}", {"operation": "unlink"})
    page.check(import_id)
    run_id = page.run(import_id)
    run = page.wait_for(f"/api/runs/{run_id}", lambda run: run["confirm"])
    assert run["confirm"] == {"number": 2, "removed": "labels"}
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
    import_id = page.pairs(7)
    page.check(import_id)
    page.ended(page.run(import_id))
    page.change("PATCH", f"/api/imports/{import_id}", {"operation": "unlink"})
    page.check(import_id)
    run_id = page.run(import_id, first_rows=5)
    for number in (5, 2):
        run = page.wait_for(f"/api/runs/{run_id}", lambda run: run["confirm"])
        assert run["confirm"] == {"number": number, "removed": "links"}
        page.change("POST", f"/api/runs/{run_id}/confirm", {"number": str(number)})
        run = page.ended(run_id)
        if run["can"]["continue"]:
            page.change("POST", f"/api/runs/{run_id}/continue")
    assert run["counts"]["unlinked"] == 7


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
    run_id = linked(page, 3, *FAULTY)
    import_id = page.ended(run_id)["import_id"]
    retry = page.started(page.change("POST", f"/api/runs/{run_id}/retry"))
    page.ended(retry)
    page.change("DELETE", f"/api/runs/{run_id}")
    assert page.get(f"/api/imports/{import_id}")["run_id"] == retry
    page.change("DELETE", f"/api/runs/{retry}")
    assert page.request("GET", f"/api/imports/{import_id}").code == "IMPORT_NOT_FOUND"


def test_a_run_of_the_command_line_is_listed(page: PageClient) -> None:
    (page.folder / "own pairs.csv").write_text("Contact ID,Company ID\n101,201\n")
    done = importer(page, "run", "own pairs.csv", "--json")
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
    wrong = {**button, "account": None}
    assert page.request("POST", f"/api/imports/{import_id}/run", wrong).code == "ACCOUNT_CHANGED"


def test_what_hubspot_had_linked_is_outdated_once_the_file_was_sent(page: PageClient) -> None:
    import_id = page.pairs(3)
    assert page.check(import_id, online=True)["report"]["already_linked"] == 0
    assert not page.get(f"/api/imports/{import_id}/check")["stale"]
    page.ended(page.run(import_id))
    assert page.get(f"/api/imports/{import_id}/check")["stale"]
    assert page.check(import_id, online=True)["report"]["already_linked"] == 3


def slow_run(page: PageClient) -> str:
    """Start a run over the sample of 200 pairs, and return its id when it has sent some of them."""
    import_id = page.sample("contacts_to_companies.csv")
    page.check(import_id)
    run_id = page.run(import_id)
    page.wait_for(f"/api/runs/{run_id}", lambda run: run["progress"]["done"] > 20)
    return run_id


def test_a_run_reports_itself_every_second(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE=SLOW) as page:
        sent = events(page, slow_run(page))
        done = [event["progress"]["done"] for event in sent]
        assert len(sent) > 5
        assert done == sorted(done)
        assert (done[-1], sent[-1]["state"], sent[-1]["headline"]) == (200, "finished", "All 200 rows are linked.")
        assert sent[1]["progress"]["limit"] == SLOW


def test_a_stopped_run_continues(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE=SLOW) as page:
        run_id = slow_run(page)
        page.change("POST", f"/api/runs/{run_id}/stop")
        run = page.ended(run_id)
        assert (run["state"], run["stopped_by"]) == ("unfinished", "SIGINT")
        assert 20 < run["counts"]["linked"] < 200
        page.started(page.change("POST", f"/api/runs/{run_id}/continue"))
        assert page.ended(run_id)["counts"]["linked"] == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_of_a_server_that_ended_continues_and_adds_up(tmp_path: Path, number: signal.Signals) -> None:
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE=SLOW) as page:
        run_id = slow_run(page)
        code = page.stop(number)
        assert code == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE=SLOW) as page:
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


def test_failed_and_invalid_rows_are_corrected_and_retried(page: PageClient) -> None:
    run_id = linked(page, 1, "5000001,1", "no id,1", "5000002,2")
    assert page.ended(run_id)["corrected"] == 0
    rows = page.get(f"/api/runs/{run_id}/rows")["rows"]
    assert [(row["status"], row["editable"]) for row in rows] == [
        ("linked", []),
        ("failed", [0, 1]),
        ("invalid", [0]),
        ("failed", [0, 1]),
    ]
    path = f"/api/runs/{run_id}/edits"
    row = page.change("PUT", path, {"row": 4, "column": 0, "text": "nor this"})["row"]
    assert (row["pairs"], row["problems"][0]["code"]) == (0, "NOT_AN_ID")
    assert page.get(f"/api/runs/{run_id}")["corrected"] == 0
    row = page.change("PUT", path, {"row": 4, "column": 0, "text": "900001"})["row"]
    assert (row["pairs"], row["problems"], row["original"]) == (1, [], {"0": "no id"})
    page.change("PUT", path, {"row": 3, "column": 0, "text": "900002"})
    page.change("PUT", path, {"row": 5, "column": 1, "text": "3"})
    page.change("DELETE", path, {"row": 5, "column": 1})
    assert page.get(f"/api/runs/{run_id}")["corrected"] == 2
    shown = page.get(f"/api/runs/{run_id}/rows?status=bad")["rows"]
    assert [(row["edits"], row["judged"] and row["judged"]["problems"]) for row in shown] == [
        ({"0": "900002"}, []),
        ({"0": "900001"}, []),
        ({}, None),
    ]

    retry = page.ended(page.started(page.change("POST", f"/api/runs/{run_id}/retry")))
    assert (retry["parent"], retry["counts"]["linked"], retry["counts"]["failed"]) == (run_id, 2, 1)
    assert page.get(f"/api/runs/{run_id}")["corrected"] == 0  # none waits for another retry
    page.change("PUT", path, {"row": 4, "column": 0, "text": "900004"})
    assert page.get(f"/api/runs/{run_id}")["corrected"] == 1
    sent = page.get(f"/api/runs/{retry['run_id']}/rows")["rows"]
    assert [(row["cells"][0], row["original"]) for row in sent] == [
        ("900002", {"0": "5000001"}),
        ("900001", {"0": "no id"}),
        ("5000002", {}),
    ]


def test_a_run_with_invalid_rows_only_is_retried_once_one_of_them_is_corrected(page: PageClient) -> None:
    run_id = linked(page, 1, "no id,1")
    assert not page.ended(run_id)["can"]["retry"]
    path = f"/api/runs/{run_id}/edits"
    page.change("PUT", path, {"row": 3, "column": 0, "text": "900003"})
    assert page.get(f"/api/runs/{run_id}")["can"]["retry"]
    page.change("DELETE", path, {"row": 3, "column": 0})
    assert not page.get(f"/api/runs/{run_id}")["can"]["retry"]


def test_only_cells_of_rows_that_need_it_are_corrected(page: PageClient) -> None:
    run_id = linked(page, 1, "no id,1")
    page.ended(run_id)
    path = f"/api/runs/{run_id}/edits"
    assert page.request("PUT", path, {"row": 2, "column": 0, "text": "1"}).code == "NOT_POSSIBLE"
    assert page.request("PUT", path, {"row": 3, "column": 1, "text": "1"}).code == "NOT_POSSIBLE"
    assert page.request("PUT", path, {"row": 99, "column": 0, "text": "1"}).code == "ROW_NOT_FOUND"
    assert page.request("PUT", path, {"row": 3, "column": 0}).code == "MISSING_KEY"
    assert page.request("PUT", "/api/runs/nothing/edits", {"row": 3, "column": 0, "text": "1"}).status == 404
