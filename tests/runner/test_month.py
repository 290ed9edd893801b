"""A month of nights: a file a night, and most of what can go wrong in one, with nobody acting."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from importer.config.notifications import HEARTBEAT_URL, WEBHOOK_URL
from tests.runner.test_notify import listener
from tests.support.command_line import Done, Pairs, Running, Workplace, rows_of, wait_until

pytestmark = pytest.mark.slow

DAY = 86_400
NIGHTS = 30
KEPT_DAYS = 7
NEW_ROWS = 6
CONFIG = f"""
keep_runs_days = {KEPT_DAYS}
finish_unfinished = true
on_changed_source = "finish_then_new"
[notify]
when = "trouble"
"""


@dataclass
class Month:
    """The nights so far: what was asked for, what each command printed, and the nights that needed somebody."""

    work: Workplace
    night: int = 0
    wanted: Pairs = field(default_factory=list)
    troubled: list[int] = field(default_factory=list)
    killed: int = 0

    @property
    def source(self) -> Path:
        return self.work.folder / f"pairs-2026-11-{self.night:02}.csv"

    def begin(self) -> None:
        """Make everything in the state directory a day older, and write tonight's file: a few old rows and new ones."""
        self.night += 1
        for file in (self.work.folder / "state").rglob("*"):
            then = file.stat().st_mtime - DAY
            os.utime(file, (then, then))
        self.write(NEW_ROWS)

    def write(self, number: int) -> None:
        new = self.work.pairs(number, len(self.wanted))
        self.wanted += new
        self.work.write(self.source.name, [*self.wanted[-number - 10 : -number], *new])

    def run(self, **variables: str) -> Done:
        done = self.work.here("run", self.source, *self.options, **variables)
        self.note(done.code)
        return done

    def note(self, code: int) -> None:
        if code:
            self.troubled.append(self.night)

    @property
    def options(self) -> tuple[str, ...]:
        return ("--json", "--config", str(self.work.folder / "importer.toml"))

    def faults(self, *faults: str) -> None:
        self.work.hubspot.change("faults", faults=list(faults))


def normal(month: Month) -> None:
    done = month.run()
    assert (done.code, done.json["linked"]) == (0, NEW_ROWS)


def daily_limit(month: Month) -> None:
    """The day's calls run out; the next night finishes this file before its own."""
    month.faults("daily_limit=put,always")
    done = month.run()
    month.faults()
    assert (done.code, done.json["stopped_by"]) == (3, "daily_limit")


def killed(month: Month) -> None:
    """The process is killed while it sends; the orchestrator starts it again."""
    month.faults("hang=put,always")
    running = month.work.start("run", month.source, *month.options)
    wait_until(lambda: any(month.work.asked().get(pair, 0) for pair in month.wanted[-NEW_ROWS:]))
    running.send(signal.SIGKILL)
    running.end()
    month.faults()
    month.killed += NEW_ROWS
    assert month.run().code == 0


def changed(month: Month) -> None:
    """The file is written anew while its run is unfinished."""
    daily_limit(month)
    month.write(NEW_ROWS)
    assert month.run().code == 0


def expired(month: Month) -> None:
    """The token has expired; the next night has a new one."""
    done = month.run(HUBSPOT_ACCESS_TOKEN="pat-na1-expired")
    assert (done.code, done.json["stopped_by"]) == (3, "token_refused")


def full_disk(month: Month) -> None:
    """No file may grow; nothing can be written, and so nothing is sent."""
    command = [sys.executable, "-m", "importer", "run", str(month.source), *month.options]
    process = subprocess.Popen(
        ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=month.work.folder,
        env=month.work.environment,
    )
    done = Running(process).end()
    month.note(done.code)
    assert done.code == 2, done
    assert month.run().code == 0


INCIDENTS = {4: daily_limit, 8: killed, 12: changed, 17: expired, 22: full_disk}


def test_a_month_of_nights_needs_nobody(work: Workplace) -> None:
    (work.folder / "importer.toml").write_text(CONFIG)
    with listener() as webhook, listener() as monitor:
        notified = {WEBHOOK_URL: f"{webhook.url}/hook/crm", HEARTBEAT_URL: f"{monitor.url}/ping/crm"}
        month = Month(replace(work, environment={**work.environment, **notified}))
        for night in range(1, NIGHTS + 1):
            month.begin()
            INCIDENTS.get(night, normal)(month)
    assert work.links() == set(month.wanted)
    asked = [work.asked()[pair] for pair in month.wanted]
    assert sum(asked) - len(asked) <= month.killed + NEW_ROWS * len(INCIDENTS)  # only calls without a response again
    assert_every_row_is_accounted_for(work)
    assert len(webhook.requests) == len(month.troubled)
    assert [body.get("exit_code") or body["stopped_by"] for body in webhook.bodies] == [
        "daily_limit", "daily_limit", "token_refused", 2,
    ]  # fmt: skip
    assert monitor.paths.count("/ping/crm/fail") == len(month.troubled)
    runs = [run["run_id"] for run in runs_of(work)]
    assert len(runs) <= KEPT_DAYS + 2


def runs_of(work: Workplace) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = work.here("runs", "--json").json  # type: ignore[assignment]
    assert {run["status"] for run in listed} == {"finished"}
    assert max(time.time() - path.stat().st_mtime for path in work.journals) < (KEPT_DAYS + 1) * DAY
    return listed


def assert_every_row_is_accounted_for(work: Workplace) -> None:
    for source in work.folder.glob("pairs-*[0-9].csv"):
        rows = rows_of(source.with_suffix(".results.csv"))
        assert len(rows) == len(rows_of(source))
        assert {row["import_status"] for row in rows} <= {"linked", "already_linked"}
