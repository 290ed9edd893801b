"""A retry moves no Primary that a row of the same file holds as linked."""

from pathlib import Path

import pytest

from tests.cli.test_labels import BILLING, PRIMARY, types, write
from tests.cli.test_merged_primary import merge, rows, run_unaware
from tests.cli.test_primary_conflicts import CONFLICT, outcomes
from tests.support.command_line import Workplace, rows_of

pytestmark = pytest.mark.slow


def results_with_a_corrected_row(work: Workplace, *corrections: tuple[str, str]) -> Path:
    """Run a file with a linked and an invalid row; return its results with the texts replaced."""
    source = write(work, "Contact ID,Company ID,Label\nBASE,7,Primary\nBASE,x8,Primary\n")
    assert work.here("run", source).code == 1
    results = work.folder / "labels.results.csv"
    text = results.read_text(encoding="utf-8-sig")
    for old, new in (("x8,", "8,"), *corrections):
        assert old in text
        text = text.replace(old, new, 1)
    results.write_text(text, encoding="utf-8")
    return results


def test_a_corrected_row_does_not_take_primary_from_a_linked_row_of_the_file(work: Workplace) -> None:
    results = results_with_a_corrected_row(work)
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["rows"], done.json["failed"], done.json["calls"]) == (1, 1, 1, 0)
    (row,) = rows_of(Path(done.json["results"]))
    assert row["import_error_category"] == CONFLICT
    assert "row 2 has it already" in row["import_error_message"]
    assert PRIMARY in types(work)[work.base, 7]


def test_it_takes_primary_if_the_linked_row_no_longer_names_it(work: Workplace) -> None:
    results = results_with_a_corrected_row(work, ("7,Primary,", "7,Billing contact,"))
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["linked"]) == (0, 1)
    assert PRIMARY in types(work)[work.base, 8]


def test_a_retry_of_a_run_leaves_primary_to_the_linked_row_although_it_has_another_id(work: Workplace) -> None:
    merge(work, "contacts", work.base + 1, work.base)
    run = run_unaware(work, rows(work, (work.base + 1, 7), (work.base, 8)), merged=work.base)
    assert (run.code, run.json["linked"], run.json["unconfirmed"]) == (1, 1, 1)
    first = work.here("retry", run.json["run_id"], "--json")
    again = work.here("retry", first.json["run_id"], "--json")
    assert [(one.code, one.json["failed"], one.json["calls"]) for one in (first, again)] == [(1, 1, 0)] * 2
    assert outcomes(work, Path(again.json["results"]).name) == [("failed", CONFLICT)]
    assert PRIMARY in types(work)[work.base + 1, 8]


def test_rows_that_do_not_compete_with_linked_ones_are_retried(work: Workplace) -> None:
    text = "Contact ID,Company ID,Label\nBASE,7,Primary\nBASE,x8,Billing contact\n"
    assert work.here("run", write(work, text)).code == 1
    results = work.folder / "labels.results.csv"
    results.write_text(results.read_text(encoding="utf-8-sig").replace("x8,", "8,", 1), encoding="utf-8")
    assert work.here("retry", results).code == 0
    assert (PRIMARY in types(work)[work.base, 7], BILLING in types(work)[work.base, 8]) == (True, True)


def test_linked_rows_with_email_addresses_are_looked_up_like_those_that_are_retried(work: Workplace) -> None:
    address = f"contact-{work.base}@example.com"
    source = write(work, f"Email,Company ID,Label\n{address},7,Primary\n{address},x8,Primary\n")
    assert work.here("run", source, "--from", "contacts", "--from-by", "email").code == 1
    results = work.folder / "labels.results.csv"
    results.write_text(results.read_text(encoding="utf-8-sig").replace("x8,", "8,", 1), encoding="utf-8")
    done = work.here("retry", results, "--json")
    assert (done.code, done.json["failed"], done.json["calls"]) == (1, 1, 0)
    assert PRIMARY in types(work)[work.base, 7]
