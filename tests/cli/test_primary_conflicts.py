"""Rows of one file that make different records Primary for the same one: none of them is sent, and each says why."""

from pathlib import Path

import pytest

from tests.cli.test_labels import BILLING, PLAIN, PRIMARY, types, write
from tests.support.command_line import Workplace, rows_of

CONFLICT = "PRIMARY_CONFLICT"


def conflicting(work: Workplace, header: str = "Contact ID,Company ID,Label") -> Path:
    rows = "BASE,7,Primary\nBASE,8,Billing contact\nBASE,9, primary ;Billing contact\n2BASE,7,Primary\n"
    return write(work, f"{header}\n{rows}".replace("2BASE", str(work.base + 1)))


def outcomes(work: Workplace, name: str = "labels.results.csv") -> list[tuple[str, str]]:
    return [(row["import_status"], row["import_error_category"]) for row in rows_of(work.folder / name)]


@pytest.mark.slow
def test_rows_that_compete_for_primary_are_not_sent(work: Workplace) -> None:
    done = work.here("run", conflicting(work), "--json")
    assert (done.code, done.json["linked"], done.json["failed"]) == (1, 2, 2)
    assert outcomes(work) == [("failed", CONFLICT), ("linked", ""), ("failed", CONFLICT), ("linked", "")]
    assert set(types(work)) == {(work.base, 8), (work.base + 1, 7)}
    (warning,) = [line for line in done.err.splitlines() if line.startswith("Warning")]
    assert "rows 2, 4" in warning.lower()
    message = rows_of(work.folder / "labels.results.csv")[0]["import_error_message"]
    assert "Rows 2, 4" in message
    assert str(work.base) in message


@pytest.mark.slow
def test_a_retry_without_a_correction_moves_no_primary(work: Workplace) -> None:
    run = work.here("run", conflicting(work), "--json")
    retried = work.here("retry", run.json["run_id"], "--json")
    assert (retried.code, retried.json["failed"], retried.json["calls"]) == (1, 2, 0)


@pytest.mark.slow
def test_the_corrected_results_are_linked_by_a_retry(work: Workplace) -> None:
    assert work.here("run", conflicting(work)).code == 1
    results = work.folder / "labels.results.csv"
    results.write_text(results.read_text(encoding="utf-8-sig").replace(" primary ;", ""), encoding="utf-8")
    assert work.here("retry", results).code == 0
    assert PRIMARY in types(work)[work.base, 7]
    assert types(work)[work.base, 9] == {BILLING, PLAIN}


@pytest.mark.slow
def test_a_check_reports_them_without_a_call(work: Workplace) -> None:
    calls = work.calls()
    source = conflicting(work)
    done = work.here("check", source, "--json", "--out", "checked.csv")
    assert done.code == 1
    first = {"object_type": "contacts", "record_id": str(work.base), "other_type": "companies", "others": 2}
    assert done.json["primary_conflicts"] == {
        "records": 1,
        "rows": 2,
        "first": [{**first, "rows": [2, 4], "merged": [], "held": []}],
    }
    expected = [("failed", CONFLICT), ("not_sent", ""), ("failed", CONFLICT), ("not_sent", "")]
    assert outcomes(work, "checked.csv") == expected
    assert work.calls() == calls
    assert f"{CONFLICT}: 2 rows" in work.here("check", source).out
    online = work.here("check", source, "--online", "--json")
    assert (online.code, online.json["primary_conflicts"]["rows"], online.json["online"]["to_link"]) == (1, 2, 2)


@pytest.mark.slow
def test_the_side_that_has_one_primary_record_decides(work: Workplace) -> None:
    one, two = work.base, work.base + 1
    good = write(work, f"Company ID,Contact ID,Label\n7,{one},Primary\n7,{two},Primary\n", "good.csv")
    assert work.here("run", good).code == 0
    bad = write(work, f"Company ID,Contact ID,Label\n8,{one},Primary\n9,{one},Primary\n8,{two},Primary\n", "bad.csv")
    done = work.here("run", bad, "--json")
    assert (done.code, done.json["failed"], done.json["linked"]) == (1, 2, 1)


@pytest.mark.slow
def test_the_same_pair_twice_and_in_both_directions_is_not_a_conflict(work: Workplace) -> None:
    header = "from_object_type,from_object_id,to_object_type,to_object_id,label"
    there, back = "contacts,BASE,companies,7,Primary\n", "companies,7,contacts,BASE,Primary\n"
    done = work.here("run", write(work, f"{header}\n{there}{there}{back}"), "--json")
    assert (done.code, done.json["failed"]) == (0, 0)


def test_one_cell_with_several_records_is_a_conflict_of_its_row(work: Workplace) -> None:
    source = write(work, "Record ID,Associated Company IDs\nBASE,7;8\n")
    done = work.here("run", source, "--from", "contacts", "--label", PRIMARY, "--json")
    assert (done.code, done.json["failed"], types(work)) == (1, 1, {})


@pytest.mark.slow
def test_labels_that_are_removed_do_not_compete(work: Workplace) -> None:
    one = write(work, "Contact ID,Company ID,Label\nBASE,7,Primary\n", "one.csv")
    assert work.here("run", one).code == 0
    done = work.here("unlink", conflicting(work), "--yes", 1, "--json")
    assert (done.code, done.json["unlinked"], done.json["failed"]) == (0, 1, 0)
