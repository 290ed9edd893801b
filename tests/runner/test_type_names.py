"""Association types in the report have the names that their labels had when the run read them."""

from dataclasses import replace
from pathlib import Path

from importer.journal import Journal, TypeChange, open_for_run, write_journal
from importer.model import ObjectType, Status
from importer.runner.type_names import label_names, named_changes
from tests.support.blocks import blocks_of
from tests.support.journals import INFO, pair, row, written

CONTACTS, COMPANIES = ObjectType("contacts"), ObjectType("companies")
NAMES = {
    (CONTACTS, COMPANIES, "HUBSPOT_DEFINED:279"): "",
    (CONTACTS, COMPANIES, "USER_DEFINED:1"): "Decision maker",
    (CONTACTS, COMPANIES, "USER_DEFINED:7"): "Billing",
    (COMPANIES, CONTACTS, "USER_DEFINED:7"): "Billed by",
}


def test_each_type_is_shown_with_its_name_and_its_number() -> None:
    changes = [
        TypeChange("-", "HUBSPOT_DEFINED:279;USER_DEFINED:1", Status.LINKED, 5),
        TypeChange("", "USER_DEFINED:7", Status.LINKED, 2),
    ]
    found = named_changes(changes, NAMES)
    assert [(one.before, one.after) for one in found] == [
        ("-", "HUBSPOT_DEFINED:279; Decision maker (USER_DEFINED:1)"),
        ("", "Billed by or Billing (USER_DEFINED:7)"),
    ]


def test_an_undo_has_the_names_of_the_run_that_it_undoes(tmp_path: Path) -> None:
    run = written(tmp_path / "r.sqlite", row(2, pair(2)))
    with open_for_run(run) as journal:
        journal.set_label_names(NAMES)
    undo = tmp_path / "u.sqlite"
    write_journal(undo, replace(INFO, parent="r"), blocks_of([row(2, pair(2))]))
    with Journal(undo) as journal:
        assert label_names(journal) == NAMES
    run.unlink()
    with Journal(undo) as journal:
        assert label_names(journal) == {}
