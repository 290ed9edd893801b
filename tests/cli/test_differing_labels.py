"""Labels replaced from both sides of a link: rows with the same labels are linked, others are not sent."""

import pytest

from tests.cli.test_labels import BILLING, DECISION, PLAIN, types, write
from tests.support.command_line import Workplace, rows_of

HEADER = "from_object_type,from_object_id,to_object_type,to_object_id,label\n"
DIFFER = "LABELS_DIFFER_BY_DIRECTION"

pytestmark = pytest.mark.slow


def outcomes(work: Workplace) -> list[tuple[str, str]]:
    rows = rows_of(work.folder / "labels.results.csv")
    return [(row["import_status"], row["import_error_category"]) for row in rows]


@pytest.mark.parametrize("engine", ["put", "batch"])
def test_rows_that_replace_each_others_labels_are_not_sent(work: Workplace, engine: str) -> None:
    there = "contacts,BASE,companies,7,Decision maker\ncontacts,BASE,companies,7,Billing contact\n"
    rows = f"{there}0-2,7,0-1,BASE,Billing contact\ncontacts,BASE,companies,8,Decision maker\n"
    done = work.here("run", write(work, HEADER + rows), "--label-mode", "replace", "--engine", engine, "--json")
    assert (done.code, done.json["linked"], done.json["failed"]) == (1, 1, 3)
    assert outcomes(work) == [("failed", DIFFER)] * 3 + [("linked", "")]
    assert set(types(work)) == {(work.base, 8)}
    assert "rows 2, 3, 4" in done.err


def test_a_retry_without_a_correction_replaces_nothing(work: Workplace) -> None:
    rows = "contacts,BASE,companies,7,Decision maker\ncompanies,7,contacts,BASE,Billing contact\n"
    run = work.here("run", write(work, HEADER + rows), "--label-mode", "replace", "--json")
    retried = work.here("retry", run.json["run_id"], "--json")
    assert (retried.code, retried.json["failed"], retried.json["calls"]) == (1, 2, 0)
    assert types(work) == {}


def test_the_same_labels_from_both_sides_are_linked(work: Workplace) -> None:
    rows = "contacts,BASE,companies,7, decision MAKER\ncompanies,7,contacts,BASE,Decision maker\n"
    done = work.here("run", write(work, HEADER + rows), "--label-mode", "replace", "--json")
    assert (done.code, done.json["failed"]) == (0, 0)
    assert DECISION in types(work)[work.base, 7]


def test_labels_that_are_added_from_both_sides_are_linked(work: Workplace) -> None:
    rows = "contacts,BASE,companies,7,Decision maker\ncompanies,7,contacts,BASE,Billing contact\n"
    done = work.here("run", write(work, HEADER + rows), "--json")
    assert (done.code, done.json["failed"]) == (0, 0)
    assert types(work)[work.base, 7] >= {DECISION, BILLING, PLAIN}


def test_different_labels_of_records_of_one_type_are_not_sent_from_both_sides(work: Workplace) -> None:
    rows = "contacts,BASE,contacts,7,Manager\ncontacts,7,contacts,BASE,Manager\ncontacts,9,contacts,BASE,Manager\n"
    source = write(work, HEADER + rows.replace("Manager\n", "Employee\n", 1))
    done = work.here("run", source, "--label-mode", "replace", "--json")
    assert (done.code, done.json["linked"], done.json["failed"]) == (1, 1, 2)


def test_rows_that_compete_for_primary_as_well_are_not_sent(work: Workplace) -> None:
    there = "contacts,BASE,companies,7,Primary\ncontacts,BASE,companies,8,Primary\n"
    source = write(work, f"{HEADER}{there}companies,7,contacts,BASE,Billing contact\n")
    done = work.here("run", source, "--label-mode", "replace", "--json")
    assert (done.code, done.json["failed"], types(work)) == (1, 3, {})


def test_a_check_reports_them_without_a_call(work: Workplace) -> None:
    rows = "contacts,BASE,companies,7,Decision maker\n0-2,7,0-1,BASE,Billing contact\ncontacts,BASE,companies,8,Any\n"
    source, calls = write(work, HEADER + rows), work.calls()
    done = work.here("check", source, "--label-mode", "replace", "--json", "--out", "labels.results.csv")
    assert (done.code, done.json["differing_labels"]) == (1, {"rows": 2, "first": [2, 3]})
    assert outcomes(work) == [("failed", DIFFER)] * 2 + [("not_sent", "")]
    assert f"{DIFFER}: 2 rows" in work.here("check", source, "--label-mode", "replace").out
    assert work.calls() == calls
    added = work.here("check", source, "--json")
    assert (added.code, added.json["differing_labels"]) == (0, {"rows": 0, "first": []})


def test_a_check_of_the_account_reports_them_once(work: Workplace) -> None:
    rows = "contacts,BASE,companies,7,Decision maker\ncompanies,7,contacts,BASE,Billing contact\n"
    done = work.here("check", write(work, HEADER + rows), "--label-mode", "replace", "--online", "--json")
    assert (done.code, done.json["differing_labels"]) == (1, {"rows": 2, "first": [2, 3]})
    assert "Warning" not in done.err


@pytest.mark.parametrize(
    ("there", "back", "differing"),
    [
        ("Decision maker", "decision MAKER ", 0),
        ("Decision maker", "USER_DEFINED:99", 0),
        ("Decision maker;USER_DEFINED:99", "Billing contact", 0),
        ("Primary", "HUBSPOT_DEFINED:2", 0),
        ("HUBSPOT_DEFINED:1", "Decision maker", 2),
    ],
)
def test_a_check_compares_types_only_where_their_names_are_known(
    work: Workplace, there: str, back: str, differing: int
) -> None:
    rows = f"contacts,BASE,companies,7,{there}\ncompanies,7,contacts,BASE,{back}\n"
    done = work.here("check", write(work, HEADER + rows), "--label-mode", "replace", "--json")
    assert done.json["differing_labels"]["rows"] == differing
