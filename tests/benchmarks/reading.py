"""Seconds and peak memory of reading: `python tests/benchmarks/reading.py [CSV_ROWS [XLSX_ROWS]]` prints a table.

Each line is a process of its own, so that its peak memory is its own. The yardsticks are what others need for the bare
cells of the same file: `pandas.read_csv(dtype=str)` for CSV, openpyxl's read-only mode for XLSX.
"""

import csv
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from importer.config import Reading

HEADER = ["Contact ID", "First name", "Email", "Company ID", "Company", "Note"]
Row = tuple[int, str, str, int, str, str]


def make_rows(rows: int) -> Iterator[Row]:
    """Rows as an export has them: most columns are not ids."""
    for i in range(rows):
        yield (
            100_000 + i,
            f"First{i}",
            f"person{i}@example.com",
            5_000_000_000 + i * 7,
            f"Company {i % 5000} Ltd",
            "a, b",
        )


def write_csv(path: Path, rows: int) -> None:
    """Write a CSV with every text quoted only where it must be."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(make_rows(rows))


def write_xlsx(path: Path, rows: int) -> None:
    """Write a workbook with numbers as numbers and texts shared, as Excel saves it."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - only the process that needs it

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for r, cells in enumerate(make_rows(rows), 1):
            sheet.write_row(r, 0, cells)


def read_with_reader(path: Path) -> None:
    """Every row through `open_source`: cells, ids, pairs."""
    from importer.reader import open_source  # noqa: PLC0415 - its import is part of the figure

    with open_source(path, Reading()) as source:
        for row in source.rows():
            assert row.pairs


def read_csv_module(path: Path) -> None:
    """The bare cells."""
    with path.open(encoding="utf-8", newline="") as file:
        for _ in csv.reader(file):
            pass


def read_with_pandas(path: Path) -> None:
    """The bare cells, all in memory."""
    import pandas as pd  # noqa: PLC0415

    pd.read_csv(path, dtype=str)


def read_with_openpyxl(path: Path) -> None:
    """The bare cells, streamed."""
    import openpyxl  # noqa: PLC0415

    book = openpyxl.load_workbook(path, read_only=True)
    for _ in book.worksheets[0].iter_rows(values_only=True):
        pass
    book.close()


def read_with_calamine(path: Path) -> None:
    """The bare cells, errors and exact numbers lost."""
    import python_calamine  # noqa: PLC0415

    for _ in python_calamine.load_workbook(path).get_sheet_by_index(0).iter_rows():
        pass


READERS: dict[str, Callable[[Path], None]] = {
    "open_source": read_with_reader,
    "csv module": read_csv_module,
    "pandas.read_csv": read_with_pandas,
    "openpyxl read-only": read_with_openpyxl,
    "python-calamine": read_with_calamine,
}


def make_file(path: Path, rows: int) -> None:
    """Write a file in this process, so that its memory is not counted to those that follow."""
    (write_xlsx if path.suffix == ".xlsx" else write_csv)(path, rows)


def run_one(name: str, path: Path) -> None:
    """Read a file in this process and print the figures."""
    begun = time.perf_counter()
    READERS[name](path)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{path.stem:<12}{name:<22}{seconds:>8.2f}{peak:>12.0f}\n")


def main() -> None:
    """Print the table: one process for each line."""
    if len(sys.argv) > 2 and sys.argv[1] in READERS:
        return run_one(sys.argv[1], Path(sys.argv[2]))
    if len(sys.argv) > 3:
        return make_file(Path(sys.argv[2]), int(sys.argv[3]))
    csv_rows, xlsx_rows = (int(text) for text in (*sys.argv[1:], *("1000000", "300000")[len(sys.argv) - 1 :]))
    sys.stdout.write(f"{'rows':<12}{'':<22}{'seconds':>8}{'peak MiB':>12}\n")
    with tempfile.TemporaryDirectory() as folder:
        for rows, ending, names in (
            (csv_rows // 5, "csv", ["open_source"]),
            (csv_rows, "csv", ["open_source", "csv module", "pandas.read_csv"]),
            (xlsx_rows, "xlsx", ["open_source", "openpyxl read-only", "python-calamine"]),
        ):
            path = Path(folder) / f"{rows}.{ending}"
            subprocess.run([sys.executable, __file__, "make", path, str(rows)], check=True)
            for name in names:
                sys.stdout.flush()
                subprocess.run([sys.executable, __file__, name, path], check=True)
    return None


if __name__ == "__main__":
    main()
