"""Runs of the page that are interrupted: progress, stop and continue, a killed server."""

import csv
import io
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from importer.sandbox import parse_fault
from tests.conftest import SandboxProcess, sandbox_thread
from tests.support.command_line import FAST
from tests.support.page import PageClient, page_process, sending_to

pytestmark = pytest.mark.slow

SILENCE = (parse_fault("hang=put,after:60"),)


@pytest.fixture
def falling_silent() -> Iterator[SandboxProcess]:
    """A HubSpot that does not respond any more after 60 calls, so that a run lasts until it is interrupted."""
    with sandbox_thread(replace(FAST, faults=SILENCE)) as hubspot:
        yield hubspot


def half_done(page: PageClient) -> str:
    """Start a run over the sample of 200 pairs, and return its id when it has sent some of them."""
    import_id = page.sample("contacts_to_companies.csv")
    page.check(import_id)
    run_id = page.run(import_id)
    page.wait_for(f"/api/runs/{run_id}", lambda run: run["progress"]["done"] > 20)
    return run_id


def events(page: PageClient, run_id: str) -> list[dict[str, Any]]:
    """Return everything that the server sends about a run, to its end."""
    answer = page.request("GET", f"/api/runs/{run_id}/events")
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.body.endswith(b"event: end\ndata: {}\n\n")
    return [json.loads(line[6:]) for line in answer.body.decode().split("\n") if line.startswith('data: {"')]


def test_a_run_reports_itself_every_second(tmp_path: Path) -> None:
    rate = "40/1"  # five seconds for 200 pairs
    with (
        sandbox_thread(FAST) as hubspot,
        page_process(tmp_path, **{**sending_to(hubspot), "IMPORTER_RATE": rate}) as page,
    ):
        sent = events(page, half_done(page))
        done = [event["progress"]["done"] for event in sent]
        assert len(sent) > 3
        assert done == sorted(done)
        assert (done[-1], sent[-1]["state"], sent[-1]["headline"]) == (200, "finished", "All 200 rows are linked.")
        assert sent[1]["progress"]["limit"] == rate


def test_a_stopped_run_continues(tmp_path: Path, falling_silent: SandboxProcess) -> None:
    with page_process(tmp_path, **sending_to(falling_silent), IMPORTER_STOP_GRACE="1") as page:
        run_id = half_done(page)
        page.change("POST", f"/api/runs/{run_id}/stop")
        run = page.ended(run_id)
        assert (run["state"], run["stopped_by"]) == ("unfinished", "SIGINT")
        assert 20 < run["counts"]["linked"] <= 60
        falling_silent.change("faults", faults=[])
        page.started(page.change("POST", f"/api/runs/{run_id}/continue"))
        assert page.ended(run_id)["counts"]["linked"] == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_of_a_server_that_ended_continues_and_adds_up(
    tmp_path: Path, falling_silent: SandboxProcess, number: signal.Signals
) -> None:
    with page_process(tmp_path, **sending_to(falling_silent), IMPORTER_STOP_GRACE="1") as page:
        run_id = half_done(page)
        code = page.stop(number)
        assert code == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    falling_silent.change("faults", faults=[])
    with page_process(tmp_path, **sending_to(falling_silent), IMPORTER_STOP_GRACE="1") as page:
        run = page.ended(run_id)
        assert run["state"] == "unfinished"
        assert sum(run["counts"].values()) == 200
        assert 20 < run["counts"]["linked"] <= 60
        assert next(one for one in page.get("/api/runs") if one["run_id"] == run_id)["state"] == "unfinished"
        page.started(page.change("POST", f"/api/runs/{run_id}/continue"))
        run = page.ended(run_id)
        assert (run["state"], run["counts"]["linked"]) == ("finished", 200)
        rows = list(csv.DictReader(io.StringIO(page.request("GET", f"/api/runs/{run_id}/results.csv").body.decode())))
        assert len(rows) == 200


def killed_worker(page: PageClient) -> dict[str, Any]:
    """Kill the worker of a run that is under way, and return the run."""
    run_id = half_done(page)
    server = page.process.pid
    for worker in Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split():
        os.kill(int(worker), signal.SIGKILL)  # a worker that only waits for its first job is replaced
    run: dict[str, Any] = page.wait_for(f"/api/runs/{run_id}", lambda run: run["error"] and run["can"]["delete"])
    return run


def test_an_undo_asks_for_the_number_of_pairs_that_a_killed_worker_may_have_linked(
    tmp_path: Path, falling_silent: SandboxProcess
) -> None:
    with page_process(tmp_path, **sending_to(falling_silent)) as page:
        run = killed_worker(page)
        assert (run["state"], run["error"]["code"]) == ("unfinished", "WORKER_ENDED")
        linked, unconfirmed = run["counts"]["linked"], run["counts"]["unconfirmed"]
        assert unconfirmed > 0
        assert (run["undo_pairs"], run["undo_unconfirmed"]) == (linked + unconfirmed, unconfirmed)
        falling_silent.change("faults", faults=[])
        path = f"/api/runs/{run['run_id']}/undo"
        assert page.request("POST", path, {"confirm": linked}).code == "CHECK_OUTDATED"
        undo = page.ended(page.started(page.change("POST", path, {"confirm": linked + unconfirmed})))
        assert undo["counts"]["unlinked"] >= linked
        assert undo["rows"] == run["undo_pairs"]
        assert falling_silent.state(summary=True)["counts"]["associations"] == 0
        assert page.get(f"/api/runs/{run['run_id']}")["error"] is None


def test_the_error_of_a_killed_worker_is_dropped_once_a_command_has_continued_the_run(
    tmp_path: Path, falling_silent: SandboxProcess
) -> None:
    with page_process(tmp_path, **sending_to(falling_silent)) as page:
        run_id = killed_worker(page)["run_id"]
        assert page.get(f"/api/runs/{run_id}")["error"]["code"] == "WORKER_ENDED"
        falling_silent.change("faults", faults=["daily_limit=put,after:10"])
        assert page.importer("resume", run_id, "--json").returncode != 0
        run = page.get(f"/api/runs/{run_id}")
        assert (run["state"], run["stopped_by"], run["error"]) == ("unfinished", "daily_limit", None)
