"""Measurement of one contestant in a separate process: wall time, CPU time and peak memory."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Scale:
    """The amount to measure: fraction of the rows, seconds of the rate-limited run, repetitions of a comparison."""

    share: float
    seconds: float
    times: int

    def of(self, number: int) -> int:
        """Return that fraction of a number of rows, at least 1,000."""
        return max(1_000, round(number * self.share))


@dataclass(frozen=True, slots=True)
class Figures:
    """Wall and CPU seconds of a whole process, its peak memory in MiB, and what it printed."""

    seconds: float
    cpu: float
    peak: float
    output: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Figures:
    """Run Python with the arguments `command` and return its figures.

    The peak is `ru_maxrss` of the kernel; a child inherits that of its parent, so the parent must stay small.
    Raises RuntimeError with the output if the exit code is neither 0 nor 1 (some rows are not linked).
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=output,
            stderr=errors,
            cwd=PROJECT,
            env={**os.environ, **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode not in {0, 1}:
            raise RuntimeError(f"{command} ended with {process.returncode}:\n{errors.read()}{output.read()}")
        return Figures(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read())


def run_until(command: Sequence[str], environment: Mapping[str, str], is_reached: Callable[[], bool]) -> Figures:
    """Run Python with the arguments `command`, kill it once `is_reached`, and return its figures."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, cwd=PROJECT, env={**os.environ, **environment}
    )
    while not is_reached():
        time.sleep(0.02)
    process.kill()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return Figures(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, "")


def best(times: int, *contestants: Callable[[], Figures]) -> list[Figures]:
    """Run the contestants in turn; return the figures of the fastest repetition of each."""
    repetitions = [[contestant() for contestant in contestants] for _ in range(times)]
    return [min(figures, key=lambda one: one.seconds) for figures in zip(*repetitions, strict=True)]


@contextlib.contextmanager
def server(*arguments: str) -> Iterator[str]:
    """Run the benchmark server in a separate process, and yield its URL."""
    command = [sys.executable, "-m", "tests.benchmarks.server", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def counts(url: str) -> dict[str, Any]:
    """Return what the benchmark server has counted so far."""
    with urllib.request.urlopen(f"{url}/counts", timeout=60) as response:
        found: dict[str, Any] = json.load(response)
    return found
