"""Cost of reading, compared with libraries that only read the cells of the same file.

`pandas.read_csv(dtype=str)` is the baseline for CSV, openpyxl's read-only mode for XLSX.
`python -m tests.benchmarks.reading NAME PATH` runs one contestant and prints its seconds without imports.
"""

import csv
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks.measure import Figures, Scale, best, run
from tests.benchmarks.server import company_of
from tests.benchmarks.tables import table

HEADER = ["Contact ID", "First name", "Email", "Company ID", "Company", "Note"]
Row = tuple[int, str, str, int, str, str]


def make_rows(rows: int) -> Iterator[Row]:
    """Yield rows as in an export: most columns are not ids."""
    for i in range(rows):
        contact = 100_000 + i
        yield (
            contact,
            f"First{i}",
            f"person{i}@example.com",
            company_of(contact),
            f"Company {i % 5000} Ltd",
            "a, b",
        )


def write_csv(path: Path, rows: int) -> None:
    """Write a CSV that is quoted only where necessary."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(make_rows(rows))


def write_xlsx(path: Path, rows: int) -> None:
    """Write a workbook with numeric cells and shared strings, as Excel does."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - only the process that needs it

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for r, cells in enumerate(make_rows(rows), 1):
            sheet.write_row(r, 0, cells)


def make_file(folder: Path, rows: int, ending: str = "csv") -> Path:
    """Write a file in a separate process, to keep this one small, and return its path."""
    path = folder / f"{rows}.{ending}"
    run(["-m", "tests.benchmarks.reading", "make", str(path)])
    return path


def read_with_importer(path: Path) -> Callable[[], None]:
    """Read every row with the reader: cells, ids, pairs."""
    from importer.config import Reading  # noqa: PLC0415 - imports are not measured, here and below
    from importer.reader import open_source  # noqa: PLC0415

    def work() -> None:
        with open_source(path, Reading()) as source:
            for block in source.blocks():
                assert len(block.pairs.rows) == len(block.numbers)

    return work


def journal_with_importer(path: Path) -> Callable[[], None]:
    """Read every row into a journal, and find duplicates."""
    from importer.config import Settings  # noqa: PLC0415
    from importer.journal import write_journal  # noqa: PLC0415
    from importer.runner import source_file  # noqa: PLC0415
    from importer.runner.new_run import NewRun  # noqa: PLC0415

    def work() -> None:
        settings = Settings()
        with (
            tempfile.TemporaryDirectory(dir=path.parent) as folder,
            source_file.source_file(path, settings) as source,
            source_file.open_table(source, settings.reading) as rows,
        ):
            info = NewRun("benchmark", settings, settings.reading, path).describe(source, rows)
            write_journal(Path(folder) / "journal.sqlite", info, rows.blocks())

    return work


def read_with_csv_module(path: Path) -> Callable[[], None]:
    """Read the cells."""

    def work() -> None:
        with path.open(encoding="utf-8", newline="") as file:
            for _ in csv.reader(file):
                pass

    return work


def read_with_pandas(path: Path) -> Callable[[], None]:
    """Read the cells into memory."""
    import pandas as pd  # noqa: PLC0415

    def work() -> None:
        pd.read_csv(path, dtype=str)

    return work


def read_with_openpyxl(path: Path) -> Callable[[], None]:
    """Read the cells as a stream."""
    import openpyxl  # noqa: PLC0415

    def work() -> None:
        book = openpyxl.load_workbook(path, read_only=True)
        for _ in book.worksheets[0].iter_rows(values_only=True):
            pass
        book.close()

    return work


READERS: dict[str, Callable[[Path], Callable[[], None]]] = {
    "reader": read_with_importer,
    "reader and journal": journal_with_importer,
    "csv module": read_with_csv_module,
    "pandas.read_csv(dtype=str)": read_with_pandas,
    "openpyxl read-only": read_with_openpyxl,
}


def _read(name: str, path: Path) -> Figures:
    return run(["-m", "tests.benchmarks.reading", name, str(path)])


def _check(path: Path) -> Figures:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        return run(["-m", "importer", "check", str(path), "--state-dir", folder])


def reading(folder: Path, scale: Scale) -> str:
    """Measure CSV, XLSX and the whole `importer check`."""
    csv_rows, xlsx_rows = scale.of(1_000_000), scale.of(300_000)
    csv_names = ["pandas.read_csv(dtype=str)", "csv module", "reader", "reader and journal"]
    xlsx_names = ["openpyxl read-only", "reader", "reader and journal"]
    large, book = make_file(folder, csv_rows), make_file(folder, xlsx_rows, "xlsx")
    rows = [
        *_lines(large, csv_rows, csv_names, scale.times),
        *_lines(book, xlsx_rows, xlsx_names, 1),
        _line(f"CSV, {csv_rows // 5:,}", "`importer check`", _check(make_file(folder, csv_rows // 5))),
        _line(f"CSV, {csv_rows:,}", "`importer check`", _check(large)),
        _line(f"XLSX, {xlsx_rows:,}", "`importer check`", _check(book)),
    ]
    header = ["rows of 6 columns", "", "seconds of the work", "baseline = 1", "of the process", "CPU s", "peak MiB"]
    return table(
        "Reading", header, rows, ["The first line of each file is its baseline. A check includes the journal."]
    )


def _lines(path: Path, number: int, names: list[str], times: int) -> Iterator[list[str]]:
    found = best(times, *(partial(_read, name, path) for name in names))
    baseline = float(found[0].output)
    for name, figures in zip(names, found, strict=True):
        seconds = float(figures.output)
        work = (f"{seconds:.2f}", f"{seconds / baseline:.2f}")
        yield _line(f"{path.suffix[1:].upper()}, {number:,}", name, figures, work)


def _line(file: str, name: str, figures: Figures, work: tuple[str, str] = ("", "")) -> list[str]:
    return [file, name, *work, f"{figures.seconds:.2f}", f"{figures.cpu:.2f}", f"{figures.peak:.0f}"]


def main(name: str, path: Path) -> None:
    """Write a file, or measure how one contestant reads it."""
    if name == "make":
        return (write_xlsx if path.suffix == ".xlsx" else write_csv)(path, int(path.stem))
    work = READERS[name](path)
    gc.freeze()  # as the command line does
    start = time.perf_counter()
    work()
    sys.stdout.write(f"{time.perf_counter() - start}\n")
    return None


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
