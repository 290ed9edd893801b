"""Where the files of a run go and how runs are named."""

import os
import re
import time
from pathlib import Path

import pytest

from importer.config import Settings
from importer.errors import OutputError, SourceError
from importer.runner import store


def source(path: Path | str) -> store.SourceFile:
    return store.SourceFile(str(path), Path(path), "0" * 64, "2026-11-23T19:45:33Z")


@pytest.mark.parametrize(
    ("name", "results", "failures"),
    [
        ("deals.csv", "deals.results.csv", "deals.failures.csv"),
        ("deals.TSV", "deals.results.tsv", "deals.failures.csv"),
        ("deals.txt", "deals.results.txt", "deals.failures.csv"),
        ("deals", "deals.results.csv", "deals.failures.csv"),
        ("deals.2026.11", "deals.2026.11.results.csv", "deals.2026.11.failures.csv"),
        ("deals.csv.gz", "deals.results.csv", "deals.failures.csv"),
        ("deals.xlsx", "deals.results.xlsx", "deals.failures.csv"),
        ("deals.XLSM", "deals.results.xlsx", "deals.failures.csv"),
        ("deals.xls", "deals.results.xlsx", "deals.failures.csv"),
        ("deals.ods", "deals.results.xlsx", "deals.failures.csv"),
        ("deals.failures.csv", "deals.failures.results.csv", "deals.failures.failures.csv"),
        ("取引.csv", "取引.results.csv", "取引.failures.csv"),
    ],
)
def test_results_and_failures_go_beside_the_source(tmp_path: Path, name: str, results: str, failures: str) -> None:
    found = store.results_path(source(tmp_path / name), None)
    assert found == tmp_path / results
    assert store.failures_path(found) == tmp_path / failures


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("deals.results.csv", "deals.retry.results.csv"),
        ("deals.retry.results.csv", "deals.retry2.results.csv"),
        ("deals.retry2.results.csv", "deals.retry3.results.csv"),
        ("deals.retry9.results.xlsx", "deals.retry10.results.xlsx"),
        ("mine.csv", "mine.retry.results.csv"),
        ("retry.csv", "retry.retry.results.csv"),
    ],
)
def test_the_results_of_a_retry_never_replace_those_it_began_from(tmp_path: Path, name: str, again: str) -> None:
    assert store.results_path(source(tmp_path / name), None, mark=".retry") == tmp_path / again


def test_the_results_of_standard_input_go_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert store.results_path(source(store.STANDARD_INPUT), None) == tmp_path / "stdin.results.csv"


def test_out_is_taken_as_it_is(tmp_path: Path) -> None:
    assert store.results_path(source(tmp_path / "a.csv"), tmp_path / "x" / ".." / "r.xlsx") == tmp_path / "r.xlsx"


def test_nothing_is_written_over_the_source_even_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.failures.csv").touch()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "a.failures.csv")
    for out in ("a.failures.csv", "link.csv", "a.csv", "a.results.csv", "a.results.xlsx"):
        with pytest.raises(OutputError, match=r"cannot go to .*: it is the source\. Name another file with --out\."):
            store.checked_results(tmp_path / out, str(tmp_path / "a.failures.csv"))


def test_a_pipe_is_refused_with_the_way_to_read_one(tmp_path: Path) -> None:

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (
        pytest.raises(SourceError, match=r"is not an ordinary file\. To read a pipe give -"),
        store.source_file(pipe, Settings(state_dir=tmp_path)),
    ):
        pass


def test_run_ids_sort_by_time_and_are_names_of_files() -> None:
    ids = [store.new_run_id() for _ in range(100)]
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{5}", run_id) for run_id in ids)
    assert ids == sorted(set(ids))


def test_what_killed_processes_left_is_removed_after_a_day_when_a_source_is_read(tmp_path: Path) -> None:
    state, settings = tmp_path / "state", Settings(state_dir=tmp_path / "state")
    (state / "runs").mkdir(parents=True)
    for age, day in (("old", 2 * 24 * 3600), ("new", 60)):
        (state / f"scratch-{age}").mkdir()
        (state / f"scratch-{age}" / "check.sqlite").write_text("rows")
        (state / f"stdin-{age}.csv").write_text("rows")
        (state / "runs" / f"{age}.reading").write_text("rows")
        (state / "runs" / f"{age}.sqlite").write_text("a journal")
        for path in (state / f"scratch-{age}", state / f"stdin-{age}.csv", *(state / "runs").glob(f"{age}.*")):
            os.utime(path, (time.time() - day, time.time() - day))
    (tmp_path / "a.csv").write_text("a")
    with store.source_file(tmp_path / "a.csv", settings):
        left = sorted(path.relative_to(state).as_posix() for path in state.rglob("*") if path.is_file())
    assert left == [
        "runs/new.reading",
        "runs/new.sqlite",
        "runs/old.sqlite",
        "scratch-new/check.sqlite",
        "stdin-new.csv",
    ]
