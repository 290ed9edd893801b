"""Cost of reporting; `python -m tests.benchmarks.reporting NAME ROWS` measures one task.

The baseline is the csv module writing rows with constant result columns.
"""

import csv
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from importer.model import RESULT_COLUMNS, ObjectType, Outcome, Pair, PairOutcome, Problem, RecordId, RowOutcome, Status
from importer.reporter import Layout, count, row_result, write_results

HEADER = ("from_object_type", "from_object_id", "to_object_type", "to_object_id", "name", "note")
LINKED = Outcome(
    Status.LINKED,
    200,
    "COMPLETE",
    association_types="HUBSPOT_DEFINED:279",
    correlation_id="0a5c6d2e-6f0e-4f3b-9a55-7f8e1c2b3d4e",
    attempts=1,
    completed_at="2026-05-04T03:02:01.000Z",
)
FAILED = Outcome(
    Status.FAILED,
    404,
    "error",
    1,
    "OBJECT_NOT_FOUND",
    "No contact with this id exists.",
    '{"context":{"id":["1"]}}',
    attempts=1,
    advice="Look up the contact in HubSpot and correct its id.",
)
INVALID = Problem("MISSING_ID", "to_object_id", "the cell is empty.", "Fill in the company's record id.")


def make_rows(rows: int) -> Iterator[RowOutcome]:
    """Yield rows as in a migration: 97 % linked, 2 % failed, 1 % invalid."""
    for number in range(2, rows + 2):
        from_id, to_id = str(10_000_000_000 + number), str(20_000_000_000 + number)
        cells = ("contacts", from_id, "companies", to_id, f"Name {number}", "a note, with a comma")
        if number % 100 == 0:
            yield RowOutcome(number, cells, (INVALID,), ())
            continue
        pair = Pair(ObjectType("contacts"), RecordId(from_id), ObjectType("companies"), RecordId(to_id))
        outcome = FAILED if number % 50 == 1 else LINKED
        yield RowOutcome(number, cells, (), (PairOutcome(pair, outcome, number),))


def only_make(rows: int, folder: Path) -> None:
    """Make the rows, which is part of every other task."""
    for _ in make_rows(rows):
        pass


def bare_csv(rows: int, folder: Path) -> None:
    """Write texts of the same size with the csv module."""
    texts = row_result(next(make_rows(1)))[1]
    with (folder / "bare.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER + RESULT_COLUMNS)
        for row in make_rows(rows):
            writer.writerow(row.cells + texts)


def only_results(rows: int, folder: Path) -> None:
    """Call `row_result` for every row."""
    for row in make_rows(rows):
        row_result(row)


def only_count(rows: int, folder: Path) -> None:
    """Count the statuses."""
    count(make_rows(rows))


def to_csv(rows: int, folder: Path) -> None:
    """Write results and failures as CSV."""
    write_results(folder / "out.csv", Layout(HEADER, ","), make_rows(rows), folder / "out.failures.csv")


def to_xlsx(rows: int, folder: Path) -> None:
    """Write results as a workbook, failures as CSV."""
    write_results(folder / "out.xlsx", Layout(HEADER, ","), make_rows(rows), folder / "out.failures.csv")


TASKS: dict[str, Callable[[int, Path], None]] = {
    "making the rows": only_make,
    "+ row_result": only_results,
    "+ count": only_count,
    "+ csv module alone": bare_csv,
    "+ write_results, CSV": to_csv,
    "+ write_results, XLSX": to_xlsx,
}


def main(name: str, rows: int) -> None:
    """Run one task in this process and print its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        TASKS[name](rows, Path(folder))
        sys.stdout.write(f"{time.perf_counter() - start}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
