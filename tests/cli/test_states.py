"""`show` and `report` of a run in every state: while it works, after a kill, a refusal and a stop."""

import json
import re
import signal
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from importer.journal import Journal
from tests.conftest import sandbox_thread
from tests.support.command_line import FAST, Running, Workplace, rows_of, wait_until, workplace_in

pytestmark = pytest.mark.slow

PAIRS = 120


class Text(HTMLParser):
    """The visible text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def __str__(self) -> str:
        return " ".join(" ".join(self.parts).split())


def started(work: Workplace) -> tuple[Running, str]:
    """Start a run and wait until the journal says that a few of its pairs are linked; its other pairs wait long."""
    running = work.start("run", work.write("pairs.csv", work.pairs(PAIRS)), "--json", "--rate", "10/10")
    wait_until(lambda: bool(work.journals))
    (path,) = work.journals

    def has_begun() -> bool:
        with Journal(path) as journal:
            return sum(journal.outcome_counts().values()) >= 3 and journal.live is not None

    wait_until(has_begun)
    return running, path.stem


def page(work: Workplace, run_id: str) -> str:
    assert work.here("report", run_id, "--out", "report.html", "--json").code == 0
    return str(Text(work.folder / "report.html"))


def shown(work: Workplace, run_id: str) -> tuple[dict[str, Any], str]:
    return work.here("show", run_id, "--json").json, work.here("show", run_id).out


def test_a_running_run_is_running_and_its_other_rows_are_not_decided_yet(work: Workplace) -> None:
    running, run_id = started(work)
    try:
        (listed,) = json.loads(work.here("runs", "--json").out)
        values, text = shown(work, run_id)
        report = page(work, run_id)
        assert work.here("report", run_id, "--out", "so-far.csv", "--json").json["status"] == "running"
    finally:
        running.process.kill()
        running.end()
    assert listed["status"] == values["status"] == "running"
    assert 3 <= values["linked"] < 20
    assert values["seconds"] > 0
    assert values["calls"] > 0
    found = re.search(r"  linked +(\d+)\n  not decided yet +(\d+)\n", text)
    assert found
    assert sum(map(int, found.groups())) == PAIRS
    assert not {word for word in ("resume", "retry", "unconfirmed", "not_sent") if word in text}
    assert f"of {PAIRS} rows are linked so far" in report
    assert "The run is still working." in report
    assert "Rows that need work" not in report
    assert "What needs you" not in report
    rows = rows_of(work.folder / "so-far.csv")
    assert {row["import_status"] for row in rows} == {"linked", "unconfirmed", "not_sent"}
    assert not [row for row in rows if "cut off" in row["import_error_message"] or "resume" in row["import_advice"]]


def test_a_killed_run_says_so_and_that_pairs_in_flight_may_have_been_sent(work: Workplace) -> None:
    running, run_id = started(work)
    running.send(signal.SIGKILL)
    running.process.wait(60)
    values, text = shown(work, run_id)
    report = page(work, run_id)
    assert values["status"] == "interrupted"
    assert values["seconds"] >= 1
    assert values["linked"] >= 3
    assert values["unconfirmed"] > 0
    assert f"{PAIRS - values['linked']} rows that were not sent or not confirmed: importer resume {run_id}" in " ".join(
        text.split()
    )
    assert "retry" not in text
    assert "Working time 0 s" not in report
    assert "The process was killed" in report
    assert "the disk was full; not resumed" in report
    assert "It may have been sent" in report


def test_a_refused_run_has_its_error_in_show_and_report(work: Workplace) -> None:
    done = work.here("run", work.write("pairs.csv", work.pairs(3)), "--portal", "5", "--out", "first.csv")
    assert done.error_code == "PORTAL_DIFFERS"
    (listed,) = json.loads(work.here("runs", "--json").out)
    values, text = shown(work, listed["run_id"])
    assert (values["status"], values["last_error"]) == ("refused", listed["last_error"])
    assert "[PORTAL_DIFFERS]" in text
    report = page(work, listed["run_id"])
    assert f"The run was refused: {listed['last_error']['message']} [PORTAL_DIFFERS]" in report
    assert "interrupted" not in report


def test_a_stopped_run_names_its_reason_in_words(tmp_path: Path) -> None:
    with sandbox_thread(replace(FAST, token="another")) as server:
        work = workplace_in(tmp_path, server)
        done = work.here("run", work.write("pairs.csv", work.pairs(3)), "--json")
        assert done.json["stopped_by"] == "token_refused"
        values, text = shown(work, done.json["run_id"])
        assert values["status"] == "stopped"
        assert "HubSpot no longer accepts the token." in text
        assert "The run stopped early: HubSpot no longer accepts the token." in page(work, done.json["run_id"])
