"""Options for fewer calls: reading back and batches; each row still has its exact outcome."""

from pathlib import Path

import pytest

from importer.sandbox import SandboxOptions
from tests.conftest import sandbox_thread
from tests.support.command_line import TOKEN, UNKNOWN, Workplace, rows_of

pytestmark = pytest.mark.slow


def linked(work: Workplace, pairs: list[tuple[int, int]]) -> None:
    records = [
        {"from": {"type": "contacts", "id": str(one)}, "to": {"type": "companies", "id": str(other)}}
        for one, other in pairs
    ]
    work.hubspot.change("associations", add=records)


def test_only_what_is_not_linked_yet_is_sent(work: Workplace) -> None:
    pairs = work.pairs(40)
    linked(work, pairs[:35])
    done = work.here("run", work.write("a.csv", [*pairs, pairs[0], pairs[39]]), "--json")
    assert done.code == 0
    assert [done.json[name] for name in ("already_linked", "linked", "calls", "reads")] == [36, 6, 5, 2]
    assert work.asked() == dict.fromkeys(pairs[35:], 1)
    assert work.links() == set(pairs)
    first = rows_of(work.folder / "a.results.csv")[0]
    assert (first["import_status"], first["import_advice"]) == ("already_linked", "")
    assert "HUBSPOT_DEFINED:279" in first["import_association_types"]
    types = {row["import_types_before"] for row in rows_of(work.folder / "a.results.csv")[35:]}
    assert (first["import_types_before"], types) == (
        "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279",
        {"HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279", "-"},
    )


def test_verify_reports_what_is_linked_and_sends_nothing(work: Workplace) -> None:
    pairs = work.pairs(10)
    linked(work, pairs[:7])
    source = work.write("a.csv", [*pairs, ("x", 1)])
    done = work.here("verify", source, "--json")
    assert done.code == 1
    assert [done.json[name] for name in ("status", "already_linked", "not_sent", "invalid")] == ["finished", 7, 3, 1]
    assert work.asked() == {}
    rows = rows_of(work.folder / "a.verify.results.csv")
    assert [row["import_status"] for row in rows] == ["already_linked"] * 7 + ["not_sent"] * 3 + ["invalid"]
    assert rows[7]["import_error_category"] == "MISSING"
    assert work.journals == []
    repaired = work.here("run", source, "--json")
    assert [repaired.json[name] for name in ("already_linked", "linked", "invalid")] == [7, 3, 1]
    assert work.here("verify", work.write("b.csv", pairs)).code == 0


def test_a_merged_record_is_reported_as_merged_not_missing(work: Workplace) -> None:
    pairs = work.pairs(4)
    linked(work, pairs[:2])
    survivor = UNKNOWN + work.base + 1000
    work.hubspot.change("records", add=[{"type": "contacts", "id": str(survivor)}])
    work.hubspot.change("records", merge=[{"type": "contacts", "id": str(pairs[0][0]), "into": str(survivor)}])
    done = work.here("verify", work.write("a.csv", pairs), "--json")
    assert [done.json[name] for name in ("already_linked", "not_sent")] == [2, 2]
    rows = rows_of(work.folder / "a.verify.results.csv")
    assert rows[0]["import_error_message"] == f"contacts {pairs[0][0]} was merged into {survivor}."
    assert [row["import_error_category"] for row in rows] == ["", "", "MISSING", "MISSING"]


def test_a_refused_verify_is_reported_and_no_pair_is_called_missing(tmp_path: Path, work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(3))
    done = work.here("verify", source, "--json", HUBSPOT_ACCESS_TOKEN="wrong")
    assert done.code == 3
    assert (done.json["stopped_by"], done.json["not_sent"]) == ("token_refused", 3)
    assert "importer resume" not in done.err
    assert {row["import_error_category"] for row in rows_of(work.folder / "a.verify.results.csv")} != {"MISSING"}


def test_rows_that_a_stopped_verify_did_not_reach_are_not_advised_to_be_resumed(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(1_100))
    done = work.here("verify", source, "--json", IMPORTER_WORKERS="1", HUBSPOT_ACCESS_TOKEN="wrong")
    assert (done.code, done.json["not_sent"]) == (3, 1_100)
    rows = rows_of(work.folder / "a.verify.results.csv")
    assert "importer verify" in rows[-1]["import_advice"]
    assert rows[-1]["import_error_message"]
    assert not [row for row in rows if "importer resume" in row["import_advice"]]


def test_batches_link_many_pairs_per_call_and_each_failed_row_has_its_own_error(work: Workplace) -> None:
    pairs, unknown = work.pairs(60), (UNKNOWN + work.base, 1)
    source = work.write("a.csv", [*pairs, unknown, pairs[0]])
    done = work.here("run", source, "--engine", "batch", "--json")
    assert done.code == 1
    assert [done.json[name] for name in ("linked", "failed", "duplicates")] == [61, 1, 1]
    assert done.json["calls"] == 2, "one batch, and one call for the pair that it did not link"
    assert work.links() == set(pairs)
    failed = rows_of(work.folder / "a.results.csv")[60]
    assert failed["import_error_category"] == "OBJECT_NOT_FOUND"
    assert str(unknown[0]) in failed["import_advice"]


def test_a_batch_with_a_pair_that_fails_it_is_halved_until_the_pair_is_alone(tmp_path: Path, work: Workplace) -> None:
    pairs = work.pairs(64)
    one, other = pairs[37]
    work.hubspot.change("faults", faults=[f"http_500=contacts:{one}>companies:{other}"])
    try:
        done = work.here("run", work.write("a.csv", pairs), "--engine", "batch", "--json", IMPORTER_BACKOFF_BASE="0.01")
    finally:
        work.hubspot.change("faults", faults=[])
    assert [done.json[name] for name in ("linked", "unconfirmed")] == [63, 1]
    assert work.links() == set(pairs) - {pairs[37]}
    assert done.json["calls"] < 120, "63 single calls and their like would be more"


def test_the_costs_of_all_engines_are_shown_before_sending(work: Workplace) -> None:
    done = work.here("run", work.write("a.csv", work.pairs(3)), "--rate", "1000/1", "--batch-rate", "5/1")
    table = [line.split() for line in done.err.splitlines()]
    assert ["*", "--engine", "put", "3", "1000/1", "s", "1", "s"] in table
    assert ["--engine", "batch", "1", "5/1", "s", "1", "s"] in table
    assert any(line[:3] == ["+", "about", "2"] for line in table)


def test_a_results_file_is_retried_at_the_target_of_its_run(work: Workplace) -> None:
    source = work.write("a.csv", [*work.pairs(2), (UNKNOWN + work.base, 1)])
    assert work.here("run", source, "--sandbox").code == 1
    before = work.calls()
    done = work.here("retry", work.folder / "a.sandbox.results.csv", "--json", IMPORTER_BASE_URL="")
    assert (done.code, done.json["rows"], done.json["failed"]) == (1, 1, 1)
    assert work.calls() == before, "the run went to the sandbox inside the process, and so does its retry"
    refused = work.here("retry", work.folder / "a.sandbox.results.csv", "--base-url", "http://127.0.0.1:9")
    assert refused.code == 2
    assert refused.error_code == "TARGET_DIFFERS"


@pytest.mark.parametrize("engine", ["put", "batch"])
def test_the_daily_limit_stops_either_engine_and_the_run_is_resumed_the_next_day(
    engine: str, tmp_path: Path, work: Workplace
) -> None:
    with sandbox_thread(SandboxOptions(token=TOKEN, limit=100_000, window=1.0, daily_limit=0)) as poor:
        source = work.write("a.csv", work.pairs(30))
        done = work.here("run", source, "--engine", engine, "--base-url", poor.url, "--json")
        assert done.code == 3
        assert (done.json["stopped_by"], done.json["not_sent"]) == ("daily_limit", 30)
    quick = {"IMPORTER_BACKOFF_BASE": "0.01", "IMPORTER_BACKOFF_CAP": "0.01"}
    resumed = work.here("resume", done.json["run_id"], "--json", IMPORTER_BASE_URL="", **quick)
    assert resumed.code == 3, "its server is gone: unreachable, nothing is lost"
    assert resumed.json["not_sent"] == 30


def test_a_verify_that_could_not_read_everything_exits_with_3_and_calls_no_pair_missing(work: Workplace) -> None:
    pairs = work.pairs(30)
    linked(work, pairs[:20])
    unread = [f"http_400=read,contacts:{pairs[3][0]}>companies:0", f"http_400=read,companies:{pairs[3][1]}>contacts:0"]
    work.hubspot.change("faults", faults=unread)
    try:
        done = work.here("verify", work.write("a.csv", pairs), "--json", IMPORTER_BACKOFF_BASE="0.01")
    finally:
        work.hubspot.change("faults", faults=[])
    assert done.code == 3
    assert (done.json["status"], done.json["stopped_by"]) == ("stopped", "unreadable")
    assert [done.json[name] for name in ("already_linked", "not_sent", "unconfirmed")] == [19, 10, 1]
    row = rows_of(work.folder / "a.verify.results.csv")[3]
    assert (row["import_status"], row["import_error_category"]) == ("unconfirmed", "NOT_READ")


def test_pairs_that_could_not_be_read_are_reported_once_and_sent(work: Workplace) -> None:
    pairs = work.pairs(30)
    linked(work, pairs)
    work.hubspot.change("faults", faults=["http_400=read"])
    try:
        done = work.here("run", work.write("a.csv", pairs), "--json", IMPORTER_BACKOFF_BASE="0.01")
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, done.json["linked"], done.json["calls"]) == (0, 30, 30)
    assert done.err.count("Could not read whether 30 pairs are linked already") == 1


def test_pairs_are_not_reported_as_sent_if_the_run_stops_while_reading(work: Workplace) -> None:
    source = work.write("a.csv", work.pairs(30))
    work.hubspot.change("faults", faults=["daily_limit=read"])
    try:
        stopped = work.here("run", source, "--json", IMPORTER_BACKOFF_BASE="0.01")
    finally:
        work.hubspot.change("faults", faults=[])
    assert (stopped.code, stopped.json["stopped_by"], stopped.json["calls"]) == (3, "daily_limit", 0)
    assert "Could not read" not in stopped.err
    assert work.here("run", source, "--json").json["linked"] == 30
    assert work.here("undo", stopped.json["run_id"], "--json").json["unlinked"] == 30
