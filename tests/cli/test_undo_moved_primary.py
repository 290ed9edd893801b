"""Undoing runs that moved Primary to a link that someone has changed since: nothing of that move is undone."""

import json

import pytest

from tests.cli.test_undo_primary import run, undone, unlabel
from tests.cli.test_unlink_labels import BILLING, DECISION, PLAIN, PRIMARY, labelled, link, types
from tests.support.command_line import Workplace, rows_of
from tests.support.local_hubspot import sorted_links

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("version", ["v4", "2026-09"])
@pytest.mark.parametrize("engine", ["put", "batch"])
@pytest.mark.parametrize("from_side", [True, False], ids=["from contacts", "from companies"])
def test_primary_stays_with_a_link_that_someone_changed_since(
    work: Workplace, engine: str, version: str, *, from_side: bool
) -> None:
    one, two, three, four = contacts = range(work.base, work.base + 4)
    link(work, *((contact, 7) for contact in contacts), *((contact, 8) for contact in (one, two)), types=())
    rows = [(contact, 8, "Primary;Decision maker" if contact == two else "Primary") for contact in contacts]
    if from_side:
        source = labelled(work, *rows)
    else:
        source = work.folder / "a.csv"
        source.write_text("Company ID,Contact ID,Label\n" + "".join(f"{b},{a},{text}\n" for a, b, text in rows))
    flags = ("--engine", engine, "--api-version", version)
    run_id = run(work, source, *flags)
    link(work, (one, 8), (three, 8), types=(BILLING,))
    unlabel(work, (two, 8), DECISION)
    changed = types(work)
    done = work.here("undo", run_id, "--json", "--api-version", version)
    assert (done.code, done.json["failed"], done.json["unlinked"]) == (1, 3, 1)
    restored = {pair: {PRIMARY, PLAIN} for pair in [(four, 7)]}
    assert types(work) == {pair: found for pair, found in changed.items() if pair[0] != four} | restored
    details = [json.loads(row["import_error_details"]) for row in rows_of(work.folder / "a.undo.results.csv")[:3]]
    codes = [{entry["error_category"] for entry in found} for found in details]
    assert codes == [{"CHANGED_SINCE_RUN", "PRIMARY_CHANGED_SINCE_RUN"}] * 3


def test_a_row_whose_primary_was_taken_by_a_changed_one_is_left_alone(work: Workplace) -> None:
    contact = work.base
    link(work, (contact, 7), types=())
    run_id = run(work, labelled(work, (contact, 7, "Decision maker"), (contact, 8, "Primary")))
    link(work, (contact, 8), types=(BILLING,))
    changed = types(work)
    assert undone(work, run_id) == ["PRIMARY_CHANGED_SINCE_RUN", "CHANGED_SINCE_RUN"]
    assert types(work) == changed


def test_primary_is_given_back_once_someone_has_removed_the_link_that_took_it(work: Workplace) -> None:
    link(work, (work.base, 7), types=(BILLING,))
    before = sorted_links(work.hubspot.url)
    run_id = run(work, labelled(work, (work.base, 8, "Primary")))
    ends = {"from": {"type": "contacts", "id": str(work.base)}, "to": {"type": "companies", "id": "8"}}
    work.hubspot.change("associations", remove=[ends])
    assert undone(work, run_id) == [""]
    assert sorted_links(work.hubspot.url) == before
