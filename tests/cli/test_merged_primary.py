"""Rows that compete for the Primary of one record by different ids: a merged record has its own and its survivor's."""

from pathlib import Path

import pytest

from tests.cli.test_labels import PLAIN, PRIMARY, types, write
from tests.cli.test_primary_conflicts import CONFLICT, outcomes
from tests.support.command_line import Done, Workplace, rows_of

pytestmark = pytest.mark.slow

HEADER = "Contact ID,Company ID,Label"


def merge(work: Workplace, object_type: str, into: int, *merged: int) -> None:
    records = [{"type": object_type, "id": str(one), "into": str(into)} for one in merged]
    work.hubspot.change("records", merge=records)


def rows(work: Workplace, *found: tuple[int, int], header: str = HEADER) -> Path:
    lines = (f"{one},{other},Primary" for one, other in found)
    return write(work, "\n".join([header, *lines, ""]))


@pytest.mark.parametrize("engine", ["put", "batch"])
@pytest.mark.parametrize("flags", [(), ("--no-read-first",)])
@pytest.mark.parametrize("is_linked", [False, True])
def test_a_merged_record_and_its_survivor_compete(
    work: Workplace, engine: str, flags: tuple[str, ...], is_linked: bool
) -> None:
    old, survivor, other = work.base, work.base + 1, work.base + 2
    merge(work, "contacts", survivor, old)
    if is_linked:
        ends = {"from": {"type": "contacts", "id": str(survivor)}, "to": {"type": "companies", "id": "12"}}
        work.hubspot.change("associations", add=[ends])
    source = rows(work, (survivor, 7), (other, 7), (old, 8))
    checked = work.here("check", source, "--online", "--json").json["primary_conflicts"]
    done = work.here("run", source, "--engine", engine, *flags, "--json")
    assert (done.code, done.json["linked"], done.json["failed"]) == (1, 1, 2)
    assert outcomes(work) == [("failed", CONFLICT), ("linked", ""), ("failed", CONFLICT)]
    message = rows_of(work.folder / "labels.results.csv")[0]["import_error_message"]
    assert all(text in message for text in ("Rows 2, 4", str(survivor), str(old)))
    assert (checked["rows"], checked["first"][0]["merged"]) == (2, [str(old)])
    assert set(types(work)) == {(other, 7)} | ({(survivor, 12)} if is_linked else set())


def test_two_records_that_were_merged_into_the_same_one_compete_from_either_side(work: Workplace) -> None:
    one, two, survivor = work.base, work.base + 1, work.base + 2
    merge(work, "contacts", survivor, one, two)
    forward = work.here("run", rows(work, (one, 7), (two, 8)), "--json")
    reverse = work.here("run", rows(work, (7, one), (8, two), header="Company ID,Contact ID,Label"), "--json")
    assert [(one.code, one.json["failed"], one.json["calls"]) for one in (forward, reverse)] == [(1, 2, 0)] * 2


def test_a_retry_of_rows_that_compete_by_merged_ids_moves_no_primary(work: Workplace) -> None:
    merge(work, "contacts", work.base + 1, work.base)
    run = work.here("run", rows(work, (work.base, 7), (work.base + 1, 8)), "--json")
    retried = work.here("retry", run.json["run_id"], "--json")
    assert (retried.code, retried.json["failed"], retried.json["calls"]) == (1, 2, 0)


def test_the_ids_of_a_merged_record_and_its_survivor_do_not_compete_with_each_other(work: Workplace) -> None:
    merge(work, "companies", work.base + 1, work.base)
    done = work.here("run", rows(work, (work.base + 5, work.base), (work.base + 5, work.base + 1)), "--json")
    assert (done.code, done.json["failed"]) == (0, 0)
    assert types(work) == {(work.base + 5, work.base + 1): {PRIMARY, PLAIN}}


def test_rows_that_cannot_compete_cost_no_further_read(work: Workplace) -> None:
    source = rows(work, (work.base, 7), (work.base + 1, 7))
    labels = 2
    done = work.here("check", source, "--online", "--json")
    assert done.json["costs"]["preparation"] == 1 + labels, "the account, the labels in both directions"
    source = rows(work, (work.base, 7), (work.base + 1, 8))
    assert work.here("check", source, "--online", "--json").json["costs"]["preparation"] == 1 + labels + 1


def test_what_cannot_be_read_is_compared_as_written(work: Workplace) -> None:
    source = rows(work, (work.base, 7), (work.base + 1, 8))
    work.hubspot.change("faults", faults=["http_503=read"])
    try:
        done = work.here(
            "check", source, "--online", "--json", IMPORTER_BACKOFF_BASE="0.01", IMPORTER_BACKOFF_CAP="0.01"
        )
    finally:
        work.hubspot.change("faults", faults=[])
    assert done.json["primary_conflicts"]["rows"] == 0


def run_unaware(work: Workplace, source: Path, *flags: str, merged: int) -> Done:
    """Run a file while it cannot be read in time that a record was merged: its first two reads fail."""
    work.hubspot.change("faults", faults=[f"http_503=read,contacts:{merged}>companies:0*2"])
    try:
        return work.here("run", source, "--json", *flags, IMPORTER_MAX_ATTEMPTS="1", IMPORTER_WORKERS="1")
    finally:
        work.hubspot.change("faults", faults=[])


@pytest.mark.parametrize("flags", [(), ("--no-read-first",)])
def test_a_row_whose_primary_a_later_row_has_taken_is_not_reported_as_linked(
    work: Workplace, flags: tuple[str, ...]
) -> None:
    merge(work, "contacts", work.base + 1, work.base)
    others = [(work.base + 10 + number, 7) for number in range(100)]
    source = rows(work, (work.base + 1, 7), *others, (work.base, 8))
    done = run_unaware(work, source, *flags, merged=work.base)
    assert (done.code, done.json["linked"], done.json["unconfirmed"]) == (1, 101, 1)
    first, *_, last = rows_of(work.folder / "labels.results.csv")
    assert (first["import_status"], first["import_error_category"]) == ("unconfirmed", "NOT_CONFIRMED")
    assert first["import_advice"].startswith("A record has one Primary")
    assert last["import_status"] == "linked"
    assert PRIMARY in types(work)[work.base + 1, 8]


def test_the_row_that_loses_primary_within_one_call_is_advised_to_choose(work: Workplace) -> None:
    merge(work, "contacts", work.base + 1, work.base)
    source = rows(work, (work.base, 8), (work.base + 1, 7))
    done = run_unaware(work, source, merged=work.base)
    assert (done.code, done.json["linked"], done.json["unconfirmed"]) == (1, 1, 1)
    (lost,) = [row for row in rows_of(work.folder / "labels.results.csv") if row["import_status"] == "unconfirmed"]
    assert lost["import_error_category"] == "NOT_CONFIRMED"
    assert lost["import_advice"].startswith("A record has one Primary")


@pytest.mark.parametrize("is_lead", [False, True])
def test_verify_finds_the_labels_of_a_link_to_a_merged_record(work: Workplace, is_lead: bool) -> None:
    own = "leads" if is_lead else "contacts"
    merge(work, "companies", work.base + 1, work.base)
    header = "from_object_type,from_object_id,to_object_type,to_object_id,label"
    source = write(work, f"{header}\n{own},BASE,companies,BASE,Primary\n{own},{work.base + 2},companies,BASE,Primary\n")
    assert work.here("run", write(work, "\n".join(source.read_text().splitlines()[:2]), "one.csv")).code == 0
    assert (work.here("verify", source).code, outcomes(work, "labels.verify.results.csv")) == (
        1,
        [("already_linked", ""), ("not_sent", "MISSING")],
    )


def test_a_row_that_repeats_a_competing_pair_is_counted(work: Workplace) -> None:
    text = f"{HEADER}\nBASE,7,Billing contact\nBASE,8,Primary\nBASE,7,Primary\n"
    done = work.here("check", write(work, text), "--json", "--out", "checked.csv")
    assert done.json["primary_conflicts"]["rows"] == 3
    assert outcomes(work, "checked.csv") == [("failed", CONFLICT)] * 3
