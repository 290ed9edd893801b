"""Logs that are rotated while a run writes to them, as cron's `>> nightly.jsonl 2>> nightly.log` does."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Running, Workplace, wait_until
from tests.support.package import PROJECT

pytestmark = pytest.mark.slow

CONFIG = PROJECT / "sample_data" / "nightly" / "logrotate"


def rename(log: Path) -> None:
    """Rotate as logrotate does with `create`: the process keeps writing to the renamed file."""
    log.rename(f"{log}.1")
    log.touch()


def copy_and_truncate(log: Path) -> None:
    """Rotate as logrotate does with `copytruncate`."""
    shutil.copy(log, f"{log}.1")
    os.truncate(log, 0)


def logrotate(log: Path) -> None:
    """Rotate by logrotate itself, with the configuration for nightly runs."""
    program = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("logrotate is not installed")
    config, state = log.with_name("logrotate.conf"), log.with_name("logrotate.state")
    text = CONFIG.read_text(encoding="utf-8").replace("/var/log/importer", str(log.parent))
    config.write_text(text.replace("create 0640 importer importer", "create"))
    config.chmod(0o644)
    subprocess.run([program, "--force", "--state", state, config], check=True)
    config.unlink()
    state.unlink()


@pytest.mark.parametrize("rotate", [rename, copy_and_truncate, logrotate])
def test_no_line_is_lost_or_damaged_when_a_log_is_rotated_during_a_run(
    work: Workplace, rotate: Callable[[Path], None]
) -> None:
    logs = work.folder / "logs"
    logs.mkdir()
    log, (pair,) = logs / "nightly.log", work.pairs(1)
    source = work.write("pairs.csv", [pair])
    work.hubspot.change("faults", faults=[f"hang=contacts:{pair[0]}>companies:{pair[1]}"])
    running = start(work, log, source)
    wait_until(lambda: pair in work.asked())
    before = lines_of(log)
    rotate(log)
    work.hubspot.change("faults", faults=[])
    running.send(signal.SIGTERM)
    assert running.end().code == 143
    both = lines_of(Path(f"{log}.1")) + lines_of(log)
    assert both[: len(before)] == before
    assert any("SIGTERM" in line["message"] for line in both[len(before) :])

    length = len(lines_of(log))
    assert start(work, log, source).end().code == 0
    assert any("resuming" in line["message"] for line in lines_of(log)[length:])


def start(work: Workplace, log: Path, source: Path) -> Running:
    """Start a run that appends its log to a file."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return work.start("run", source, "--log-format", "json", stderr=descriptor, IMPORTER_STOP_GRACE="0.2")
    finally:
        os.close(descriptor)


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
