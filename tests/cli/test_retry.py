"""Commands after a run: retry, show, report and the list of runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import UNKNOWN, Workplace, rows_of


@pytest.fixture
def failing(work: Workplace) -> tuple[Workplace, str, Path]:
    """A finished run with five linked rows, three unknown records (one of them twice) and an invalid row."""
    unknown = [(UNKNOWN + work.base + n, 1) for n in range(3)]
    source = work.write("deals.csv", [*work.pairs(5), *unknown, ("x", 1), unknown[0]])
    done = work.here("run", source, "--json")
    assert (done.code, done.json["failed"], done.json["invalid"]) == (1, 4, 1)
    return work, done.json["run_id"], source


def make_known(work: Workplace, *numbers: int) -> None:
    records = [{"type": "contacts", "id": str(UNKNOWN + work.base + number)} for number in numbers]
    work.hubspot.change("records", add=records)


@pytest.mark.slow
def test_a_retry_of_a_run_sends_only_what_failed(failing: tuple[Workplace, str, Path]) -> None:
    work, run_id, _ = failing
    make_known(work, 0, 1)
    done = work.here("retry", run_id, "--json")
    assert done.code == 1
    summary = done.json
    assert summary["run_id"] != run_id
    assert [summary[name] for name in ("rows", "pairs", "calls", "linked", "failed", "duplicates")] == [
        4,
        3,
        3,
        3,
        1,
        1,
    ]
    assert summary["results"] == str(work.folder / "deals.retry.results.csv")
    rows = rows_of(work.folder / "deals.retry.results.csv")
    assert [(row["import_row"], row["import_status"], row["import_duplicate_of"]) for row in rows] == [
        ("7", "linked", ""),
        ("8", "linked", ""),
        ("9", "failed", ""),
        ("11", "linked", "7"),
    ]
    shown = work.here("show", summary["run_id"])
    assert f"Retry of  {run_id}" in shown.out
    make_known(work, 2)
    last = work.here("retry", summary["run_id"], "--json")
    assert (last.code, last.json["rows"], last.json["linked"]) == (0, 1, 1)
    assert last.json["results"] == str(work.folder / "deals.retry2.results.csv")
    nothing = work.here("retry", last.json["run_id"], "--json")
    assert (nothing.code, nothing.json["rows"], nothing.json["calls"]) == (0, 0, 0)


@pytest.mark.slow
def test_a_stopped_retry_is_resumed(failing: tuple[Workplace, str, Path]) -> None:
    work, run_id, _ = failing
    make_known(work, 0, 1, 2)
    stopped = work.here("retry", run_id, "--json", HUBSPOT_ACCESS_TOKEN="wrong")
    assert (stopped.code, stopped.json["not_sent"]) == (3, 4)
    done = work.here("retry", run_id, "--json")
    assert (done.code, done.json["linked"], done.json["run_id"]) == (0, 4, stopped.json["run_id"])


@pytest.mark.slow
def test_a_corrected_results_file_is_retried_with_the_runs_own_columns(work: Workplace) -> None:
    source = work.folder / "odd.csv"
    source.write_text(f"a,b\n{work.base},7\n{UNKNOWN + work.base},8\n")
    flags = ("--map", "from_object_id=a", "--map", "to_object_id=b", "--from", "contacts", "--to", "companies")
    assert work.here("run", source, *flags).code == 1
    results = work.folder / "odd.results.csv"
    results.write_bytes(results.read_bytes().replace(str(UNKNOWN + work.base).encode(), str(work.base + 1).encode(), 1))
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 1, 1)
    assert work.links() == {(work.base, 7), (work.base + 1, 8)}
    assert work.asked()[(work.base, 7)] == 1
    (row,) = rows_of(work.folder / "odd.retry.results.csv")
    assert (row["a"], row["import_row"], row["import_status"]) == (str(work.base + 1), "3", "linked")


@pytest.mark.slow
def test_a_results_file_is_read_by_the_columns_of_its_run_in_any_order(work: Workplace) -> None:
    source = work.folder / "odd.csv"
    source.write_text(f"import_row,a,b,c\n2,{UNKNOWN + work.base},7,8\n3,{work.base},9,10\n")
    flags = ("--map", "from_object_id=#2", "--map", "to_object_id=#3", "--from", "contacts", "--to", "companies")
    assert work.here("run", source, *flags).code == 1
    assert work.links() == {(work.base, 9)}
    make_known(work, 0)
    done = work.here("retry", work.folder / "odd.results.csv", "--json")
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 1, 1)
    assert work.links() == {(work.base, 9), (UNKNOWN + work.base, 7)}


@pytest.mark.slow
def test_a_results_file_with_an_unusual_delimiter_is_retried(work: Workplace) -> None:
    source = work.folder / "odd.csv"
    source.write_text(f"Contact ID^Company ID\n{work.base}^7\n{UNKNOWN + work.base}^8\n")
    assert work.here("run", source, "--delimiter", "^").code == 1
    make_known(work, 0)
    done = work.here("retry", work.folder / "odd.results.csv", "--json")
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 1, 1)


@pytest.mark.slow
def test_a_results_file_of_an_unknown_run_is_rejected_with_a_remedy(work: Workplace) -> None:
    path = work.folder / "moved.csv"
    path.write_text("from_id,to_id,import_status\n1,2,failed\n")
    refused = work.here("retry", path)
    assert (refused.code, refused.error_code) == (2, "NO_OBJECT_TYPE")
    assert refused.error.count(path.name) == 2
    assert "--from TYPE" in refused.error
    work.environment["IMPORTER_TO_OBJECT_TYPE"] = "companies"
    path.write_text(f"from_id,to_id,import_status\n{work.base},2,failed\n{work.base + 1},2,linked\n")
    done = work.here("retry", path, "--from", "contacts", "--json")
    assert (done.code, done.json["rows"], work.links()) == (0, 1, {(work.base, 2)})


@pytest.mark.slow
def test_the_results_of_a_retry_can_be_retried(failing: tuple[Workplace, str, Path]) -> None:
    work, _, _ = failing
    first = work.here("retry", work.folder / "deals.results.csv", "--json")
    assert (first.code, first.json["rows"], first.json["failed"], first.json["invalid"]) == (1, 5, 4, 1)
    make_known(work, 0, 1, 2)
    second = work.here("retry", work.folder / "deals.retry.results.csv", "--json")
    assert (second.code, second.json["rows"], second.json["linked"], second.json["invalid"]) == (1, 5, 4, 1)
    assert second.json["results"] == str(work.folder / "deals.retry2.results.csv")
    statuses = {row["import_status"] for row in rows_of(work.folder / "deals.retry.results.csv")}
    assert statuses == {"failed", "invalid"}


def test_a_corrected_failures_file_is_a_source_like_any_other(failing: tuple[Workplace, str, Path]) -> None:
    work, _, _ = failing
    failures = work.folder / "deals.failures.csv"
    assert list(rows_of(failures)[0]) == ["Contact ID", "Company ID", "Note"]
    make_known(work, 0, 1, 2)
    failures.write_bytes(failures.read_bytes().replace(b"\r\nx,", f"\r\n{work.base + 9},".encode()))
    done = work.here("run", failures, "--json")
    assert (done.code, done.json["rows"], done.json["linked"]) == (0, 5, 5)
    assert done.json["results"] == str(work.folder / "deals.failures.results.csv")
    assert failures.exists()


# ---- looking


def test_runs_are_listed_newest_first_with_their_status(failing: tuple[Workplace, str, Path]) -> None:
    work, run_id, source = failing
    other = work.write("b.csv", work.pairs(2, 50))
    stopped = work.here("run", other, "--json", HUBSPOT_ACCESS_TOKEN="wrong").json["run_id"]
    done = work.here("runs", "--json")
    assert done.code == 0
    listed: list[dict[str, Any]] = json.loads(done.out)
    for run in listed:
        size, modified = run.pop("bytes"), run.pop("modified_at")
        assert size > 0
        assert modified.endswith("Z")
    assert sorted(listed, key=lambda run: run["run_id"] == run_id) == [
        {"run_id": stopped, "status": "stopped", "rows": 2, "source": str(other), "command": "run"},
        {"run_id": run_id, "status": "finished", "rows": 10, "source": str(source), "command": "run"},
    ]
    lines = work.here("runs").out.splitlines()
    assert {tuple(line.split()[:2]) for line in lines} == {(stopped, "stopped"), (run_id, "finished")}


@pytest.mark.slow
def test_the_list_names_the_command_of_each_run(failing: tuple[Workplace, str, Path]) -> None:
    work, run_id, source = failing
    for command in (("retry", run_id), ("retry", work.folder / "deals.results.csv"), ("undo", run_id)):
        assert work.here(*command).code in {0, 1}
    work.here("unlink", source, HUBSPOT_ACCESS_TOKEN="wrong")
    listed: list[dict[str, Any]] = json.loads(work.here("runs", "--json").out)
    assert [run["command"] for run in reversed(listed)] == ["run", "retry", "retry", "undo", "unlink"]
    shown = work.here("runs").out.splitlines()
    assert [line.split()[2] for line in reversed(shown)] == ["run", "retry", "retry", "undo", "unlink"]


def test_without_runs_the_list_says_so(work: Workplace) -> None:
    done = work.here("runs")
    assert (done.code, done.out) == (0, f"There are no runs in {work.folder / 'state' / 'runs'}.\n")


def test_show_prints_the_summary_of_the_run(failing: tuple[Workplace, str, Path]) -> None:
    work, run_id, source = failing
    shown = work.here("show", run_id, "--json")
    assert shown.code == 0
    assert (shown.json["run_id"], shown.json["failed"], shown.json["calls"]) == (run_id, 4, 8)
    text = work.here("show", run_id).out
    assert text.startswith(f"Source    {source}\nTarget    {work.hubspot.url}, account 10000001, API v4\nStarted   20")
    assert f"Run {run_id} finished after" in text


def test_report_writes_the_same_results_in_any_format(failing: tuple[Workplace, str, Path]) -> None:
    work, run_id, source = failing
    results, failures = work.folder / "deals.results.csv", work.folder / "deals.failures.csv"
    before = results.read_bytes(), failures.read_bytes()
    results.unlink()
    failures.unlink()
    source.unlink()
    done = work.here("report", run_id, "--json")
    assert done.code == 0
    assert done.json["results"] == str(results)
    assert (results.read_bytes(), failures.read_bytes()) == before
    done = work.here("report", run_id, "--out", "again.xlsx", "--json")
    assert done.json["results"] == str(work.folder / "again.xlsx")
    assert (work.folder / "again.xlsx").read_bytes()[:2] == b"PK"


def test_a_report_does_not_write_over_the_source(failing: tuple[Workplace, str, Path]) -> None:
    work, run_id, source = failing
    before = source.read_bytes()
    done = work.here("report", run_id, "--out", source)
    assert done.code == 2
    assert done.error_code == "OUTPUT_IS_SOURCE"
    assert source.read_bytes() == before


def test_an_unknown_run_is_reported_with_the_newest_runs(failing: tuple[Workplace, str, Path]) -> None:
    work, run_id, _ = failing
    for command in (["show", "nope"], ["report", "nope"], ["show", "../runs/" + run_id]):
        done = work.here(*command)
        assert done.code == 2
        assert done.error_code == "RUN_NOT_FOUND"
        assert done.error.endswith(f" {run_id}.")


@pytest.mark.slow
def test_a_damaged_journal_is_an_error_only_for_commands_that_need_it(
    failing: tuple[Workplace, str, Path],
) -> None:
    work, _, source = failing
    (work.folder / "state" / "runs" / "20200101-000000-0000.sqlite").write_bytes(b"not a journal at all" * 100)
    shown = work.here("show", "20200101-000000-0000")
    assert shown.code == 2
    assert shown.error_code == "NOT_A_JOURNAL"
    listed: list[dict[str, Any]] = json.loads(work.here("runs", "--json").out)
    assert [run["status"] for run in listed] == ["finished", "unreadable"]
    assert (listed[1]["run_id"], listed[1]["rows"], listed[1]["source"]) == ("20200101-000000-0000", None, None)
    assert listed[1]["error"] == shown.error
    assert "error" not in listed[0]
    unreadable = work.here("runs").out.splitlines()[1]
    assert unreadable.startswith("20200101-000000-0000  unreadable")
    assert "20200101-000000-0000 (unreadable)" in work.here("show", "nope").error
    assert work.here("run", source).code == 1


@pytest.mark.slow
def test_a_results_file_corrected_once_more_can_be_retried_with_fresh(failing: tuple[Workplace, str, Path]) -> None:
    work, _, _ = failing
    make_known(work, 0, 1, 2)
    results = work.folder / "deals.results.csv"
    stopped = work.here("retry", results, "--json", HUBSPOT_ACCESS_TOKEN="wrong")
    assert (stopped.code, stopped.json["rows"]) == (3, 5)
    results.write_bytes(results.read_bytes().replace(str(UNKNOWN + work.base + 2).encode(), str(work.base).encode()))
    refused = work.here("retry", results)
    assert refused.code == 2
    assert refused.error_code == "SOURCE_CHANGED_SINCE_RUN"
    assert stopped.json["run_id"] in refused.error
    done = work.here("retry", results, "--fresh", "--json")
    assert (done.code, done.json["linked"], done.json["invalid"]) == (1, 3, 1)
    assert done.json["run_id"] != stopped.json["run_id"]
