"""A month of nights: a file a night, and most of what can go wrong in one, with nobody acting."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from importer.config.notifications import HEARTBEAT_URL, WEBHOOK_URL
from tests.runner.test_notify import listener
from tests.support.command_line import UNKNOWN, Done, Pairs, Running, Workplace, rows_of, wait_until

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
    """The nights so far: what was requested, the commands that needed somebody, and the disk use after each night.

    `repeatable` counts the times that a pair was sent without being linked, by a call that was refused or had no
    response; `unfinished` are the pairs of the oldest unfinished run.
    """

    work: Workplace
    night: int = 0
    wanted: Pairs = field(default_factory=list)
    unknown: Pairs = field(default_factory=list)
    repeatable: Counter[tuple[int, int]] = field(default_factory=Counter)
    unfinished: Pairs = field(default_factory=list)
    troubled: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

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

    def end(self) -> None:
        """Note how much there is in the state directory."""
        files = [file for file in (self.work.folder / "state").rglob("*") if file.is_file()]
        files = [file for file in files if file.parent.name != "outputs"]  # one for each results file of the user
        self.sizes.append(sum(file.stat().st_size for file in files))
        self.files.append(len(files))

    def write(self, number: int) -> None:
        new = self.work.pairs(number, len(self.wanted))
        self.wanted += new
        self.work.write(self.source.name, [*self.wanted[-number - 10 : -number], *new])

    def add_unknown(self) -> None:
        """Add a row to tonight's file with a record that HubSpot does not have."""
        pair = (UNKNOWN + self.work.base, 1)
        self.unknown.append(pair)
        with self.source.open("a", encoding="utf-8") as file:
            file.write(f"{pair[0]},{pair[1]},unknown\n")

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
    month.unfinished = month.wanted[-NEW_ROWS:]
    assert "earlier_runs" not in run_out_of_calls(month)


def again(month: Month) -> None:
    """The day's calls run out once more while an earlier file is finished; tonight's is left to the next night."""
    found = run_out_of_calls(month)
    assert [run["stopped_by"] for run in found["earlier_runs"]] == ["daily_limit"]
    assert (found["rows"], found["not_sent"]) == (len(rows_of(month.source)),) * 2


def run_out_of_calls(month: Month) -> dict[str, Any]:
    month.faults("daily_limit=put,always")
    done = month.run()
    month.faults()
    month.repeatable.update(month.unfinished)
    assert (done.code, done.json["stopped_by"]) == (3, "daily_limit")
    return done.json


def recovered(month: Month) -> None:
    """What the two nights before have left is finished before tonight's file."""
    done = month.run()
    assert (done.code, done.json["linked"]) == (0, NEW_ROWS)
    assert [run["linked"] for run in done.json["earlier_runs"]] == [NEW_ROWS] * 2


def killed_while_finishing(month: Month) -> None:
    """The process is killed while it finishes an earlier file; nobody starts it again before the next night."""
    before = month.work.asked()
    kill_while_sending(month, lambda: any(month.work.asked()[pair] > before.get(pair, 0) for pair in month.unfinished))
    month.repeatable.update(month.unfinished)


def killed(month: Month) -> None:
    """The process is killed while it sends; the orchestrator starts it again."""
    new = month.wanted[-NEW_ROWS:]
    kill_while_sending(month, lambda: any(month.work.asked().get(pair, 0) for pair in new))
    month.repeatable.update(new)
    assert month.run().code == 0


def kill_while_sending(month: Month, is_sending: Callable[[], bool]) -> None:
    month.faults("hang=put,always")
    running = month.work.start("run", month.source, *month.options)
    wait_until(is_sending)
    running.send(signal.SIGKILL)
    running.end()
    month.faults()


def changed(month: Month) -> None:
    """The file is rewritten twice while its first run is unfinished."""
    daily_limit(month)
    month.write(NEW_ROWS)
    again(month)
    month.write(NEW_ROWS)
    recovered(month)


def daily_limit_before_a_wrong_row(month: Month) -> None:
    """The day's calls run out in a file with a wrong row."""
    month.add_unknown()
    daily_limit(month)
    month.repeatable.update(month.unknown)


def wrong_row(month: Month) -> None:
    """Tonight's file is good, but the one that it finishes first has the wrong row."""
    done = month.run()
    (earlier,) = done.json["earlier_runs"]
    assert (done.code, done.json["linked"], earlier["linked"], earlier["failed"]) == (1, NEW_ROWS, NEW_ROWS, 1)


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


INCIDENTS = {
    3: daily_limit,
    4: again,
    5: recovered,
    8: killed,
    12: changed,
    14: daily_limit,
    15: killed_while_finishing,
    16: recovered,
    19: expired,
    22: full_disk,
    26: daily_limit_before_a_wrong_row,
    27: wrong_row,
}
LIMIT = "daily_limit"
NOTIFIED: dict[int, list[list[str | int]]] = {
    3: [[LIMIT]],
    4: [[LIMIT, LIMIT]],
    12: [[LIMIT], [LIMIT, LIMIT]],
    14: [[LIMIT]],
    19: [["token_refused"]],
    22: [[2]],
    26: [[LIMIT]],
    27: [["finished"]],
}
"""For each night and each command of which somebody had to be notified: why runs stopped, a status, or an exit code."""


def test_a_month_of_nights_needs_nobody(work: Workplace) -> None:
    (work.folder / "importer.toml").write_text(CONFIG)
    with listener() as webhook, listener() as monitor:
        notified = {WEBHOOK_URL: f"{webhook.url}/hook/crm", HEARTBEAT_URL: f"{monitor.url}/ping/crm"}
        month = Month(replace(work, environment={**work.environment, **notified}))
        for night in range(1, NIGHTS + 1):
            month.begin()
            INCIDENTS.get(night, normal)(month)
            month.end()
    assert work.links() == set(month.wanted)
    assert_nothing_was_sent_twice(month)
    assert_every_row_is_accounted_for(month)
    assert_disk_use_is_bounded(month)
    assert month.troubled == [night for night, commands in NOTIFIED.items() for _ in commands]
    causes = [body.get("exit_code") or body["stopped_by"] or body["status"] for body in webhook.bodies]
    assert causes == [cause for commands in NOTIFIED.values() for command in commands for cause in command]
    assert (
        monitor.paths.count("/ping/crm/fail") == len(month.troubled) - 1
    )  # a run that finished with a wrong row has ended


def assert_nothing_was_sent_twice(month: Month) -> None:
    """Only pairs whose call was refused or had no response were sent again, as many times as that happened."""
    asked = month.work.asked()
    assert set(asked) == {*month.wanted, *month.unknown}
    repeated = {pair: times - 1 for pair, times in asked.items() if times > 1}
    assert repeated
    assert {pair: times for pair, times in repeated.items() if times > month.repeatable[pair]} == {}


def assert_every_row_is_accounted_for(month: Month) -> None:
    folder, failed = month.work.folder, []
    for source in folder.glob("pairs-*[0-9].csv"):
        rows = rows_of(source.with_suffix(".results.csv"))
        assert [key_of(row) for row in rows] == [key_of(row) for row in rows_of(source)]
        assert {row["import_status"] for row in rows} <= {"linked", "already_linked", "failed"}
        failed += [key_of(row) for row in rows if row["import_status"] == "failed"]
    assert failed == month.unknown
    superseded = list(folder.glob("pairs-*.*-*.results.csv"))  # of the file that was rewritten twice
    assert len(superseded) == 2
    for path in superseded:
        assert [row["import_status"] for row in rows_of(path)][-NEW_ROWS:] == ["linked"] * NEW_ROWS


def key_of(row: dict[str, str]) -> tuple[int, int]:
    return int(row["Contact ID"]), int(row["Company ID"])


def assert_disk_use_is_bounded(month: Month) -> None:
    """The state directory does not grow once it has the runs of the days that are kept."""
    listed: list[dict[str, Any]] = month.work.here("runs", "--json").json  # type: ignore[assignment]
    assert {run["status"] for run in listed} == {"finished"}
    assert len(listed) <= KEPT_DAYS + 2
    assert max(time.time() - path.stat().st_mtime for path in month.work.journals) < (KEPT_DAYS + 1) * DAY
    for use in (month.sizes, month.files):
        assert max(use[2 * KEPT_DAYS :]) < 1.5 * max(use[KEPT_DAYS : 2 * KEPT_DAYS])
        assert use[-1] < NIGHTS * use[0] / 2
