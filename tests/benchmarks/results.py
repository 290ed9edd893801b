"""Table of the cost of reporting. Imports nothing from the importer, to keep the measuring process small."""

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
"""The tasks of `tests.benchmarks.reporting`."""


def results(folder: Path, scale: Scale) -> str:
    """Measure every task in a separate process."""
    number = scale.of(300_000)
    found = {name: run(["-m", "tests.benchmarks.reporting", name, str(number)]) for name in _TASKS}
    rows = []
    for name, figures in found.items():
        seconds = float(figures.output)
        rows.append([name, f"{seconds:.2f}", f"{seconds / number * 1e6:.1f}", f"{figures.peak:.0f}"])
    header = [f"{number:,} rows of 6 columns", "seconds", "µs per row", "peak MiB"]
    notes = ["Every line includes the first one: rows are generated, not read from a journal."]
    return table("Results", header, rows, notes)
