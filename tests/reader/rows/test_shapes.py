"""Rows with fewer or more cells than the header, and files that end in the middle of a line."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.config import Reading
from importer.reader import open_source
from tests.reader.files.test_quoting import outcomes
from tests.support.blocks import rows_of

LINKS = Reading("contacts", "companies")
MIDDLE = "Contact ID,Note,Company ID,Parent ID\n"
FIRST = "Contact ID,Company ID,Note,Amount,Quantity\n"


def read(tmp_path: Path, text: str) -> tuple[list[str], tuple[str, ...]]:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    with open_source(path, LINKS) as source:
        return outcomes(rows_of(source.blocks())), source.report.warnings


def test_short_rows_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    found, warnings = read(tmp_path, "Contact ID,Region,Company ID,Parent ID\n1001,5001,9001\n1002,2,5002,9002\n")
    assert found == ["1001>9001", "1002>5002"]
    assert [warning[:47] for warning in warnings] == ["1 row has fewer cells than the header (row 2); "]


@pytest.mark.parametrize(
    "split",
    ["1001,see\n77,5001,9001\n", "1001,see\n\n77,5001,9001\n", "1001,a\nb\n77,5001,9001\n", "1001,a\r\nb,5001,9\n"],
)
@pytest.mark.parametrize("rows_before", [0, 1, 497, 498, 499, 500])
def test_parts_of_a_row_split_by_line_breaks_are_invalid_wherever_blocks_end(
    tmp_path: Path, split: str, rows_before: int
) -> None:
    found, _ = read(tmp_path, MIDDLE + "1,a,2,3\n" * rows_before + split + "4,b,5,6\n" * 10)
    parts = sum(bool(line.strip()) for line in split.splitlines())
    assert found == ["1>2"] * rows_before + ["SPLIT_ROW"] * parts + ["4>5"] * 10


@pytest.mark.parametrize("split", ["1001,50\n01\n", "1001,5\n002\n", "1001,50\n\n1\n", "1001,5002;50\n01;51\n"])
@pytest.mark.parametrize("rows_before", [0, 497, 498, 499, 500])
def test_an_id_that_a_line_break_split_at_the_end_of_a_row_is_invalid_wherever_blocks_end(
    tmp_path: Path, split: str, rows_before: int
) -> None:
    found, _ = read(tmp_path, "Contact ID,Company ID\n" + "1003,2\n" * rows_before + split + "1004,5\n" * 510)
    assert found == ["1003>2"] * rows_before + ["SPLIT_ROW"] * 2 + ["1004>5"] * 510


def test_a_row_with_only_a_first_id_does_not_affect_the_row_before_it(tmp_path: Path) -> None:
    found, _ = read(tmp_path, "Contact ID,Company ID\n1001,5001\n1002\n1003,5003\n1004\n")
    assert found == ["1001>5001", "MISSING_ID", "1003>5003", "MISSING_ID"]


def test_two_short_rows_that_form_one_full_row_are_invalid_even_if_each_yields_a_pair(tmp_path: Path) -> None:
    found, _ = read(tmp_path, FIRST + "1,2,a,3,4\n1001,5001,see\n12,300,4\n5,6,a,7,8\n")
    assert found == ["1>2", "SPLIT_ROW", "SPLIT_ROW", "5>6"]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Contact ID,Company ID,Note\n", ["1,2", "3,4"]),  # the id that ends a row is complete
        ("Contact ID,Company ID,Note\n", ["1,2"] * 1200),
        (FIRST, ["1,2,a"] * 1200),
        (FIRST, ["1,2,a", "3,4,b", "5,6,c"]),
        (FIRST, ["1,2,a", "3,4,b,5,6"] * 5 + ["1,2,a"] * 2 + ["3,4,b,5,6"]),
        ("Contact ID,Company ID,,\n", ["1,2"] * 3),
    ],
)
def test_a_file_that_omits_empty_cells_at_the_end_of_rows_is_read(tmp_path: Path, header: str, rows: list[str]) -> None:
    found, _ = read(tmp_path, header + "\n".join(rows) + "\n")
    assert all(">" in outcome for outcome in found)
    assert len(found) == len(rows)


HABIT = "1001,5001,a,30,4\n1002,5002\n" * 20
"""Rows of a file that omits empty cells at the end, each short one between full ones."""


@pytest.mark.parametrize(
    "split",
    [
        "1001,5001,see\n12,300,4\n",  # ids that are shorter than those of other rows
        "1001,5001,see\n1002,30,4\n",
        "1001,5001,see\n1002,5002,\n",  # a program that omits empty cells does not write one
        "1001,5001,\n1002,5002,4\n",
    ],
)
@pytest.mark.parametrize("after", ["1001,5001,a,30,4\n", "1003,5003,b\n1001,5001,a,30,4\n"])
def test_rows_split_by_a_line_break_are_invalid_where_short_rows_are_normal(
    tmp_path: Path, split: str, after: str
) -> None:
    found, _ = read(tmp_path, FIRST + HABIT + split + after)
    assert found[40:42] == ["SPLIT_ROW", "SPLIT_ROW"]
    assert found[-1] == "1001>5001"


@pytest.mark.parametrize("groups", [6, 300])
def test_a_file_in_which_two_short_rows_follow_every_full_row_is_read(tmp_path: Path, groups: int) -> None:
    group = "1001,5001,a,30,4\n1002,5002,b\n1003,5003,c\n"
    found, _ = read(tmp_path, FIRST + group * groups)
    assert found == ["1001>5001", "1002>5002", "1003>5003"] * groups


@pytest.mark.parametrize("rest", ["77,300,4", "1003,300,4", "1003,5003,4"])
def test_a_row_split_by_a_line_break_is_invalid_among_pairs_of_short_rows(tmp_path: Path, rest: str) -> None:
    group = "1001,5001,a,3000,4\n1002,5002,b\n1003,5003,c\n"
    found, _ = read(tmp_path, FIRST + group * 20 + f"1004,5004,see\n{rest}\n" + group)
    assert found == ["1001>5001", "1002>5002", "1003>5003"] * 20 + ["SPLIT_ROW"] * 2 + [
        "1001>5001",
        "1002>5002",
        "1003>5003",
    ]


@pytest.mark.parametrize("rest", ["7701234,300,4", "77,300,4", "7701234,12000,4"])
def test_rows_that_line_breaks_split_all_over_a_file_are_invalid(tmp_path: Path, rest: str) -> None:
    full = "4100001,5100001,a,250,4\n4100002,5100002,b,4000,12\n"
    found, _ = read(tmp_path, FIRST + (full + f"4100003,5100003,see\n{rest}\n") * 40)
    assert found == ["4100001>5100001", "4100002>5100002", "SPLIT_ROW", "SPLIT_ROW"] * 40


def test_a_continuation_whose_values_are_ids_like_those_of_other_rows_is_invalid(tmp_path: Path) -> None:
    header = "Contact ID,Company ID,Note,Parent ID\n"
    habit = "1001,5001,a,7001\n1002,5002\n" * 20
    found, _ = read(tmp_path, header + habit + "1003,5003,see\n1004,7004\n" + "1001,5001,a,7001\n")
    assert found[40:] == ["SPLIT_ROW", "SPLIT_ROW", "1001>5001"]


IDS = st.integers(10**7, 10**11).map(str)
NOTES = st.sampled_from(["", "call back", "VIP, see CRM", "ok", "Zoë", "2026 renewal"])
RECORDS = st.lists(
    st.tuples(IDS, IDS, NOTES, st.sampled_from(["", "12.50", "300"]), st.sampled_from(["", "", "1", "25"])),
    min_size=60,
    max_size=100,
)


def line(cells: Sequence[str]) -> str:
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)


@pytest.mark.slow
@given(RECORDS)
@settings(max_examples=15, deadline=None)
def test_only_few_rows_of_a_file_that_omits_trailing_empty_cells_are_invalid(records: list[tuple[str, ...]]) -> None:
    lines = [line(cells).rstrip(",") for cells in records]
    with TemporaryDirectory() as folder:
        found, _ = read(Path(folder), FIRST + "\n".join(lines) + "\n")
    assert len(found) == len(records)
    assert all(">" in outcome or outcome == "SPLIT_ROW" for outcome in found)
    assert found.count("SPLIT_ROW") <= 10


@pytest.mark.slow
@given(RECORDS, st.lists(st.tuples(st.integers(0, 59), st.from_regex(r"[a-z]{0,3}\n[0-9]{1,6}", fullmatch=True))))
@settings(max_examples=25, deadline=None)
def test_line_breaks_in_a_file_that_omits_empty_cells_never_cause_a_wrong_pair(
    records: list[tuple[str, ...]], breaks: list[tuple[int, str]]
) -> None:
    rows = [list(cells) for cells in records]
    for index, note in breaks:
        rows[index][2:] = [note, "300", "4"]
    with TemporaryDirectory() as folder:
        found, _ = read(Path(folder), FIRST + "\n".join(line(cells).rstrip(",") for cells in rows) + "\n")
    stated = {f"{first}>{second}" for first, second, *_ in records}
    assert {outcome for outcome in found if ">" in outcome} <= stated


def test_columns_without_a_name_at_the_end_of_the_header_are_not_missed(tmp_path: Path) -> None:
    assert read(tmp_path, "Contact ID,Company ID,\n1,2\n3,4\n") == (["1>2", "3>4"], ())


@pytest.mark.parametrize("rows", [["1001,5001,"], ["1001,5001,", "1002,5002,"], ["1001,5001,,", "1002,5002, ,"]])
def test_the_same_surplus_empty_cell_in_every_row_is_dropped(tmp_path: Path, rows: list[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Contact ID,Company ID\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with open_source(path, LINKS) as source:
        assert [row.cells for row in rows_of(source.blocks())] == [
            (f"100{n}", f"500{n}") for n in range(1, len(rows) + 1)
        ]


@pytest.mark.parametrize(
    "rows",
    [
        ["1001,Acme, 4001,5001,"],
        ["1001,Acme,4001,5001,"],
        ["1001,Acme, 4001,5001,", "1002,Bolt, 4002,5002,"],
        ["1,a,2,3", "1001,Acme,4001,5001,"],
        ["1001,Acme,4001,5001,", "1,a,2,3"],
    ],
)
def test_a_surplus_cell_that_may_come_from_a_delimiter_inside_a_text_makes_its_row_invalid(
    tmp_path: Path, rows: list[str]
) -> None:
    found, _ = read(tmp_path, MIDDLE + "\n".join(rows) + "\n")
    assert found == ["EXTRA_CELL" if "Acme" in row or "Bolt" in row else "1>2" for row in rows]


def test_rows_split_by_a_line_break_are_found_in_a_file_with_surplus_cells(tmp_path: Path) -> None:
    found, _ = read(tmp_path, MIDDLE + "1,a,2,3,\n" * 30 + "1001,see\n77,5001,9001,\n" + "1,a,2,3,\n")
    assert found == ["1>2"] * 30 + ["SPLIT_ROW"] * 2 + ["1>2"]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("a,b\n1,2\n3,4", 3),
        ("a,b\r\n1,2", 2),
        ("a,b\r1,2\r3,4", 3),
        ("a,b\n1,2\n3,4\n", None),
        ("a,b\r1,2\r", None),
        ("a,b", None),
        ('a,b\n1,"2\n3"', 2),
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "cp932"])
def test_a_last_line_without_a_line_ending_is_reported_with_its_row(
    tmp_path: Path, text: str, row: int | None, codec: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.replace("a,b", "from_id,to_id").encode(codec))
    with open_source(path, LINKS) as source:
        rows_of(source.blocks())
        found = [warning for warning in source.report.warnings if "no line ending" in warning]
    assert len(found) == (row is not None)
    assert row is None or f"row {row}," in found[0]
