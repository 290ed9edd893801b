import dataclasses
import json
from typing import Any

import pytest

from importer.model import Operation, Status, StopReason
from importer.reporter import RunStatus, Summary, summary_table
from importer.reporter.summary_sheet import RunDescription, next_steps, summary_lines

SUMMARY = Summary(
    run_id="20260504-030201",
    operation=Operation.LINK,
    file="/data/deals.csv",
    status=RunStatus.FINISHED,
    stopped_by=None,
    rows=1_100,
    pairs=1_050,
    linked=900,
    already_linked=100,
    unlinked=0,
    not_linked=0,
    blank=0,
    failed=50,
    unconfirmed=20,
    invalid=20,
    not_sent=10,
    duplicates=30,
    calls=1_060,
    reads=3,
    retries=10,
    rate_limited=1,
    seconds=75.23456,
    results="/data/deals.results.csv",
    failures="/data/deals.failures.csv",
)


def all_linked(status: RunStatus = RunStatus.FINISHED, stopped_by: StopReason | None = None) -> Summary:
    return dataclasses.replace(
        SUMMARY,
        status=status,
        stopped_by=stopped_by,
        linked=1_000,
        failed=0,
        unconfirmed=0,
        invalid=0,
        not_sent=0,
        failures=None,
    )


def test_the_json_object_is_one_line_with_the_keys_of_the_contract_in_order() -> None:
    text = dataclasses.replace(SUMMARY, results="/data/取引先.csv").as_json()
    assert text.isascii()
    assert "\n" not in text
    assert list(json.loads(text).items()) == [
        ("run_id", "20260504-030201"),
        ("operation", "link"),
        ("file", "/data/deals.csv"),
        ("status", "finished"),
        ("stopped_by", None),
        ("rows", 1_100),
        ("pairs", 1_050),
        ("linked", 900),
        ("already_linked", 100),
        ("unlinked", 0),
        ("not_linked", 0),
        ("blank", 0),
        ("failed", 50),
        ("unconfirmed", 20),
        ("invalid", 20),
        ("not_sent", 10),
        ("duplicates", 30),
        ("calls", 1_060),
        ("reads", 3),
        ("retries", 10),
        ("rate_limited", 1),
        ("seconds", 75.235),
        ("results", "/data/取引先.csv"),
        ("failures", "/data/deals.failures.csv"),
        ("report", None),
    ]


def test_earlier_runs_are_objects_with_the_keys_of_a_run() -> None:
    earlier = dataclasses.replace(all_linked(), run_id="20260503-030201")
    (found,) = json.loads(dataclasses.replace(SUMMARY, earlier_runs=(earlier,)).as_json())["earlier_runs"]
    assert found == json.loads(earlier.as_json())


@pytest.mark.parametrize(
    ("earlier", "code"),
    [
        ([], 0),
        ([all_linked()], 0),
        ([SUMMARY, all_linked()], 1),
        ([SUMMARY, all_linked(RunStatus.STOPPED, StopReason.TOO_MANY_FAILURES)], 3),
    ],
)
def test_the_worst_exit_code_of_a_run_and_those_before_it_wins(earlier: list[Summary], code: int) -> None:
    assert dataclasses.replace(all_linked(), earlier_runs=tuple(earlier)).exit_code == code


def test_a_stopped_run_names_what_stopped_it() -> None:
    stopped = dataclasses.replace(SUMMARY, status=RunStatus.STOPPED, stopped_by=StopReason.DAILY_LIMIT)
    assert json.loads(stopped.as_json())["status"] == "stopped"
    assert json.loads(stopped.as_json())["stopped_by"] == "daily_limit"
    assert summary_table(stopped).startswith("Run 20260504-030201 stopped by daily_limit after 1 min 15 s\n")


def test_a_summary_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="there are 1101 rows, but the statuses add up to 1100"):
        dataclasses.replace(SUMMARY, rows=1_101)


@pytest.mark.parametrize("lacking", ["failed", "unconfirmed", "invalid", "not_sent"])
def test_a_finished_run_exits_with_1_when_one_row_is_not_linked(lacking: str) -> None:
    counts: dict[str, Any] = {
        "linked": 999,
        "already_linked": 100,
        "failed": 0,
        "unconfirmed": 0,
        "invalid": 0,
        "not_sent": 0,
    }
    assert dataclasses.replace(SUMMARY, **{**counts, lacking: 1}).exit_code == 1


def test_exit_codes_of_runs_without_bad_rows() -> None:
    assert all_linked().exit_code == 0
    assert all_linked(RunStatus.STOPPED, StopReason.SCOPES_MISSING).exit_code == 3
    assert all_linked(RunStatus.INTERRUPTED, StopReason.SIGINT).exit_code == 130
    assert all_linked(RunStatus.INTERRUPTED, StopReason.SIGTERM).exit_code == 143


def test_the_table_is_aligned_and_leaves_out_zero_counts() -> None:
    assert summary_table(SUMMARY).splitlines() == [
        "Run 20260504-030201 finished after 1 min 15 s",
        "rows              1,100",
        "  linked            900",
        "  already_linked    100",
        "  failed             50",
        "  unconfirmed        20",
        "  invalid            20",
        "  not_sent           10",
        "duplicates           30",
        "pairs             1,050",
        "calls             1,060",
        "reads                 3",
        "  retries            10",
        "  rate limited        1",
        "results           /data/deals.results.csv",
        "failures          /data/deals.failures.csv",
        "",
        "What to do next",
        "  To send the 10 rows that were not sent: importer resume 20260504-030201.",
        "  Correct 70 rows in the results file (import_advice says how), save it, then",
        "  run: importer retry RESULTS_FILE.",
    ]


def test_the_table_names_no_file_that_was_not_written() -> None:
    assert "failures" not in summary_table(all_linked())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0 s"),
        (20.0, "20 s"),
        (59.94, "59.9 s"),
        (59.99, "1 min 0 s"),
        (3_599.9, "1 h 0 min"),
        (52_800, "14 h 40 min"),
    ],
)
def test_a_duration_is_shown_in_a_fitting_unit(seconds: float, text: str) -> None:
    assert summary_table(dataclasses.replace(SUMMARY, seconds=seconds)).splitlines()[0].endswith(f"after {text}")


def test_the_next_steps_of_a_verification_count_invalid_rows_apart_from_missing_links() -> None:
    counts = all_linked().row_counts
    verified = dataclasses.replace(counts, linked=997, not_sent=2, invalid=1)
    link, correct = next_steps("", verified, Operation.VERIFY)
    assert "2 rows" in link
    assert "1 row " in correct
    assert len(next_steps("", dataclasses.replace(counts, linked=999, invalid=1), Operation.VERIFY)) == 1


def test_the_next_steps_of_an_undo_name_no_retry_which_would_be_refused() -> None:
    counts = dataclasses.replace(all_linked().row_counts, linked=990, failed=7, not_sent=3)
    resume, reason = next_steps("20260504-030201", counts, Operation.UNDO)
    assert "3 rows" in resume
    assert "importer resume 20260504-030201" in resume
    assert "retry" not in reason
    assert len(next_steps("", dataclasses.replace(counts, linked=993, not_sent=0), Operation.UNDO)) == 1


def test_the_summary_sheet_of_a_verification_does_not_say_that_the_run_ended_early() -> None:
    counts = dataclasses.replace(all_linked().row_counts, linked=998, not_sent=2)
    texts = {
        operation: {line.status: line.text for line in summary_lines(RunDescription("", "", "", operation), counts)}
        for operation in (Operation.LINK, Operation.VERIFY)
    }
    assert texts[Operation.LINK][Status.NOT_SENT] != texts[Operation.VERIFY][Status.NOT_SENT]
