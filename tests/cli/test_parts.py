"""A split export from the zip file to the last row: people and scripts can see which file each row belongs to."""

import json
from pathlib import Path

import pytest

from tests.files.archives import archive
from tests.files.tables import csv_text
from tests.support.command_line import UNKNOWN, Workplace, rows_of

HEADER = ["Record ID", "Associated Company IDs"]
SECOND = "all-contacts-2.csv"


@pytest.fixture
def export(work: Workplace) -> Path:
    """Two files: a row to link in each, a duplicate of the first one, an unknown record and an invalid row."""
    first, second = work.base, work.base + 1
    path = work.folder / "export.zip"
    files = {
        "all-contacts-1.csv": [HEADER, [str(first), "7"]],
        SECOND: [HEADER, [str(second), "7"], [str(first), "7"], [str(UNKNOWN + work.base), "7"], ["x", "7"]],
    }
    path.write_bytes(archive({name: csv_text(rows) for name, rows in files.items()}))
    return path


@pytest.mark.slow
def test_results_name_rows_and_duplicates_by_file_and_row(work: Workplace, export: Path) -> None:
    done = work.here("run", export, "--from", "contacts", "--json")
    assert (done.code, done.json["rows"], done.json["pairs"], done.json["calls"]) == (1, 5, 3, 3)
    assert work.links() == {(work.base, 7), (work.base + 1, 7)}
    rows = rows_of(work.folder / "export.results.csv")
    assert [(row["import_row"], row["import_status"], row["import_duplicate_of"]) for row in rows] == [
        ("all-contacts-1.csv:2", "linked", ""),
        (f"{SECOND}:2", "linked", ""),
        (f"{SECOND}:3", "linked", "all-contacts-1.csv:2"),
        (f"{SECOND}:4", "failed", ""),
        (f"{SECOND}:5", "invalid", ""),
    ]
    assert rows[4]["import_error_message"].startswith(f"row {SECOND}:5, column 'Record ID': 'x' is not")
    assert [row["Record ID"] for row in rows_of(work.folder / "export.failures.csv")] == [
        str(UNKNOWN + work.base),
        "x",
    ]


def test_a_check_names_rows_by_file_and_row(work: Workplace, export: Path) -> None:
    printed = work.here("check", export, "--from", "contacts", "--out", "checked.csv")
    assert f"  row {SECOND}:5, column 'Record ID': 'x' is not" in printed.out
    assert rows_of(work.folder / "checked.csv")[2]["import_duplicate_of"] == "all-contacts-1.csv:2"
    found = work.here("check", export, "--from", "contacts", "--json").json
    assert found["understood"]["parts"] == ["all-contacts-1.csv", SECOND]
    assert [problem["row"] for group in found["problems"] for problem in group["first"]] == [f"{SECOND}:5"]


def test_log_lines_name_rows_by_file_and_row(work: Workplace, export: Path) -> None:
    done = work.here("run", export, "--from", "contacts", "--log-format", "json", "--json")
    rows = [line["row"] for line in map(json.loads, done.err.splitlines()) if "row" in line]
    assert rows == [f"{SECOND}:4"]


@pytest.mark.slow
def test_a_stopped_run_is_resumed_and_a_retry_keeps_the_names(work: Workplace, export: Path) -> None:
    flags = ("run", export, "--from", "contacts", "--json")
    stopped = work.here(*flags, HUBSPOT_ACCESS_TOKEN="wrong")
    assert (stopped.code, stopped.json["not_sent"]) == (3, 4)
    done = work.here(*flags)
    assert (done.code, done.json["run_id"], done.json["linked"]) == (1, stopped.json["run_id"], 3)
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    assert work.here("retry", done.json["run_id"]).code == 0
    (row,) = rows_of(work.folder / "export.retry.results.csv")
    assert (row["import_row"], row["import_status"]) == (f"{SECOND}:4", "linked")


@pytest.mark.slow
def test_corrected_results_are_a_separate_file_with_its_own_row_numbers(work: Workplace, export: Path) -> None:
    work.here("run", export, "--from", "contacts")
    results = work.folder / "export.results.csv"
    results.write_bytes(results.read_bytes().replace(b"\nx,", f"\n{work.base + 2},".encode()))
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    again = work.here("run", results, "--from", "contacts", "--json")
    assert (again.code, again.json["rows"], again.json["linked"], again.json["already_linked"]) == (0, 5, 2, 3)
    rows = rows_of(work.folder / "export.results.results.csv")
    assert [row["import_row"] for row in rows] == ["2", "3", "4", "5", "6"]
    assert list(rows[0])[:2] == HEADER


@pytest.mark.slow
def test_a_results_file_of_a_split_export_is_retried(work: Workplace, export: Path) -> None:
    work.here("run", export, "--from", "contacts")
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(UNKNOWN + work.base)}])
    done = work.here("retry", work.folder / "export.results.csv", "--json")
    assert (done.json["linked"], done.json["failed"]) == (1, 0)
    assert work.links() == {(work.base, 7), (work.base + 1, 7), (UNKNOWN + work.base, 7)}
