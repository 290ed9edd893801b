"""Rows made fast are the rows of the model; types by cell, by flag and by header together."""

from dataclasses import FrozenInstanceError

import pytest

from importer.config import Reading
from importer.model import ObjectType, Pair, RecordId, SourceRow
from importer.reader.columns import find_columns
from importer.reader.making import make_pair, make_row
from importer.reader.rows import RowReader

PAIR = (ObjectType("contacts"), RecordId("1"), ObjectType("deals"), RecordId("2"))


def test_a_pair_and_a_row_made_fast_are_those_of_the_model() -> None:
    pair, row = make_pair(*PAIR), make_row(2, ("1", "2"), (make_pair(*PAIR),))
    assert type(pair) is Pair
    assert type(row) is SourceRow
    assert pair == Pair(*PAIR)
    assert hash(pair) == hash(Pair(*PAIR))
    assert row == SourceRow(2, ("1", "2"), (Pair(*PAIR),), ())
    assert repr(row) == repr(SourceRow(2, ("1", "2"), (Pair(*PAIR),), ()))
    with pytest.raises(FrozenInstanceError):
        pair.to_id = RecordId("3")  # type: ignore[misc]


def codes(header: str, reading: Reading, *records: str) -> list[str]:
    cells = tuple(header.split("|"))
    reader = RowReader(find_columns("x.csv", cells, reading), cells)
    rows = reader.rows((n, record.split("|")) for n, record in enumerate(records, 2))
    return [
        " ".join([*(f"{p.from_type}>{p.to_type}" for p in row.pairs), *(problem.code for problem in row.problems)])
        for row in rows
    ]


def test_a_type_given_for_the_file_stands_in_for_blank_cells_and_a_disagreeing_cell_is_refused() -> None:
    header = "from_object_type|from_object_id|Company ID"
    # Twice each: a type that was seen before is not parsed again, and must give the same answer.
    records = ("Contact|1|2", "|1|2", "deals|1|2", "?|1|2") * 2
    expected = ["contacts>companies", "contacts>companies", "OBJECT_TYPE_MISMATCH", "UNKNOWN_OBJECT_TYPE"] * 2
    assert codes(header, Reading(from_object_type="contacts"), *records) == expected


def test_a_blank_type_that_nothing_stands_in_for_is_missing() -> None:
    header = "from_object_type|from_object_id|Company ID"
    assert codes(header, Reading(), "|1|2", " |1|2", "tickets|1|2") == [
        "MISSING_OBJECT_TYPE",
        "MISSING_OBJECT_TYPE",
        "tickets>companies",
    ]


def test_a_record_linked_to_itself_is_refused_whatever_its_type_is_called() -> None:
    header = "from_object_type|from_object_id|to_object_type|to_object_id"
    records = ("contacts|5|contact|5", "contacts|5|0-1|5", "contacts|5|deals|5") * 2
    assert codes(header, Reading(), *records) == ["SELF_ASSOCIATION", "SELF_ASSOCIATION", "contacts>deals"] * 2


def test_ten_thousand_pairs_of_one_row_are_taken_and_one_more_is_refused() -> None:
    def row(froms: int, tos: int) -> str:
        return ";".join(map(str, range(1, froms + 1))) + "|" + ";".join(map(str, range(1, tos + 1)))

    assert codes("Contact ID|Company ID", Reading(), row(100, 100))[0].count(">") == 10_000
    assert codes("Contact ID|Company ID", Reading(), row(1, 10_001)) == ["TOO_MANY_PAIRS"]
