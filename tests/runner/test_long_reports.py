"""Reports of long runs: their size, their memory, and the figures of their fullest moment."""

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.long_runs import RUN_ID, long_run
from tests.support.package import PROJECT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc"),
]

REPORT = """
import sys
from importer import load_settings
from importer.runner.finish import report_run
settings = load_settings({"state_dir": sys.argv[1], "sandbox": True})
report_run(sys.argv[2], settings, out=sys.argv[3])
with open("/proc/self/status") as file:
    print(next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM")))
"""

DAY = 86_400


def report(state: Path, out: Path) -> int:
    """Write the report of a run in another process; return the megabytes that it needed."""
    command = [sys.executable, "-c", REPORT, str(state), RUN_ID, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.timeout(600)
def test_the_report_of_a_day_needs_little_more_memory_than_that_of_a_minute(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    long_run(small, 1_000, 60)
    long_run(large, 100_000, DAY)
    megabytes = report(small, tmp_path / "small.html"), report(large, tmp_path / "large.html")
    assert megabytes[1] < 150
    assert megabytes[1] - megabytes[0] < 20
    assert (tmp_path / "large.html").stat().st_size < 400_000
    text = (tmp_path / "large.html").read_text(encoding="utf-8")
    assert "with 188 calls begun; the limit at that time was 190." in text
    assert '<td class="number">188</td>' in text
    assert "disk was full; resumed after" in text
    assert "ada@example.com&#39;. Correct" not in text.partition("Pairs over time")[0]


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_the_report_of_a_million_rows_takes_seconds(tmp_path: Path) -> None:
    long_run(tmp_path, 1_000_000, DAY)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    megabytes = report(tmp_path, tmp_path / "report.html")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = min(time.monotonic() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert seconds < 10  # of this process: others also use this machine
    assert megabytes < 150
    assert (tmp_path / "report.html").stat().st_size < 1_000_000
