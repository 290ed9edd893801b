"""Linking with labels from the command line, against a sandbox in another process."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, Workplace, rows_of

PLAIN, PRIMARY = "HUBSPOT_DEFINED:279", "HUBSPOT_DEFINED:1"
DECISION, BILLING = "USER_DEFINED:1", "USER_DEFINED:3"


def write(work: Workplace, text: str, name: str = "labels.csv") -> Path:
    path = work.folder / name
    path.write_text(text.replace("BASE", str(work.base)), encoding="utf-8")
    return path


def types(work: Workplace) -> dict[tuple[int, int], set[str]]:
    """Return the types of all links of this test."""
    return {ids: set(entry["types"]) for ids, entry in work._mine("associations")}


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v4", "2026-09"])
@pytest.mark.parametrize("engine", ["put", "batch"])
def test_the_sample_with_labels_is_linked_with_them(work: Workplace, version: str, engine: str) -> None:
    source = shutil.copy(ROOT / "sample_data" / "labels.csv", work.folder)
    done = work.here("run", source, "--sandbox", "--api-version", version, "--engine", engine, "--json")
    assert done.code == 0
    assert (done.json["linked"], done.json["rows"]) == (30, 30)
    rows = rows_of(work.folder / "labels.sandbox.results.csv")
    expected = {"Decision maker": {DECISION}, "decision maker": {DECISION}, "Billing contact": {BILLING}, "": set()}
    expected |= {"Decision maker;Billing contact": {DECISION, BILLING}, "Primary": {PRIMARY}}
    for row in rows:
        found = set(row["import_association_types"].split(";")) - {"HUBSPOT_DEFINED:280", PRIMARY}
        assert found == (expected[row["Label"]] | {PLAIN}) - {PRIMARY}, row


@pytest.mark.slow
def test_a_label_for_every_pair_is_added_to_those_of_the_column(work: Workplace) -> None:
    source = write(work, "Contact ID,Company ID,Role\nBASE,7,billing CONTACT\nBASE,8,\nBASE,8,\n")
    done = work.here("run", source, "--label", "Decision maker", "--map", "label=Role", "--json")
    assert done.code == 0
    assert (done.json["linked"], done.json["duplicates"]) == (3, 1)
    found = types(work)
    assert found[work.base, 7] == {DECISION, BILLING, PLAIN, PRIMARY}
    assert found[work.base, 8] == {DECISION, PLAIN}


@pytest.mark.slow
def test_rows_without_a_label_are_linked_without_one(work: Workplace) -> None:
    source = write(work, "Contact ID,Company ID,Association Label\nBASE,7,\nBASE,8,Billing contact\n")
    assert work.here("run", source).code == 0
    assert types(work) == {(work.base, 7): {PRIMARY, PLAIN}, (work.base, 8): {BILLING, PLAIN}}


@pytest.mark.slow
def test_the_label_in_the_header_of_an_export_is_that_of_its_records(work: Workplace) -> None:
    source = write(work, "Record ID,Associated Company IDs (Billing contact)\nBASE,7;8\n")
    done = work.here("run", source, "--from", "contacts")
    assert done.code == 0
    assert types(work) == {(work.base, 7): {PRIMARY, BILLING, PLAIN}, (work.base, 8): {BILLING, PLAIN}}


@pytest.mark.slow
def test_records_of_a_labelled_list_beside_the_whole_list_get_its_label(work: Workplace) -> None:
    header = "Record ID,Associated Company IDs,Associated Company IDs (Decision maker)"
    source = write(work, f"{header}\nBASE,7;8,8\n")
    assert work.here("run", source, "--from", "contacts").code == 0
    assert types(work) == {(work.base, 7): {PRIMARY, PLAIN}, (work.base, 8): {DECISION, PLAIN}}


@pytest.mark.slow
def test_a_second_run_sends_nothing(work: Workplace) -> None:
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Decision maker\n")
    assert work.here("run", source).code == 0
    again = work.here("run", source, "--json")
    assert (again.json["already_linked"], again.json["calls"]) == (1, 0)


@pytest.mark.slow
def test_labels_are_kept_unless_they_are_to_be_replaced(work: Workplace) -> None:
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Decision maker\nBASE,8,Decision maker\n")
    assert work.here("run", source).code == 0
    other = write(work, "Contact ID,Company ID,Label\nBASE,7,Billing contact\n", "other.csv")
    assert work.here("run", other).code == 0
    assert types(work)[work.base, 7] == {PRIMARY, DECISION, BILLING, PLAIN}
    third = write(work, "Contact ID,Company ID,Label\nBASE,8,Billing contact\n", "third.csv")
    assert work.here("run", third, "--label-mode", "replace").code == 0
    assert types(work)[work.base, 8] == {BILLING, PLAIN}
    assert rows_of(work.folder / "third.results.csv")[0]["import_types_before"] == f"{PLAIN};{DECISION}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "row", "flags", "code", "named"),
    [
        ("Label", "Decider", (), "LABEL_UNKNOWN", ("row 2", "'Decision maker'")),
        ("Note", "x", ("--label", "Boss"), "LABEL_UNKNOWN", ("--label 'Boss'", "'Billing contact'")),
        ("Label", "USER_DEFINED:99", (), "LABEL_UNKNOWN", ("'USER_DEFINED:99'",)),
    ],
)
def test_an_unknown_label_is_refused_before_anything_is_sent(
    work: Workplace, header: str, row: str, flags: tuple[str, ...], code: str, named: tuple[str, ...]
) -> None:
    source = write(work, f"Contact ID,Company ID,{header}\nBASE,7,{row}\n")
    done = work.here("run", source, *flags)
    assert (done.code, done.error_code) == (2, code)
    assert all(text in done.err for text in named)
    assert types(work) == {}
    assert work.journals == []
    write(work, f"Contact ID,Company ID,{header}\nBASE,7,Decision maker\n")
    assert work.here("run", source).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("is_flag", [False, True], ids=["cell", "flag"])
def test_a_label_with_a_semicolon_is_named_by_its_type_in_a_cell_but_whole_by_the_flag(
    work: Workplace, is_flag: bool
) -> None:
    label = f"Met {work.base}; wrote"
    work.hubspot.change("labels", add=[{"from": "contacts", "to": "companies", "label": label}])
    source = write(work, f"Contact ID,Company ID,Label\nBASE,7,{label}\n")
    refused = work.here("run", source, "--quiet")
    assert (refused.code, refused.error_code) == (2, "LABEL_UNKNOWN")
    (kind,) = re.findall(f"write (USER_DEFINED:[0-9]+) for '{label}'", refused.error)
    assert types(work) == {}
    cell, flags = ("", ("--label", label.upper())) if is_flag else (kind, ())
    done = work.here("run", write(work, f"Contact ID,Company ID,Label\nBASE,7,{cell}\n"), *flags)
    assert done.code == 0
    assert types(work) == {(work.base, 7): {kind, PLAIN, PRIMARY}}


def test_a_label_of_the_other_direction_is_recognised(work: Workplace) -> None:
    added = work.hubspot.change(
        "labels", add=[{"from": "deals", "to": "contacts", "label": "Pays", "inverse_label": "Paid"}]
    )
    assert added["added"]
    source = write(work, "Contact ID,Deal ID,Label\nBASE,7,Pays\n")
    done = work.here("run", source)
    assert (done.code, done.error_code) == (2, "LABEL_UNKNOWN")
    assert "swap" in done.err


@pytest.mark.slow
def test_a_label_that_two_types_have_must_be_given_by_its_id(work: Workplace) -> None:
    for text in ("Twice", "twice"):
        work.hubspot.change("labels", add=[{"from": "contacts", "to": "tickets", "label": text}])
    source = write(work, "Contact ID,Ticket ID,Label\nBASE,7,Twice\n")
    done = work.here("run", source)
    assert (done.code, done.error_code) == (2, "LABEL_AMBIGUOUS")
    chosen = done.err.split("Write ")[1].split(" or ")[0]
    write(work, f"Contact ID,Ticket ID,Label\nBASE,7,{chosen}\n")
    assert work.here("run", source).code == 0


@pytest.mark.slow
def test_a_run_continues_with_the_labels_that_it_has_resolved(work: Workplace) -> None:
    work.hubspot.change("labels", add=[{"from": "contacts", "to": "companies", "label": "Advisor"}])
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Advisor\nBASE,8,Decision maker\n")
    work.hubspot.change("faults", faults=["daily_limit=label_put"])
    try:
        assert work.here("run", source).code == 3
        assert types(work) == {}
    finally:
        work.hubspot.change("faults", faults=[])
    (journal,) = work.journals
    work.hubspot.change("faults", faults=["http_404=labels"])
    try:
        assert work.here("resume", journal.stem).code == 0
    finally:
        work.hubspot.change("faults", faults=[])
    assert types(work)[work.base, 8] == {DECISION, PLAIN}


@pytest.mark.slow
def test_a_retry_gives_the_labels_again(work: Workplace) -> None:
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Decision maker;Billing contact\n")
    work.hubspot.change("faults", faults=["http_400=label_put"])
    try:
        assert work.here("run", source).code == 1
    finally:
        work.hubspot.change("faults", faults=[])
    (journal,) = work.journals
    assert work.here("retry", journal.stem).code == 0
    assert types(work)[work.base, 7] == {PRIMARY, DECISION, BILLING, PLAIN}


def test_labels_that_cannot_be_read_are_accepted_by_their_ids_only(work: Workplace) -> None:
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Decision maker\n")
    other = write(work, f"Contact ID,Company ID,Label\nBASE,7,{DECISION}\n", "ids.csv")
    work.hubspot.change("faults", faults=["scopes_missing=labels"])
    try:
        done = work.here("run", source)
        assert (done.code, done.error_code) == (2, "LABELS_NOT_READABLE")
        assert work.here("run", other).code == 0
    finally:
        work.hubspot.change("faults", faults=[])
    assert types(work)[work.base, 7] == {PRIMARY, DECISION, PLAIN}


@pytest.mark.slow
def test_verify_finds_pairs_without_their_label(work: Workplace) -> None:
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Decision maker\nBASE,8,\n")
    assert work.here("run", source).code == 0
    other = write(work, "Contact ID,Company ID,Label\nBASE,7,Decision maker\nBASE,8,Billing contact\n", "other.csv")
    done = work.here("verify", other, "--json")
    assert (done.code, done.json["already_linked"], done.json["not_sent"]) == (1, 1, 1)
    assert rows_of(work.folder / "other.verify.results.csv")[1]["import_error_category"] == "LABEL_MISSING"


def test_a_check_counts_labels_and_resolves_them_on_request(work: Workplace) -> None:
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Decision maker\nBASE,8,Decider\nBASE,9,Decider\n")
    calls = work.calls()
    done = work.here("check", source, "--json")
    assert (done.code, done.json["labels"]) == (0, {"Decider": 2, "Decision maker": 1})
    assert "'Decider' (2 pairs)" in work.here("check", source).out
    assert work.calls() == calls
    online = work.here("check", source, "--online")
    assert (online.code, online.error_code) == (2, "LABEL_UNKNOWN")
    assert work.calls() > calls
    assert types(work) == {}


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v4", "2026-09"])
@pytest.mark.parametrize(("types", "first", "second"), [("deals", 7, 8), ("contacts", 4_990, 4_991)])
def test_a_paired_label_has_a_name_in_each_direction(
    work: Workplace, version: str, types: str, first: int, second: int
) -> None:
    own, other = f"Reports to {version} {types}", f"Manages {version} {types}"
    work.hubspot.change("labels", add=[{"from": "contacts", "to": types, "label": own, "inverse_label": other}])
    other_id = work.base + second
    there = write(work, f"One,Other\nBASE,{other_id}\n", "there.csv")
    back = write(work, f"One,Other\n{other_id},BASE\n", "back.csv")
    columns = ("--map", "from_object_id=One", "--map", "to_object_id=Other", "--api-version", version, "--json")
    forward, backward = ("--from", "contacts", "--to", types), ("--from", types, "--to", "contacts")
    done = work.here("run", there, *forward, *columns, "--label", own.upper())
    assert (done.code, done.json["linked"]) == (0, 1)
    same = work.here("run", back, *backward, *columns, "--label", other)
    assert (same.code, same.json["already_linked"], same.json["calls"]) == (0, 1, 0)
    swapped = work.here("run", back, *backward, *columns, "--label", own)
    if types == "contacts":  # both names are of this direction, and the other one is a separate label
        assert (swapped.code, swapped.json["linked"]) == (0, 1)
    else:
        assert (swapped.code, swapped.error_code, "swap" in swapped.err) == (2, "LABEL_UNKNOWN", True)


@pytest.mark.slow
def test_a_label_that_was_deleted_since_is_refused_by_a_new_run_and_fails_in_a_resumed_one(work: Workplace) -> None:
    added = work.hubspot.change("labels", add=[{"from": "contacts", "to": "companies", "label": "Temporary"}])
    type_id = added["added"][0]["type"]
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Temporary\nBASE,8,Decision maker\n")
    work.hubspot.change("faults", faults=["daily_limit=label_put"])
    try:
        stopped = work.here("run", source, "--json")
    finally:
        work.hubspot.change("faults", faults=[])
    assert stopped.code == 3
    work.hubspot.change("labels", remove=[{"from": "contacts", "to": "companies", "type": type_id}])
    resumed = work.here("resume", stopped.json["run_id"], "--json")
    assert (resumed.code, resumed.json["failed"], resumed.json["linked"]) == (1, 1, 1)
    failed = rows_of(work.folder / "labels.results.csv")[0]
    assert (failed["import_status"], failed["import_http_status"]) == ("failed", "400")
    assert failed["import_advice"]
    again = work.here("run", source)
    assert (again.code, again.error_code) == (2, "LABEL_UNKNOWN")


@pytest.mark.slow
def test_a_run_that_replaces_labels_says_how_many_pairs_lose_some(work: Workplace) -> None:
    linked = write(work, "Contact ID,Company ID,Label\nBASE,7,Primary\nBASE,8,Decision maker\n", "linked.csv")
    assert work.here("run", linked).code == 0
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Billing contact\nBASE,8,Billing contact\n")
    done = work.here("run", source, "--label-mode", "replace", "--json")
    (warning,) = [line for line in done.err.splitlines() if line.startswith("Warning")]
    assert (done.code, "2 pairs lose" in warning, "1 of them Primary" in warning) == (0, True, True)
    again = work.here("run", source, "--label-mode", "replace", "--json")
    assert (again.json["already_linked"], "Warning" in again.err) == (2, False)
