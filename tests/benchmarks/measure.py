"""Running one contestant in a process of its own: how long it takes, what it costs, how much memory it needs."""

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
    """How much to measure: the share of the usual rows, the seconds of the paced run, the tries of a comparison."""

    share: float
    seconds: float
    times: int

    def of(self, number: int) -> int:
        """Return the share of a number of rows, at least 1,000."""
        return max(1_000, round(number * self.share))


@dataclass(frozen=True, slots=True)
class Figures:
    """Wall and CPU seconds of a whole process, its peak memory in MiB, and what it printed."""

    seconds: float
    cpu: float
    peak: float
    output: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Figures:
    """Run a Python program (`command` begins with its arguments) to its end.

    The peak is the kernel's (`ru_maxrss`); a child's begins with that of its parent, so the parent must stay small.
    Raises RuntimeError with what it said when the process fails with another code than 1 (rows that are not linked).
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+") as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=output,
            stderr=errors,
            cwd=PROJECT,
            env={**os.environ, **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode not in {0, 1}:
            raise RuntimeError(f"{command} ended with {process.returncode}:\n{errors.read()}{output.read()}")
        return Figures(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read())


def best(times: int, *contestants: Callable[[], Figures]) -> list[Figures]:
    """Let the contestants run in turns; for each the figures of the try that others on this machine disturbed least."""
    tries = [[contestant() for contestant in contestants] for _ in range(times)]
    return [min(figures, key=lambda one: one.seconds) for figures in zip(*tries, strict=True)]


@contextlib.contextmanager
def server(*arguments: str) -> Iterator[str]:
    """Run the answering machine in a process of its own; its URL."""
    command = [sys.executable, "-m", "tests.benchmarks.server", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def counts(url: str) -> dict[str, Any]:
    """Return what came to the answering machine so far."""
    with urllib.request.urlopen(f"{url}/counts", timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
