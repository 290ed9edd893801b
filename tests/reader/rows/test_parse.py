"""Rows read in blocks are the same as rows read one at a time; types from cells, flags and headers combined."""

from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.config import Reading
from importer.model import PairColumns, SourceRow, Status
from importer.reader import open_source
from importer.reader.columns.resolve import find_columns
from importer.reader.columns.roles import Header
from importer.reader.files.workbook.lossy import LossyNumber
from importer.reader.rows.fast_path import usual_pairs
from importer.reader.rows.parse import MANY_PAIRS, RowReader
from importer.reader.rows.truncation import LongestLists
from tests.support.blocks import rows_of


def row_reader(header: str, reading: Reading) -> RowReader:
    texts = tuple(header.split("|"))
    found = Header(texts, tuple(range(1, len(texts) + 1)))
    return RowReader(find_columns("x.csv", found, reading), found)


def read(reader: RowReader, records: list[list[str]], first: int = 2) -> list[SourceRow]:
    return rows_of(reader.blocks((range(first, first + len(records)), [list(cells) for cells in records])))


USUAL = st.tuples(st.sampled_from(["contacts", "deals"]), st.integers(1, 10**15), st.integers(1, 10**15), st.text())
UNUSUAL = st.lists(
    st.sampled_from(["", " ", "contacts", "?", "5", "12\n34", "007", "1;2;x", "1;2", "９", "1.0", "1234567890123456"])
    | st.sampled_from(["https://app.hubspot.com/contacts/1/deal/5", "=1+1", LossyNumber("1.5E+17")]),
    max_size=6,
)
RECORDS = st.lists(st.one_of(USUAL.map(lambda cells: [str(cell) for cell in cells]), UNUSUAL), max_size=40)


@pytest.mark.slow
@given(RECORDS, st.integers(1, 60))
def test_rows_read_in_bulk_are_the_same_as_rows_read_one_at_a_time(records: list[list[str]], usual: int) -> None:
    records += [["contacts", "5", "6", "x"]] * usual  # so that most of a block is usual
    header = "from_object_type|from_object_id|Company ID|Note"
    together, singly = row_reader(header, Reading()), row_reader(header, Reading())
    with mock.patch("importer.reader.rows.parse.usual_pairs", return_value=None):
        expected = [row for number, cells in enumerate(records, 2) for row in read(singly, [cells], number)]
    assert read(together, records) == expected
    assert (together.blank, together.portals, together.custom_types) == (
        singly.blank,
        singly.portals,
        singly.custom_types,
    )
    assert len(expected) + singly.blank == len(records)


LISTS = st.lists(
    st.sampled_from(
        ["", "", "1", "2", "1;2", "2;3", "1;1", "5", "5;6", ";", " ", "x", "1;x", "7" * 16, "1; 2", "1" * 201]
    )
    | st.lists(st.integers(1, 10**15), max_size=12).map(lambda ids: ";".join(map(str, ids))),
    min_size=4,
    max_size=4,
)


@pytest.mark.slow
@given(
    records=st.lists(LISTS, max_size=40), usual=st.integers(1, 60), allow_blank=st.booleans(), same_type=st.booleans()
)
def test_lists_read_in_bulk_are_the_same_as_lists_read_one_at_a_time(
    records: list[list[str]], usual: int, *, allow_blank: bool, same_type: bool
) -> None:
    records += [["4", "5;6", "", "x"], ["4", "", "", ""], ["4", "7", "7", ""]] * usual
    header = "Record ID|Associated Company IDs|Associated Company IDs (Primary)|Note"
    reading = Reading("companies" if same_type else "contacts", allow_blank=allow_blank)
    together, singly = row_reader(header, reading), row_reader(header, reading)
    with mock.patch("importer.reader.rows.parse.usual_pairs", return_value=None):
        expected = [row for number, cells in enumerate(records, 2) for row in read(singly, [cells], number)]
    assert read(together, records) == expected
    assert together.blank == singly.blank
    assert len(expected) + singly.blank == len(records)


EXPORT = "Record ID|Associated Company IDs|Associated Company IDs (Primary)|Note"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("1|||", ""),
        ("1| |　|x", ""),
        ("x|||", "NOT_AN_ID"),
        ("|||x", "MISSING_ID"),
        ("|2||x", "MISSING_ID"),
        ("1|;||", "MISSING_ID"),
        ("1|2;3|3|", "contacts>companies contacts>companies"),
        ("1|2;2;2||", "contacts>companies"),
        ("1|2;3|4|", "NOT_IN_LIST"),
        ("1||4|", "NOT_IN_LIST"),
        ("1|2|x|", "NOT_AN_ID"),
        ("1|x|4|", "NOT_AN_ID"),
        ("1|2|https://app.hubspot.com/contacts/1/company/2|", "contacts>companies"),
    ],
)
def test_a_blank_list_links_nothing_and_the_rest_of_its_row_is_judged(record: str, expected: str) -> None:
    assert codes(EXPORT, Reading("contacts"), *[record] * 20) == [expected] * 20


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("contacts|1||", ""),
        ("contacts|1|companies|", ""),
        ("contacts||companies|2", ""),
        ("|1|companies|", "MISSING_OBJECT_TYPE"),
        ("contacts|1|?|", "UNKNOWN_OBJECT_TYPE"),
        ("contacts|x||", "NOT_AN_ID"),
        ("contacts|1|companies|;", "MISSING_ID"),
        ("contacts|||", ""),
    ],
)
def test_any_id_may_be_blank_where_that_is_allowed(record: str, expected: str) -> None:
    header = "from_object_type|from_object_id|to_object_type|to_object_id"
    assert codes(header, Reading(allow_blank=True), *[record] * 20) == [expected] * 20


def test_a_record_without_cells_is_skipped_even_if_ids_may_be_blank() -> None:
    reader = row_reader("Contact ID|Company ID", Reading(allow_blank=True))
    assert [row.number for row in read(reader, [["1", ""], ["", ""], ["", "2"], ["", ""]] * 10)][:2] == [2, 4]
    assert reader.blank == 20


def test_a_list_long_enough_to_have_been_truncated_is_read_individually() -> None:
    columns = find_columns("x.csv", Header(("from_id", "to_id"), (1, 2)), Reading("contacts", "companies"))
    sides = (columns.from_side, columns.to_side)

    def usual(to_ids: str) -> PairColumns | None:
        return usual_pairs(sides, ({}, {}), [2], [["1", to_ids]], LongestLists("to_id"))

    short = usual(";".join(map(str, range(10**8, 10**8 + 20))))
    assert short is not None
    assert len(short.rows) == 20
    assert usual(";".join(map(str, range(10**8, 10**8 + 25)))) is None


@pytest.mark.parametrize("odd", [0, 1, 499, 777, 999])
def test_one_unusual_row_among_many_is_found(odd: int) -> None:
    records = [["1", str(n)] for n in range(2, 1002)]
    records[odd] = ["1", "x"]
    rows = read(row_reader("Contact ID|Company ID", Reading()), records)
    assert [row.number for row in rows] == list(range(2, 1002))
    assert [row.number for row in rows if row.problems] == [odd + 2]
    assert all(len(row.pairs) == 1 for row in rows if not row.problems)


@pytest.mark.slow
def test_a_block_is_yielded_early_if_its_rows_yield_very_many_pairs() -> None:
    ids = ";".join(map(str, range(1, 101)))
    reader = row_reader("Contact ID|Company ID", Reading())
    sizes = [len(block.pairs.rows) for block in reader.blocks((range(2, 102), [[ids, ids] for _ in range(100)]))]
    assert sum(sizes) == 1_000_000
    assert max(sizes) <= MANY_PAIRS + 8 * 10_000


def codes(header: str, reading: Reading, *records: str) -> list[str]:
    return [
        " ".join([*(f"{p.from_type}>{p.to_type}" for p in row.pairs), *(problem.code for problem in row.problems)])
        for row in read(row_reader(header, reading), [record.split("|") for record in records])
    ]


def test_a_type_given_for_the_file_applies_to_blank_cells_and_a_differing_cell_is_refused() -> None:
    header = "from_object_type|from_object_id|Company ID"
    # Often each: a type that was seen before is not parsed again, and must give the same answer.
    records = ("Contact|1|2", "|1|2", "deals|1|2", "?|1|2") * 20
    expected = ["contacts>companies", "contacts>companies", "OBJECT_TYPE_MISMATCH", "UNKNOWN_OBJECT_TYPE"] * 20
    assert codes(header, Reading(from_object_type="contacts"), *records) == expected


def test_a_blank_type_cell_is_a_problem_if_no_type_is_given_for_the_file() -> None:
    header = "from_object_type|from_object_id|Company ID"
    assert codes(header, Reading(), "|1|2", " |1|2", "tickets|1|2") == [
        "MISSING_OBJECT_TYPE",
        "MISSING_OBJECT_TYPE",
        "tickets>companies",
    ]


def test_a_record_linked_to_itself_is_refused_whatever_its_type_is_called() -> None:
    header = "from_object_type|from_object_id|to_object_type|to_object_id"
    records = ("contacts|5|contact|5", "contacts|5|0-1|5", "contacts|5|deals|5") * 20
    assert codes(header, Reading(), *records) == ["SELF_ASSOCIATION", "SELF_ASSOCIATION", "contacts>deals"] * 20


@pytest.mark.slow
def test_ten_thousand_pairs_of_one_row_are_taken_and_one_more_is_refused() -> None:
    def row(froms: int, tos: int) -> str:
        return ";".join(map(str, range(1, froms + 1))) + "|" + ";".join(map(str, range(1, tos + 1)))

    assert codes("Contact ID|Company ID", Reading(), row(100, 100))[0].count(">") == 10_000
    assert codes("Contact ID|Company ID", Reading(), row(1, 10_001)) == ["TOO_MANY_PAIRS"]
    assert codes("Contact ID|Company ID", Reading(), "1|" + "x;" * 3_000_000 + "2") == ["TOO_MANY_PAIRS"]


def test_the_first_of_many_bad_ids_in_a_cell_are_reported_and_the_others_counted() -> None:
    (row,) = read(row_reader("Contact ID|Company ID", Reading()), [["y", ";".join(["x"] * 500)]])
    assert [problem.code for problem in row.problems] == ["NOT_AN_ID"] * 21 + ["FURTHER_IDS"]
    assert row.problems[-1].message.startswith("480 more ids ")


def test_cells_that_are_written_as_formulas_are_ids_and_types_and_come_back_as_they_were() -> None:
    reader = row_reader("from_object_type|from_object_id|Company ID", Reading())
    cells = ['="contacts"', '="100101"', '="40001;40002"']
    (row,) = read(reader, [cells])
    assert list(row.cells) == cells
    assert [(pair.from_type, pair.from_id, pair.to_id) for pair in row.pairs] == [
        ("contacts", "100101", "40001"),
        ("contacts", "100101", "40002"),
    ]


def test_an_id_above_the_greatest_one_makes_its_row_invalid_even_among_good_ones() -> None:
    reader = row_reader("Contact ID|Company ID", Reading())
    good, one, many = read(reader, [["1", "9223372036854775807"], ["9223372036854775808", "2"], ["1", "2;" + "9" * 19]])
    assert [pair.to_id for pair in good.pairs] == ["9223372036854775807"]
    assert [problem.code for row in (one, many) for problem in row.problems] == ["ID_TOO_LARGE"] * 2
    assert one.pairs == many.pairs == ()


def test_a_results_file_gives_rows_of_the_requested_statuses_and_those_without_one(tmp_path: Path) -> None:
    path = tmp_path / "a.results.csv"
    statuses = ["linked", "failed", "", " ", "done", "FAILED"]
    lines = [f"{n},{n + 100},{status}" for n, status in enumerate(statuses, 1)]
    path.write_text("\n".join(["from_id,to_id,import_status", *lines]) + "\n", encoding="utf-8")
    with open_source(path, Reading("contacts", "companies", statuses=frozenset({Status.FAILED}))) as source:
        assert [row.number for row in rows_of(source.blocks())] == [3, 4, 5, 7]
        assert source.report.excluded_rows == 2
        assert any("import_status is not one that a run writes: 1." in text for text in source.report.warnings)
