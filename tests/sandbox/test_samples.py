"""The files of sample_data that need more than records that exist from the start."""

import csv
from pathlib import Path

import pytest

import importer
from importer.sandbox import State
from importer.sandbox.samples import LABELS, add_sample_links, add_sample_records

FOLDER = Path(importer.__file__).parent.parent / "sample_data"


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def state() -> State:
    made = State()
    add_sample_records(made)
    add_sample_links(made)
    return made


def test_every_email_and_domain_without_a_note_identifies_one_record(state: State) -> None:
    records = state.records
    for row in rows("emails_and_domains.csv"):
        contacts = {records.resolve("contacts", one) for one in records.find_by_email(row["Email"])} - {None}
        companies = {
            records.resolve("companies", one) for one in records.find("companies", "domain", row["Company domain"])
        }
        expected = (1, 1)
        if "no contact" in row["Note"] or "deleted" in row["Note"] or "not an email" in row["Note"]:
            expected = (0, 1)
        elif "no company" in row["Note"]:
            expected = (1, 0)
        elif "two companies" in row["Note"]:
            expected = (1, 2)
        assert (len(contacts), len(companies)) == expected, row


def test_every_label_of_the_file_exists(state: State) -> None:
    known = {one.label.casefold() for one in state.types.all("contacts", "companies") if one.label}
    used = {text.casefold() for row in rows("labels.csv") for text in row["Label"].split(";") if text}
    assert used == known == {"primary", *(label.casefold() for label in LABELS)}


def test_every_wrong_link_without_a_note_is_linked(state: State) -> None:
    for row in rows("wrong_links.csv"):
        pair = ("contacts", int(row["Contact ID"]), "companies", int(row["Company ID"]))
        assert (pair in state.links) is (row["Note"] != "these two are not linked")
