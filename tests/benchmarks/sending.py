"""Cost of sending: the whole `importer run`, from file to results, compared with loops that only send."""

import json
import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Figures, Scale, best, counts, run, server
from tests.benchmarks.reading import make_file
from tests.benchmarks.tables import table

UNLIMITED = ("--rate", "1000000/1")
IN_BATCHES = (*UNLIMITED, "--engine", "batch", "--batch-rate", "1000000/1")
COST = ["seconds", "pairs/s", "CPU s per 1,000 pairs", "peak MiB"]
_GOOD = ("linked", "already_linked", "unlinked", "not_linked")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Run:
    """Figures and summary of a command."""

    figures: Figures
    summary: dict[str, Any]


def run_command(path: Path, url: str, *flags: str, command: str = "run") -> Run:
    """Run an import, or another command, on a file with a new journal. Raises RuntimeError unless every row is good."""
    # With the same token, a run would wait for the slots that the previous one used in the rate window.
    token = {"HUBSPOT_ACCESS_TOKEN": f"benchmark-{next(_numbers)}"}
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        places = ("--state-dir", folder, "--out", f"{folder}/results.csv")
        figures = run(
            ("-m", "importer", command, str(path), "--base-url", url, "--json", "--quiet", *places, *flags), token
        )
    summary = json.loads(figures.output)
    if sum(summary[status] for status in _GOOD) != summary["rows"]:
        raise RuntimeError(f"not every row is good: {summary}")
    return Run(figures, summary)


def _baseline(name: str, url: str, pairs: int) -> Figures:
    return run(["-m", "tests.benchmarks.baselines", name, url, str(pairs)])


def cost(figures: Figures, pairs: int) -> list[str]:
    """Return the columns `COST` of a contestant."""
    return [
        f"{figures.seconds:.1f}",
        f"{pairs / figures.seconds:,.0f}",
        f"{figures.cpu / pairs * 1000:.3f}",
        f"{figures.peak:.0f}",
    ]


def put(folder: Path, scale: Scale) -> str:
    """Measure one call per pair without a rate limit."""
    pairs, more = scale.of(30_000), scale.of(300_000)
    file, larger = make_file(folder, pairs), make_file(folder, more)
    with server() as url:
        bare, whole, sdk = best(
            scale.times,
            partial(_baseline, "bare-aiohttp", url, pairs),
            lambda: run_command(file, url, *UNLIMITED).figures,
            partial(_baseline, "sdk-put", url, pairs),
        )
        large = run_command(larger, url, *UNLIMITED).figures

    def line(name: str, figures: Figures, number: int) -> list[str]:
        time = figures.seconds / number / (bare.seconds / pairs)
        processor = figures.cpu / number / (bare.cpu / pairs)
        return [name, f"{number:,}", *cost(figures, number), f"{time:.2f}", f"{processor:.2f}"]

    rows = [
        line("bare aiohttp loop: sends and parses, nothing else", bare, pairs),
        line("`importer run`: reading, journal, results included", whole, pairs),
        line("`importer run`, more pairs", large, more),
        line("hubspot-api-client in 64 threads, `basic_api` made once", sdk, pairs),
    ]
    header = ["engine `put`, no limit", "pairs", *COST, "time, bare = 1", "CPU, bare = 1"]
    return table("Engine put without a limit", header, rows)


def rate_limited(folder: Path, scale: Scale) -> str:
    """Measure one call per pair at 190 in ten seconds, with responses that take 150 ms."""
    pairs = round(19 * scale.seconds)
    file = make_file(folder, pairs)
    with server("--limit", "190", "--latency", "0.15") as url:
        whole = run_command(file, url, "--rate", "190/10")
        received = counts(url)
    seconds = received["last_put"] - received["first_put"]
    row = [
        f"{pairs:,}",
        f"{seconds:.1f}",
        f"{received['puts'] / (19 * seconds):.3f}",
        f"{received['worst_window']}",
        f"{received['refused']}",
        f"{whole.figures.cpu / whole.figures.seconds:.1%}",
        f"{whole.figures.peak:.0f}",
    ]
    header = ["pairs", "seconds", "achieved / allowed", "fullest 10 s", "429s", "CPU of one core", "peak MiB"]
    return table("Engine put at 190/10 s with 150 ms latency", header, [row])


def batch(folder: Path, scale: Scale) -> str:
    """Measure up to 2,000 pairs per call without a rate limit."""
    few, many, sdk_pairs = scale.of(200_000), scale.of(1_000_000), scale.of(100_000)
    with server() as url:
        less = run_command(make_file(folder, few), url, *IN_BATCHES)
        more = run_command(make_file(folder, many), url, *IN_BATCHES)
        (sdk,) = best(scale.times, partial(_baseline, "sdk-batch", url, sdk_pairs))

    def line(name: str, figures: Figures, pairs: int, calls: int) -> list[str]:
        ratio = (figures.seconds / pairs) / (sdk.seconds / sdk_pairs)
        return [name, f"{pairs:,}", f"{calls:,}", *cost(figures, pairs), f"{ratio:.2f}"]

    rows = [
        line("`importer run --engine batch`", less.figures, few, less.summary["calls"]),
        line("`importer run --engine batch`", more.figures, many, more.summary["calls"]),
        line("hubspot-api-client, a loop of 2,000 per call", sdk, sdk_pairs, -(-sdk_pairs // 2_000)),
    ]
    header = ["engine `batch`, no limit", "pairs", "calls", *COST, "time per pair, SDK = 1"]
    return table("Engine batch, end to end", header, rows)
