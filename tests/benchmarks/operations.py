"""Cost of other work than sending: reading first, looking up, unlinking and exporting."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import Figures, Scale, counts, run, server
from tests.benchmarks.reading import make_file
from tests.benchmarks.sending import COST, IN_BATCHES, UNLIMITED, cost, run_command
from tests.benchmarks.tables import table

_BY_EMAIL = ("--from", "contacts", "--from-by", "email", "--to", "companies", "--map", "to_object_id=Company ID")
_SLOW = ("--limit", "100", "--latency", "0.15")


def read_first(folder: Path, scale: Scale) -> str:
    """Measure a file whose pairs are mostly linked already, and one without linked pairs."""
    return f"{_mostly_linked(folder, scale)}\n{_nothing_linked(folder, scale)}"


def _mostly_linked(folder: Path, scale: Scale) -> str:
    pairs = scale.of(200_000)
    file = make_file(folder, pairs)
    rows = []
    for name, rate in (("no limit", "1000000/1"), ("100/10 s", "100/10")):
        with server("--unlinked-every", "400") as url:
            whole = run_command(file, url, "--rate", rate)
            received = counts(url)
        calls = [f"{received['reads']:,}", f"{received['puts']:,}"]
        rows.append([name, f"{pairs:,}", *calls, *cost(whole.figures, pairs)])
    header = ["`importer run`, most pairs linked", "pairs", "reads", "PUTs", *COST]
    return table("A file of which most pairs are linked", header, rows)


def _nothing_linked(folder: Path, scale: Scale) -> str:
    """Compare reading first with sending only, at a rate at which the calls determine the time."""
    pairs = round(10 * scale.seconds)
    file = make_file(folder, pairs)
    found: list[tuple[str, Figures, Mapping[str, Any]]] = []
    for name, flags in (("`--no-read-first`", ("--no-read-first",)), ("read first (default)", ())):
        with server("--unlinked-every", "1", *_SLOW) as url:
            whole = run_command(file, url, "--rate", "100/10", *flags)
            found.append((name, whole.figures, counts(url)))
    (_, base, base_counts), *_ = found
    rows = []
    for name, figures, received in found:
        calls, base_calls = received["puts"] + received["reads"], base_counts["puts"] + base_counts["reads"]
        ratios = [f"{calls / base_calls:.4f}", f"{figures.seconds / base.seconds:.4f}"]
        numbers = [
            f"{received['puts']:,}",
            f"{received['reads']:,}",
            f"{figures.seconds:.1f}",
            f"{received['refused']}",
        ]
        rows.append([name, f"{pairs:,}", *numbers, *ratios])
    header = [
        "100/10 s, nothing linked",
        "pairs",
        "PUTs",
        "reads",
        "seconds",
        "429s",
        "calls, put = 1",
        "time, put = 1",
    ]
    return table("A file of which nothing is linked", header, rows)


def lookup(folder: Path, scale: Scale) -> str:
    """Measure a file with email addresses in place of ids, at two sizes: memory must not grow with the rows."""
    rows = []
    for pairs in (scale.of(10_000), scale.of(100_000)):
        file = make_file(folder, pairs)
        with server() as url:
            whole = run_command(file, url, *IN_BATCHES, "--no-read-first", *_BY_EMAIL)
            received = counts(url)
        calls = [f"{received['lookups']:,}", f"{received['batches']:,}"]
        rows.append([f"{pairs:,} email addresses", *calls, *cost(whole.figures, pairs)])
    header = ["`importer run --from-by email --engine batch`", "lookups", "batches", *COST]
    return table("Lookup", header, rows, ["100 email addresses a call."])


def unlink(folder: Path, scale: Scale) -> str:
    """Measure the removal of links, at two sizes: memory must not grow with the rows."""
    rows = []
    for pairs in (scale.of(10_000), scale.of(100_000)):
        file = make_file(folder, pairs)
        with server() as url:
            whole = run_command(file, url, *UNLIMITED, "--yes", str(pairs), command="unlink")
            received = counts(url)
        calls = [f"{received['reads']:,}", f"{received['archives']:,}"]
        rows.append([f"{pairs:,} links", *calls, *cost(whole.figures, pairs)])
    header = ["`importer unlink`", "reads", "batch archives", *COST]
    return table("Unlink", header, rows, ["The reads are those before and after the removal."])


def export(folder: Path, scale: Scale) -> str:
    """Measure the export of all links of a type, at two sizes: memory must not grow with the links."""
    rows = [
        _export(folder, links, *flags)
        for links in (scale.of(100_000), scale.of(1_000_000))
        for flags in ((), ("--with", "from:email"))
    ]
    header = ["`importer export`", "links", "lists", "reads", "lookups", *COST]
    return table("Export", header, rows)


def _export(folder: Path, links: int, *flags: str) -> list[str]:
    with server("--records", str(links)) as url, tempfile.TemporaryDirectory(dir=folder) as place:
        places = ("--state-dir", place, "--out", f"{place}/links.csv")
        command = (
            "export",
            "contacts",
            "companies",
            "--base-url",
            url,
            "--json",
            "--quiet",
            *places,
            *UNLIMITED,
            *flags,
        )
        figures = run(("-m", "importer", *command), {"HUBSPOT_ACCESS_TOKEN": f"benchmark-{links}-{len(flags)}"})
        received = counts(url)
        with Path(place, "links.csv").open("rb") as file:
            written = sum(1 for _ in file) - 1
    if not json.loads(figures.output)["links"] == written == links:
        raise RuntimeError(f"not every link was exported: {written:,} of {links:,}")
    calls = [f"{received[name]:,}" for name in ("lists", "reads", "lookups")]
    return [" ".join(flags) or "ids and labels", f"{links:,}", *calls, *cost(figures, links)]
