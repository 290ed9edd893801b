"""Cost of the start: from the command to its first call."""

import tempfile
import time
from functools import partial
from itertools import count
from pathlib import Path

from tests.benchmarks.measure import Figures, Scale, counts, run_until, server
from tests.benchmarks.reading import make_file
from tests.benchmarks.tables import table

_NEVER = "1000000"
"""Seconds until a response, so that the command makes no second call."""

_numbers = count(1)


def start(folder: Path, scale: Scale) -> str:
    """Measure the time to the first call for a large file, and for ten rows, where it is that of loading modules."""
    rows = []
    for number in (10, scale.of(1_000_000)):
        file = make_file(folder, number)
        repetitions = [_until_first_call(file) for _ in range(scale.times)]
        seconds, figures = min(repetitions, key=lambda one: one[0])
        rows.append([f"{number:,}", f"{seconds:.2f}", f"{figures.cpu:.2f}", f"{figures.peak:.0f}"])
    return table("From the command to its first call", ["`importer run`, rows", "seconds", "CPU s", "peak MiB"], rows)


def _until_first_call(file: Path) -> tuple[float, Figures]:
    token = {"HUBSPOT_ACCESS_TOKEN": f"benchmark-start-{next(_numbers)}"}
    with server("--latency", _NEVER) as url, tempfile.TemporaryDirectory(dir=file.parent) as folder:
        places = ("--state-dir", folder, "--out", f"{folder}/results.csv", "--fresh")
        command = ("-m", "importer", "run", str(file), "--base-url", url, "--json", "--quiet", *places)
        begun = time.monotonic()
        figures = run_until(command, token, partial(_has_been_called, url))
        return counts(url)["first_call"] - begun, figures


def _has_been_called(url: str) -> bool:
    return bool(counts(url)["first_call"])
