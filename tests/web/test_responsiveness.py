"""The page answers quickly while its workers are busy."""

import itertools
import time
from pathlib import Path
from statistics import median

import pytest

from tests.support.page import PageClient, page_process

QUICK = 0.2
"""Seconds within which the page must answer."""

TOLERABLE = 1.0
"""The same for nine of ten answers, since other tests use the processors at the same time."""

MAX_MEGABYTES = 300


def answer_times(page: PageClient, *paths: str) -> list[float]:
    """Return the seconds that each path takes to be answered."""
    found = []
    for path in paths:
        started = time.monotonic()
        assert page.request("GET", path).status == 200
        found.append(time.monotonic() - started)
    return found


def percentile_90(times: list[float]) -> float:
    """Return the 90th percentile of the times."""
    return sorted(times)[len(times) * 9 // 10]


def megabytes(pid: int) -> int:
    """Return the largest resident size of a process so far, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.slow
def test_the_page_answers_quickly_while_a_run_sends(tmp_path: Path) -> None:
    with page_process(tmp_path, "--sandbox", IMPORTER_RATE="19/1") as page:
        import_id = page.sample("contacts_to_companies.csv")
        page.check(import_id)
        run_id = page.run(import_id)
        times = []
        while page.get(f"/api/runs/{run_id}")["state"] == "running":
            times += answer_times(page, f"/api/runs/{run_id}", "/api/runs", f"/api/runs/{run_id}/rows", "/")
        assert len(times) > 40
        assert median(times) < QUICK
        assert percentile_90(times) < TOLERABLE
        assert megabytes(page.process.pid) < MAX_MEGABYTES


@pytest.mark.slow
@pytest.mark.long
def test_the_page_answers_quickly_while_a_million_rows_are_checked(tmp_path: Path) -> None:
    rows = (f"{100_001 + number},{40_001 + number % 900}\n" for number in range(1_000_000))
    content = "".join(itertools.chain(["Contact ID,Company ID\n"], rows)).encode()
    with page_process(tmp_path, "--sandbox") as page:
        import_id = page.upload("million.csv", content)
        page.change("POST", f"/api/imports/{import_id}/check")
        path, times = f"/api/imports/{import_id}/check", list[float]()
        while page.get(path)["state"] == "running":
            times += answer_times(page, path, "/api/runs", "/")
        assert page.get(path)["button"] == {"pairs": 1_000_000, "account": None}
        assert len(times) > 20
        assert percentile_90(times) < QUICK
        assert megabytes(page.process.pid) < MAX_MEGABYTES
