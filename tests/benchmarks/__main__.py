"""Print the benchmarks' tables: `python -m tests.benchmarks [NAME…]`, all of them by default (about 40 minutes).

Needs `pip install ".[bench]"`. Everything runs on this machine: the servers, and both sides of every comparison,
each in a separate process.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import operations, reading, results, sending, starting
from tests.benchmarks.measure import Scale
from tests.benchmarks.tables import machine, show

BENCHMARKS: dict[str, Callable[[Path, Scale], str]] = {
    "start": starting.start,
    "put": sending.put,
    "rate-limited": sending.rate_limited,
    "batch": sending.batch,
    "read-first": operations.read_first,
    "lookup": operations.lookup,
    "unlink": operations.unlink,
    "export": operations.export,
    "reading": reading.reading,
    "results": results.results,
}


def main() -> None:
    """Run the requested benchmarks one after the other, and print each table as soon as it is complete."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the rows and pairs, for trial runs")
    parser.add_argument(
        "--seconds", type=float, default=300.0, help="how long `rate-limited` and `read-first` send (default: 300)"
    )
    parser.add_argument("--times", type=int, default=3, help="repetitions of each comparison; the fastest counts")
    options = parser.parse_args()
    unknown = set(options.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    show(machine() + "\n")
    for name in options.names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            show(BENCHMARKS[name](Path(folder), Scale(options.scale, options.seconds, options.times)))


if __name__ == "__main__":
    main()
