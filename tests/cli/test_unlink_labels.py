"""Removing labels from links: only the named ones, counted and confirmed by reading back, restored from the results."""

from pathlib import Path

import pytest

from tests.cli.test_unlink import counts
from tests.support.command_line import Workplace, rows_of
from tests.support.interruptions import kill_after_first_batch
from tests.support.local_hubspot import sorted_links

pytestmark = pytest.mark.slow

PLAIN, PRIMARY = "HUBSPOT_DEFINED:279", "HUBSPOT_DEFINED:1"
DECISION, BILLING = "USER_DEFINED:1", "USER_DEFINED:3"


def link(work: Workplace, *pairs: tuple[int, int], types: tuple[str, ...]) -> None:
    """Link pairs with these labels, as another client did before."""
    ends = ({"type": "contacts", "id": str(one)} for one, _ in pairs)
    others = ({"type": "companies", "id": str(other)} for _, other in pairs)
    added = [{"from": one, "to": other, "types": types} for one, other in zip(ends, others, strict=True)]
    work.hubspot.change("associations", add=added)


def types(work: Workplace) -> dict[tuple[int, int], set[str]]:
    """Return the types of all links of this test."""
    return {ids: set(entry["types"]) for ids, entry in work._mine("associations")}


def labelled(work: Workplace, *rows: tuple[object, object, str]) -> Path:
    path = work.folder / "a.csv"
    path.write_text("Contact ID,Company ID,Label\n" + "".join(f"{a},{b},{text}\n" for a, b, text in rows))
    return path


@pytest.mark.parametrize("version", ["v4", "2026-09"])
def test_only_the_named_label_is_removed(work: Workplace, version: str) -> None:
    pairs = work.pairs(40)
    link(work, *pairs[:30], types=(DECISION, BILLING))
    link(work, *pairs[30:35], types=(BILLING,))
    before = sorted_links(work.hubspot.url)
    flags = ("--label", "decision maker", "--json", "--api-version", version)
    refused = work.here("unlink", work.write("a.csv", pairs), *flags, "--yes", 35)
    assert (refused.code, refused.error_code) == (2, "CONFIRMATION_DIFFERS")
    assert sorted_links(work.hubspot.url) == before
    done = work.here("unlink", work.folder / "a.csv", *flags, "--yes", 30)
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "unlinked": 30, "not_linked": 10})
    assert done.json["calls"] == 1
    assert types(work) == {pair: {PRIMARY, PLAIN, BILLING} for pair in pairs[:35]}
    rows = rows_of(work.folder / "a.unlink.results.csv")
    shown = [(row["import_types_before"], row["import_association_types"]) for row in rows]
    with_billing = f"{PRIMARY};{PLAIN};{BILLING}"
    assert (
        shown
        == [(f"{PRIMARY};{PLAIN};{DECISION};{BILLING}", with_billing)] * 30
        + [(with_billing, with_billing)] * 5
        + [("-", "")] * 5
    )
    undone = work.here("undo", done.json["run_id"], "--json", "--api-version", version)
    assert (undone.code, undone.json["linked"]) == (0, 30)
    assert sorted_links(work.hubspot.url) == before


def test_each_row_names_its_own_labels_and_their_number_is_confirmed(work: Workplace) -> None:
    one, two, three = work.pairs(3)
    link(work, one, two, three, types=(DECISION, BILLING))
    source = labelled(work, (*one, "Decision maker;Billing contact"), (*two, "Billing contact"), (*three, PRIMARY))
    done = work.here("unlink", source, "--yes", 4, "--json")
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "unlinked": 3})
    assert types(work) == {one: {PRIMARY, PLAIN}, two: {PRIMARY, PLAIN, DECISION}, three: {PLAIN, DECISION, BILLING}}


def test_a_label_that_rows_name_from_both_sides_is_counted_once(work: Workplace) -> None:
    one, two = work.pairs(2)
    link(work, one, two, types=(DECISION, BILLING))
    there, back = f"contacts,{one[0]},companies,{one[1]}", f"0-2,{one[1]},0-1,{one[0]}"
    other = f"0-1,{two[0]},0-2,{two[1]}"
    rows = [f"{there},Decision maker", f"{back},decision maker;Billing contact", f"{other},Billing contact"]
    source = work.folder / "a.csv"
    header = "from_object_type,from_object_id,to_object_type,to_object_id,label"
    source.write_text("\n".join([header, *rows, ""]))
    assert work.here("unlink", source, "--yes", 4).error_code == "CONFIRMATION_DIFFERS"
    done = work.here("unlink", source, "--yes", 3, "--json")
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "unlinked": 3})
    assert types(work) == {one: {PRIMARY, PLAIN}, two: {PRIMARY, PLAIN, DECISION}}


@pytest.mark.parametrize(
    ("rows", "code"),
    [(["Decision maker", PLAIN], "UNLABELLED_TYPE_NAMED"), (["Decision maker", ""], "LABEL_CELL_EMPTY")],
    ids=["unlabelled type", "blank"],
)
def test_no_link_is_removed_by_a_file_with_labels(work: Workplace, rows: list[str], code: str) -> None:
    pairs = work.pairs(2)
    link(work, *pairs, types=(DECISION,))
    source = labelled(work, *((*pair, text) for pair, text in zip(pairs, rows, strict=True)))
    done = work.here("unlink", source, "--yes", 2, "--json")
    assert (done.code, done.error_code) == (2, code)
    assert types(work) == {pair: {PRIMARY, PLAIN, DECISION} for pair in pairs}
    assert work.journals == []


def test_the_unlabelled_type_is_not_removed_although_the_labels_cannot_be_read(work: Workplace) -> None:
    one, two = work.pairs(2)
    link(work, one, two, types=(DECISION,))
    source = labelled(work, (*one, PLAIN), (*two, DECISION))
    work.hubspot.change("faults", faults=["scopes_missing=labels"])
    try:
        done = work.here("unlink", source, "--yes", 1, "--json")
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, counts(done.json)) == (1, {"operation": "unlink", "unlinked": 1, "failed": 1})
    assert types(work) == {one: {PRIMARY, PLAIN, DECISION}, two: {PRIMARY, PLAIN}}
    assert rows_of(work.folder / "a.unlink.results.csv")[0]["import_error_category"] == "UNLABELLED_TYPE"


def test_labels_that_a_batch_does_not_remove_are_removed_one_by_one(work: Workplace) -> None:
    pairs = work.pairs(4)
    link(work, *pairs, types=(DECISION, BILLING))
    work.hubspot.change("faults", faults=["silent_errors=labels_archive,above:1", "http_400=labels_archive,above:2"])
    try:
        flags = ("--label", "Billing contact", "--yes", 4, "--json")
        done = work.here("unlink", work.write("a.csv", pairs), *flags, IMPORTER_BACKOFF_BASE="0.01")
    finally:
        work.hubspot.change("faults", faults=[])
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "unlinked": 4})
    assert types(work) == {pair: {PRIMARY, PLAIN, DECISION} for pair in pairs}


def test_a_killed_removal_of_labels_is_resumed_and_undone(work: Workplace) -> None:
    pairs = work.pairs(1100)
    link(work, *pairs, types=(DECISION, BILLING))
    before = sorted_links(work.hubspot.url)
    command = ("unlink", work.write("a.csv", pairs), "--label", "Billing contact", "--yes", "1100", "--json")

    def left() -> int:
        return sum(BILLING in found for found in types(work).values())

    kill_after_first_batch(work, "labels_archive", *command)
    assert 0 < left() < 1100
    done = work.here(*command)
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "unlinked": 1100})
    assert types(work) == {pair: {PRIMARY, PLAIN, DECISION} for pair in pairs}
    kill_after_first_batch(work, "create", "undo", done.json["run_id"])
    assert 0 < left() < 1100
    assert work.here("undo", done.json["run_id"]).code == 0
    assert sorted_links(work.hubspot.url) == before


def test_the_results_of_a_removal_restore_labels_and_primary_companies(work: Workplace) -> None:
    one, two = work.base, work.base + 1
    link(work, (one, 7), types=(BILLING,))
    link(work, (one, 8), (two, 7), types=(DECISION,))
    link(work, (two, 9), types=(PRIMARY, BILLING))
    before = sorted_links(work.hubspot.url)
    source = work.folder / "a.csv"
    source.write_text(f"Contact ID,Company ID\n{one},8;7;9\n{two},7\n{two},9\n{two},10\n")
    assert work.here("unlink", source, "--yes", 4).code == 0
    assert types(work) == {}
    results = work.folder / "a.unlink.results.csv"
    shown = [row["import_types_before"] for row in rows_of(results)]
    assert shown[0] == f"{PLAIN};{DECISION}|{PRIMARY};{PLAIN};{BILLING}|-"
    assert work.here("unlink", results, "--yes", 0).code == 0
    done = work.here("run", results, "--json")
    assert (done.code, done.json["linked"], done.json["blank"]) == (0, 3, 1)
    assert sorted_links(work.hubspot.url) == before


def test_the_results_of_a_removal_of_labels_restore_them(work: Workplace) -> None:
    pairs = work.pairs(3)
    link(work, *pairs[:2], types=(DECISION, BILLING))
    before = sorted_links(work.hubspot.url)
    assert work.here("unlink", work.write("a.csv", pairs), "--label", "Billing contact", "--yes", 2).code == 0
    assert sorted_links(work.hubspot.url) != before
    assert work.here("run", work.folder / "a.unlink.results.csv").code == 0
    assert sorted_links(work.hubspot.url) == before


def test_an_export_with_labels_removes_whole_links_if_its_labels_are_not_used(work: Workplace) -> None:
    pairs = work.pairs(3)
    link(work, *pairs[:2], types=(DECISION, BILLING))
    link(work, (pairs[0][0], 9), types=(PLAIN,))
    before, out = sorted_links(work.hubspot.url), work.folder / "e.csv"
    ids = work.folder / "ids.csv"
    ids.write_text("".join(f"{text}\n" for text in ("Record ID", *(one for one, _ in pairs))))
    assert work.here("export", "contacts", "companies", "--ids", ids, "--out", out).code == 0
    assert work.here("unlink", out, "--yes", 3).error_code == "LABEL_CELL_EMPTY"
    done = work.here("unlink", out, "--map", "label=", "--yes", 3, "--json")
    assert (done.code, counts(done.json)) == (0, {"operation": "unlink", "unlinked": 3})
    assert types(work) == {}
    assert work.here("run", work.folder / "e.unlink.results.csv").code == 0
    assert sorted_links(work.hubspot.url) == before


def test_a_retry_from_a_results_file_does_not_use_the_labels_either(work: Workplace) -> None:
    one, two = work.pairs(2)
    link(work, one, two, types=(DECISION,))
    source = labelled(work, (*one, "Decision maker"), ("x", two[1], "Decision maker"))
    done = work.here("unlink", source, "--map", "label=", "--yes", 1, "--json")
    assert counts(done.json) == {"operation": "unlink", "unlinked": 1, "invalid": 1}
    results = work.folder / "a.unlink.results.csv"
    results.write_text(results.read_text(encoding="utf-8-sig").replace("x,", f"{two[0]},"))
    assert work.here("retry", results, "--yes", 1).code == 0
    assert types(work) == {}
