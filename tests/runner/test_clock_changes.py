"""A run during which the clock of its time zone is set back by an hour, as at the end of summer time."""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from importer import load_settings, run_import
from importer.runner.find_runs import list_runs
from importer.runner.prune import prune_runs
from importer.runner.state_directory import open_journal
from tests.support.command_line import TOKEN, Workplace, rows_of, wait_until

pytestmark = pytest.mark.slow

HOUR = 3600.0


def set_back_at(moment: float) -> str:
    """Return a time zone whose clock, an hour ahead of UTC, is set back to UTC at this Unix time. Source: POSIX, TZ."""
    local = time.gmtime(moment + HOUR)
    return f"WINTER0SUMMER-1,0/0,{local.tm_yday - 1}/{local.tm_hour}:{local.tm_min}:{local.tm_sec}"


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Iterator[float]:
    """The time at which the clock of this process is set back: in two to three seconds."""
    moment = float(int(time.time()) + 3)
    with monkeypatch.context() as zone:
        zone.setenv("TZ", set_back_at(moment))
        time.tzset()
        assert time.localtime(moment - 1).tm_isdst
        assert not time.localtime(moment).tm_isdst
        yield moment
    time.tzset()


def test_times_and_durations_of_a_run_do_not_depend_on_the_clock_of_its_time_zone(
    work: Workplace, monkeypatch: pytest.MonkeyPatch, change: float
) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    state = work.folder / "state"
    report = work.folder / "report.html"
    settings = load_settings({"base_url": work.hubspot.url, "rate": "2/1", "state_dir": state, "report": report})
    began = time.time()
    summary = run_import(work.write("pairs-2026-10-25.csv", work.pairs(8)), settings)
    ended = time.time()
    assert began < change < ended, "the clock was not set back during the run"
    assert 0 < summary.seconds < ended - began + 1
    with open_journal(settings, summary.run_id) as journal:
        (process,) = journal.processes()
        assert began - 1 <= process.start <= (process.end or 0) <= ended + 1
        seconds = [one.at for one in journal.activity()]
        times = [journal.info.created_at, journal.info.source_modified_at]
    assert seconds == sorted(seconds)
    times += [row["import_completed_at"] for row in rows_of(work.folder / "pairs-2026-10-25.results.csv")]
    assert all(began - 1 <= datetime.fromisoformat(text).timestamp() <= ended + 1 for text in times)
    assert report.is_file()


@pytest.mark.usefixtures("change")
def test_the_age_of_a_run_does_not_depend_on_the_clock_of_its_time_zone(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    settings = load_settings({"base_url": work.hubspot.url, "rate": "20000/1", "state_dir": work.folder / "state"})
    run_ids = [run_import(work.write(name, work.pairs(1)), settings).run_id for name in ("a.csv", "b.csv")]
    old, young = (settings.state_path / "runs" / f"{run_id}.sqlite" for run_id in run_ids)
    make_older(old, minutes=50)
    make_older(young, minutes=10)
    wait_until(lambda: not time.localtime().tm_isdst)  # "half an hour ago" is an hour later on this clock from now on
    assert prune_runs(settings, 30 / 1440).run_ids == (run_ids[0],)
    assert [run.run_id for run in list_runs(settings)] == [run_ids[1]]


def make_older(file: Path, minutes: int) -> None:
    then = file.stat().st_mtime - 60 * minutes
    os.utime(file, (then, then))
