"""Removing links: read first, confirmed by number, confirmed by reading back, and restored from the results."""

import signal
from collections.abc import Callable

import pytest

from tests.cli.test_engines import linked
from tests.support.command_line import UNKNOWN, Workplace, rows_of, wait_until
from tests.support.local_hubspot import sorted_links

pytestmark = pytest.mark.slow


def counts(summary: dict[str, object]) -> dict[str, object]:
    names = ("operation", "unlinked", "not_linked", "failed", "unconfirmed", "invalid", "not_sent")
    return {name: summary[name] for name in names if summary[name]}


@pytest.mark.parametrize("version", ["v4", "2026-09"])
def test_links_are_removed_and_the_results_restore_them(work: Workplace, version: str) -> None:
    pairs = work.pairs(40)
    linked(work, pairs[:35])
    before = sorted_links(work.hubspot.url)
    source = work.write("a.csv", [*pairs, pairs[0], ("x", 1)])
    done = work.here("unlink", source, "--yes", 35, "--json", "--api-version", version)
    assert done.code == 1
    assert counts(done.json) == {"operation": "unlink", "unlinked": 36, "not_linked": 5, "invalid": 1}
    assert done.json["calls"] == 1
    assert work.links() == set()
    rows = rows_of(work.folder / "a.unlink.results.csv")
    assert [row["import_status"] for row in rows] == ["unlinked"] * 35 + ["not_linked"] * 5 + ["unlinked", "invalid"]
    types = [row["import_types_before"] for row in rows]
    assert types == ["HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279"] * 35 + ["-"] * 5 + [types[0], ""]
    assert {row["import_advice"] for row in rows[:-1]} == {""}
    shown = work.here("runs", "--json").json
    assert [run["status"] for run in shown] == ["finished"]  # type: ignore[index]
    restored = work.here("run", work.folder / "a.unlink.results.csv", "--json", "--api-version", version)
    assert [restored.json[name] for name in ("linked", "blank", "invalid")] == [36, 5, 1]
    assert sorted_links(work.hubspot.url) == before


@pytest.mark.parametrize("edit", [str, lambda text: text.replace(",-|", ",'-|")], ids=["as written", "quoted"])
@pytest.mark.parametrize("is_first", [False, True])
def test_types_of_a_list_whose_pairs_were_not_all_linked_are_restored(
    work: Workplace, edit: Callable[[str], str], is_first: bool
) -> None:
    linked(work, [(work.base, 7 if is_first else 8)])
    before = sorted_links(work.hubspot.url)
    source = work.folder / "a.csv"
    source.write_text(f"Record ID,Associated Company IDs\n{work.base},7;8\n")
    assert work.here("unlink", source, "--from", "contacts", "--yes", 1).code == 0
    results = work.folder / "a.unlink.results.csv"
    (row,) = rows_of(results)
    types = "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279"
    assert row["import_types_before"] == (f"{types}|-" if is_first else f"-|{types}")
    results.write_text(edit(results.read_text(encoding="utf-8-sig")))
    restored = work.here("run", results, "--from", "contacts", "--json")
    assert (restored.code, restored.json["linked"], restored.json["pairs"]) == (0, 1, 1)
    assert sorted_links(work.hubspot.url) == before


@pytest.mark.parametrize(
    ("flags", "code"), [(("--yes", "3"), "CONFIRMATION_DIFFERS"), ((), "CONFIRMATION_MISSING")], ids=["other", "none"]
)
def test_nothing_is_removed_unless_the_number_is_confirmed(work: Workplace, flags: tuple[str, ...], code: str) -> None:
    pairs = work.pairs(5)
    linked(work, pairs[:4])
    done = work.here("unlink", work.write("a.csv", pairs), *flags, "--json")
    assert (done.code, done.json["status"], done.json["code"], done.error_code) == (2, "error", code, code)
    assert work.links() == set(pairs[:4])
    assert work.journals == []
    assert work.here("unlink", work.folder / "a.csv", "--yes", 4).code == 0


def test_nothing_to_remove_needs_no_confirmation(work: Workplace) -> None:
    done = work.here("unlink", work.write("a.csv", work.pairs(3)), "--json")
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "not_linked": 3})
    assert done.json["calls"] == 0


def test_a_pair_that_cannot_be_read_is_not_removed(work: Workplace) -> None:
    pairs = work.pairs(6)
    linked(work, pairs)
    work.hubspot.change("faults", faults=[f"http_400=read,contacts:{pairs[3][0]}>companies:0"])
    try:
        done = work.here("unlink", work.write("a.csv", pairs), "--yes", 5, "--json", IMPORTER_BACKOFF_BASE="0.01")
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, counts(done.json)) == (1, {"operation": "unlink", "unlinked": 5, "unconfirmed": 1})
    assert work.links() == {pairs[3]}
    row = rows_of(work.folder / "a.unlink.results.csv")[3]
    assert (row["import_error_category"], row["import_types_before"]) == ("NOT_READ", "")
    retried = work.here("retry", done.json["run_id"], "--yes", 1, "--json")
    assert (retried.code, counts(retried.json)) == (0, {"operation": "unlink", "unlinked": 1})
    assert work.links() == set()


def test_a_rejected_batch_is_removed_one_by_one(work: Workplace) -> None:
    pairs = work.pairs(4)
    linked(work, pairs)
    work.hubspot.change("faults", faults=["http_400=batch"])
    try:
        done = work.here("unlink", work.write("a.csv", pairs), "--yes", 4, "--json", IMPORTER_BACKOFF_BASE="0.01")
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "unlinked": 4})
    assert work.links() == set()


def test_a_lost_response_is_confirmed_by_reading_back(work: Workplace) -> None:
    pairs = work.pairs(4)
    linked(work, pairs)
    work.hubspot.change("faults", faults=["lost_answer=batch"])
    quick = {"IMPORTER_BACKOFF_BASE": "0.01", "IMPORTER_MAX_ATTEMPTS": "2"}
    try:
        done = work.here("unlink", work.write("a.csv", pairs), "--yes", 4, "--json", **quick)
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "unlinked": 4})
    assert work.links() == set()


def test_a_lead_is_not_deleted_by_removing_its_last_primary_link(work: Workplace) -> None:
    lead, contact = work.base, work.base + 1
    ends = {"from": {"type": "leads", "id": str(lead)}, "to": {"type": "contacts", "id": str(contact)}}
    work.hubspot.change("associations", add=[{**ends, "types": ["HUBSPOT_DEFINED:578"]}])
    source = work.folder / "a.csv"
    source.write_text(f"Lead ID,Contact ID\n{lead},{contact}\n")
    done = work.here("unlink", source, "--json")
    assert (done.code, counts(done.json)) == (1, {"operation": "unlink", "failed": 1})
    (row,) = rows_of(work.folder / "a.unlink.results.csv")
    assert row["import_error_category"] == "LEAD_WOULD_BE_DELETED"
    allowed = work.here("unlink", source, "--allow-deleting-leads", "--yes", 1, "--json")
    assert (allowed.code, counts(allowed.json)) == (0, {"operation": "unlink", "unlinked": 1})


def test_a_killed_removal_is_resumed_by_the_same_command(work: Workplace) -> None:
    pairs = work.pairs(2500)
    linked(work, pairs)
    source = work.write("a.csv", pairs)
    command = ("unlink", source, "--yes", "2500", "--batch-rate", "1/1", "--json")
    running = work.start(*command)
    wait_until(lambda: len(work.links()) < 2500)
    running.send(signal.SIGKILL)
    running.process.communicate()
    assert 0 < len(work.links()) < 2500
    (journal,) = work.journals
    done = work.here(*command)
    assert (done.code, done.json["run_id"]) == (0, journal.stem)
    assert counts(done.json) == {"operation": "unlink", "unlinked": 2500}
    assert work.links() == set()
    types = {row["import_types_before"] for row in rows_of(work.folder / "a.unlink.results.csv")}
    assert types == {"HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279", "HUBSPOT_DEFINED:279"} or types == {
        "HUBSPOT_DEFINED:1;HUBSPOT_DEFINED:279"
    }


def test_an_unknown_record_is_not_linked_to_anything(work: Workplace) -> None:
    done = work.here("unlink", work.write("a.csv", [(UNKNOWN + work.base, 1)]), "--json")
    assert done.code == 0
    assert counts(done.json) == {"operation": "unlink", "not_linked": 1}
