"""Runs that are interrupted halfway, and waiting for lines of output."""

import signal
from pathlib import Path
from typing import Any

from tests.support.command_line import Pairs, Running, Workplace, rows_of, wait_until

SLOWLY = ("--rate", "1000/1")
"""About a second for a thousand pairs: time to interrupt, without waiting."""


def half_way(work: Workplace, running: Running, pairs: Pairs) -> None:
    """Wait until half of the pairs were requested."""
    start = work.calls()
    wait_until(lambda: work.calls() - start >= len(pairs) // 2 or running.process.poll() is not None)
    assert running.process.poll() is None


def interrupted(work: Workplace, source: Path, pairs: Pairs, number: signal.Signals, *flags: str) -> dict[str, Any]:
    """Interrupt a run halfway, check its results, and return its JSON summary."""
    running = work.start("run", source, "--json", *SLOWLY, *flags)
    half_way(work, running, pairs)
    running.send(number)
    done = running.end()
    assert done.code == 128 + number
    summary = done.json
    assert (summary["status"], summary["stopped_by"]) == ("interrupted", number.name)
    assert f"importer resume {summary['run_id']}" in done.err
    assert 0 < summary["linked"] < len(pairs)
    assert summary["linked"] + summary["not_sent"] == summary["rows"] == len(pairs)
    rows = rows_of(Path(summary["results"]))
    linked = {(int(row["Contact ID"]), int(row["Company ID"])) for row in rows if row["import_status"] == "linked"}
    assert linked == work.links() == set(work.asked())
    assert {row["import_status"] for row in rows} == {"linked", "not_sent"}
    assert all(summary["run_id"] in row["import_advice"] for row in rows if row["import_status"] == "not_sent")
    return summary


def finished(work: Workplace, before: dict[str, Any], after: dict[str, Any], pairs: Pairs) -> None:
    """Assert that a run finished with complete results and that no pair was sent twice."""
    assert (after["run_id"], after["status"], after["stopped_by"]) == (before["run_id"], "finished", None)
    assert after["linked"] == after["rows"] == len(pairs)
    assert before["calls"] + after["calls"] == len(pairs)
    assert work.asked() == dict.fromkeys(pairs, 1)
    rows = rows_of(Path(after["results"]))
    assert [(int(row["Contact ID"]), row["import_status"]) for row in rows] == [(one, "linked") for one, _ in pairs]


def wait_for_line(running: Running, text: bytes) -> None:
    """Wait until the importer has written a line with this text to standard error."""
    assert running.process.stderr
    said = b""
    while text not in said:
        line = running.process.stderr.readline()
        assert line, said
        said += line
