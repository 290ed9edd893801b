"""The table of what reporting costs. It imports nothing of the importer: the measuring process is to stay small."""

from pathlib import Path

from tests.benchmarks.measure import Scale, run
from tests.benchmarks.tables import table

_TASKS = (
    "making the rows",
    "+ row_result",
    "+ count",
    "+ csv module alone",
    "+ write_results, CSV",
    "+ write_results, XLSX",
)
"""Those of `tests.benchmarks.reporting`."""


def results(folder: Path, scale: Scale) -> str:
    """Every task in a process of its own."""
    number = scale.of(300_000)
    found = {name: run(["-m", "tests.benchmarks.reporting", name, str(number)]) for name in _TASKS}
    rows = []
    for name, figures in found.items():
        seconds = float(figures.output)
        rows.append([name, f"{seconds:.2f}", f"{seconds / number * 1e6:.1f}", f"{figures.peak:.0f}"])
    header = [f"{number:,} rows of 6 columns", "seconds", "µs a row", "peak MiB"]
    notes = ["Each line but the first contains the first: rows are made, not read from a journal."]
    return table("Results", header, rows, notes)
