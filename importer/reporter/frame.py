"""A results file as a pandas data frame with typed columns."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas

from importer.config import Reading
from importer.errors import OutputError, SourceError
from importer.model import RESULT_COLUMNS, RUN_ID_COLUMN, Status
from importer.reader.files.detect import open_table
from importer.reader.recognition import RECOGNIZERS

_INTEGERS = frozenset({"import_http_status", "import_num_errors", "import_attempts"})
_ROW_NUMBERS = frozenset({"import_row", "import_duplicate_of"})
_CATEGORIES = frozenset({"import_api_status", "import_error_category"})
_DELIMITER = re.compile("import_row(.)import_status", re.DOTALL)
_HEADER_CHARACTERS = 1 << 20
_STATUSES = pandas.CategoricalDtype([str(status) for status in Status])


def read_results(path: str, run_id: str) -> pandas.DataFrame:
    """Return the results of a run as a data frame: the source's columns as strings, then the result columns.

    `import_status` is a category of all statuses, other categories have the values that occur. Numbers are nullable
    integers; `import_row` and `import_duplicate_of` are strings such as "b.csv:17" where the source has several files.
    `import_completed_at` is a timestamp in UTC. Everything else is a string; in a CSV file a HubSpot text that looks
    like a formula begins with an apostrophe. Empty result cells are missing values; cells of the source are as written.

    Raises OutputError: `RESULTS_MISSING` if the file is missing, `RESULTS_CHANGED` if another run wrote it.
    """
    if not Path(path).is_file():
        raise OutputError("RESULTS_MISSING", f"{path} no longer exists; write it again with: importer report {run_id}.")
    try:
        header, rows = _table(path)
    except (OSError, SourceError, ValueError) as error:
        raise _changed(path, run_id) from error
    frame = pandas.DataFrame(rows, columns=header, dtype="str")
    if rows and set(frame[RUN_ID_COLUMN]) != {run_id}:
        raise _changed(path, run_id)
    first = header.index("import_row")
    typed = [
        _typed(name, frame.iloc[:, place]) if place >= first else frame.iloc[:, place]
        for place, name in enumerate(header)
    ]
    result = pandas.concat(typed, axis="columns")
    result.columns = pandas.Index(header)
    return result


def _typed(name: str, column: "pandas.Series[str]") -> "pandas.Series[Any]":
    """Return a result column in its type; an empty cell is a missing value."""
    values = column.where(column != "")
    if name == "import_status":
        return values.astype(_STATUSES)
    if name in _CATEGORIES:
        return values.astype("category")
    if name in _INTEGERS or (name in _ROW_NUMBERS and values.dropna().str.isdecimal().all()):
        return pandas.to_numeric(values).astype("Int64")
    if name == "import_completed_at":
        return pandas.to_datetime(values, utc=True, format="ISO8601")
    return values


def _table(path: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a results file. Raises ValueError if it has no results header."""
    records = _workbook_records(path) if path.lower().endswith(".xlsx") else _csv_records(path)
    header = next((cells for cells in records if set(RESULT_COLUMNS) <= set(cells)), None)
    if header is None:
        raise ValueError("no header of results")
    rows = [[*cells, *[""] * (len(header) - len(cells))][: len(header)] for cells in records if any(cells)]
    return header, rows


def _workbook_records(path: str) -> Iterator[list[str]]:
    table = open_table(Path(path), path, Reading(), RECOGNIZERS)
    try:
        for _, records in table.records:
            yield from ([str(cell) for cell in cells] for cells in records)
    finally:
        table.close()


def _csv_records(path: str) -> Iterator[list[str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        found = _DELIMITER.search(file.read(_HEADER_CHARACTERS))
    if found is None:
        raise ValueError("no header of results")
    cells = pandas.read_csv(path, sep=found[1], header=None, dtype="str", na_filter=False, encoding="utf-8-sig")
    return iter(cells.to_numpy().tolist())


def _changed(path: str, run_id: str) -> OutputError:
    return OutputError(
        "RESULTS_CHANGED",
        f"{path} is not the results file that run {run_id} wrote; write it again with: "
        f"importer report {run_id} --out PATH.",
    )
